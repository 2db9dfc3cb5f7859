"""Objections (异议), during the notice and after the issue: RULES §5.3, HN-20."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.reference.applications import OVER, Application
from tests.reference.commands import MEMBERS, Command, command
from tests.reference.notices import OBJECTABLE, Certificate, Notices

OPEN = (
    "received",
    "awaiting_response",
    "under_determination",
    "determined",
    "unresolved",
    "referred_to_court",
)
RETURN = "return_to_draft"
OUTCOMES = {True: ("keep", "revoke"), False: ("dismiss", "uphold", RETURN)}
WRONG = "objection_event_not_allowed"


@dataclasses.dataclass
class Objection:
    """What the law knows of one objection."""

    name: str
    objector: str
    registrant: str
    application: str
    product: str
    certificate: str = ""
    state: str = "received"
    forwarded: bool = False
    received_on: dt.date | None = None  # by the registrant
    read_on: dt.date | None = None
    silent: bool = False
    answered: bool = False
    outcome: str = ""
    must_change: tuple[str, ...] = ()
    answers: dict[str, bool] = dataclasses.field(default_factory=dict)
    closing: str | None = None


class Objections(Notices):
    """Filing, forwarding, answer, determination, court."""

    MAY = Notices.MAY | {
        "object": MEMBERS,
        "reject_objection": ("adjudicator",),
        "forward": ("adjudicator",),
        "read_forwarded": MEMBERS,
        "respond": MEMBERS,
        "determine": ("adjudicator",),
        "answer_outcome": MEMBERS,
        "withdraw_objection": MEMBERS,
        "go_to_court": MEMBERS,
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.objections: dict[str, Objection] = {}

    def objectors_of(self, a: Application) -> list[str]:
        return [
            o.objector
            for o in self.objections.values()
            if o.application == a.name and not o.certificate and o.state in OPEN
        ]

    # ── filing ──────────────────────────────────────────────────────────────────────────────

    def against_object(self, cmd: Command) -> set[str]:
        notice, certificate = cmd.given("notice"), cmd.given("certificate")
        if (notice is None) == (certificate is None):
            return {"objection_target_unclear"}
        if notice not in self.notices and certificate not in self.certificates:
            return {"not_found"}
        against = set()
        if notice is not None:
            a = self.applications[self.notices[notice].of]
            registrant, product = a.applicant, a.product
            if a.state not in OBJECTABLE:
                against.add("registration_event_not_allowed")
        else:
            c = self.certificates[certificate]
            registrant, product = c.holder, c.product
            if c.state not in ("active", "frozen"):
                against.add("certificate_event_not_allowed")
        party = self.party(cmd)
        if party == registrant:
            against.add("not_interested_party")
        if not cmd.given("interest", True):
            against.add("objection_interest_missing")
        if not cmd.given("ground", True):
            against.add("objection_ground_missing")
        match cmd.given("evidence", "own"):
            case "none":
                against.add("objection_evidence_missing")
            case "foreign":
                against.add("not_found")
        if any(
            o.objector == party and o.product == product and o.state in OPEN
            for o in self.objections.values()
        ):
            against.add("objection_open_already")
        return against

    def do_object(self, cmd: Command) -> None:
        name = self.new("O")
        if (notice := cmd.given("notice")) is not None:
            a = self.applications[self.notices[notice].of]
            a.open_objections += 1
            found = Objection(name, self.party(cmd), a.applicant, a.name, a.product)
        else:
            c = self.certificates[cmd.given("certificate")]
            c.open_objections += 1
            found = Objection(
                name, self.party(cmd), c.holder, c.application, c.product, certificate=c.name
            )
        self.objections[name] = found
        self.start(name, "objection_forwarding", 3, "calendar")  # HN-20(b), A1
        self.tell("objection_received", found.objector)
        self.log("objection:filed")

    # ── forwarding and answer ───────────────────────────────────────────────────────────────

    def _decides(self, cmd: Command) -> tuple[Objection | None, set[str]]:
        found = self.objections.get(cmd.about)
        against = self._not_delegated()
        if found is None:
            return None, against | {"not_found"}
        return found, against | self.against_acting(found.name, "adjudication", cmd.who)

    def against_reject_objection(self, cmd: Command) -> set[str]:
        o, against = self._decides(cmd)
        if o is not None and o.state != "received":
            against.add(WRONG)
        if o is not None and not cmd.given("reason", True):
            against.add("objection_rejection_reason_missing")
        return against

    def do_reject_objection(self, cmd: Command) -> None:
        self.act(cmd.about, "adjudication", cmd.who)
        self._close(self.objections[cmd.about], "rejected", "rejected")
        self.log("objection:rejected")

    def against_forward(self, cmd: Command) -> set[str]:
        o, against = self._decides(cmd)
        if o is not None and o.state != "received":
            against.add(WRONG)
        if o is not None and cmd.given("receipt") == "":
            against.add("objection_receipt_missing")
        return against

    def do_forward(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        self.act(o.name, "adjudication", cmd.who)
        o.state, o.forwarded = "awaiting_response", True
        self.clocks.meet(o.name, "objection_forwarding", self.now)
        self.tell("objection_forwarded", o.registrant)
        self.log("objection:forwarded")
        if cmd.given("receipt"):
            self._received(o, self.today)

    def _received(self, o: Objection, day: dt.date) -> None:
        o.received_on = day
        self.clocks.start(
            self.calendar, o.name, "objection_response", length=7, unit="calendar", started=day
        )

    def against_read_forwarded(self, cmd: Command) -> set[str]:
        o = self.objections.get(cmd.about)
        mine = o is not None and o.forwarded and o.registrant == self.party(cmd)
        return set() if mine else {"not_found"}

    def do_read_forwarded(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        if o.read_on is None:
            o.read_on = self.today
            self.log("notification:read", "notification:received")

    @staticmethod
    def _is_told(o: Objection, party: str) -> bool:
        """Tell whether a party is the registrant and knows of it; before, there is nothing for it."""
        return o.forwarded and o.registrant == party

    def against_respond(self, cmd: Command) -> set[str]:
        o = self.objections.get(cmd.about)
        if o is None or not self._is_told(o, self.party(cmd)):
            return {"not_found"}
        against = set()
        if not cmd.given("evidence", True):
            against.add("objection_response_empty")
        waits = o.state == "awaiting_response"
        waits |= o.state == "under_determination" and o.silent and not o.answered
        if not waits:
            against.add(WRONG)
        return against

    def do_respond(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        if o.received_on is None:
            self._received(o, self.today)  # whoever answers has received it
        self.clocks.meet(o.name, "objection_response", self.now)
        if o.state == "awaiting_response":
            self._put_to_determination(o)
        o.answered = True
        self.tell("objection_answered", o.objector)
        self.log("objection:answered")

    def _put_to_determination(self, o: Objection) -> None:
        o.state = "under_determination"
        self.start(o.name, "objection_determination", 15, "working")  # A18

    # ── determination ───────────────────────────────────────────────────────────────────────

    def against_determine(self, cmd: Command) -> set[str]:
        o, against = self._decides(cmd)
        if o is None:
            return against
        if o.state != "under_determination":
            against.add(WRONG)
        if not cmd.given("reasons", True):
            against.add("objection_reason_missing")
        if cmd.given("outcome") not in OUTCOMES[bool(o.certificate)]:
            against.add("objection_outcome_not_for_target")
        if bool(cmd.given("must_change")) != (cmd.given("outcome") == RETURN):
            against.add("objection_changes_unfit")
        return against

    def do_determine(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        self.act(o.name, "adjudication", cmd.who)
        o.state, o.outcome = "determined", cmd.given("outcome")
        o.must_change = cmd.given("must_change", ())
        self.clocks.cancel(o.name, "objection_response")
        self.clocks.meet(o.name, "objection_determination", self.now)
        self.start(o.name, "objection_acceptance", 10, "working")
        self.tell("objection_determined", o.objector, o.registrant)
        self.log("objection:determined")

    def against_answer_outcome(self, cmd: Command) -> set[str]:
        o = self.objections.get(cmd.about)
        party = self.party(cmd)
        if o is None or not (party == o.objector or self._is_told(o, party)):
            return {"not_found"}
        against = set() if o.state == "determined" else {WRONG}
        if party in o.answers:
            against.add("objection_answer_given_already")
        return against

    def do_answer_outcome(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        o.answers[self.party(cmd)] = cmd.given("accepts")
        if not cmd.given("accepts"):
            self._leave_unresolved(o)
        elif len(o.answers) < 2:
            self.log("objection:outcome_accepted")
        else:
            needs = o.outcome in ("revoke", "reissue")
            ended = needs and self.certificates[o.certificate].state not in ("active", "frozen")
            self._close(o, "closed", "certificate_ended" if ended else "carried_out")
            self.log("objection:closed")

    def _leave_unresolved(self, o: Objection) -> None:
        o.state = "unresolved"
        self.clocks.cancel(o.name, "objection_acceptance")
        self.start(o.name, "objection_proceedings", 30, "calendar")
        self.tell("objection_unresolved", o.objector, o.registrant)
        self.log("objection:unresolved")

    # ── court and end ───────────────────────────────────────────────────────────────────────

    def against_withdraw_objection(self, cmd: Command) -> set[str]:
        o = self.objections.get(cmd.about)
        if o is None or o.objector != self.party(cmd):
            return {"not_found"}
        return set() if o.state in OPEN else {WRONG}

    def do_withdraw_objection(self, cmd: Command) -> None:
        self._close(self.objections[cmd.about], "closed", "withdrawn")
        self.log("objection:withdrawn")

    def against_go_to_court(self, cmd: Command) -> set[str]:
        o = self.objections.get(cmd.about)
        if o is None or o.objector != self.party(cmd):
            return {"not_found"}
        against = set() if o.state == "unresolved" else {WRONG}
        if not cmd.given("case_number", True):
            against.add("objection_case_number_missing")
        if not cmd.given("evidence", True):
            against.add("objection_evidence_missing")
        return against

    def do_go_to_court(self, cmd: Command) -> None:
        o = self.objections[cmd.about]
        o.state = "referred_to_court"
        self.clocks.meet(o.name, "objection_proceedings", self.now)
        self.log("objection:referred_to_court")
        if o.certificate:
            c = self.certificates[o.certificate]
            if c.state == "active":
                self.move(c, "frozen", "certificate:frozen")  # A20
        elif self.applications[o.application].state == "objection_hold":
            self.log("application:referred_to_court")

    def _close(self, o: Objection, state: str, closing: str) -> None:
        was, o.state, o.closing = o.state, state, closing
        self.clocks.cancel(o.name)
        self.tell("objection_closed", o.objector, *[o.registrant] * o.forwarded)
        agreed = o.outcome if closing == "carried_out" else ""
        if o.certificate:
            self._end_for_certificate(o, agreed, was)
        elif agreed == "uphold":
            self._refuse(self.applications[o.application])
        elif agreed == RETURN:
            self._return_to_draft(self.applications[o.application], o.must_change)
        else:
            self._release(self.applications[o.application])
        self.leave_all(o.name)

    def follow_the_right(self, old: Certificate, new: Certificate) -> None:
        """Let what is open against a certificate go on against its successor, and its holder."""
        waiting = [
            o for o in self.objections.values() if o.certificate == old.name and o.state in OPEN
        ]
        if not waiting:
            return
        old.open_objections, new.open_objections = 0, len(waiting)
        for o in waiting:
            o.certificate = new.name
            if o.objector == new.holder:  # the judgment gave it what it asked for
                self.log("objection:followed")
                self._close(o, "closed", "by_instrument")
                continue
            if o.registrant != new.holder:
                o.registrant = new.holder
                if o.state == "awaiting_response":
                    o.state, o.forwarded, o.received_on, o.read_on = "received", False, None, None
                    self.clocks.cancel(o.name, "objection_response")
                    self.start(o.name, "objection_forwarding", 3, "calendar")
                elif o.forwarded:
                    self.tell("objection_forwarded", o.registrant)
            self.log("objection:followed")

    def _end_for_certificate(self, o: Objection, agreed: str, was: str) -> None:
        c = self.certificates[o.certificate]
        c.open_objections = max(0, c.open_objections - 1)
        if agreed in ("revoke", "reissue") and c.state in ("active", "frozen"):
            state = "revoked" if agreed == "revoke" else "superseded"
            self.move(c, state, f"certificate:{state}")
        before_court = [
            other
            for other in self.objections.values()
            if other.certificate == c.name and other.state == "referred_to_court"
        ]
        if o.closing == "withdrawn" and was == "referred_to_court" and not before_court:
            self.thaw(c)

    def thaw(self, c: Certificate) -> None:
        """Let a certificate count again whose last dispute was taken from the court."""
        if c.state == "frozen":
            self.move(c, "active", "certificate:unfrozen")

    def _refuse(self, a: Application) -> None:
        """Refuse a registration whose ownership is disputed (R4); what ended stays as it is."""
        if a.state in OVER:
            return
        a.state, a.open_objections = "refused", 0
        self.leave_all(a.name, but="acceptance")
        a.untold += 1
        self.close_notice(a, "refused")
        self.clocks.cancel(a.name)
        self.tell("registration_refused", a.applicant)
        self.log("registration:refused")

    def _return_to_draft(self, a: Application, must_change: tuple[str, ...]) -> None:
        """Let an application go its whole way once more; what ended stays as it is (A15)."""
        if a.state in OVER:
            return
        a.state, a.open_objections = "draft", a.open_objections - 1
        a.must_change += must_change
        a.acceptor = a.reviewer = a.agency = a.contract = ""
        a.technical = a.compliance = None
        a.is_authorised = False
        self.leave_all(a.name)
        self.close_notice(a, "returned")
        self.clocks.cancel(a.name)
        self.tell("application_returned_to_draft", a.applicant)
        self.log("application:returned_to_draft")

    def _release(self, a: Application) -> None:
        """Count one objection less; with the last one a held application goes on."""
        if not a.open_objections:
            return
        a.open_objections -= 1
        if not a.open_objections and a.state == "objection_hold":
            a.state = "awaiting_issuance_authorisation"
            self.notices[a.notice].result = "no_objection"

    def bring_about(self) -> None:
        unreceived = [
            o
            for o in self.objections.values()
            if o.state == "awaiting_response" and o.received_on is None and o.read_on is not None
        ]
        super().bring_about()
        for o in self.objections.values():
            if o.state == "awaiting_response" and self._is_silent(o):
                o.silent = True  # it admits nothing (A17)
                self._put_to_determination(o)
                self.log("objection:response_timed_out")
        for o in unreceived:
            assert o.read_on is not None
            self._received(o, o.read_on)
            self.log("objection:received_by_registrant")
        for name in self.clocks.run_out_for_good("objection_acceptance", self.now):
            self._leave_unresolved(self.objections[name])
        for name in self.clocks.run_out_for_good("objection_proceedings", self.now):
            self._close(self.objections[name], "closed", "not_pursued")
            self.log("objection:closed")

    def _is_silent(self, o: Objection) -> bool:
        running = self.clocks.running(o.name, "objection_response")
        return any(not clock.unsure and clock.over(self.now) for clock in running)

    # ── what is compared, and what may be tried ─────────────────────────────────────────────

    def rows(self) -> dict[str, list[Any]]:
        return super().rows() | {
            "objections": sorted((o.name, o.state, o.closing) for o in self.objections.values())
        }

    def ahead(self) -> Iterator[Command]:
        yield from super().ahead()
        for o in self.objections.values():
            match o.state:
                case "received":
                    yield command("forward", "adjudicator", o.name, receipt="挂号信 1 号")
                case "awaiting_response":
                    yield command("respond", self._member_of(o.registrant), o.name)
                case "under_determination":
                    outcome = OUTCOMES[bool(o.certificate)][0]
                    yield command("determine", "adjudicator", o.name, outcome=outcome)
                case "determined":
                    for party in (o.objector, o.registrant):
                        if party not in o.answers:
                            who = self._member_of(party)
                            yield command("answer_outcome", who, o.name, accepts=True)

    @staticmethod
    def _member_of(party: str) -> str:
        return {"operator": "adjudicator", "authority": "regulator"}.get(party, party)

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        for n in self.notices.values():
            if self.applications[n.of].state in OBJECTABLE:
                for who in ("objector", "claimant"):
                    yield command("object", who, notice=n.name)
        for c in self.certificates.values():
            yield command("object", "objector", certificate=c.name)
        for o in self.objections.values():
            objector, registrant = self._member_of(o.objector), self._member_of(o.registrant)
            match o.state:
                case "received":
                    yield command("forward", "adjudicator", o.name)
                    yield command("reject_objection", "adjudicator", o.name)
                case "awaiting_response":
                    yield command("read_forwarded", registrant, o.name)
                case "under_determination":
                    for outcome in OUTCOMES[bool(o.certificate)][1:]:
                        items = ("material:source_proof",) if outcome == RETURN else ()
                        how = {"outcome": outcome, "must_change": items}
                        yield command("determine", "adjudicator", o.name, **how)
                    yield command("respond", registrant, o.name)
                case "determined":
                    yield command("answer_outcome", registrant, o.name, accepts=False)
                case "unresolved":
                    yield command("go_to_court", objector, o.name)
            if o.state in OPEN:
                yield command("withdraw_objection", objector, o.name)

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for n in (*self.notices, "N99"):
            yield command("object", "supplier", notice=n)
            yield command("object", "objector", notice=n, evidence="none")
            yield command("object", "objector", notice=n, evidence="foreign")
            yield command("object", "claimant", notice=n, interest=False)
            yield command("object", "claimant", notice=n, ground=False)
            yield command("object", "adjudicator", notice=n)
        for c in (*self.certificates, "C99"):
            yield command("object", "supplier", certificate=c)
            yield command("object", "claimant", certificate=c)
        yield command("object", "claimant")
        for o in (*self.objections, "O99"):
            yield command("reject_objection", "adjudicator", o, reason=False)
            yield command("reject_objection", "issuer", o)
            yield command("forward", "adjudicator", o, receipt="")
            yield command("forward", "acceptor", o)
            for who in ("supplier", "claimant", "objector"):
                yield command("respond", who, o)
                yield command("answer_outcome", who, o, accepts=True)
                yield command("withdraw_objection", who, o)
                yield command("read_forwarded", who, o)
                yield command("go_to_court", who, o)
            yield command("respond", "supplier", o, evidence=False)
            yield command("go_to_court", "objector", o, case_number=False)
            yield command("go_to_court", "objector", o, evidence=False)
            for outcome in ("keep", "dismiss", RETURN):
                yield command("determine", "adjudicator", o, outcome=outcome)
            yield command("determine", "adjudicator", o, outcome="dismiss", reasons=False)
            yield command("determine", "technical", o, outcome="dismiss")
