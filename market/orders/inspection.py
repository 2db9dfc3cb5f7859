"""Say until when a delivery may be objected to (验收期), and what the escrow is told of it."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Refused
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import CHOSEN, Period, Unit, deadline
from catalog.kernel.workdays import Calendar
from market.orders.model import Order
from market.orders.states import State
from settlement.escrow.release import ReleaseFacts


class InspectionOver(Refused):
    """The time for objecting to the delivery is over."""

    code = "inspection_over"


class InspectionRunning(Refused):
    """The time for inspecting the delivery is not over."""

    code = "inspection_running"


def ends_at(delivered_at: dt.datetime, days: int, calendar: Calendar) -> dt.datetime:
    """Return when the inspection period of the contract is over."""
    period = Period(days, Unit.DAYS, CHOSEN)
    return deadline(period, local_date(delivered_at), calendar).ends_at


def check_open(order: Order, now: dt.datetime) -> None:
    """Return if the delivery may still be objected to.

    :raises InspectionOver: if the period is over.
    """
    if order.inspection_ends_at is not None and now >= order.inspection_ends_at:
        raise InspectionOver(ended_at=order.inspection_ends_at.isoformat())


def check_over(order: Order, now: dt.datetime) -> None:
    """Return if the period is over.

    :raises InspectionRunning: if not.
    """
    if order.inspection_ends_at is None or now < order.inspection_ends_at:
        raise InspectionRunning


def release_facts(order: Order, *, is_held: bool) -> ReleaseFacts:
    """Return what the escrow asks: accepting ends the inspection at once, as contracts here say.

    ``is_held`` says that the payout is held for a complaint (临时措施).
    """
    return ReleaseFacts(
        accepted_at=order.accepted_at,
        inspection_ends_at=order.accepted_at or order.inspection_ends_at,
        has_open_dispute=is_held or order.state is State.DISPUTED,
    )
