"""Ask whether a destruction of what was delivered is to be stated, and until when (BJ-27(b))."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import CHOSEN, Period, Unit, deadline
from catalog.kernel.workdays import Calendar
from market.orders.model import Order
from market.orders.states import State

# The text gives no number: a month, as long as backups usually live on.
STATED_WITHIN: Final = Period(30, Unit.DAYS, CHOSEN)
_OVER: Final = frozenset({State.COMPLETED, State.TERMINATED})


class DestructionNotAgreed(Refused):
    """The contract asks for no destruction, or nothing was delivered."""

    code = "destruction_not_agreed"


class UseNotOver(Refused):
    """What was delivered may still be used; destroyed is it at the end."""

    code = "use_not_over"


class DestructionDateImpossible(Invalid):
    """It was destroyed before it was delivered, or is to be in the future."""

    code = "destruction_date_impossible"


def is_owed(order: Order) -> bool:
    """Tell whether what was delivered is to be destroyed when the order is over."""
    return order.terms.destroys_at_end and order.delivered_at is not None


def due(closed_at: dt.datetime, calendar: Calendar) -> dt.date:
    """Return the last day on which it is stated in time [P]."""
    return deadline(STATED_WITHIN, local_date(closed_at), calendar).last_day


def check(order: Order, *, destroyed_on: dt.date, today: dt.date) -> None:
    """Return if the destruction may be stated.

    :raises DestructionNotAgreed: if none is owed.
    :raises UseNotOver: if the order is not over.
    :raises DestructionDateImpossible: if the day is before the delivery, or after today.
    """
    if not is_owed(order) or order.delivered_at is None:
        raise DestructionNotAgreed
    if order.state not in _OVER:
        raise UseNotOver(state=order.state.value)
    if not local_date(order.delivered_at) <= destroyed_on <= today:
        raise DestructionDateImpossible(destroyed_on=destroyed_on.isoformat())
