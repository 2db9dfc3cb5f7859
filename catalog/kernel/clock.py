"""Read the clock: the only file that does. Rules get instants and dates as arguments.

Doors ask the clock once per request and hand ``now`` down. How an instant becomes a local date
stands in ``local_time.py``.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> dt.datetime:
        """Return this instant, in UTC."""
        ...


class SystemClock:
    """Tell the machine's time. The only clock that a production server has."""

    def now(self) -> dt.datetime:
        """Return this instant, in UTC."""
        return dt.datetime.now(dt.UTC)


class ManualClock:
    """Stand still until moved. For tests and for the demo, which must wait for statutory days."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        """Return the instant it was last moved to, in UTC."""
        return self._now

    def move_to(self, instant: dt.datetime) -> None:
        """Go to ``instant``, which may not lie in the past of this clock.

        :raises ValueError: if time would run backwards.
        """
        if instant < self._now:
            raise ValueError("a clock does not run backwards")
        self._now = instant.astimezone(dt.UTC)

    def move_by(self, delta: dt.timedelta) -> None:
        """Go ``delta`` further."""
        self.move_to(self._now + delta)


def monotonic() -> float:
    """Return seconds of a clock that never jumps, for measuring how long something took."""
    return time.monotonic()
