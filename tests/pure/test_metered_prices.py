"""What is charged as it is used: tiers, cap, free quota and gigabytes at their boundaries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, structs

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import MeteringUnit
from market.orders import metered as orders
from market.orders.terms import RequestedTerms
from market.pricing import compute, metered
from market.pricing.model import Band, Banding, Billing, PriceItem
from market.usage import metering
from market.usage.model import Outcome, StoredEvent, UsageEvent, UsageId
from settlement.charging.model import Charged, Tally
from tests.pure.test_orders import make_order
from tests.pure.test_pricing import make_item

GB = 10**9


def item(**changes: Any) -> PriceItem:
    return make_item(billing=Billing.AS_USED, **changes)


TIERED = item(
    unit_price_fen=100,
    free_quantity=10,
    bands=(Band(above=100, unit_price_fen=50), Band(above=1_000, unit_price_fen=10)),
    banding=Banding.PER_BAND,
    cap_fen=60_000,
)


def used(calls: int, size: int = 0) -> Tally:
    return Tally(to_seq=calls + 1, calls=calls, bytes=size, record_sha256="ab" * 32)


def event(seq: int, *, units: int = 1, size: int = 500, denied: bool = False) -> StoredEvent:
    told = UsageEvent(
        id=UsageId(new_id()),
        order_id=new_id(),
        order_seq=seq,
        grant_id=new_id(),
        product_id=new_id(),
        product_version=1,
        buyer_party_id=PartyId(new_id()),
        supplier_party_id=PartyId(new_id()),
        actor="buyer",
        scenario="port_safety",
        purpose="停工判断",
        mode="api_call",
        level=None,
        fields=(),
        bytes=0 if denied else size,
        result_sha256=None,
        fingerprint_id="f" * 32,
        request_key=str(seq),
        decision=Outcome.DENY if denied else Outcome.ALLOW,
        reasons=("quota_exhausted",) if denied else (),
        price_units=0 if denied else units,
        at="2026-03-02T04:00:00Z",
        prev_sha256="0" * 64,
    )
    return StoredEvent(event=told, record=b"{}", record_sha256=f"{seq:064x}", entry_id=new_id())


@pytest.mark.parametrize(
    ("calls", "due"),
    [
        (0, 0),
        (10, 0),  # the free quota
        (11, 100),
        (100, 9_000),  # the last of the first band
        (101, 9_050),
        (1_000, 54_000),
        (1_001, 54_010),
        (1_600, 60_000),  # the cap, to the fen
        (1_601, 60_000),
    ],
)
def test_tiers_free_quota_and_cap_hold_over_all_windows_together(calls: int, due: int) -> None:
    assert metered.cumulative_fen(TIERED, calls, bought_before=0) == due


def test_a_free_quota_that_was_used_before_is_not_given_again() -> None:
    assert metered.cumulative_fen(TIERED, 10, bought_before=4) == 400


@pytest.mark.parametrize(("size", "gigabytes"), [(0, 0), (1, 1), (GB, 1), (GB + 1, 2), (5 * GB, 5)])
def test_a_begun_gigabyte_counts_over_all_uses_together(size: int, gigabytes: int) -> None:
    by_volume = item(unit=MeteringUnit.GIGABYTE)

    assert metered.quantity(by_volume, used(7, size)) == gigabytes
    assert metered.quantity(TIERED, used(7, size)) == 7


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_what_is_used_more_never_costs_less_and_windows_add_up(steps: list[int]) -> None:
    total, before, charged = 0, 0, 0
    for step in steps:
        total += step
        cumulative = metered.cumulative_fen(TIERED, total, bought_before=0)
        assert cumulative >= before
        charged += cumulative - before
        before = cumulative

    assert charged == metered.cumulative_fen(TIERED, sum(steps), bought_before=0)


def test_use_is_not_limited_by_what_was_paid_first_but_by_what_is_sold_at_all() -> None:
    assert compute.quota(TIERED, 3) is None
    assert compute.quota(item(quantity_max=50), 3) == 50
    assert compute.quota(item(quantity_max=50, unit=MeteringUnit.GIGABYTE), 3) is None
    assert compute.quota(make_item(), 3) == 3


def test_a_tally_goes_on_from_what_was_charged_and_counts_each_request_once() -> None:
    events = [event(4), event(5, denied=True), event(6, units=0), event(7, units=3)]

    found = metering.tally(Charged(3, 2, 1_000, 200), events)

    assert found == Tally(to_seq=7, calls=6, bytes=2_000, record_sha256=f"{7:064x}")


@pytest.mark.parametrize(
    ("priced_as", "terms", "amount", "special", "refusal"),
    [
        (
            make_item(),
            RequestedTerms(credit_limit_fen=1),
            100,
            False,
            "order_credit_without_metering",
        ),
        (
            TIERED,
            RequestedTerms(retention_bps=300, retention_days=30),
            100,
            False,
            "order_retention_of_metered",
        ),
        (TIERED, RequestedTerms(), 100, True, "order_metered_at_special_price"),
        (TIERED, RequestedTerms(), 0, False, "order_prepayment_missing"),
    ],
)
def test_an_order_that_can_not_be_metered_is_refused_by_name(
    priced_as: PriceItem, terms: RequestedTerms, amount: int, special: bool, refusal: str
) -> None:
    with pytest.raises(DomainError) as refused:
        orders.check(priced_as, terms, amount_fen=amount, is_special=special)

    assert refused.value.code == refusal


def test_other_orders_and_metered_ones_with_a_credit_limit_are_placed() -> None:
    orders.check(make_item(), RequestedTerms(), amount_fen=0, is_special=True)
    orders.check(TIERED, RequestedTerms(credit_limit_fen=9), amount_fen=5, is_special=False)


def test_an_order_prices_its_uses_by_the_item_that_was_frozen_with_it() -> None:
    plain = make_order()
    order = structs.replace(plain, price_item=TIERED, bought_before=4)

    told = orders.price_of(order, used(101))

    assert (told.price_item, told.quantity, told.cumulative_fen) == ("call", 101, 9_450)
    assert len(told.price_sha256) == 64
    assert orders.is_metered(order)
    assert not orders.is_metered(plain)
    assert orders.credit_limit_fen(plain) == 0
    agreed = structs.replace(order.terms, credit_limit_fen=700)
    assert orders.credit_limit_fen(structs.replace(order, terms=agreed)) == 700
    assert order.terms.credit_limit_fen is UNSET
