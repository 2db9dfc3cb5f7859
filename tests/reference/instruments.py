"""Instruments of courts and arbitrators (法律文书): lodged, verified by two, carried out: RULES §5.4."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.reference.certificates import COUNTS, Certificates
from tests.reference.commands import MEMBERS, Command, command
from tests.reference.days import DAY
from tests.reference.notices import Certificate
from tests.reference.world import AUTHORITY

WRONG = "instrument_event_not_allowed"
EFFECTS = ("no_holder", "against_registrant", "for_registrant", "new_holder")
READY = ("effective", "escalated")


@dataclasses.dataclass
class Instrument:
    """What the law knows of one judgment, ruling or award."""

    name: str
    number: str
    certificate: str
    application: str
    product: str
    effect: str
    holder: str
    lodged_by: str
    issued: dt.date
    state: str = "lodged"
    checked_by: str = ""


class Instruments(Certificates):
    """Lodging, two people, execution, the new holder."""

    MAY = Certificates.MAY | {
        "lodge": MEMBERS,
        "check_instrument": ("issuer", "adjudicator"),
        "verify_instrument": ("issuer", "adjudicator"),
        "reject_instrument": ("issuer", "adjudicator"),
        "execute": ("adjudicator",),
        "take_over": MEMBERS,
        "deregister_as_holder": MEMBERS,
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.instruments: dict[str, Instrument] = {}

    def against_lodge(self, cmd: Command) -> set[str]:
        certificate, application = cmd.given("certificate"), cmd.given("application")
        if (certificate is None) == (application is None):
            return {"instrument_target_unclear"}
        target = self.certificates.get(certificate) or self.applications.get(application)
        if target is None:
            return {"not_found"}
        registrant = target.holder if isinstance(target, Certificate) else target.applicant
        holder = cmd.given("holder", "")
        against = set()
        if (cmd.given("effect") == "new_holder") != bool(holder) or holder == registrant:
            against.add("instrument_new_holder_contradictory")
        if any(
            i.product == target.product
            and i.number == cmd.given("number")
            and i.state != "rejected"
            for i in self.instruments.values()
        ):
            against.add("instrument_lodged_already")
        return against

    def do_lodge(self, cmd: Command) -> None:
        name = self.new("I")
        certificate = cmd.given("certificate", "")
        application = cmd.given("application") or self.certificates[certificate].application
        self.instruments[name] = Instrument(
            name,
            cmd.given("number"),
            certificate,
            application,
            self.applications[application].product,
            cmd.given("effect"),
            cmd.given("holder", ""),
            cmd.who,
            self.today,
        )
        self.log("instrument:lodged")

    def _decided(self, cmd: Command, duty: str, *states: str) -> tuple[Instrument | None, set[str]]:
        found = self.instruments.get(cmd.about)
        against = self._not_delegated()
        if found is None:
            return None, against | {"not_found"}
        if found.state not in states:
            against.add(WRONG)
        return found, against | self.against_acting(found.name, duty, cmd.who)

    def _looks(self, cmd: Command) -> str:
        """Return which of the two looks somebody takes who finds that an instrument is none."""
        found = self.instruments.get(cmd.about)
        is_second = found is not None and found.checked_by not in ("", cmd.who)
        return "verification" if is_second else "check"

    def against_check_instrument(self, cmd: Command) -> set[str]:
        i, against = self._decided(cmd, "check", "lodged")
        if i is not None:
            effective = self.today + cmd.given("days", 0) * DAY
            if effective > self.today:
                against.add("legal_instrument_not_effective")
            if effective < i.issued:
                against.add("instrument_days_contradictory")
        return against

    def do_check_instrument(self, cmd: Command) -> None:
        self.act(cmd.about, "check", cmd.who)
        self.instruments[cmd.about].checked_by = cmd.who
        self.log("instrument:checked")

    def against_verify_instrument(self, cmd: Command) -> set[str]:
        i, against = self._decided(cmd, "verification", "lodged")
        if i is not None and not i.checked_by:
            against.add("instrument_not_checked")
        elif i is not None and cmd.who in (i.checked_by, i.lodged_by):
            against.add("second_person_required")
        return against

    def do_verify_instrument(self, cmd: Command) -> None:
        i = self.instruments[cmd.about]
        self.act(i.name, "verification", cmd.who)
        i.state = "effective"
        self.log("instrument:verified")
        if i.effect == "new_holder" and i.certificate:
            c = self.certificates[i.certificate]
            if c.state == "active":
                self.move(c, "frozen", "certificate:frozen")
            self.start(i.name, "new_holder_action", 60, "calendar")
            self.tell("new_holder_invited", i.holder)

    def against_reject_instrument(self, cmd: Command) -> set[str]:
        i, against = self._decided(cmd, self._looks(cmd), "lodged")
        if i is not None and not cmd.given("reason", True):
            against.add("instrument_rejection_reason_missing")
        return against

    def do_reject_instrument(self, cmd: Command) -> None:
        self.act(cmd.about, self._looks(cmd), cmd.who)
        self.instruments[cmd.about].state = "rejected"
        self.log("instrument:rejected")
        self.leave_all(cmd.about)

    def against_execute(self, cmd: Command) -> set[str]:
        i, against = self._decided(cmd, "execution", *READY)
        if i is None:
            return against
        if i.effect == "new_holder" and i.certificate:
            against.add("instrument_names_a_holder")
        ends = i.effect in ("no_holder", "against_registrant")
        if i.certificate and ends and self.certificates[i.certificate].state not in COUNTS:
            against.add("certificate_event_not_allowed")
        return against

    def do_execute(self, cmd: Command) -> None:
        i = self.instruments[cmd.about]
        self.act(i.name, "execution", cmd.who)
        if i.certificate:
            c = self.certificates[i.certificate]
            if i.effect == "no_holder":
                self.move(c, "deregistered", "certificate:deregistered")
            elif i.effect == "against_registrant":
                self.move(c, "revoked", "certificate:revoked")
            else:
                self.thaw(c)
        self._applied(i)

    def _applied(self, i: Instrument) -> None:
        i.state = "applied"
        self.clocks.meet(i.name, "new_holder_action", self.now)
        self.log("instrument:applied")
        self.leave_all(i.name)
        self._settle(i)

    def _settle(self, i: Instrument) -> None:
        """Close the objections that waited for a court, and decide the application they held up."""
        waiting = [
            o
            for o in self.objections.values()
            if o.state == "referred_to_court"
            and o.certificate == i.certificate
            and o.application == i.application
        ]
        a = self.applications[i.application]
        if not i.certificate and i.effect != "for_registrant":
            self._refuse(a)
        elif (
            not i.certificate and a.state == "objection_hold" and a.open_objections <= len(waiting)
        ):
            a.state = "awaiting_issuance_authorisation"
            self.notices[a.notice].result = "no_objection"
            self.log("application:cleared")
        for o in waiting:
            self._close(o, "closed", "by_instrument")
            self.log("objection:closed")

    def _against_holder(self, cmd: Command) -> tuple[Instrument | None, set[str]]:
        i = self.instruments.get(cmd.about)
        if i is None:
            return None, {"not_found"}
        if i.holder != self.party(cmd):
            return None, {"not_found", "not_the_named_holder"}
        against = set() if i.state in READY else {WRONG}
        if not i.certificate:
            against.add("instrument_nothing_to_take_over")
        elif self.certificates[i.certificate].state not in COUNTS:
            against.add("certificate_event_not_allowed")
        return i, against

    def against_take_over(self, cmd: Command) -> set[str]:
        return self._against_holder(cmd)[1]

    def do_take_over(self, cmd: Command) -> None:
        i = self.instruments[cmd.about]
        old = self.certificates[i.certificate]
        self.move(old, "transferred", "certificate:transferred")
        name = self.new("C")
        self.certificates[name] = Certificate(
            name, old.product, i.holder, old.application, version=old.version + 1
        )
        self.tell("certificate_issued", i.holder)
        self.log("certificate:issued")
        self._applied(i)
        self.follow_the_right(old, self.certificates[name])

    def against_deregister_as_holder(self, cmd: Command) -> set[str]:
        i, against = self._against_holder(cmd)
        if i is not None and i.certificate and self.standing(self.certificates[i.certificate]):
            against.add("certificate_encumbered")
        return against

    def do_deregister_as_holder(self, cmd: Command) -> None:
        i = self.instruments[cmd.about]
        self.move(self.certificates[i.certificate], "deregistered", "certificate:deregistered")
        self._applied(i)

    def bring_about(self) -> None:
        super().bring_about()
        for name in self.clocks.run_out_for_good("new_holder_action", self.now):
            self.instruments[name].state = "escalated"
            self.clocks.cancel(name)
            self.tell("new_holder_inactive", AUTHORITY)
            self.log("instrument:escalated")

    # ── what is compared, and what may be tried ─────────────────────────────────────────────

    def rows(self) -> dict[str, list[Any]]:
        return super().rows() | {
            "instruments": sorted((i.name, i.state) for i in self.instruments.values())
        }

    def ahead(self) -> Iterator[Command]:
        yield from super().ahead()
        for i in self.instruments.values():
            if i.state == "lodged" and not i.checked_by:
                yield command("check_instrument", "issuer", i.name)
            elif i.state == "lodged" and "adjudicator" not in (i.checked_by, i.lodged_by):
                yield command("verify_instrument", "adjudicator", i.name)
            elif i.state in READY and i.holder and i.certificate:
                if self.certificates[i.certificate].state in COUNTS:
                    yield command("take_over", i.holder, i.name)
            elif i.state in READY:
                cmd = command("execute", "adjudicator", i.name)
                if not self.against_execute(cmd) - {"operator_not_delegated"}:
                    yield cmd

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        if len(self.instruments) < 4:
            number = f"判{len(self.instruments)}号"
            targets = [("certificate", c.name) for c in self.certificates.values()]
            targets += [
                ("application", a.name)
                for a in self.applications.values()
                if a.state == "objection_hold"
            ]
            for kind, name in targets:
                for effect in EFFECTS:
                    holder = {"holder": "claimant"} if effect == "new_holder" else {}
                    how = {kind: name, "effect": effect, "number": number, **holder}
                    yield command("lodge", "objector", **how)
        for i in self.instruments.values():
            if i.state in READY and i.holder and i.certificate:
                yield command("deregister_as_holder", i.holder, i.name)

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for c in (*self.certificates, "C99"):
            yield command("lodge", "claimant", certificate=c, effect="new_holder", number="x")
            how = {"certificate": c, "effect": "no_holder", "holder": "claimant", "number": "x"}
            yield command("lodge", "claimant", **how)
            yield command("lodge", "issuer", certificate=c, effect="no_holder", number="判0号")
        yield command("lodge", "claimant", effect="no_holder", number="x")
        for i in (*self.instruments, "I99"):
            yield command("check_instrument", "adjudicator", i, days=1)
            yield command("check_instrument", "adjudicator", i, days=-900)
            yield command("check_instrument", "acceptor", i)
            yield command("verify_instrument", "issuer", i)
            yield command("verify_instrument", "adjudicator", i)
            yield command("reject_instrument", "issuer", i, reason=False)
            yield command("reject_instrument", "issuer", i)
            yield command("execute", "adjudicator", i)
            for who in ("claimant", "supplier", "objector"):
                yield command("take_over", who, i)
                yield command("deregister_as_holder", who, i)

    def check(self) -> None:
        """Check that nothing was carried out that two people had not verified."""
        super().check()
        for i in self.instruments.values():
            assert i.state not in (*READY, "applied") or i.checked_by, i
