"""Say what comes next with an order, who has to do it, and by when (订单下一步)."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.ids import PartyId
from market.orders.model import Order, Side
from market.orders.states import State

#: Without a payment: whose order it is to move, by the state.
_MINE: Final = {
    (State.CLEARED, Side.BUYER): "sign",
    (State.CLEARED, Side.SUPPLIER): "sign",
    (State.CONTRACTED, Side.BUYER): "pay",
    (State.PAID, Side.SUPPLIER): "deliver",
    (State.DELIVERING, Side.BUYER): "inspect",
}
_THEIRS: Final = {
    State.PLACED: "await_clearance",
    State.NEGOTIATING: "await_clearance",
    State.CONTRACTED: "await_payment",
    State.PAID: "await_delivery",
    State.DELIVERING: "await_inspection",
    State.ACCEPTED: "running",
    State.DISPUTED: "await_ruling",
    State.SUSPENDED: "await_resumption",
}
_LAST: Final = "nothing"


class OrderStep(msgspec.Struct, frozen=True):
    """What comes next: its name, whether it is one's own to do, and until when."""

    name: str
    is_mine: bool
    until: dt.datetime | None = None


def side_of(order: Order, party: PartyId | None) -> Side:
    """Return on which side of an order a party stands."""
    return Side.BUYER if party == order.buyer_party_id else Side.SUPPLIER


def next_of(order: Order, side: Side, *, has_signed: bool = False) -> OrderStep:
    """Return what comes next; what is free is delivered once it is signed."""
    state = order.state
    if state is State.CLEARED and has_signed:
        return OrderStep("await_signature", is_mine=False)
    if state is State.CONTRACTED and order.is_free:
        state = State.PAID
    until = order.inspection_ends_at if state is State.DELIVERING else None
    mine = _MINE.get((state, side))
    if mine is not None:
        return OrderStep(mine, is_mine=True, until=until)
    return OrderStep(_THEIRS.get(state, _LAST), is_mine=False, until=until)
