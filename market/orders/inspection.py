"""Say until when a delivery may be objected to (验收期), and what the escrow is told of it.

Objected and accepted is inside the period only: after it, silence has accepted. So has who uses
what was delivered (投入使用): looking at it takes a few requests, working with it takes more.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Refused
from catalog.kernel.local_time import end_of_day, local_date
from catalog.kernel.periods import CHOSEN, Period, Unit, deadline
from catalog.kernel.workdays import Calendar
from market.orders.model import AcceptedBy, Order
from market.orders.states import State
from settlement.escrow.release import ReleaseFacts
from settlement.revenue.agreement import FrozenSplit

# [P] Enough to fetch a file again or try an interface out; nobody works with so few.
INSPECTION_USES: Final = 10


class AcceptedByUse(Refused):
    """The delivery was put to use, which accepts it: it is not objected to any more."""

    code = "delivery_accepted_by_use"


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


def is_put_to_use(used: int) -> bool:
    """Tell whether so many uses are more than an inspection takes (视为验收) [P]."""
    return used > INSPECTION_USES


def check_open(order: Order, now: dt.datetime) -> None:
    """Return if the inspection period is not over.

    :raises InspectionOver: if it is.
    """
    if order.inspection_ends_at is not None and now >= order.inspection_ends_at:
        raise InspectionOver(ended_at=order.inspection_ends_at.isoformat())


def check_objectable(order: Order, now: dt.datetime, *, used: int) -> None:
    """Return if the delivery may still be objected to.

    :raises InspectionOver: if the period is over.
    :raises AcceptedByUse: if it was put to use.
    """
    check_open(order, now)
    if is_put_to_use(used):
        raise AcceptedByUse(used=used, inspection_uses=INSPECTION_USES)


def accepted_by(order: Order, now: dt.datetime, *, used: int) -> AcceptedBy:
    """Return by what a delivery is accepted of which the buyer said nothing.

    :raises InspectionRunning: if the period runs and it was not put to use.
    """
    if order.inspection_ends_at is not None and now >= order.inspection_ends_at:
        return AcceptedBy.SILENCE
    if is_put_to_use(used):
        return AcceptedBy.USE
    raise InspectionRunning


def retained_until(split: FrozenSplit, facts: ReleaseFacts) -> dt.datetime | None:
    """Return when what is kept back is freed (质保期届满): days after the acceptance, the last one whole.

    None: nothing is kept, or nothing was accepted.
    """
    if split.retained is None or facts.accepted_at is None:
        return None
    accepted_on = local_date(facts.accepted_at)
    return end_of_day(accepted_on + dt.timedelta(days=split.retained.days))


def release_facts(order: Order, *, is_held: bool) -> ReleaseFacts:
    """Return what the escrow asks: accepting ends the inspection at once, as contracts here say.

    ``is_held`` says that the payout is held for a complaint (临时措施).
    """
    return ReleaseFacts(
        accepted_at=order.accepted_at,
        inspection_ends_at=order.accepted_at or order.inspection_ends_at,
        has_open_dispute=is_held or order.state is State.DISPUTED,
    )
