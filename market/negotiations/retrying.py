"""Say when a message that got no answer is sent again, and when it is left (重发)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from market.negotiations.states import Event

#: So often, which is some three hours [P]: a side that is away longer is asked by a person.
ATTEMPTS: Final = 12
_LONGEST: Final = dt.timedelta(hours=1)


def next_attempt_at(attempts: int, now: dt.datetime) -> dt.datetime:
    """Return when the next attempt is due after so many: twice as long each time, an hour at most."""
    return now + min(_LONGEST, dt.timedelta(seconds=2 ** min(attempts, ATTEMPTS)))


def is_given_up(event: Event, attempts: int) -> bool:
    """Tell whether a message is left after so many attempts.

    A finalization never is: it may have been taken, and whoever said it must learn that.
    """
    return event is not Event.FINALIZE and attempts >= ATTEMPTS
