"""Say when a channel is asked about a payment, and what follows from its answer (查询补单).

A callback that was lost never comes. So whoever has not heard asks, soon at first and then less
often, until the payment has an end.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from settlement.payments.channel import Standing
from settlement.payments.states import Event

FIRST: Final = dt.timedelta(minutes=5)  # [P] callbacks come in seconds; a buyer takes minutes
LONGEST: Final = dt.timedelta(hours=6)  # [P] a bank's bad day is known the same day


def ask_next(now: dt.datetime, asked: int) -> dt.datetime:
    """Return when to ask again after having asked ``asked`` times: each pause twice as long."""
    return now + min(FIRST * (1 << min(asked, 10)), LONGEST)


def conclude(standing: Standing | None, *, is_over: bool) -> Event:
    """Return what happens to a payment by an answer that brings no event of the channel.

    ``standing`` None: there was no answer, so the outcome is in doubt. ``is_over``: its time to be
    paid is past; a channel that has heard of no money then ends it.
    """
    if standing is None:
        return Event.DOUBT
    return Event.EXPIRE if is_over else Event.SUBMIT
