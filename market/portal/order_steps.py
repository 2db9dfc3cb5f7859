"""Say what comes next with an order, who has to do it, by when, and what one may do with it now (订单下一步)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from catalog.kernel.ids import PartyId
from market.orders import destroying
from market.orders.model import Order, Side
from market.orders.states import Event, State, allows

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
    State.CLEARED: "await_signatures",
    State.CONTRACTED: "await_payment",
    State.PAID: "await_delivery",
    State.DELIVERING: "await_inspection",
    State.ACCEPTED: "running",
    State.DISPUTED: "await_ruling",
    State.SUSPENDED: "await_resumption",
}
_LAST: Final = "nothing"

_BOTH: Final = frozenset(Side)
_BUYER: Final = frozenset({Side.BUYER})
_SUPPLIER: Final = frozenset({Side.SUPPLIER})
_LOOKS_ON: Final = frozenset({None})


class Move(msgspec.Struct, frozen=True):
    """One thing that may be done with an order: the permission, whose it is, what it makes happen."""

    permission: str
    sides: frozenset[Side | None]  # None: whoever is neither, of the operator or the authority
    event: Event | None


#: By what it is called in addresses, in the order in which the forms stand on the page.
MOVES: Final[Mapping[str, Move]] = {
    "clearances": Move("order:clear", _LOOKS_ON, Event.CLEAR),
    "approvals": Move("approval:request", _BUYER, Event.SIGN),
    "signatures": Move("contract:sign", _BOTH, Event.SIGN),
    "payments": Move("order:pay", _BUYER, Event.PAY),
    "deliveries": Move("order:deliver", _SUPPLIER, Event.DELIVER),
    "content": Move("grant:use", _BUYER, Event.USE),
    "acceptances": Move("delivery:accept", _BUYER, Event.ACCEPT),
    "issues": Move("delivery:dispute", _BUYER, Event.RAISE_ISSUE),
    "destruction-statements": Move("delivery:accept", _BUYER, None),
    "cancellations": Move("order:cancel", _BOTH, Event.CANCEL),
    "cut-offs": Move("order:cut_off", _SUPPLIER | _LOOKS_ON, Event.TERMINATE),
    "resumptions": Move("order:cut_off", _SUPPLIER | _LOOKS_ON, None),
}


class OrderStep(msgspec.Struct, frozen=True):
    """What comes next: its name, whether it is one's own to do, and until when."""

    name: str
    is_mine: bool
    until: dt.datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order stands in other rooms."""

    has_signed: bool = False  # this side
    is_destroyed: bool = False  # 已作销毁说明
    destroyed_by: dt.datetime | None = None  # until when it is to be stated
    asks_approval: bool = False  # one's own chain has to be asked, and was not yet
    awaits_approval: bool = False  # it was asked, and has not answered yet


_ALONE: Final = Standing()


def side_of(order: Order, party: PartyId | None) -> Side | None:
    """Return on which side of an order a party stands; None: on neither."""
    sides = {order.buyer_party_id: Side.BUYER, order.supplier_party_id: Side.SUPPLIER}
    return None if party is None else sides.get(party)


def next_of(order: Order, side: Side | None, stands: Standing = _ALONE) -> OrderStep:
    """Return what comes next; what is free is delivered once it is signed.

    ``side`` is None for whoever looks on.
    """
    state = order.state
    if state is State.CLEARED and stands.has_signed:
        return OrderStep("await_signature", is_mine=False)
    if state is State.CLEARED and (stands.asks_approval or stands.awaits_approval):
        name = "ask_approval" if stands.asks_approval else "await_approval"
        return OrderStep(name, is_mine=stands.asks_approval)
    if state is State.CONTRACTED and order.is_free:
        state = State.PAID
    if _owes_destruction(order, stands):
        is_mine = side is Side.BUYER
        name = "destroy" if is_mine else "await_destruction"
        return OrderStep(name, is_mine=is_mine, until=stands.destroyed_by)
    until = order.inspection_ends_at if state is State.DELIVERING else None
    mine = None if side is None else _MINE.get((state, side))
    if mine is not None:
        return OrderStep(mine, is_mine=True, until=until)
    return OrderStep(_THEIRS.get(state, _LAST), is_mine=False, until=until)


def moves(
    order: Order,
    side: Side | None,
    stands: Standing,
    *,
    now: dt.datetime,
    may: Callable[[str], bool],
) -> list[str]:
    """Return what one may do with an order now, in the order in which its forms stand."""
    open_now = _conditions(order, side, stands, now)
    return [
        name
        for name, move in MOVES.items()
        if may(move.permission)
        and side in move.sides
        and (move.event is None or allows(order.state, move.event))
        and open_now.get(name, True)
    ]


def _conditions(
    order: Order, side: Side | None, stands: Standing, now: dt.datetime
) -> dict[str, bool]:
    """Return what else must hold beside the state, for each thing that asks for more."""
    runs = order.inspection_ends_at is None or now < order.inspection_ends_at
    return {
        "approvals": stands.asks_approval,
        "signatures": not (stands.has_signed or stands.asks_approval or stands.awaits_approval),
        "payments": not order.is_free,
        "deliveries": order.is_free or order.paid_at is not None,
        "acceptances": runs,
        "issues": runs,
        "destruction-statements": _owes_destruction(order, stands),
        "cancellations": side is Side.SUPPLIER or order.state is not State.PAID,
        "resumptions": order.suspended_from is not None,
    }


def _owes_destruction(order: Order, stands: Standing) -> bool:
    return destroying.is_owed(order) and order.state in destroying.OVER and not stands.is_destroyed
