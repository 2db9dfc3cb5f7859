"""Hold uses to so many in a minute, an hour or a day, and an answer to so many rows (频次与行数限额).

A window is one of the clock: the minute and the hour as they stand on it, the day in Shanghai. So both
sides count the same, and a contract can say it in words. What lost: a window that slides, of which
nobody could say when it is over.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.kernel.local_time import end_of_day, local_date

Most = Annotated[int, Meta(ge=1, le=10**9)]


class Per(enum.StrEnum):
    """In what time uses are counted."""

    MINUTE = "minute"  # 每分钟
    HOUR = "hour"  # 每小时
    DAY = "day"  # 每自然日


class Rate(msgspec.Struct, frozen=True):
    """So many uses at most in each such time (频次上限)."""

    per: Per
    uses: Most


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how much at once, a grant is used (使用限额)."""

    rates: tuple[Rate, ...] = ()
    rows_per_answer: Most | None = None  # 单次结果行数上限
    rows: int | None = None  # of the content, whole; None: nobody knows


class Tally(msgspec.Struct, frozen=True):
    """What was used in the newest time of a kind: counted from its beginning on."""

    per: Per
    since: dt.datetime
    uses: int


UNLIMITED: Final = Limits()
_LENGTH: Final = {Per.MINUTE: dt.timedelta(minutes=1), Per.HOUR: dt.timedelta(hours=1)}


def begin_of(per: Per, at: dt.datetime) -> dt.datetime:
    """Return when the time began in which an instant lies."""
    return end_of(per, at) - _LENGTH.get(per, dt.timedelta(days=1))


def end_of(per: Per, at: dt.datetime) -> dt.datetime:
    """Return the first instant after the time in which an instant lies."""
    if per is Per.DAY:
        return end_of_day(local_date(at))
    minute = 0 if per is Per.HOUR else at.minute
    return at.replace(minute=minute, second=0, microsecond=0) + _LENGTH[per]


def used(tallies: Iterable[Tally], per: Per, at: dt.datetime) -> int:
    """Return how many uses were counted in the time in which an instant lies.

    A clock that was put back leaves what was counted: nobody gains uses by it.
    """
    begin = begin_of(per, at)
    return sum(tally.uses for tally in tallies if tally.per is per and tally.since >= begin)


def exceeded(limits: Limits, tallies: Iterable[Tally], uses: int, at: dt.datetime) -> list[Per]:
    """Return in which of its times a grant was used up, for so many uses more."""
    tallies = tuple(tallies)
    return [
        rate.per
        for rate in limits.rates
        if uses > 0 and used(tallies, rate.per, at) + uses > rate.uses
    ]


def is_answered_within(limits: Limits) -> bool:
    """Tell whether an answer has no more rows than one may have; of how many nobody knows it has not."""
    most = limits.rows_per_answer
    return most is None or (limits.rows is not None and limits.rows <= most)


def counted(
    limits: Limits, tallies: Iterable[Tally], uses: int, at: dt.datetime
) -> tuple[Tally, ...]:
    """Return the tallies after so many uses: one for each rate."""
    before = {tally.per: tally for tally in tallies}
    found = []
    for rate in limits.rates:
        begin, known = begin_of(rate.per, at), before.get(rate.per)
        runs = known is not None and known.since >= begin
        found.append(
            msgspec.structs.replace(known, uses=known.uses + uses)
            if known is not None and runs
            else Tally(rate.per, begin, uses)
        )
    return tuple(found)


def seconds_until_free(limits: Limits, tallies: Iterable[Tally], at: dt.datetime) -> int:
    """Return after how many whole seconds one more use is within every rate; 1 at least."""
    ends = [end_of(per, at) for per in exceeded(limits, tallies, 1, at)]
    return max([1, *(-int(-(end - at).total_seconds() // 1) for end in ends)])
