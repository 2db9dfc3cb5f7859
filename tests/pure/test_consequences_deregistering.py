"""What deregistering brings about, and that whoever does it knows of open orders first (A19)."""

from __future__ import annotations

import pytest

from catalog.certificates.states import State
from market.consequences.deregistering import (
    DeregistrationPreview,
    OpenOrdersExist,
    check_acknowledged,
    is_open,
    preview,
)
from market.orders.states import State as OrderState

OVER = {OrderState.REJECTED, OrderState.COMPLETED, OrderState.CANCELLED, OrderState.TERMINATED}


def shown(state: State = State.ACTIVE, open_objections: int = 0) -> DeregistrationPreview:
    return preview(
        number="HN-QQ-2026-00000010",
        state=state,
        orders=list(OrderState),
        standing=[],
        open_objections=open_objections,
        is_offered=True,
    )


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_open_until_it_is_over(state: OrderState) -> None:
    assert is_open(state) is (state not in OVER)


def test_the_preview_counts_open_orders_and_the_contracts_among_them() -> None:
    assert (shown().open_orders, shown().running_contracts) == (9, 6)


@pytest.mark.parametrize("state", State)
def test_only_a_certificate_that_counts_is_deregistered(state: State) -> None:
    assert shown(state).is_allowed is (state is State.ACTIVE)


def test_an_open_objection_stands_in_the_way_and_open_orders_do_not() -> None:
    assert not shown(open_objections=1).is_allowed
    assert shown().is_allowed


@pytest.mark.parametrize(("open_orders", "acknowledged"), [(0, False), (0, True), (3, True)])
def test_who_knows_of_open_orders_may_deregister(open_orders: int, acknowledged: bool) -> None:
    check_acknowledged(open_orders, is_acknowledged=acknowledged)


def test_who_does_not_know_of_open_orders_is_told_how_many() -> None:
    with pytest.raises(OpenOrdersExist) as refused:
        check_acknowledged(3, is_acknowledged=False)

    assert refused.value.facts == {"open_orders": 3}
