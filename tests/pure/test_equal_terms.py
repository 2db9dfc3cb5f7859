"""One buyer pays another price than all others only within what was filed, and for a reason (GD-05)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import PartyId
from market.orders.contract import ThePrice
from market.orders.model import GivenPrice
from market.pricing.model import Charge, FilingId, PriceItem
from market.special_prices import equal_terms
from market.special_prices.model import SpecialPrice, SpecialPriceId
from market.special_prices.states import State
from tests.pure.test_price_plans import QUOTE, TRIAL
from tests.pure.test_pricing import NOW, make_item, refused

DAY = dt.date(2026, 3, 2)


def check(item: PriceItem, quantity: int, amount_fen: int, reason: str = "首单试点") -> None:
    equal_terms.check(item, quantity=quantity, amount_fen=amount_fen, reason=reason)


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_special_price_without_a_reason_is_refused(reason: str) -> None:
    assert refused(check, make_item(), 3, 299, reason) == "special_price_reason_missing"


@pytest.mark.parametrize(
    ("item", "quantity", "amount", "fits"),
    [
        (make_item(), 3, 0, True),
        (make_item(), 3, 299, True),
        (make_item(), 3, 300, False),  # it is the filed price, and needs no reason
        (make_item(), 3, 301, False),
        (make_item(), 3, -1, False),
        (make_item(charge=Charge.ONE_OFF), 1, 99, True),
        (QUOTE, 3, 29, False),
        (QUOTE, 3, 30, True),
        (QUOTE, 3, 270, True),
        (QUOTE, 3, 271, False),
    ],
)
def test_a_special_price_is_below_the_filed_one_or_within_the_limits_of_a_quoted_one(
    item: PriceItem, quantity: int, amount: int, fits: bool
) -> None:
    if fits:
        check(item, quantity, amount)
    else:
        assert refused(check, item, quantity, amount) == "special_price_outside_filed"


@pytest.mark.parametrize(
    ("item", "quantity"), [(TRIAL, 101), (make_item(quantity_min=2), 1), (QUOTE, 0)]
)
def test_a_quantity_that_nobody_is_sold_has_no_special_price(
    item: PriceItem, quantity: int
) -> None:
    assert refused(check, item, quantity, 1) == "order_quantity_out_of_range"


def test_what_is_free_for_everybody_has_no_special_price() -> None:
    assert refused(check, make_item(unit_price_fen=0), 1, 0) == "special_price_outside_filed"
    assert equal_terms.filed_fen(QUOTE, 1) is None


@given(st.integers(1, 1_000), st.integers(0, 10**6))
def test_nobody_is_ever_asked_more_than_what_is_filed(quantity: int, amount: int) -> None:
    try:
        check(make_item(), quantity, amount)
    except equal_terms.SpecialPriceOutsideFiled:
        assert amount >= 100 * quantity
    else:
        assert amount < 100 * quantity


def make_special(**changes: Any) -> SpecialPrice:
    values: dict[str, Any] = {
        "id": SpecialPriceId(uuid.UUID(int=1)),
        "state": State.OFFERED,
        "filing_id": FilingId(uuid.UUID(int=2)),
        "product_id": uuid.UUID(int=3),
        "supplier_party_id": PartyId(uuid.UUID(int=4)),
        "buyer_party_id": PartyId(uuid.UUID(int=5)),
        "price_item": "call",
        "quantity": 3,
        "amount_fen": 200,
        "filed_fen": 300,
        "reason": "首单试点",
        "valid_until": DAY,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SpecialPrice(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"price_item": "else"}, "special_price_for_another"),
        ({"quantity": 4}, "special_price_for_another"),
        ({"valid_until": DAY - dt.timedelta(days=1)}, "special_price_over"),
        ({"filing_id": FilingId(uuid.UUID(int=9))}, "special_price_over"),
    ],
)
def test_it_is_used_for_its_own_item_quantity_and_filing_up_to_its_day(
    changes: dict[str, Any], code: str | None
) -> None:
    def use() -> None:
        equal_terms.check_use(
            make_special(**changes),
            filing_id=FilingId(uuid.UUID(int=2)),
            item=make_item(),
            quantity=3,
            today=DAY,
        )

    if code is None:
        use()
    else:
        assert refused(use) == code


def test_its_last_day_counts() -> None:
    equal_terms.check_day(DAY, DAY)
    assert refused(equal_terms.check_day, DAY, DAY + dt.timedelta(days=1)) == "special_price_over"


def test_what_is_due_by_a_contract_is_the_filed_price_or_the_special_one() -> None:
    given_price = GivenPrice(uuid.UUID(int=1), "首单试点")
    plain = ThePrice(make_item(free_quantity=2), 5, 500, "CNY", "JGBA-2026-000001", 1)
    special = ThePrice(make_item(), 5, 400, "CNY", "JGBA-2026-000001", 0, given_price)
    dearer = ThePrice(make_item(), 5, 501, "CNY", "JGBA-2026-000001", 0, given_price)

    assert plain.due_fen() == 400
    assert special.due_fen() == 400
    assert refused(dearer.due_fen) == "special_price_outside_filed"
