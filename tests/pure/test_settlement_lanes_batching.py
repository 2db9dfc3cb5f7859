"""What goes together comes to the same as one after the other."""

from __future__ import annotations

import random
import uuid

from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.events import Event
from settlement.lanes.batching import (
    FEW_TOGETHER,
    MOST_TOGETHER,
    by_transition,
    halves,
    share,
    together,
)
from settlement.lanes.model import Move, Request, Transition
from tests.lanes_model import (
    SerialModel,
    pay_in,
    random_batch,
    refund,
    refund_settled,
    release,
    under_key,
)

ORDER, OTHER, PAYER = uuid.UUID(int=7), uuid.UUID(int=8), uuid.UUID(int=9)
RELEASED = Transition("released", "…", "order", Event.ESCROW_RELEASED)


def requests(*entries: object) -> list[Request]:
    return [Request(each) for each in entries]  # type: ignore[arg-type]


def test_entries_of_different_orders_go_together() -> None:
    assert together(requests(pay_in(ORDER, 5), release(OTHER, 5), refund(OTHER, 5, PAYER))) == 3


def test_of_many_who_wait_half_are_taken_and_of_few_all() -> None:
    assert [share(many) for many in (0, 1, FEW_TOGETHER, 2 * FEW_TOGETHER)] == [FEW_TOGETHER] * 4
    assert share(600) == 300
    assert share(10 * MOST_TOGETHER) == MOST_TOGETHER


def test_nothing_that_waits_is_nothing_to_post() -> None:
    assert together([]) == 0


def test_no_more_go_together_than_are_allowed() -> None:
    assert together(requests(*(pay_in(ORDER, n + 1) for n in range(5))), most=3) == 3


def test_a_key_that_comes_again_waits_for_the_first_one_to_be_posted() -> None:
    first = pay_in(ORDER, 5)
    reused = under_key(pay_in(OTHER, 6), first.key)

    assert together(requests(first, reused, pay_in(ORDER, 7))) == 1


def test_money_that_comes_after_a_debit_does_not_cover_it() -> None:
    assert together(requests(release(ORDER, 5), pay_in(ORDER, 5))) == 1


def test_money_that_comes_before_a_debit_covers_it() -> None:
    assert together(requests(pay_in(ORDER, 5), release(ORDER, 5))) == 2


def test_an_account_without_a_floor_keeps_nothing_apart() -> None:
    # A channel's account is debited by the one and credited by the other.
    assert together(requests(pay_in(ORDER, 5), refund_settled(PAYER, 5))) == 2


def test_one_row_does_not_move_twice_in_one_batch() -> None:
    move = Move(RELEASED, ORDER)
    batch = [Request(release(ORDER, 5), move), Request(release(ORDER, 5), move)]

    assert together(batch) == 1


def test_requests_are_found_by_how_their_row_moves() -> None:
    moving = Request(release(ORDER, 5), Move(RELEASED, ORDER))
    other = Transition("other", "…", "order", Event.ESCROW_REFUNDED)
    back = Request(refund(OTHER, 5, PAYER), Move(other, OTHER))

    found = by_transition([moving, *requests(pay_in(ORDER, 5)), back, moving])

    assert found == {RELEASED: [moving, moving], other: [back]}


def test_halves_keep_the_order_and_lose_nothing() -> None:
    assert halves([1, 2, 3, 4, 5]) == ([1, 2, 3], [4, 5])
    assert halves([1]) == ([1], [])


@given(st.integers(0, 2**32))
def test_what_goes_together_is_accepted_together_exactly_if_each_is_accepted(seed: int) -> None:
    """Adding up all legs and looking at the end finds a floor broken if and only if one after the other does."""
    rng = random.Random(seed)
    orders, payer = [uuid.UUID(int=n) for n in range(1, 4)], uuid.UUID(int=99)
    model = SerialModel()
    sent: list[object] = []
    waiting = random_batch(rng, orders, payer, [], 14)
    while waiting:
        count = together(waiting)
        assert count > 0
        batch, waiting = waiting[:count], waiting[count:]
        before = dict(model.balances)
        for request in batch:
            for leg in request.entry.legs:
                before[leg.account.code] = before.get(leg.account.code, 0) + leg.amount_fen
        passes = all(
            amount >= 0 or code.startswith("channel_clearing/") for code, amount in before.items()
        ) and not any(request.entry.key in model.posted for request in batch)
        codes = [model.post(request.entry) for request in batch]
        assert passes == (set(codes) == {"accepted"})
        sent += batch
    assert len(sent) == 14
