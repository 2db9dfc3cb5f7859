"""Ask whether a destruction of what was delivered is to be stated, and until when (BJ-27(b))."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.orders.model import Order
from market.orders.states import State

# The text gives no number: a month, as long as backups usually live on.
STATED_WITHIN: Final = Period(30, Unit.DAYS, CHOSEN)
#: So long before its end the buyer is reminded [P].
REMINDED_BEFORE: Final = dt.timedelta(days=7)
CLOCK: Final = "destruction_statement"
SUBJECT: Final = "order"
BUYER: Final = "buyer"
#: Where an order is over whose data were delivered.
OVER: Final = frozenset({State.COMPLETED, State.TERMINATED})


class DestructionNotAgreed(Refused):
    """The contract asks for no destruction, or nothing was delivered."""

    code = "destruction_not_agreed"


class DestructionRecordMissing(Refused):
    """The buyer owes statements of destruction whose days are over: until then it orders nothing more."""

    code = "destruction_record_missing"


class UseNotOver(Refused):
    """What was delivered may still be used; destroyed is it at the end."""

    code = "use_not_over"


class DestructionDateImpossible(Invalid):
    """It was destroyed before it was delivered, or is to be in the future."""

    code = "destruction_date_impossible"


def is_owed(order: Order) -> bool:
    """Tell whether what was delivered is to be destroyed when the order is over."""
    return order.terms.destroys_at_end and order.delivered_at is not None


def check_none_overdue(order_numbers: Sequence[str]) -> None:
    """Return if a party owes no statement whose days are over.

    :raises DestructionRecordMissing: if it does, with the orders that they are about (BJ-27(b)).
    """
    if order_numbers:
        raise DestructionRecordMissing(order_numbers=list(order_numbers))


def check(order: Order, *, destroyed_on: dt.date, today: dt.date) -> None:
    """Return if the destruction may be stated.

    :raises DestructionNotAgreed: if none is owed.
    :raises UseNotOver: if the order is not over.
    :raises DestructionDateImpossible: if the day is before the delivery, or after today.
    """
    if not is_owed(order) or order.delivered_at is None:
        raise DestructionNotAgreed
    if order.state not in OVER:
        raise UseNotOver(state=order.state.value)
    if not local_date(order.delivered_at) <= destroyed_on <= today:
        raise DestructionDateImpossible(destroyed_on=destroyed_on.isoformat())
