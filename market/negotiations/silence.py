"""Say when a negotiation in which nobody says anything has ended (久未答复) [P]."""

from __future__ import annotations

import datetime as dt
from typing import Final

from market.negotiations.model import Copy
from market.negotiations.states import Event, is_over

#: A month: longer than the working days that any step of the register takes [P].
LONGEST: Final = dt.timedelta(days=30)
CODE: Final = "no_answer_in_time"


def is_too_long(copy: Copy, *, moved_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a side ends a negotiation for want of an answer; not what may be finalized."""
    may_be_final = any(sent.event is Event.FINALIZE for sent in copy.pending)
    return not is_over(copy.state) and not may_be_final and now >= moved_at + LONGEST
