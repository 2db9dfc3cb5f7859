"""Find in the log the days on which the clock of a review stood still (不计入办理期限), and what it was given more.

The service keeps them with its clocks; a report reads them from the entries that stopped and released
them, so that they come out of an export too (NDA35-28, A44).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Gap
from catalog.rulebooks.rulebook import Rulebook, StopClock
from market.supervision.facts import Fact

_ENDING_AN_OBJECTION: Final = (
    Event.OBJECTION_REJECTED,
    Event.OBJECTION_WITHDRAWN,
    Event.OBJECTION_CLOSED,
)


class Stops(msgspec.Struct, frozen=True):
    """What is not counted of a period of working days, and how many it was made longer."""

    gaps: tuple[Gap, ...] = ()
    extended_by: int = 0


NONE: Final = Stops()


def stops_of_review(about: Iterable[Fact], rulebook: Rulebook, ended_on: dt.date) -> Stops:
    """Return the stops of a review from the entries about its application, up to its end."""
    facts = [fact for fact in about if local_date(fact.at) <= ended_on]
    found: list[Gap] = []
    if rulebook.review_pauses_for_material:
        found += _between(facts, (Event.MATERIAL_REQUESTED,), (Event.MATERIAL_SUPPLEMENTED,))
    if StopClock.PUBLIC_NOTICE in rulebook.stop_clocks:
        ends = (Event.NOTICE_ENDED, Event.NOTICE_CLOSED)
        found += _between(facts, (Event.NOTICE_PUBLISHED,), ends)
    if StopClock.OBJECTION in rulebook.stop_clocks:
        found += _objected(facts)
    gaps = (
        msgspec.structs.replace(gap, through=min(gap.through or ended_on, ended_on))
        for gap in found
    )
    longer = (fact.count("by_working_days") or 0 for fact in facts if _extends(fact))
    return Stops(tuple(gaps), sum(longer))


def _extends(fact: Fact) -> bool:
    return fact.event == Event.REVIEW_EXTENDED


def _between(
    facts: list[Fact], beginning: tuple[str, ...], ending: tuple[str, ...]
) -> Iterator[Gap]:
    """Return each span from a beginning to the next ending; an open one has no end."""
    since: dt.date | None = None
    for fact in facts:
        if since is None and fact.event in beginning:
            since = _day(fact, "starts_on")
        elif since is not None and fact.event in ending:
            yield Gap(since, max(since, _day(fact, "ends_on")))
            since = None
    if since is not None:
        yield Gap(since)


def _objected(facts: list[Fact]) -> Iterator[Gap]:
    """Return the spans in which at least one objection to the application was open."""
    waiting: set[str] = set()
    since: dt.date | None = None
    for fact in facts:
        objection = fact.subject("objection")
        if objection is None or fact.subject("certificate") is not None:
            continue
        if fact.event == Event.OBJECTION_FILED:
            since = since if waiting else local_date(fact.at)
            waiting.add(objection)
        elif objection in waiting and ends_objection(fact):
            waiting.discard(objection)
            if not waiting and since is not None:
                yield Gap(since, local_date(fact.at))
                since = None
    if since is not None:
        yield Gap(since)


def ends_objection(fact: Fact) -> bool:
    """Tell whether an objection is over with this entry: a re-check ends it as it determines it."""
    concluded = fact.event == Event.OBJECTION_DETERMINED and fact.text("closing") is not None
    return concluded or fact.event in _ENDING_AN_OBJECTION


def _day(fact: Fact, name: str) -> dt.date:
    """Return the day that an entry names, or else its own."""
    named = fact.text(name)
    return local_date(fact.at) if named is None else dt.date.fromisoformat(named)
