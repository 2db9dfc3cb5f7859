"""What comes next with an order, whose it is, and which forms its page has."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from catalog.kernel.ids import PartyId, new_id
from market.orders.model import Order, Side
from market.orders.states import State
from market.portal.order_steps import MOVES, Standing, moves, next_of, side_of
from tests.pure.test_orders import make_order

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
NONE = Standing()


def order(state: State, **changes: object) -> Order:
    return msgspec.structs.replace(make_order(), state=state, **changes)


def open_to(found: Order, side: Side | None, stands: Standing = NONE) -> set[str]:
    return set(moves(found, side, stands, now=NOW, may=lambda _: True))


def test_each_party_has_its_side_and_whoever_looks_on_has_none() -> None:
    found = order(State.PLACED)

    assert side_of(found, found.buyer_party_id) is Side.BUYER
    assert side_of(found, found.supplier_party_id) is Side.SUPPLIER
    assert side_of(found, PartyId(new_id())) is None
    assert side_of(found, None) is None


@pytest.mark.parametrize(
    ("state", "buyer", "supplier", "house"),
    [
        (State.PLACED, {"cancellations"}, {"cancellations", "cut-offs"}, {"clearances", "cut-offs"}),
        (State.NEGOTIATING, {"cancellations"}, {"cancellations", "cut-offs"}, {"clearances", "cut-offs"}),
        (
            State.CLEARED,
            {"signatures", "cancellations"},
            {"signatures", "cancellations", "cut-offs"},
            {"cut-offs"},
        ),
        (State.REJECTED, set(), set(), set()),
        (State.CONTRACTED, {"payments", "cancellations"}, {"cancellations", "cut-offs"}, {"cut-offs"}),
        (State.PAID, set(), {"cancellations", "cut-offs"}, {"cut-offs"}),
        (State.DELIVERING, {"content", "acceptances", "issues"}, {"cut-offs"}, {"cut-offs"}),
        (State.ACCEPTED, {"content"}, {"cut-offs"}, {"cut-offs"}),
        (State.DISPUTED, set(), {"cut-offs"}, {"cut-offs"}),
        (State.SUSPENDED, set(), {"cut-offs"}, {"cut-offs"}),
        (State.COMPLETED, set(), set(), set()),
        (State.CANCELLED, set(), set(), set()),
        (State.TERMINATED, set(), set(), set()),
    ],
)  # fmt: skip
def test_each_side_has_the_forms_that_its_state_allows(
    state: State, buyer: set[str], supplier: set[str], house: set[str]
) -> None:
    found = order(state)

    assert open_to(found, Side.BUYER) == buyer
    assert open_to(found, Side.SUPPLIER) == supplier
    assert open_to(found, None) == house


def test_what_was_paid_or_is_free_is_delivered_and_what_is_free_is_not_paid() -> None:
    paid = order(State.PAID, paid_at=NOW)
    free = order(State.CONTRACTED, amount_fen=0)

    assert "deliveries" in open_to(paid, Side.SUPPLIER)
    assert "deliveries" in open_to(free, Side.SUPPLIER)
    assert "payments" not in open_to(free, Side.BUYER)
    assert next_of(free, Side.SUPPLIER).name == "deliver"
    assert next_of(free, Side.BUYER).name == "await_delivery"


def test_nothing_is_accepted_or_objected_to_after_the_inspection() -> None:
    over = order(State.DELIVERING, inspection_ends_at=NOW)
    runs = order(State.DELIVERING, inspection_ends_at=NOW + dt.timedelta(seconds=1))

    assert open_to(over, Side.BUYER) == {"content"}
    assert open_to(runs, Side.BUYER) == {"content", "acceptances", "issues"}
    assert next_of(runs, Side.BUYER).until == runs.inspection_ends_at
    assert next_of(runs, None).name == "await_inspection"


def test_who_has_signed_waits_for_the_other_and_whoever_looks_on_waits_for_both() -> None:
    found = order(State.CLEARED)

    assert next_of(found, Side.BUYER).name == "sign"
    assert next_of(found, Side.BUYER, Standing(has_signed=True)).name == "await_signature"
    assert "signatures" not in open_to(found, Side.BUYER, Standing(has_signed=True))
    assert next_of(found, None).name == "await_signatures"


def test_who_has_to_ask_its_own_house_signs_after_it_agreed() -> None:
    found = order(State.CLEARED)
    asks, waits = Standing(asks_approval=True), Standing(awaits_approval=True)

    assert open_to(found, Side.BUYER, asks) == {"approvals", "cancellations"}
    assert open_to(found, Side.BUYER, waits) == {"cancellations"}
    assert next_of(found, Side.BUYER, asks).is_mine
    assert next_of(found, Side.BUYER, asks).name == "ask_approval"
    assert next_of(found, Side.BUYER, waits).name == "await_approval"


def test_a_suspended_order_goes_on_and_one_that_was_delivered_is_destroyed_at_its_end() -> None:
    rests = order(State.SUSPENDED, suspended_from=State.ACCEPTED)
    ended = order(State.COMPLETED, delivered_at=NOW)
    by = NOW + dt.timedelta(days=30)

    assert open_to(rests, Side.SUPPLIER) == {"cut-offs", "resumptions"}
    assert open_to(ended, Side.BUYER) == {"destruction-statements"}
    assert open_to(ended, Side.BUYER, Standing(is_destroyed=True)) == set()
    assert next_of(ended, Side.BUYER, Standing(destroyed_by=by)).until == by
    assert next_of(ended, Side.SUPPLIER).name == "await_destruction"
    assert next_of(ended, Side.BUYER, Standing(is_destroyed=True)).name == "nothing"


def test_a_form_is_there_only_for_who_has_its_permission() -> None:
    found = order(State.DELIVERING)
    may = {"grant:use"}

    assert moves(found, Side.BUYER, NONE, now=NOW, may=may.__contains__) == ["content"]
    assert all(move.permission for move in MOVES.values())
