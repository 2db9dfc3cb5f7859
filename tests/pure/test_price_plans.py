"""What a plan costs, held at every boundary against a slow reference that counts unit by unit."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from catalog.kernel.errors import DomainError
from catalog.products.model import MeteringUnit
from catalog.signing.canonical import canonical
from market.pricing import compute, filing, offers, plans, regimes
from market.pricing.model import Band, Banding, Billing, Charge, PlanTax, PriceItem, Regime
from market.pricing.states import State
from settlement.money import CEILING
from tests.pure.test_orders import make_filing
from tests.pure.test_pricing import make_ceiling, make_item, make_terms, refused
from tests.pure.test_settlement_taxes import slow_nearest

ABOVE = st.lists(st.integers(1, 60), min_size=1, max_size=6, unique=True).map(sorted)
PRICES = st.integers(0, 10**12)


@st.composite
def plans_of_all_kinds(draw: st.DrawFn) -> PriceItem:
    """Return a plan by use with any of bands, a free quota, a cap and a tax, in the price or on top."""
    parts: dict[str, Any] = {"unit_price_fen": draw(PRICES)}
    if draw(st.booleans()):
        above = draw(ABOVE)
        parts["bands"] = tuple(Band(above=a, unit_price_fen=draw(PRICES)) for a in above)
        parts["banding"] = draw(st.sampled_from(Banding))
    if draw(st.booleans()):
        parts["free_quantity"] = draw(st.integers(1, 80))
    if draw(st.booleans()):
        parts["cap_fen"] = draw(st.integers(1, 10**13))
    if draw(st.booleans()):
        parts["tax"] = PlanTax(
            is_included=draw(st.booleans()), rate_bps=draw(st.integers(0, 9_999))
        )
    return make_item(**parts)


def unit_price(item: PriceItem, place: int) -> int:
    """Return the price of the band in which a place lies, looked up from the top down."""
    bands = () if item.bands is UNSET else item.bands
    for band in sorted(bands, key=lambda each: each.above, reverse=True):
        if place > band.above:
            return band.unit_price_fen
    return item.unit_price_fen


def slow(item: PriceItem, quantity: int, bought_before: int = 0) -> int:
    """Return what a quantity costs by walking through its units one after the other."""
    free = 0 if item.free_quantity is UNSET else item.free_quantity
    total = 0
    for place in range(1, quantity + 1):
        if place + bought_before <= free:
            continue
        total += unit_price(item, quantity if item.banding is Banding.CUMULATIVE else place)
    capped = total if item.cap_fen is UNSET or total < item.cap_fen else item.cap_fen
    if item.tax is UNSET or item.tax.is_included:
        return capped
    return capped + slow_nearest(Fraction(capped) * Fraction(item.tax.rate_bps, 10_000))


@given(plans_of_all_kinds(), st.integers(1, 100), st.integers(0, 100))
def test_every_plan_costs_what_its_units_cost_one_by_one(
    item: PriceItem, quantity: int, before: int
) -> None:
    expected = slow(item, quantity, before)

    assert compute.price_fen(item, quantity, bought_before=before) == expected


@given(plans_of_all_kinds())
def test_at_every_boundary_of_a_plan_and_beside_it_the_price_is_exact(item: PriceItem) -> None:
    free = 0 if item.free_quantity is UNSET else item.free_quantity
    boundaries = {0, free} | {step.above for step in compute.steps(item)}

    for boundary in boundaries:
        for quantity in (boundary - 1, boundary, boundary + 1):
            if quantity > 0:
                assert compute.price_fen(item, quantity) == slow(item, quantity)


@given(plans_of_all_kinds(), st.integers(1, 100), st.integers(0, 100))
def test_the_lines_of_a_price_add_up_to_it_and_to_the_quantity(
    item: PriceItem, quantity: int, before: int
) -> None:
    told = compute.priced(item, quantity, bought_before=before)

    assert sum(line.quantity for line in told.lines) == quantity
    assert all(line.amount_fen == line.quantity * line.unit_price_fen for line in told.lines)
    assert sum(line.amount_fen for line in told.lines) == told.uncapped_fen
    on_top = item.tax is not UNSET and not item.tax.is_included
    assert told.uncapped_fen >= (told.taxed.net_fen if told.taxed and on_top else told.amount_fen)


@given(plans_of_all_kinds(), st.integers(1, 100))
def test_a_plan_that_names_a_tax_tells_net_tax_and_what_is_paid(
    item: PriceItem, quantity: int
) -> None:
    told = compute.priced(item, quantity)

    if item.tax is UNSET:
        assert told.taxed is None
    else:
        assert told.taxed is not None
        assert told.taxed.net_fen + told.taxed.tax_fen == told.taxed.gross_fen == told.amount_fen


@given(plans_of_all_kinds(), st.integers(1, 60))
def test_of_bands_that_are_summed_more_never_costs_less(item: PriceItem, quantity: int) -> None:
    summed = msgspec.structs.replace(
        item, banding=UNSET if item.bands is UNSET else Banding.PER_BAND
    )

    assert compute.price_fen(summed, quantity) <= compute.price_fen(summed, quantity + 1)


FUJIAN = make_item(  # 分档累进
    unit_price_fen=100,
    bands=(Band(above=1_000, unit_price_fen=80), Band(above=10_000, unit_price_fen=50)),
    banding=Banding.PER_BAND,
)


@pytest.mark.parametrize(
    ("quantity", "per_band", "cumulative"),
    [
        (1, 100, 100),
        (999, 99_900, 99_900),
        (1_000, 100_000, 100_000),
        (1_001, 100_080, 80_080),
        (10_000, 820_000, 800_000),
        (10_001, 820_050, 500_050),
        (10**9, 100_000 + 720_000 + 50 * (10**9 - 10_000), 50 * 10**9),
    ],
)
def test_bands_are_summed_or_taken_as_a_whole(
    quantity: int, per_band: int, cumulative: int
) -> None:
    whole = msgspec.structs.replace(FUJIAN, banding=Banding.CUMULATIVE)

    assert compute.price_fen(FUJIAN, quantity) == per_band
    assert compute.price_fen(whole, quantity) == cumulative


@pytest.mark.parametrize(
    ("quantity", "before", "amount"),
    [(10, 0, 0), (11, 0, 100), (10, 1, 100), (10, 9, 900), (10, 10, 1_000), (10, 99, 1_000)],
)
def test_a_free_quota_is_used_up_once(quantity: int, before: int, amount: int) -> None:
    item = make_item(free_quantity=10)

    assert compute.price_fen(item, quantity, bought_before=before) == amount


def test_a_free_quota_may_cover_all_of_what_is_priced_as_a_whole() -> None:
    item = msgspec.structs.replace(FUJIAN, banding=Banding.CUMULATIVE, free_quantity=5)

    assert compute.price_fen(item, 5) == 0
    assert compute.price_fen(item, 6) == 100
    assert compute.priced(item, 0).lines == ()


@pytest.mark.parametrize(
    ("quantity", "amount"), [(9, 900), (10, 1_000), (11, 1_000), (10**9, 1_000)]
)
def test_a_cap_is_reached_and_never_passed(quantity: int, amount: int) -> None:
    assert compute.price_fen(make_item(cap_fen=1_000), quantity) == amount


@pytest.mark.parametrize(
    ("item", "quantity"),
    [
        (make_item(unit_price_fen=10**15), 2),
        (make_item(unit_price_fen=10**6 + 1), 10**9),
        (
            make_item(
                bands=(Band(above=1, unit_price_fen=10**15),),
                banding=Banding.PER_BAND,
                unit_price_fen=1,
            ),
            2,
        ),
    ],
)
def test_what_no_books_are_kept_about_is_refused_and_never_cut_off(
    item: PriceItem, quantity: int
) -> None:
    assert compute.priced(item, quantity).amount_fen > CEILING
    assert refused(compute.price_fen, item, quantity) == "order_amount_out_of_range"


def test_books_are_kept_up_to_ten_trillion_yuan_and_a_cap_keeps_within_them() -> None:
    assert compute.price_fen(make_item(unit_price_fen=10**6), 10**9) == CEILING
    assert compute.price_fen(make_item(unit_price_fen=10**15, cap_fen=7), 10**9) == 7


TRIAL = make_item(charge=Charge.TRIAL, unit_price_fen=0, quantity_max=100, trial_days=14)
QUOTE = make_item(charge=Charge.QUOTE, unit_price_fen=10, highest_unit_price_fen=90)


def test_a_trial_lasts_so_many_days_for_so_many_uses() -> None:
    assert compute.term(TRIAL, 100) == dt.timedelta(days=14)
    assert compute.quota(TRIAL, 100) == 100
    assert refused(compute.price_fen, TRIAL, 101) == "order_quantity_out_of_range"


def test_a_quoted_price_is_no_price_until_it_is_quoted() -> None:
    assert refused(compute.price_fen, QUOTE, 1) == "order_quotation_required"
    assert compute.highest_unit_fen(QUOTE) == 90
    assert compute.quota(QUOTE, 3) == 3


BAND = (Band(above=5, unit_price_fen=1),)
METERED = {"billing": Billing.AS_USED}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity_min": 3, "quantity_max": 2}, "filing_quantity_range_invalid"),
        ({"bands": BAND}, "filing_bands_invalid"),
        ({"banding": Banding.PER_BAND}, "filing_bands_invalid"),
        ({"bands": BAND * 2, "banding": Banding.PER_BAND}, "filing_bands_invalid"),
        ({"bands": BAND, "banding": Banding.PER_BAND, "quantity_max": 5}, "filing_bands_invalid"),
        ({"charge": Charge.ONE_OFF, "cap_fen": 1}, "filing_plan_part_unfit"),
        ({"trial_days": 3}, "filing_plan_part_unfit"),
        ({"highest_unit_price_fen": 3}, "filing_plan_part_unfit"),
        ({"charge": Charge.PERIOD, "free_quantity": 1}, "filing_plan_part_unfit"),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.SEAT}, "filing_period_unit_invalid"),
        ({"charge": Charge.ONE_OFF, "unit": MeteringUnit.HOUR}, "filing_one_off_unit_lasts"),
        ({"charge": Charge.ONE_OFF, "unit": MeteringUnit.MONTH}, "filing_one_off_unit_lasts"),
        ({"charge": Charge.TRIAL, "quantity_max": 5}, "filing_trial_unlimited"),
        ({"charge": Charge.TRIAL, "trial_days": 5}, "filing_trial_unlimited"),
        (METERED | {"included_uses": 5}, "filing_metered_price_unfit"),
        (METERED | {"bands": BAND, "banding": Banding.CUMULATIVE}, "filing_metered_price_unfit"),
        (METERED | {"charge": Charge.ONE_OFF}, "filing_plan_part_unfit"),
        ({"charge": Charge.QUOTE}, "filing_quote_unlimited"),
        ({"charge": Charge.QUOTE, "highest_unit_price_fen": 99}, "filing_quote_unlimited"),
    ],
)
def test_a_plan_that_can_not_be_sold_as_it_is_written_is_not_filed(
    changes: dict[str, Any], code: str
) -> None:
    terms = make_terms(price_items=(make_item(**changes),))

    assert refused(filing.check_complete, terms) == code


@pytest.mark.parametrize(
    "item",
    [
        FUJIAN,
        TRIAL,
        QUOTE,
        make_item(bands=BAND, banding=Banding.CUMULATIVE, quantity_max=6, cap_fen=9),
        make_item(free_quantity=10),
        make_item(**METERED, bands=BAND, banding=Banding.PER_BAND, free_quantity=3, cap_fen=9),
        make_item(charge=Charge.PERIOD, unit=MeteringUnit.MONTH),
        make_item(charge=Charge.ONE_OFF),
    ],
)
def test_every_kind_of_plan_can_be_filed(item: PriceItem) -> None:
    assert list(plans.faults(item)) == []


def test_the_highest_band_keeps_to_the_ceiling_and_what_is_free_is_free_in_every_band() -> None:
    dear = make_item(
        unit_price_fen=1, bands=(Band(above=9, unit_price_fen=101),), banding=Banding.PER_BAND
    )
    guided = make_terms(
        pricing_regime=Regime.GOVERNMENT_GUIDED, ceiling=make_ceiling(), price_items=(dear,)
    )
    free = make_terms(
        pricing_regime=Regime.OPEN_FREE,
        price_items=(msgspec.structs.replace(dear, unit_price_fen=0),),
    )

    from market.pricing import ceilings

    assert refused(ceilings.check, guided, guided.effective_from) == "price_above_ceiling"
    assert refused(regimes.check, free, None) == "free_price_not_zero"


def test_only_negotiated_prices_are_quoted_to_each_buyer() -> None:
    quoted = make_terms(price_items=(QUOTE,))

    assert refused(regimes.check, quoted, None) == "filing_quote_not_negotiated"
    negotiated = msgspec.structs.replace(quoted, pricing_regime=Regime.NEGOTIATED)
    assert regimes.check(negotiated, None) is Regime.NEGOTIATED


def test_an_item_without_parts_of_a_plan_is_written_as_it_always_was() -> None:
    assert canonical(make_item()) == (
        b'{"charge":"per_unit","code":"call","included_uses":null,"note":"","quantity_max":null,'
        b'"quantity_min":1,"unit":"api_call","unit_price_fen":100}'
    )


@pytest.mark.parametrize("state", State)
def test_orders_take_their_price_only_from_a_filing_in_force(state: State) -> None:
    filed = msgspec.structs.replace(make_filing(), state=state)

    if state in (State.EFFECTIVE, State.UNDER_INQUIRY):
        offers.check_in_effect(filed)
    else:
        with pytest.raises(DomainError) as found:
            offers.check_in_effect(filed)
        assert found.value.code == "pricing_filing_not_in_effect"
    assert offers.item_of(filed, "call").code == "call"
    assert refused(offers.item_of, filed, "else") == "price_item_unknown"
