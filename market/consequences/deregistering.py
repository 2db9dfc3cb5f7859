"""Say what a deregistration would bring about, and who has to know it first (注销提示, A19).

Deregistering is the registrant's right, open orders or not; but whoever does it is told first how
many there are, and says that it knows. New orders end, running contracts go on, buyers are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.certificates.encumbrances import Encumbrance
from catalog.certificates.states import CertificateEventNotAllowed, Event, State, advance
from catalog.kernel.errors import Refused
from market.orders.states import Event as OrderEvent
from market.orders.states import State as OrderState
from market.orders.states import allows


class OpenOrdersExist(Refused):
    """There are open orders, and whoever deregisters has not said that it knows of them (A19)."""

    code = "open_orders_exist"


class DeregistrationPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What deregistering a certificate would bring about today (注销前提示)."""

    number: str
    is_allowed: bool  # nothing burdens it, no objection is open, it counts
    open_orders: int  # those that are not over; their buyers are told
    running_contracts: int  # those of them that were contracted and go on to their end
    encumbrances: int
    open_objections: int
    is_offered: bool  # the product would be delisted at once


_NOT_CONTRACTED: Final = frozenset({OrderState.PLACED, OrderState.NEGOTIATING, OrderState.CLEARED})


def is_open(state: OrderState) -> bool:
    """Tell whether an order is not over."""
    return allows(state, OrderEvent.TERMINATE)


def preview(
    *,
    number: str,
    state: State,
    orders: Sequence[OrderState],
    standing: Sequence[Encumbrance],
    open_objections: int,
    is_offered: bool,
) -> DeregistrationPreview:
    """Return what deregistering would bring about."""
    try:
        advance(state, Event.DEREGISTER)
    except CertificateEventNotAllowed:
        counts = False
    else:
        counts = True
    return DeregistrationPreview(
        number=number,
        is_allowed=counts and not standing and not open_objections,
        open_orders=sum(is_open(each) for each in orders),
        running_contracts=sum(is_open(each) and each not in _NOT_CONTRACTED for each in orders),
        encumbrances=len(standing),
        open_objections=open_objections,
        is_offered=is_offered,
    )


def check_acknowledged(open_orders: int, *, is_acknowledged: bool) -> None:
    """Return if nobody has an open order, or whoever deregisters knows of them.

    :raises OpenOrdersExist: if not.
    """
    if open_orders and not is_acknowledged:
        raise OpenOrdersExist(open_orders=open_orders)
