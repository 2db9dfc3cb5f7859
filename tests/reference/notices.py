"""Public notice (公示), authorisation and issue: RULES §5.1, HN-16; when both channels are up (A14)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.reference import days
from tests.reference.applications import OVER, Application, Applications
from tests.reference.commands import SUPPLIERS, Command, command

LENGTH = 7  # working days, HN-16
OBJECTABLE = (
    "in_public_notice",
    "objection_hold",
    "awaiting_issuance_authorisation",
    "issuance_authorised",
)


@dataclasses.dataclass
class Notice:
    """What stands before the public, on which channels, until when."""

    name: str
    of: str
    channels: set[str] = dataclasses.field(default_factory=set)
    state: str = "posting"
    starts: dt.date | None = None
    ends: dt.date | None = None
    unsure: bool = False
    result: str | None = None

    def over(self, now: dt.datetime) -> bool:
        """Tell whether the public had all its days, and no unknown year can give it more."""
        return self.ends is not None and not self.unsure and now >= days.midnight_after(self.ends)


@dataclasses.dataclass
class Certificate:
    """A certificate that was issued (凭证)."""

    name: str
    product: str
    holder: str
    application: str
    state: str = "active"
    version: int = 1
    open_objections: int = 0


class Notices(Applications):
    """Two channels, seven working days, the bureau's word, the certificate."""

    MAY = Applications.MAY | {
        "publish": ("issuer",),
        "confirm": ("regulator",),
        "authorise": ("regulator",),
        "send_back": ("regulator",),
        "issue": ("issuer",),
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.notices: dict[str, Notice] = {}
        self.certificates: dict[str, Certificate] = {}
        self.authorisations: set[str] = set()

    def against_publish(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "issuance", "review_passed")
        if a is not None and self._standing(a) is not None:
            against.add("notice_channel_already_posted")
        return against

    def _standing(self, a: Application) -> Notice | None:
        """Return the notice that is not closed."""
        found = self.notices.get(a.notice)
        return found if found is not None and found.state != "closed" else None

    def do_publish(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        self.act(a.name, "issuance", cmd.who)
        a.notice = self.new("N")
        self.notices[a.notice] = Notice(a.notice, a.name, {"platform"})
        self.log("notice_channel:posted")

    def against_confirm(self, cmd: Command) -> set[str]:
        notice = self.notices.get(cmd.about)
        if notice is None:
            return {"not_found"}
        against = set()
        if self.applications[notice.of].state != "review_passed":
            against.add("registration_event_not_allowed")
        if notice.state != "posting":
            against.add("notice_event_not_allowed")
        if "website" in notice.channels:
            against.add("notice_channel_already_posted")
        if not cmd.given("receipt", True):
            against.add("notice_receipt_malformed")
        return against

    def do_confirm(self, cmd: Command) -> None:
        notice = self.notices[cmd.about]
        a = self.applications[notice.of]
        notice.channels.add("website")
        a.state = "in_public_notice"
        self._run(notice)
        self.tell("notice_posted", a.applicant)
        self.log("notice_channel:posted", "notice:published")

    def _run(self, notice: Notice) -> None:
        notice.state, notice.starts, notice.result = "running", self.today, None
        notice.ends, notice.unsure = self.calendar.working(self.today, LENGTH)
        self.start(notice.of, "public_notice", LENGTH, "working", for_the_public=True)

    def close_notice(self, a: Application, result: str) -> None:
        notice = self._standing(a)
        if notice is None:
            return
        notice.state, notice.result = "closed", result
        self.clocks.cancel(a.name, "public_notice")
        self.log("notice:closed")

    def do_load_year(self, cmd: Command) -> None:
        super().do_load_year(cmd)
        for notice in self.notices.values():
            if notice.state == "running":
                assert notice.starts is not None
                notice.ends, notice.unsure = self.calendar.working(notice.starts, LENGTH)

    def bring_about(self) -> None:
        super().bring_about()
        over = [n for n in self.notices.values() if n.state == "running" and n.over(self.now)]
        for notice in sorted(over, key=lambda n: (n.ends or dt.date.max, n.name)):
            self._end(notice)

    def _end(self, notice: Notice) -> None:
        a = self.applications[notice.of]
        clean = a.open_objections == 0
        notice.state = "ended"
        notice.result = "no_objection" if clean else "objection_pending"
        a.state = "awaiting_issuance_authorisation" if clean else "objection_hold"
        self.clocks.run_out(a.name, "public_notice")
        self.tell("notice_ended", a.applicant)
        if not clean:
            self.tell("notice_ended", *self.objectors_of(a))
        self.log("notice:ended")

    def objectors_of(self, a: Application) -> list[str]:
        """Return whose objections hold an application up; nobody's, before the room that has them."""
        return []

    # ── the bureau's word, and the certificate ──────────────────────────────────────────────

    def _against_the_public(self, a: Application) -> set[str]:
        """Return what is wrong as long as the public has not had its say."""
        notice = self.notices.get(a.notice)
        against = set()
        if notice is not None and notice.ends is None:
            against.add("notice_channel_missing")
        elif notice is not None and not notice.over(self.now):
            against.add("notice_period_running")
        if a.open_objections:
            against.add("objection_open")
        return against

    def against_authorise(self, cmd: Command) -> set[str]:
        a = self.handed_in(cmd.about)
        if a is None:
            return {"not_found"}
        against = self._against_the_public(a)
        if a.state != "awaiting_issuance_authorisation":
            against.add("registration_event_not_allowed")
        if cmd.given("sealed", "own") != "own":
            against.add("authorisation_signature_invalid")
        if cmd.given("of_another"):
            against.add("signed_for_another_case")
        if cmd.given("number") in self.authorisations:
            against.add("authorisation_number_used")
        return against

    def do_authorise(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        a.state, a.is_authorised = "issuance_authorised", True
        self.authorisations.add(cmd.given("number"))
        self.log("issuance:authorised")

    def against_send_back(self, cmd: Command) -> set[str]:
        a = self.handed_in(cmd.about)
        if a is None:
            return {"not_found"}
        against = set()
        if a.state != "awaiting_issuance_authorisation":
            against.add("registration_event_not_allowed")
        if not cmd.given("reason", True):
            against.add("issuance_return_reason_missing")
        return against

    def do_send_back(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        if cmd.given("to") == "under_review":
            self.close_notice(a, "returned")
            a.state = "under_review"  # the opinions stand
            self.start(a.name, "review", 30, "working")
        else:
            a.state = "in_public_notice"
            self._run(self.notices[a.notice])
        self.tell("issuance_returned", a.applicant)
        self.log("issuance:returned")

    def against_issue(self, cmd: Command) -> set[str]:
        a, against = self._in(cmd, "issuance", "issuance_authorised")
        if a is None:
            return against
        if self.counting(a.product):
            against.add("product_certified_already")
        if a.state not in ("issuance_authorised", "issued"):
            against.add("issuance_not_authorised")
        return against | self._against_the_public(a)

    def counting(self, product: str) -> list[Certificate]:
        """Return the certificates of a product that count, or are frozen: at most one."""
        return [
            c
            for c in self.certificates.values()
            if c.product == product and c.state in ("active", "frozen")
        ]

    def move(self, c: Certificate, state: str, event: str) -> None:
        """Let something become of a certificate; its holder is told."""
        c.state = state
        self.tell("certificate_moved", *self.with_a_right_in(c))
        self.log(event)

    def with_a_right_in(self, c: Certificate) -> set[str]:
        """Return who must be told what becomes of a certificate."""
        return {c.holder}

    def do_issue(self, cmd: Command) -> None:
        a = self.applications[cmd.about]
        self.act(a.name, "issuance", cmd.who)
        a.state = "issued"
        self.clocks.cancel(a.name)
        name = self.new("C")
        self.certificates[name] = Certificate(name, a.product, a.applicant, a.name)
        self.tell("certificate_issued", a.applicant)
        self.log("certificate:issued")
        self.leave_all(a.name, but="issuance")  # who keeps the file

    # ── what is compared, and what may be tried ─────────────────────────────────────────────

    def rows(self) -> dict[str, list[Any]]:
        return super().rows() | {
            "notices": sorted(
                (n.name, n.state, _iso(n.starts), _iso(n.ends), n.unsure, n.result)
                for n in self.notices.values()
            ),
            "certificates": sorted(
                (c.name, c.state, c.holder, c.version, c.open_objections)
                for c in self.certificates.values()
            ),
        }

    def _next(self, a: Application) -> Iterator[Command]:
        yield from super()._next(a)
        match a.state:
            case "review_passed" if self._standing(a) is None:
                yield command("publish", "issuer", a.name)
            case "review_passed":
                yield command("confirm", "regulator", a.notice)
            case "awaiting_issuance_authorisation":
                yield command(
                    "authorise", "regulator", a.name, number=f"授权{a.name}-{len(a.submissions)}号"
                )
            case "issuance_authorised":
                yield command("issue", "issuer", a.name)

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        for a in self.applications.values():
            if a.state == "awaiting_issuance_authorisation":
                for to in ("under_review", "in_public_notice"):
                    yield command("send_back", "regulator", a.name, to=to)

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for name in (*self.notices, "N99"):
            yield command("confirm", "regulator", name)
            yield command("confirm", "regulator", name, receipt=False)
            yield command("confirm", "issuer", name)
        for a in (*[a for a in self.applications.values() if a.state not in OVER[:3]], None):
            name = "A99" if a is None else a.name
            yield command("publish", "issuer", name)
            yield command("issue", "issuer", name)
            yield command("issue", SUPPLIERS[0], name)
            yield command("authorise", "regulator", name, number="授权A1-1号")
            yield command("authorise", "regulator", name, number="x", sealed="foreign")
            yield command("authorise", "regulator", name, number="x", of_another=True)
            yield command("authorise", "issuer", name, number="x")
            yield command("send_back", "regulator", name, to="under_review", reason=False)
            yield command("send_back", "regulator", name, to="in_public_notice")


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
