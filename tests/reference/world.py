"""Hold what is common to all cases: the day, the calendar, clocks, who is told, who may act.

``forbidden`` returns every reason for which the law refuses a command; the service may name any of
them. If there is none, the command has to succeed, and ``happen`` says what must come of it.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from tests.reference import days
from tests.reference.clocks import Clocks
from tests.reference.commands import NOBODY, PARTY_OF, Command, command
from tests.reference.days import Days

OPERATOR, AUTHORITY = "operator", "authority"
#: The public comparisons that both agencies won before a run begins.
AWARDS = ("S1", "S2", "S3", "S4")
WINNERS = ("agency", "other_agency")


@dataclasses.dataclass
class Delegation:
    """The bureau lets the operator act, from a day on (HN-05)."""

    since: dt.date
    ended: dt.date | None = None


@dataclasses.dataclass
class Contract:
    """An agency's contract of two years (HN-23, HN-24)."""

    agency: str
    award: str
    since: dt.date
    through: dt.date
    suspended: bool = False


Forbids = Callable[[Any, Command], set[str]]
Happens = Callable[[Any, Command], None]


class World:
    """The day, the calendar, the clocks; who was told of what by the last command, what was logged."""

    #: name → the members who may do it at all; a room adds its own.
    MAY: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, now: dt.datetime, calendar: Days) -> None:
        self.now = now
        self.calendar = calendar
        self.clocks = Clocks()
        self.delegations = {"D1": Delegation(dt.date(2023, 10, 1))}
        self.contracts: dict[str, Contract] = {}
        self.told: collections.Counter[tuple[str, str]] = collections.Counter()
        self.logged: collections.Counter[str] = collections.Counter()
        self.born = ""  # what the last command made
        self._made: collections.Counter[str] = collections.Counter({"D": 1})

    # ── what everybody needs ────────────────────────────────────────────────────────────────

    @property
    def today(self) -> dt.date:
        """Return the date in Shanghai."""
        return days.today(self.now)

    def new(self, letter: str) -> str:
        """Return the next name of a kind: A1, A2, O1 …"""
        self._made[letter] += 1
        self.born = f"{letter}{self._made[letter]}"
        return self.born

    def tell(self, topic: str, *parties: str) -> None:
        """Note who must be told."""
        for party in parties:
            self.told[topic, party] += 1

    def log(self, *events: str) -> None:
        """Note what must stand in the log."""
        self.logged.update(events)

    def start(self, about: str, kind: str, length: int, unit: str, **more: Any) -> None:
        """Start a clock today."""
        self.clocks.start(
            self.calendar, about, kind, length=length, unit=unit, started=self.today, **more
        )

    def is_delegated(self) -> bool:
        """Tell whether the operator may act today (HN-05)."""
        return any(
            each.since <= self.today and (each.ended is None or self.today < each.ended)
            for each in self.delegations.values()
        )

    def has_contract(self, agency: str) -> bool:
        """Tell whether an agency may be given a case today (HN-05(3))."""
        return any(
            each.agency == agency
            and not each.suspended
            and each.since <= self.today <= each.through
            for each in self.contracts.values()
        )

    def contract_of(self, agency: str) -> str:
        """Return the contract under which an agency is given a case today."""
        return next(
            name
            for name, each in self.contracts.items()
            if each.agency == agency
            and not each.suspended
            and each.since <= self.today <= each.through
        )

    # ── a command ───────────────────────────────────────────────────────────────────────────

    def forbidden(self, cmd: Command) -> set[str]:
        """Return every reason against a command; none if it has to succeed."""
        if cmd.who == NOBODY:
            return {"unauthenticated"}
        if cmd.who not in self.MAY[cmd.name]:
            return {"permission_missing"}
        rule: Forbids = getattr(type(self), f"against_{cmd.name}")
        return rule(self, cmd)

    def happen(self, cmd: Command, against: set[str]) -> None:
        """Let a command happen, or be refused."""
        self.told.clear()
        self.logged.clear()
        self.born = ""
        if not against:
            effect: Happens = getattr(type(self), f"do_{cmd.name}")
            effect(self, cmd)

    # ── the bureau and the agencies ─────────────────────────────────────────────────────────

    MAY |= {
        "delegate": ("regulator",),
        "end_delegation": ("regulator",),
        "contract": ("issuer",),
        "suspend": ("issuer", "regulator"),
        "load_year": ("regulator",),
    }

    def against_delegate(self, _: Command) -> set[str]:
        overlap = any(
            each.ended is None or each.ended - days.DAY >= self.today
            for each in self.delegations.values()
        )
        return {"delegation_overlaps"} if overlap else set()

    def do_delegate(self, _: Command) -> None:
        self.delegations[self.new("D")] = Delegation(self.today)
        self.log("operator:delegated")

    def against_end_delegation(self, cmd: Command) -> set[str]:
        found = self.delegations.get(cmd.about)
        if found is None:
            return {"not_found"}
        return {"delegation_ended"} if found.ended else set()

    def do_end_delegation(self, cmd: Command) -> None:
        self.delegations[cmd.about].ended = self.today
        self.log("delegation:ended")

    def against_contract(self, cmd: Command) -> set[str]:
        against = self._not_delegated()
        agency, award = cmd.given("agency"), cmd.given("award")
        against |= self.against_award_of(award, agency)
        through, _ = days.years(self.today, 2)
        for each in self.contracts.values():
            if each.agency == agency and self.today <= each.through and each.since <= through:
                against.add("agency_contract_overlaps")
            if each.agency == agency and each.award == award:
                against.add("contracted_from_this_award")
            if each.agency == agency and each.through < self.today:
                against.add("evaluation_missing")  # HN-24; that they are evaluated is not in here
        return against

    def against_award_of(self, award: str, agency: str) -> set[str]:
        """Return what is wrong with an award; the room of the comparisons knows more of them."""
        if award not in AWARDS:
            return {"not_found"}
        return set() if agency in WINNERS else {"agency_not_selected"}

    def do_contract(self, cmd: Command) -> None:
        name = self.new("K")
        through, _ = days.years(self.today, 2)
        self.contracts[name] = Contract(
            cmd.given("agency"), cmd.given("award"), self.today, through
        )
        self.start(name, "agency_contract", 2, "years", for_the_public=True)
        self.log("agency:contracted")

    def against_suspend(self, cmd: Command) -> set[str]:
        found = self.contracts.get(cmd.about)
        if found is None:
            return {"not_found"}
        against = {"agency_contract_event_not_allowed"} if found.suspended else set[str]()
        return against | self._not_delegated()

    def do_suspend(self, cmd: Command) -> None:
        found = self.contracts[cmd.about]
        found.suspended = True
        self.log("agency_contract:suspended")
        told = {found.agency, "operator", "authority"} - {self.party(cmd)}
        self.tell("agency_misconduct_recorded", *told)
        self.pass_on(cmd.about)

    def pass_on(self, contract: str) -> None:
        """Give the open cases under a contract to others; the room of the cases says how."""

    def _not_delegated(self) -> set[str]:
        return set() if self.is_delegated() else {"operator_not_delegated"}

    def against_load_year(self, cmd: Command) -> set[str]:
        known = cmd.given("year") in self.calendar.known
        return {"calendar_notice_already_loaded"} if known else set()

    def do_load_year(self, cmd: Command) -> None:
        self.calendar.load(cmd.given("year"), cmd.given("off"), cmd.given("on"))
        moved = self.clocks.count_anew(self.calendar, self.now)
        self.log("calendar_year:loaded", *["timers:recomputed"] * (moved > 0))

    # ── the day ─────────────────────────────────────────────────────────────────────────────

    def wait(self, until: dt.datetime) -> None:
        """Let time pass; nothing happens by that alone."""
        self.told.clear()
        self.logged.clear()
        self.now = max(self.now, until)

    def run_jobs(self) -> None:
        """Let happen what time brings about."""
        self.told.clear()
        self.logged.clear()
        self.bring_about()
        self.logged.update({"timer:overdue": self.clocks.expire(self.now)})
        self.logged += collections.Counter()  # drop what did not happen

    def bring_about(self) -> None:
        """Do what time brings about in the cases; each room adds its own."""

    def check(self) -> None:
        """Check what must hold after every step; each room adds its own."""

    # ── what is compared, and what may be tried ─────────────────────────────────────────────

    def rows(self) -> dict[str, list[Any]]:
        """Return what must stand in the register."""
        return {"clocks": sorted(clock.row for clock in self.clocks.all)}

    def ahead(self) -> Iterator[Command]:
        """Return what leads a case on, as somebody would do it who keeps to the law."""
        if not self.is_delegated():
            yield command("delegate", "regulator")
        elif not self.has_contract("agency"):
            yield from self._contracting("agency")

    def _contracting(self, agency: str) -> Iterator[Command]:
        used = {each.award for each in self.contracts.values() if each.agency == agency}
        for award in [award for award in AWARDS if award not in used][:1]:
            yield command("contract", "issuer", agency=agency, award=award)

    def aside(self) -> Iterator[Command]:
        """Return what is lawful as well, and leads a case elsewhere."""
        if not self.has_contract("other_agency"):
            yield from self._contracting("other_agency")

    def astray(self) -> Iterator[Command]:
        """Return what nobody should do, or not like that."""
        yield command("end_delegation", "regulator", "D1")
        yield command("contract", "issuer", agency="other_agency", award="S1")
        yield command("contract", "issuer", agency="claimant", award="S2")
        yield command("contract", "issuer", agency="agency", award="S9")
        yield command("suspend", "issuer", "K1")
        yield command("suspend", "regulator", "K2")
        yield command("suspend", "issuer", "K9")

    def party(self, cmd: Command) -> str:
        """Return for whom somebody acts."""
        return PARTY_OF[cmd.who]
