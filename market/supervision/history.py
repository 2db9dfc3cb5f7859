"""Put the facts in their order and tie them to their cases (卷宗): product, application, party."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period, Unit, deadline
from catalog.kernel.workdays import Calendar, count_working_days
from catalog.rulebooks.rulebook import Rulebook
from market.supervision.case_rules import CaseRules
from market.supervision.facts import Fact
from market.supervision.quarters import Quarter
from market.supervision.stopped import NONE, Stops, stops_of_review

_DESCRIBING: Final = (Event.PRODUCT_DESCRIBED, Event.PRODUCT_REVISED)
_BELONGING: Final = (
    "application",
    "notice",
    "certificate",
    "objection",
    "filing",
    "listing",
    "order",
    "grant",
    "payment",
)
_BPS: Final = 10_000


class Spans(msgspec.Struct, frozen=True):
    """How long something took (用时, 工作日), and how often it was in time (按期)."""

    count: int
    median_working_days: int | None
    maximum_working_days: int | None
    on_time: int

    @property
    def on_time_bps(self) -> int | None:
        """Return the share that was in time, rounded down; None where nothing was counted."""
        if self.count == 0:
            return None
        return self.on_time * _BPS // self.count


class History:
    """All that happened up to the end of the quarter, in the order of the log."""

    def __init__(
        self, facts: Sequence[Fact], quarter: Quarter, rulebook: Rulebook, calendar: Calendar
    ) -> None:
        self.rules: Final = CaseRules(facts, rulebook)
        self.calendar: Final = calendar
        self.all: Final = sorted(facts, key=lambda fact: fact.index)
        self.of_quarter: Final = [fact for fact in self.all if quarter.holds(fact.at)]
        self._about: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        self._products: dict[tuple[str, str], str] = {}
        self._latest: dict[tuple[str, str], dict[str, str]] = {}
        for fact in self.all:
            self._take(fact)

    def of(self, *events: str) -> list[Fact]:
        """Return what of these kinds happened in the quarter."""
        return [fact for fact in self.of_quarter if fact.event in events]

    def of_noun(self, noun: str) -> list[Fact]:
        """Return what happened in the quarter to things of that noun: ``noun:…``."""
        return [fact for fact in self.of_quarter if fact.event.startswith(f"{noun}:")]

    def ever(self, *events: str) -> list[Fact]:
        """Return what of these kinds happened up to the end of the quarter."""
        return [fact for fact in self.all if fact.event in events]

    def before(self, fact: Fact, kind: str, *events: str) -> Fact | None:
        """Return the last of ``events`` about the same ``kind`` of thing that went before."""
        identifier = fact.subject(kind)
        if identifier is None:
            return None
        earlier = [
            other
            for other in self._about[kind, identifier]
            if other.event in events and other.index < fact.index
        ]
        return earlier[-1] if earlier else None

    def product_of(self, fact: Fact) -> str | None:
        """Return the product that a fact is about, found over its case if it does not name it."""
        direct = fact.subject("product")
        if direct is not None:
            return direct
        owned = (self._products.get((kind, fact.subject(kind) or "")) for kind in _BELONGING)
        return next((product for product in owned if product is not None), None)

    def told_of(self, fact: Fact, name: str) -> str | None:
        """Return a named value: as the fact has it, else as its case or product was described."""
        own = fact.text(name)
        if own is not None:
            return own
        keys = [(kind, fact.subject(kind) or "") for kind in ("order", "application")]
        keys.append(("product", self.product_of(fact) or ""))
        return next(
            (self._latest[key][name] for key in keys if name in self._latest.get(key, {})), None
        )

    def party_kind_of(self, fact: Fact) -> str | None:
        """Return what the applicant is in law, as it was when it registered (民法典 57, 102)."""
        kind = fact.text("applicant_kind")
        if kind is not None:
            return kind
        names = ("applicant_party_id", "owner_party_id", "party_id")
        party = fact.text(*names) or fact.subject("party") or fact.actor_party_id
        return self._latest.get(("party", party or ""), {}).get("kind")

    def rulebook_of(self, fact: Fact) -> Rulebook:
        """Return the rulebook of the case that a fact is about, as it stood when that was filed."""
        about = self._about["application", fact.subject("application") or ""]
        filed = next((each for each in about if each.event == Event.APPLICATION_SUBMITTED), fact)
        return self.rules.in_force(self.told_of(fact, "rulebook"), local_date(filed.at))

    def spans(
        self,
        ends: Sequence[Fact],
        start_of: Callable[[Fact], Fact | None],
        period_of: Callable[[Rulebook], Period | None],
        *,
        stops_of: Callable[[Fact], Stops] = lambda _: NONE,
    ) -> Spans:
        """Return how long each of ``ends`` took since its start; those without one do not count.

        Whether it was in time is asked of the rulebook of its own case, as that stood when it was filed;
        where that gives no period, nothing is measured. Days that ``stops_of`` takes out do not count.

        The median of an even number is the lower of the two in the middle, so that it is a whole
        number of working days that really occurred.
        """
        measured = [
            (began_on(start), end, period, stops_of(end))
            for end in ends
            if (start := start_of(end)) is not None
            and (period := period_of(self.rulebook_of(end))) is not None
        ]
        days = [
            self._working_days(began, local_date(end.at), stops)
            for began, end, _, stops in measured
        ]
        on_time = sum(
            end.at < self._ends_at(period, began, stops) for began, end, period, stops in measured
        )
        return Spans(
            count=len(days),
            median_working_days=statistics.median_low(days) if days else None,
            maximum_working_days=max(days, default=None),
            on_time=on_time,
        )

    def stops_of_review(self, end: Fact) -> Stops:
        """Return the days on which the review that ends with a fact stood still, and its extension."""
        about = self._about["application", end.subject("application") or ""]
        return stops_of_review(about, self.rulebook_of(end), local_date(end.at))

    def _working_days(self, after: dt.date, through: dt.date, stops: Stops) -> int:
        whole = count_working_days(after, through, self.calendar)
        if not stops.gaps:
            return whole
        days = (after + dt.timedelta(days=i) for i in range(1, (through - after).days + 1))
        left_out = (day for day in days if any(gap.holds(day) for gap in stops.gaps))
        return whole - sum(self.calendar.is_working_day(day) for day in left_out)

    def _ends_at(self, period: Period, began: dt.date, stops: Stops) -> dt.datetime:
        if period.unit is not Unit.WORKING_DAYS:
            stops = NONE  # only working days are stopped or made longer
        due = deadline(period, began, self.calendar, gaps=stops.gaps, extended_by=stops.extended_by)
        return due.ends_at

    def _take(self, fact: Fact) -> None:
        for subject in fact.subjects:
            self._about[subject.kind, subject.id].append(fact)
        product = self.product_of(fact)
        if product is not None:
            for subject in fact.subjects:
                if subject.kind in _BELONGING:
                    self._products.setdefault((subject.kind, subject.id), product)
        for kind, events in _TOLD.items():
            identifier = fact.subject(kind)
            if fact.event in events and identifier is not None:
                texts = {name: value for name in fact.values if (value := fact.text(name))}
                self._latest.setdefault((kind, identifier), {}).update(texts)

    def products_with(self, name: str) -> int:
        """Return of how many products the newest description says ``name``: true."""
        newest: dict[str, bool] = {}
        for fact in self.ever(*_DESCRIBING):
            identifier = fact.subject("product")
            if identifier is not None:
                newest[identifier] = fact.values.get(name) is True
        return sum(newest.values())


# Where the attributes of a thing are told: what comes later goes before what came earlier.
_TOLD: Final[dict[str, tuple[Event, ...]]] = {
    "product": _DESCRIBING,
    "application": (
        Event.APPLICATION_DRAFTED,
        Event.APPLICATION_REVISED,
        Event.APPLICATION_SUBMITTED,
    ),
    "order": (Event.ORDER_PLACED,),
    "party": (Event.PARTY_REGISTERED,),
}


def began_on(start: Fact) -> dt.date:
    """Return the day on which a span began: silence accepts on a day that it names (视为受理)."""
    named = start.text("accepted_on")
    return local_date(start.at) if named is None else dt.date.fromisoformat(named)


def counted(
    facts: Iterable[Fact], name: Callable[[Fact], str | None], known: Iterable[str] = ()
) -> tuple[tuple[str, int], ...]:
    """Return how many facts have each name: the known ones in their order, zero or not, then others."""
    counts: dict[str, int] = dict.fromkeys(known, 0)
    others: dict[str, int] = {}
    for fact in facts:
        found = name(fact) or "unknown"
        into = counts if found in counts else others
        into[found] = into.get(found, 0) + 1
    return (*counts.items(), *sorted(others.items()))
