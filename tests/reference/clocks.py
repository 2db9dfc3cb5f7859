"""Run the clocks of law: started, met, late, cancelled; counted anew when a year becomes known."""

from __future__ import annotations

import dataclasses
import datetime as dt

from tests.reference import days
from tests.reference.days import Days

RUNNING = ("open", "overdue")


@dataclasses.dataclass
class Clock:
    """One period that runs: about what, which, how long, since when, until when."""

    about: str
    kind: str
    started: dt.date
    length: int
    unit: str  # working, calendar, years
    due: dt.date
    unsure: bool
    state: str = "open"
    met_at: dt.datetime | None = None
    for_the_public: bool = False
    longer_by: int = 0

    @property
    def row(self) -> tuple[str, str, str, str, bool]:
        """Return what is compared."""
        return (self.about, self.kind, self.due.isoformat(), self.state, self.unsure)

    def over(self, now: dt.datetime) -> bool:
        """Tell whether 24:00 of the last day is past."""
        return now >= days.midnight_after(self.due)


def last_day(calendar: Days, clock: Clock) -> tuple[dt.date, bool]:
    """Return the last day by a calendar, and whether it may still move."""
    if clock.unit == "working":
        return calendar.working(clock.started, clock.length + clock.longer_by)
    if clock.unit == "calendar":
        return calendar.calendar(clock.started, clock.length)
    return days.years(clock.started, clock.length)


class Clocks:
    """All clocks of a world."""

    def __init__(self) -> None:
        self.all: list[Clock] = []

    def running(self, about: str, kind: str | None = None) -> list[Clock]:
        """Return those that run for a case."""
        return [
            clock
            for clock in self.all
            if clock.about == about and kind in (None, clock.kind) and clock.state in RUNNING
        ]

    def start(
        self,
        calendar: Days,
        about: str,
        kind: str,
        *,
        length: int,
        unit: str,
        started: dt.date,
        for_the_public: bool = False,
    ) -> None:
        """Start a clock; the first day does not count."""
        assert not self.running(about, kind), f"two clocks {kind} for {about}"
        clock = Clock(
            about, kind, started, length, unit, started, False, for_the_public=for_the_public
        )
        clock.due, clock.unsure = last_day(calendar, clock)
        self.all.append(clock)

    def meet(self, about: str, kind: str, now: dt.datetime) -> None:
        """Stop one because what it ran for is done, in time or late; it may not run at all."""
        for clock in self.running(about, kind):
            late = clock.state == "overdue" or clock.over(now)
            clock.state, clock.met_at = "met_late" if late else "met", now

    def run_out(self, about: str, kind: str) -> None:
        """Stop the public's: nobody can be late with it."""
        for clock in self.running(about, kind):
            clock.state = "met"

    def cancel(self, about: str, kind: str | None = None) -> None:
        """Stop one, or all of a case, because nothing is owed any more."""
        for clock in self.running(about, kind):
            clock.state = "cancelled"

    def expire(self, now: dt.datetime) -> int:
        """Mark what ran out, and tell how many there were. Nothing is decided by it."""
        late = [
            clock
            for clock in self.all
            if clock.state == "open" and not clock.for_the_public and clock.over(now)
        ]
        for clock in late:
            clock.state = "overdue"
        return len(late)

    def run_out_for_good(self, kind: str, now: dt.datetime) -> list[str]:
        """Return what those are about that ran out on a day that is sure."""
        over = [
            clock
            for clock in self.all
            if clock.kind == kind
            and clock.state in RUNNING
            and not clock.unsure
            and clock.over(now)
        ]
        return [clock.about for clock in sorted(over, key=lambda clock: clock.due)]

    def count_anew(self, calendar: Days, now: dt.datetime) -> int:
        """Count by a calendar that knows more, and tell how many clocks moved (A5)."""
        moved = 0
        for clock in self.all:
            if clock.state not in RUNNING and not (clock.state == "met_late" and clock.unsure):
                continue
            fresh = last_day(calendar, clock)
            if fresh == (clock.due, clock.unsure):
                continue
            moved += 1
            clock.due, clock.unsure = fresh
            if not clock.over(clock.met_at or now):
                clock.state = {"overdue": "open", "met_late": "met"}.get(clock.state, clock.state)
        return moved
