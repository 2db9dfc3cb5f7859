"""An application for first registration (首次登记), up to the passed review: RULES §5.1."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from tests.reference.commands import AGENCIES, SUPPLIERS, Command, command
from tests.reference.selections import Selections
from tests.reference.world import AUTHORITY, OPERATOR

ALWAYS = (
    "applicant_qualification",
    "application_form",
    "product_description",
    "source_proof",
    "authorisation_channel_proof",
    "security_compliance_statement",
    "truth_statement",
)
PRIOR_PROOF = "prior_registration_proof"
WAIVABLE = "authorisation_channel_proof"  # every source of the model's products is their own
OVER = (
    "not_accepted",
    "refused",
    "review_failed_technical",
    "issued",
    "withdrawn",
    "lapsed",
)
WITHDRAWABLE = (
    "draft",
    "submitted",
    "correction_required",
    "accepted",
    "under_review",
    "review_passed",
    "in_public_notice",
    "objection_hold",
)
#: A certificate that was issued, or an application that was taken back, leaves nothing to be told.
NOTHING_TOLD_IN = ("draft", "issued", "withdrawn", "lapsed")
#: Whoever owns the model's products, and which of them holds national core data.
PRODUCTS = {"P1": "supplier", "P2": "supplier", "P3": "supplier", "P4": "rival"}
CORE_DATA = "P3"


@dataclasses.dataclass
class Application:
    """What the law knows of one application."""

    name: str
    product: str
    applicant: str
    first: bool | None
    state: str = "draft"
    materials: dict[str, tuple[int, bool]] = dataclasses.field(default_factory=dict)
    submissions: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    listed: tuple[str, ...] = ()  # what the last list asked for
    must_change: tuple[str, ...] = ()  # what an upheld objection asked for
    is_corrected: bool = False  # the last opinion was a list
    is_authorised: bool = False
    acceptor: str = ""
    reviewer: str = ""
    agency: str = ""
    contract: str = ""  # under which the agency has the case
    declared: bool = False  # the agency said that it is neutral
    opined: bool = False  # it gave its opinion, in whichever round
    lost_by: set[str] = dataclasses.field(default_factory=set)  # who had it taken away
    technical: str | None = None  # of the current round
    compliance: str | None = None
    asked: tuple[str, ...] = ()
    untold: int = 0
    open_objections: int = 0
    notice: str = ""

    def parts(self) -> dict[str, Any]:
        """Return what stands where, so that two moments can be compared."""
        found: dict[str, Any] = {
            f"material:{kind}": (kind, *held) for kind, held in self.materials.items()
        }
        return {**found, "form:is_first_registration": self.first}

    def needed(self) -> set[str]:
        """Return which materials the law asks for (HN-07, HN-08, HN-25)."""
        return {*ALWAYS, *([PRIOR_PROOF] if self.first is False else [])}

    def missing(self) -> set[str]:
        """Return which are not there; only one may be waived."""
        return {
            kind
            for kind in self.needed()
            if kind not in self.materials or (self.materials[kind][1] and kind != WAIVABLE)
        }


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return what is otherwise."""
    return {part for part in before.keys() | after.keys() if before.get(part) != after.get(part)}


class Applications(Selections):
    """Drafting, submission, acceptance, review."""

    MAY = Selections.MAY | {
        "draft": SUPPLIERS,
        "hand_in": SUPPLIERS,
        "submit": SUPPLIERS,
        "resubmit": SUPPLIERS,
        "withdraw": SUPPLIERS,
        "supplement": SUPPLIERS,
        "accept": ("acceptor",),
        "notify": ("acceptor",),
        "start_review": ("acceptor",),
        "replace_agency": ("acceptor",),
        "request_material": ("acceptor",),
        "technical_opinion": ("technical", "second_technical"),
        "compliance_opinion": ("agency", "other_agency"),
        "declare": AGENCIES,
        "decide": ("adjudicator",),
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.applications: dict[str, Application] = {}

    # ── the applicant ───────────────────────────────────────────────────────────────────────

    def against_draft(self, cmd: Command) -> set[str]:
        if PRODUCTS.get(cmd.about) != self.party(cmd):
            return {"not_found"}
        under_way = any(
            a.product == cmd.about and a.state not in OVER for a in self.applications.values()
        )
        return {"registration_conflict"} if under_way else set()

    def do_draft(self, cmd: Command) -> None:
        name = self.new("A")
        self.applications[name] = Application(
            name, cmd.about, self.party(cmd), cmd.given("first", True)
        )
        self.log("application:drafted")

    def _own(self, cmd: Command) -> Application | None:
        found = self.applications.get(cmd.about)
        return found if found is not None and found.applicant == self.party(cmd) else None

    def against_hand_in(self, cmd: Command) -> set[str]:
        a = self._own(cmd)
        if a is None:
            return {"not_found"}
        against = set()
        if a.state not in ("draft", "correction_required"):
            against.add("registration_event_not_allowed")
        if cmd.given("waived"):
            kind = cmd.given("kind")
            if not cmd.given("reason", "不适用"):
                against.add("not_applicable_reason_missing")
            if kind in a.needed() and kind != WAIVABLE:
                against.add("material_not_waivable")
        return against

    def do_hand_in(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        version, _ = a.materials.get(cmd.given("kind"), (0, False))
        a.materials[cmd.given("kind")] = (version + 1, bool(cmd.given("waived")))
        self.log("material:handed_in")

    def _against_handing_in(self, cmd: Command, a: Application) -> set[str]:
        against = set()
        if not cmd.given("truth", True):
            against.add("truth_statement_missing")
        if a.first is None:
            against.add("first_registration_unanswered")
        if a.first is False and PRIOR_PROOF not in a.materials:
            against.add("prior_registration_evidence_missing")
        if a.missing():
            against.add("material_missing")
        return against

    def against_submit(self, cmd: Command) -> set[str]:
        a = self._own(cmd)
        if a is None:
            return {"not_found"}
        wrong = set() if a.state == "draft" else {"registration_event_not_allowed"}
        if a.submissions and set(a.must_change) - changed(a.submissions[-1], a.parts()):
            wrong.add("correction_incomplete")
        return wrong | self._against_handing_in(cmd, a)

    def do_submit(self, cmd: Command) -> None:
        self._handed_in(self.applications[cmd.about], "application:submitted")

    def against_resubmit(self, cmd: Command) -> set[str]:
        a = self._own(cmd)
        if a is None:
            return {"not_found"}
        wrong = set() if a.state == "correction_required" else {"registration_event_not_allowed"}
        if a.submissions and set(a.listed) - changed(a.submissions[-1], a.parts()):
            wrong.add("correction_incomplete")
        return wrong | self._against_handing_in(cmd, a)

    def do_resubmit(self, cmd: Command) -> None:
        self._handed_in(self.applications[cmd.about], "application:resubmitted")

    def _handed_in(self, a: Application, event: str) -> None:
        a.state, a.must_change = "submitted", ()
        a.submissions.append(a.parts())
        self.start(a.name, "acceptance", 3, "working")  # HN-10, anew with each submission (A6)
        self.tell("application_received", a.applicant)
        self.log(event)

    def against_withdraw(self, cmd: Command) -> set[str]:
        a = self._own(cmd)
        if a is None:
            return {"not_found"}
        return set() if a.state in WITHDRAWABLE else {"registration_event_not_allowed"}

    def do_withdraw(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        a.state = "withdrawn"
        self.close_notice(a, "withdrawn")
        self.clocks.cancel(a.name)
        if a.agency:
            self.tell("application_withdrawn", a.agency)
        self.log("application:withdrawn")
        self.leave_all(a.name)

    def close_notice(self, a: Application, result: str) -> None:
        """Close the notice of an application that goes no further; before the public there is none."""

    # ── acceptance ──────────────────────────────────────────────────────────────────────────

    def handed_in(self, name: str) -> Application | None:
        """Return an application that was ever handed in: a draft is its applicant's own."""
        found = self.applications.get(name)
        return found if found is not None and found.submissions else None

    def _in(self, cmd: Command, duty: str, *states: str) -> tuple[Application | None, set[str]]:
        a = self.handed_in(cmd.about)
        if a is None:
            return None, self._not_delegated() | {"not_found"}
        wrong = set() if a.state in states else {"registration_event_not_allowed"}
        wrong |= self.against_acting(a.name, duty, cmd.who)
        return a, wrong | self._not_delegated()

    def against_accept(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "acceptance", "submitted")
        if a is None:
            return against
        result, items = cmd.given("result"), cmd.given("items", ())
        if result == "correction_required":
            if not items:
                against.add("correction_list_empty")
            if "material:nonsense" in items:
                against.add("correction_target_unknown")
            if self._old_items(a, items) and not cmd.given("override"):
                against.add("one_time_notice_violation")
        if result == "not_accepted_out_of_scope" and not cmd.given("reasons", True):
            against.add("acceptance_reason_missing")
        return against

    def _old_items(self, a: Application, items: tuple[str, ...]) -> set[str]:
        """Return what a second list must not name: what was there to be seen the first time."""
        if not a.is_corrected:
            return set()
        return set(items) - changed(*a.submissions[-2:])

    def do_accept(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        result, items = cmd.given("result"), cmd.given("items", ())
        old = self._old_items(a, items) if result == "correction_required" else set()
        self.act(a.name, "acceptance", cmd.who)
        a.acceptor, a.untold = cmd.who, a.untold + 1
        a.is_corrected = result == "correction_required"
        self.clocks.meet(a.name, "acceptance", self.now)
        self._owe_word(a, "acceptance_notification")
        if result == "accepted":
            a.state = "accepted"
            self.start(a.name, "review", 30, "working")  # HN-12
            self.tell("application_accepted", a.applicant)
            self.log("application:accepted")
        elif result == "correction_required":
            a.state, a.listed = "correction_required", items
            self.tell("correction_required", a.applicant)
            if old:
                self.tell("one_time_notice_overridden", AUTHORITY)
            self.log("correction:required")
        else:
            a.state = "not_accepted"
            self.tell("application_not_accepted", a.applicant)
            self.log("application:out_of_scope")
            self.leave_all(a.name, but="acceptance")

    def _owe_word(self, a: Application, kind: str) -> None:
        """Owe the applicant word within one working day; an older debt ends sooner and stays."""
        if not self.clocks.running(a.name, kind):
            self.start(a.name, kind, 1, "working")  # HN-10(b)

    def against_notify(self, cmd: Command) -> set[str]:
        a = self.handed_in(cmd.about)
        if a is None:
            return {"not_found"}
        against = self.against_acting(a.name, "acceptance", cmd.who)
        if a.state in NOTHING_TOLD_IN:
            against.add("registration_event_not_allowed")
        if not cmd.given("receipt", True):
            against.add("notification_receipt_missing")
        if not a.untold:
            # Nothing was decided, or nothing since.
            against |= {"decision_already_notified", "registration_event_not_allowed"}
        return against

    def do_notify(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        self.act(a.name, "acceptance", cmd.who)
        a.untold = 0
        for kind in ("acceptance_notification", "review_notification"):
            self.clocks.meet(a.name, kind, self.now)
        self.log("decision:notified")
        if a.state in OVER:
            self.leave_all(a.name)

    # ── review ──────────────────────────────────────────────────────────────────────────────

    def _against_agency(self, a: Application, agency: str) -> set[str]:
        against = set()
        if agency in (a.applicant, OPERATOR):
            against.add("conflict_of_interest")
        if not self.has_contract(agency):
            against.add("agency_contract_inactive")
        return against

    def against_start_review(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "acceptance", "accepted")
        if a is None:
            return against
        reviewer = cmd.given("reviewer", "technical")
        if reviewer == a.acceptor:
            against.add("reviewer_is_acceptor")
        against |= self.against_having(a.name, "technical_review", reviewer)
        return against | self._against_agency(a, cmd.given("agency", "agency"))

    def do_start_review(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        a.state = "under_review"
        a.reviewer = cmd.given("reviewer", "technical")
        self.act(a.name, "acceptance", cmd.who)
        self.name(a.name, "technical_review", a.reviewer)
        self._give(a, cmd.given("agency", "agency"))
        self.log("review:started")

    def against_replace_agency(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "acceptance", "under_review")
        if a is None:
            return against
        if a.compliance is not None:
            against.add("opinion_immutable")
        if cmd.given("agency") == a.agency:
            against.add("conflict_of_interest")
        return against | self._against_agency(a, cmd.given("agency"))

    def do_replace_agency(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        self.act(a.name, "acceptance", cmd.who)
        a.lost_by.add(a.agency)
        self._give(a, cmd.given("agency"))
        self.log("agency:replaced")

    def _give(self, a: Application, agency: str) -> None:
        """Give a case to an agency, which is told (HN-05(3))."""
        a.agency, a.contract, a.opined = agency, self.contract_of(agency), False
        a.declared = False
        self.log("agency_case:assigned")
        self.tell("agency_case_assigned", agency)

    def pass_on(self, contract: str) -> None:
        """Give the open cases of a suspended agency to the one that is left (HN-27), if one may."""
        for a in self.applications.values():
            if a.state != "under_review" or a.contract != contract or a.opined:
                continue
            self._pass_one_on(a)

    def _pass_one_on(self, a: Application) -> None:
        a.lost_by.add(a.agency)
        left = [
            each
            for each in AGENCIES
            if self.has_contract(each) and each not in {a.applicant, OPERATOR, *a.lost_by}
        ]
        a.agency = a.contract = ""
        if left:
            (only,) = left
            self._give(a, only)
        self.log("agency:replaced")

    def against_declare(self, cmd: Command) -> set[str]:
        a = self.applications.get(cmd.about)
        if a is None or a.agency != self.party(cmd):
            return {"not_found"}
        against = set() if a.state == "under_review" else {"registration_event_not_allowed"}
        if a.declared:
            against.add("conflict_declared_already")
        if not cmd.given("statement", True):
            against.add("declaration_incomplete")
        return against

    def do_declare(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        if not cmd.given("conflict"):
            a.declared = True
            self.log("agency_neutrality:declared")
            return
        self.log("agency_conflict:declared")
        self.tell("agency_case_declined", OPERATOR)
        self._pass_one_on(a)

    def against_technical_opinion(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "technical_review", "under_review")
        if a is None:
            return against
        if cmd.who != a.reviewer:
            against |= {"reviewer_not_assigned", "reviewer_not_operator_staff"}
        if a.technical is not None:
            against.add("opinion_immutable")
        if cmd.given("without") == "finding":
            against.add("finding_missing")
        if cmd.given("without") == "test":
            against.add("test_record_missing")
        if cmd.given("contradicts"):
            against.add("opinion_inconsistent")
        return against

    def do_technical_opinion(self, cmd: Command) -> None:
        self.applications[cmd.about].technical = cmd.given("overall", "pass")
        self.log("technical_opinion:recorded")

    def against_compliance_opinion(self, cmd: Command) -> set[str]:
        a = self.applications.get(cmd.about)
        if a is None or a.agency != self.party(cmd):
            return {"not_found"}
        against = set() if a.declared else {"conflict_undeclared"}
        if a.state != "under_review":
            against.add("registration_event_not_allowed")
        if self.contracts[a.contract].suspended:
            against.add("agency_contract_inactive")
        if a.technical is None:
            against.add("technical_opinion_first")  # A8
        if a.compliance is not None:
            against.add("opinion_immutable")
        if cmd.given("without") == "finding":
            against.add("finding_missing")
        if cmd.given("sealed", "own") != "own":
            against.add("opinion_signature_invalid")
        if cmd.given("of_another"):
            against.add("signed_for_another_case")
        return against

    def do_compliance_opinion(self, cmd: Command) -> None:
        self.applications[cmd.about].compliance = cmd.given("overall", "pass")
        self.applications[cmd.about].opined = True
        self.log("compliance_opinion:recorded")

    def against_request_material(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "acceptance", "under_review")
        if a is None:
            return against
        if a.asked:
            against.add("material_request_open")
        if not cmd.given("items", ("x",)):
            against.add("material_request_empty")
        return against

    def do_request_material(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        self.act(a.name, "acceptance", cmd.who)
        a.asked = cmd.given("items", ("补充说明",))  # the thirty days run on (A44)
        self.tell("material_requested", a.applicant)
        self.log("more_material:requested")

    def against_supplement(self, cmd: Command) -> set[str]:
        a = self._own(cmd)
        if a is None:
            return {"not_found"}
        against = set() if a.state == "under_review" else {"registration_event_not_allowed"}
        if not a.asked:
            against.add("material_not_requested")
        elif not cmd.given("complete", True):
            against.add("supplement_incomplete")
        return against

    def do_supplement(self, cmd: Command) -> None:
        self.applications[cmd.about].asked = ()
        self.log("more_material:supplemented")

    def against_decide(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "decision", "under_review")
        if a is None:
            return against
        match cmd.given("result"):
            case "pass":
                return against | self._against_passing(a)
            case "refuse":
                return against | self._against_refusing(a, cmd)
            case _:
                return against | (
                    set() if a.technical == "fail" else {"technical_review_not_failed"}
                )

    def _against_passing(self, a: Application) -> set[str]:
        against = set()
        if a.technical is None or a.compliance is None:
            against.add("both_opinions_required")
        if a.technical == "fail":
            against.add("technical_review_not_passed")
        if a.compliance == "fail":
            against.add("refusal_no_compliance_opinion")
        if a.product == CORE_DATA:
            against.add("refusal_national_core_data")
        if a.open_objections:
            against.add("refusal_unresolved_ownership_dispute")
        return against

    def _against_refusing(self, a: Application, cmd: Command) -> set[str]:
        ground = cmd.given("ground")
        if ground is None:
            return {"refusal_ground_missing"}
        against = set()
        if not cmd.given("facts", True):
            against.add("ground_fact_missing")
        if ground == "no_compliance_opinion" and a.compliance == "pass":
            against.add("ground_not_met")
        return against

    def do_decide(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        result = cmd.given("result")
        self.act(a.name, "decision", cmd.who)
        a.untold += 1
        topic, event, a.state = {
            "pass": ("review_passed", "review:passed", "review_passed"),
            "refuse": ("registration_refused", "registration:refused", "refused"),
            "fail_technical": (
                "technical_review_failed",
                "technical_review:failed",
                "review_failed_technical",
            ),
            "return_technical_points": (
                "technical_points_returned",
                "technical_points:returned",
                "under_review",
            ),
        }[result]
        self.tell(topic, a.applicant)
        self.log(event)
        if result == "return_technical_points":
            a.technical = None
            return
        self.clocks.meet(a.name, "review", self.now)
        self._owe_word(a, "review_notification")
        if result == "refuse" and cmd.given("ground") == "national_core_data":
            self.tell("national_core_data_found", AUTHORITY)
            self.log("files:quarantined")
        if a.state in OVER:
            self.leave_all(a.name, but="acceptance")

    # ── what is compared, and what may be tried ─────────────────────────────────────────────

    def rows(self) -> dict[str, list[Any]]:
        return super().rows() | {
            "applications": sorted(
                (a.name, a.state, a.open_objections) for a in self.applications.values()
            )
        }

    def ahead(self) -> Iterator[Command]:
        yield from super().ahead()
        for a in self.applications.values():
            yield from self._next(a)

    def _next(self, a: Application) -> Iterator[Command]:
        match a.state:
            case "draft" | "correction_required":
                yield from self._still_to_hand_in(a)
            case "submitted":
                yield command("accept", "acceptor", a.name, result="accepted")
            case "accepted":
                yield command("start_review", "acceptor", a.name)
            case "under_review" if a.agency and not a.declared:
                yield command("declare", a.agency, a.name)
            case "under_review" if a.asked:
                yield command("supplement", a.applicant, a.name)
            case "under_review" if a.technical is None:
                yield command("technical_opinion", a.reviewer, a.name)
            case "under_review" if a.technical == "fail":
                result = "return_technical_points" if a.compliance is None else "fail_technical"
                yield command("decide", "adjudicator", a.name, result=result)
            case "under_review" if a.compliance is None and a.agency:
                yield command("compliance_opinion", a.agency, a.name)
            case "under_review":
                yield command("decide", "adjudicator", a.name, result="pass")

    def _still_to_hand_in(self, a: Application) -> Iterator[Command]:
        lacking = sorted(a.missing())
        if a.submissions:
            asked = a.listed if a.state == "correction_required" else a.must_change
            still = set(asked) - changed(a.submissions[-1], a.parts())
            lacking += sorted(part.partition(":")[2] for part in still)
        for kind in lacking[:1]:
            yield command("hand_in", a.applicant, a.name, kind=kind, waived=kind == WAIVABLE)
        if not lacking:
            name = "submit" if a.state == "draft" else "resubmit"
            yield command(name, a.applicant, a.name)

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        for a in self.applications.values():
            if a.state not in OVER:
                yield command("notify", "acceptor", a.name)
            if a.state == "submitted":
                for items in (("material:source_proof",), ("material:application_form",)):
                    yield command(
                        "accept", "acceptor", a.name, result="correction_required", items=items
                    )
            if a.state == "under_review":
                yield command("replace_agency", "acceptor", a.name, agency="other_agency")
                if a.agency and not a.declared:
                    yield command("declare", a.agency, a.name, conflict=True)
                yield command("technical_opinion", a.reviewer, a.name, overall="fail")
                yield command("compliance_opinion", a.agency, a.name, overall="fail")
                yield command("request_material", "acceptor", a.name, items=("数据样本", "合同"))
                yield command(
                    "decide",
                    "adjudicator",
                    a.name,
                    result="refuse",
                    ground="national_core_data"
                    if a.product == CORE_DATA
                    else "no_compliance_opinion",
                )

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for product in PRODUCTS:
            yield command("draft", "supplier", product)
        for name in (*self.applications, "A99"):
            yield command("submit", "supplier", name, truth=False)
            yield command("submit", "rival", name)
            yield command("submit", "supplier", name)
            yield command("resubmit", "supplier", name)
            yield command("resubmit", "rival", name)
            yield command("hand_in", "supplier", name, kind="source_proof", waived=True)
            yield command("hand_in", "supplier", name, kind=WAIVABLE, waived=True, reason="")
            yield command("hand_in", "supplier", name, kind="application_form")
            yield command("hand_in", "rival", name, kind="application_form")
            yield command("withdraw", "supplier", name)
            yield command("withdraw", "rival", name)
            yield command("supplement", "supplier", name, complete=False)
            yield command("supplement", "supplier", name)
            yield from self._operator_astray(name)

    def _operator_astray(self, name: str) -> Iterator[Command]:
        correct = {"result": "correction_required"}
        yield command("accept", "acceptor", name, result="accepted")
        yield command("accept", "acceptor", name, result="not_accepted_out_of_scope")
        yield command("accept", "acceptor", name, result="not_accepted_out_of_scope", reasons=False)
        yield command("accept", "acceptor", name, **correct, items=())
        yield command("accept", "acceptor", name, **correct, items=("material:nonsense",))
        yield command(
            "accept",
            "acceptor",
            name,
            **correct,
            items=("material:product_description",),
            override=True,
        )
        yield command("accept", "issuer", name, result="accepted")
        yield command("notify", "acceptor", name, receipt=False)
        yield command("notify", "acceptor", name)
        yield command("start_review", "acceptor", name, reviewer="acceptor")
        yield command("start_review", "acceptor", name, agency="supplier")
        yield command("start_review", "acceptor", name, agency="claimant")
        yield command("start_review", "acceptor", name, agency="other_agency")
        yield command("start_review", "acceptor", name, reviewer="second_technical")
        yield command("replace_agency", "acceptor", name, agency="supplier")
        yield command("replace_agency", "acceptor", name, agency="agency")
        yield command("request_material", "acceptor", name, items=())
        for who in ("technical", "second_technical", "adjudicator"):
            yield command("technical_opinion", who, name)
        yield command("technical_opinion", "technical", name, without="finding")
        yield command("technical_opinion", "technical", name, without="test")
        yield command("technical_opinion", "technical", name, contradicts=True)
        for who in ("agency", "other_agency", "technical"):
            yield command("compliance_opinion", who, name)
            yield command("declare", who, name)
            yield command("declare", who, name, statement=False)
        yield command("compliance_opinion", "agency", name, without="finding")
        yield command("compliance_opinion", "agency", name, sealed="foreign")
        yield command("compliance_opinion", "agency", name, sealed="altered")
        yield command("compliance_opinion", "agency", name, of_another=True)
        for result in ("pass", "fail_technical", "return_technical_points"):
            yield command("decide", "adjudicator", name, result=result)
        yield command("decide", "adjudicator", name, result="refuse")
        yield command(
            "decide", "adjudicator", name, result="refuse", ground="other_statutory", facts=False
        )
        yield command("decide", "technical", name, result="pass")
