"""Compute when an auction ends, from its rules and the instants of its bids alone (截止时间、延时)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from market.auctions.model import Rules

#: Whoever was heard in time may still wait for its turn when the end is there [P].
WAITED_FOR: Final = dt.timedelta(seconds=10)


class Ending(msgspec.Struct, frozen=True):
    """When an auction ends, and how often the end was moved (截止)."""

    at: dt.datetime  # the first instant that is too late
    extension_count: int = 0


def closing_instant(rules: Rules, instants: Iterable[dt.datetime]) -> Ending:
    """Return when an auction ends after bids at these instants, in their order.

    Of a bid that comes too late nothing is moved.
    """
    ending = Ending(rules.closes_at)
    for at in instants:
        ending = moved(rules, ending, at)
    return ending


def moved(rules: Rules, ending: Ending, at: dt.datetime) -> Ending:
    """Return the end after one more bid: later, if it was made in the last minutes (防狙击)."""
    last = rules.last_minutes
    if last is None or at >= ending.at or ending.extension_count >= last.extensions_max:
        return ending
    if at < ending.at - dt.timedelta(minutes=last.window_minutes):
        return ending
    later = ending.at + dt.timedelta(minutes=last.extension_minutes)
    if last.hard_end_at is not None:
        later = min(later, last.hard_end_at)
    return Ending(later, ending.extension_count + 1) if later > ending.at else ending


def instant_of(now: dt.datetime, last: dt.datetime | None) -> dt.datetime:
    """Return the instant of a bid: by the clock of the service, and never before the one before it.

    A bid that waited for its turn, or a clock that was put back, does not turn the order round.
    """
    return now if last is None else max(now, last)


def may_be_closed(ends_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether an auction is over for whoever was heard in time, too."""
    return now >= ends_at + WAITED_FOR
