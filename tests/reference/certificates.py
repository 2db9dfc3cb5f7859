"""A certificate after its issue (凭证): frozen, burdened, deregistered: RULES §5.2, HN-17, HN-19."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.reference.commands import MEMBERS, SUPPLIERS, Command, command
from tests.reference.days import DAY
from tests.reference.notices import Certificate
from tests.reference.objections import Objections

COUNTS = ("active", "frozen")
WRONG = "certificate_event_not_allowed"


@dataclasses.dataclass
class Burden:
    """Somebody's right in a registered product: it goes with the right, whatever the number."""

    name: str
    application: str
    creditor: str | None
    since: dt.date
    until: dt.date | None
    released: bool = False


class Certificates(Objections):
    """Freezes, burdens, deregistration."""

    MAY = Objections.MAY | {
        "freeze": ("issuer",),
        "unfreeze": ("issuer",),
        "encumber": ("issuer",),
        "release_burden": ("issuer",),
        "deregister": MEMBERS,
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.burdens: dict[str, Burden] = {}

    def standing(self, c: Certificate) -> list[Burden]:
        """Return what burdens a certificate today."""
        return [
            b
            for b in self.burdens.values()
            if b.application == c.application
            and not b.released
            and b.since <= self.today
            and (b.until is None or self.today <= b.until)
        ]

    def with_a_right_in(self, c: Certificate) -> set[str]:
        return {c.holder} | {b.creditor for b in self.standing(c) if b.creditor}

    def _by_operator(self, cmd: Command) -> tuple[Certificate | None, set[str]]:
        found = self.certificates.get(cmd.about)
        return found, self._not_delegated() | (set() if found else {"not_found"})

    def against_freeze(self, cmd: Command) -> set[str]:
        return self._against_moving(cmd, "active")

    def against_unfreeze(self, cmd: Command) -> set[str]:
        return self._against_moving(cmd, "frozen")

    def _against_moving(self, cmd: Command, state: str) -> set[str]:
        c, against = self._by_operator(cmd)
        if c is not None and c.state != state:
            against.add(WRONG)
        if c is not None and not cmd.given("reason", True):
            against.add("certificate_reason_missing")
        return against

    def do_freeze(self, cmd: Command) -> None:
        self.move(self.certificates[cmd.about], "frozen", "certificate:frozen")

    def do_unfreeze(self, cmd: Command) -> None:
        self.move(self.certificates[cmd.about], "active", "certificate:unfrozen")

    def against_encumber(self, cmd: Command) -> set[str]:
        c, against = self._by_operator(cmd)
        if c is not None and c.state not in COUNTS:
            against.add(WRONG)
        if c is not None and cmd.given("days", 1) < 0:
            against.add("encumbrance_period_invalid")
        return against

    def do_encumber(self, cmd: Command) -> None:
        c = self.certificates[cmd.about]
        days = cmd.given("days")
        until = None if days is None else self.today + days * DAY
        name = self.new("B")
        self.burdens[name] = Burden(name, c.application, cmd.given("for"), self.today, until)
        self.tell("encumbrance_entered", *({c.holder, cmd.given("for")} - {None}))
        self.log("certificate:encumbered")

    def against_release_burden(self, cmd: Command) -> set[str]:
        found = self.burdens.get(cmd.about)
        against = self._not_delegated()
        if found is None:
            return against | {"not_found"}
        if found.released:
            against.add("encumbrance_released_already")
        if not cmd.given("reason", True):
            against.add("certificate_reason_missing")
        return against

    def do_release_burden(self, cmd: Command) -> None:
        burden = self.burdens[cmd.about]
        burden.released = True
        entered = self.certificates[self.entered_on[burden.name]]
        self.tell("encumbrance_released", *({entered.holder, burden.creditor} - {None}))
        self.log("certificate:disencumbered")

    @property
    def entered_on(self) -> dict[str, str]:
        """Return on which certificate of the registration each burden is told of: its newest."""
        return {
            b.name: [c.name for c in self.certificates.values() if c.application == b.application][
                -1
            ]
            for b in self.burdens.values()
        }

    def against_deregister(self, cmd: Command) -> set[str]:
        c = self.certificates.get(cmd.about)
        if c is None or c.holder != self.party(cmd):
            return {"not_found"}
        against = set()
        if c.state != "active":
            against.add(WRONG)
        if self.standing(c) or c.open_objections:
            against.add("certificate_encumbered")
        if not cmd.given("reason", True):
            against.add("certificate_reason_missing")
        return against

    def do_deregister(self, cmd: Command) -> None:
        self.move(self.certificates[cmd.about], "deregistered", "certificate:deregistered")

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        for c in self.certificates.values():
            if c.state == "active":
                yield command("freeze", "issuer", c.name)
                yield command("encumber", "issuer", c.name, days=5, **{"for": "claimant"})
                yield command("encumber", "issuer", c.name)
            if c.state == "active" and c.holder in SUPPLIERS:
                yield command("deregister", c.holder, c.name)
            if c.state == "frozen":
                yield command("unfreeze", "issuer", c.name)
        for b in self.burdens.values():
            if not b.released:
                yield command("release_burden", "issuer", b.name)

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for c in (*self.certificates, "C99"):
            yield command("freeze", "issuer", c, reason=False)
            yield command("freeze", "adjudicator", c)
            yield command("unfreeze", "issuer", c)
            yield command("encumber", "issuer", c, days=-1)
            yield command("deregister", "supplier", c)
            yield command("deregister", "rival", c)
            yield command("deregister", "supplier", c, reason=False)
        for b in (*self.burdens, "B99"):
            yield command("release_burden", "issuer", b)
            yield command("release_burden", "issuer", b, reason=False)
