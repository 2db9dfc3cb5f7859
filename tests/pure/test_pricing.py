"""What is filed, how a price may come about, its ceiling, and what a quantity costs (BJ-05, BJ-17, GD-07)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import DataNature, DeliveryMode, MeteringUnit
from market.pricing import ceilings, compute, filing, regimes
from market.pricing.model import (
    Basis,
    BasisMethod,
    CeilingReference,
    Charge,
    Filing,
    FilingId,
    PriceItem,
    Regime,
    Terms,
    UseCategory,
    UseScope,
)
from market.pricing.states import State

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def make_item(**changes: Any) -> PriceItem:
    values: dict[str, Any] = {
        "code": "call",
        "charge": Charge.PER_UNIT,
        "unit": MeteringUnit.API_CALL,
        "unit_price_fen": 100,
    }
    return PriceItem(**(values | changes))


def make_terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {
        "product_id": new_id(),
        "price_items": (make_item(),),
        "basis": Basis(method=BasisMethod.COST, explanation="成本"),
        "scenarios": ("port_safety",),
        "use_scope": UseScope(audience="企业", regions=("海南",)),
        "delivery_modes": (DeliveryMode.API_CALL,),
        "pricing_regime": Regime.MARKET_AUTONOMOUS,
        "effective_from": DAY,
    }
    return Terms(**(values | changes))


def make_ceiling(**changes: Any) -> CeilingReference:
    values: dict[str, Any] = {
        "document_number": "琼发改价〔2026〕1号",
        "authority": "海南省发展和改革委员会",
        "unit": MeteringUnit.API_CALL,
        "amount_fen": 100,
        "valid_from": DAY,
    }
    return CeilingReference(**(values | changes))


def refused(check: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(DomainError) as found:
        check(*args, **kwargs)
    return found.value.code


def test_a_complete_filing_passes() -> None:
    filing.check_complete(make_terms())
    filing.check_complete(make_terms(effective_to=DAY))
    only_documents = Basis(method=BasisMethod.COST, document_sha256s=("ab" * 32,))
    filing.check_complete(make_terms(basis=only_documents))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price_items": ()}, "filing_price_items_missing"),
        ({"basis": None}, "filing_basis_missing"),
        ({"basis": Basis(method=BasisMethod.COST)}, "filing_basis_missing"),
        ({"scenarios": ()}, "filing_scenarios_missing"),
        ({"use_scope": UseScope(regions=("海南",))}, "filing_use_scope_missing"),
        ({"use_scope": UseScope(audience="企业")}, "filing_use_scope_missing"),
        ({"delivery_modes": ()}, "filing_delivery_modes_missing"),
        ({"price_items": (make_item(), make_item())}, "filing_price_item_twice"),
        (
            {"price_items": (make_item(quantity_min=3, quantity_max=2),)},
            "filing_quantity_range_invalid",
        ),
        (
            {"price_items": (make_item(charge=Charge.ONE_OFF, quantity_min=2),)},
            "filing_quantity_range_invalid",
        ),
        ({"effective_to": DAY - dt.timedelta(days=1)}, "filing_effective_period_invalid"),
    ],
)
def test_what_is_missing_in_a_filing_is_named(changes: dict[str, Any], code: str) -> None:
    assert refused(filing.check_complete, make_terms(**changes)) == code


def test_a_refused_filing_names_all_that_is_missing() -> None:
    with pytest.raises(filing.BasisMissing) as found:
        filing.check_complete(make_terms(basis=None, scenarios=()))

    assert found.value.facts["missing"] == ["filing_basis_missing", "filing_scenarios_missing"]
    assert [error.pointer for error in found.value.errors] == ["/basis", "/scenarios"]


PUBLIC = DataNature.PUBLIC
FREE = make_item(unit_price_fen=0)


@pytest.mark.parametrize("category", UseCategory)
def test_public_data_are_free_for_governance_and_welfare_and_guided_or_free_otherwise(
    category: UseCategory,
) -> None:
    found = regimes.allowed(PUBLIC, category)

    free_only = category in (UseCategory.PUBLIC_GOVERNANCE, UseCategory.PUBLIC_WELFARE)
    assert (Regime.GOVERNMENT_GUIDED in found) is not free_only
    assert Regime.FREE_CONDITIONAL in found
    assert Regime.MARKET_AUTONOMOUS not in found
    assert regimes.allowed(DataNature.MIXED, category) == found


@pytest.mark.parametrize(
    ("nature", "changes", "code"),
    [
        (PUBLIC, {}, "use_category_missing"),
        (
            PUBLIC,
            {"use_category": UseCategory.PUBLIC_WELFARE},
            "pricing_regime_not_allowed",
        ),
        (
            PUBLIC,
            {
                "use_category": UseCategory.PUBLIC_WELFARE,
                "pricing_regime": Regime.GOVERNMENT_GUIDED,
            },
            "pricing_regime_not_allowed",
        ),
        (DataNature.ENTERPRISE, {"pricing_regime": None}, "pricing_regime_missing"),
        (
            DataNature.ENTERPRISE,
            {"pricing_regime": Regime.GOVERNMENT_GUIDED},
            "pricing_regime_not_allowed",
        ),
        (
            None,
            {"pricing_regime": Regime.FREE_CONDITIONAL, "price_items": (FREE,)},
            "free_use_conditions_missing",
        ),
        (None, {"pricing_regime": Regime.OPEN_FREE}, "free_price_not_zero"),
    ],
)
def test_a_price_that_came_about_otherwise_is_refused(
    nature: DataNature | None, changes: dict[str, Any], code: str
) -> None:
    assert refused(regimes.check, make_terms(**changes), nature) == code


def test_a_price_that_came_about_rightly_passes() -> None:
    free = make_terms(
        pricing_regime=Regime.FREE_CONDITIONAL,
        free_use_conditions="仅限公益",
        use_category=UseCategory.PUBLIC_WELFARE,
        price_items=(FREE,),
    )

    assert regimes.check(free, PUBLIC) is Regime.FREE_CONDITIONAL
    assert regimes.check(make_terms(), DataNature.ENTERPRISE) is Regime.MARKET_AUTONOMOUS


def guided(**changes: Any) -> Terms:
    values: dict[str, Any] = {
        "pricing_regime": Regime.GOVERNMENT_GUIDED,
        "ceiling": make_ceiling(),
    }
    return make_terms(**(values | changes))


def test_a_guided_price_may_reach_its_ceiling_and_others_have_none() -> None:
    ceilings.check(guided(), DAY)
    ceilings.check(guided(ceiling=make_ceiling(valid_to=DAY)), DAY)
    ceilings.check(make_terms(price_items=(make_item(unit_price_fen=10**9),)), DAY)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (guided(ceiling=None), "guided_price_reference_missing"),
        (guided(ceiling=make_ceiling(document_number=" ")), "guided_price_reference_missing"),
        (
            guided(ceiling=make_ceiling(valid_from=DAY + dt.timedelta(days=1))),
            "guided_price_reference_missing",
        ),
        (
            guided(
                ceiling=make_ceiling(
                    valid_from=dt.date(2025, 1, 1), valid_to=DAY - dt.timedelta(days=1)
                )
            ),
            "guided_price_reference_missing",
        ),
        (guided(ceiling=make_ceiling(unit=MeteringUnit.FILE)), "guided_price_reference_missing"),
        (guided(ceiling=make_ceiling(amount_fen=99)), "price_above_ceiling"),
    ],
)
def test_a_guided_price_without_or_above_its_ceiling_is_refused(terms: Terms, code: str) -> None:
    assert refused(ceilings.check, terms, DAY) == code


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_price_is_exactly_the_unit_price_times_the_quantity(unit: int, quantity: int) -> None:
    assert compute.price_fen(make_item(unit_price_fen=unit), quantity) == unit * quantity


@pytest.mark.parametrize(
    ("item", "quantity", "code"),
    [
        (make_item(quantity_min=5), 4, "order_quantity_out_of_range"),
        (make_item(quantity_max=5), 6, "order_quantity_out_of_range"),
        (make_item(charge=Charge.ONE_OFF), 2, "order_quantity_out_of_range"),
        (make_item(unit_price_fen=10**15), 2, "order_amount_out_of_range"),
    ],
)
def test_a_quantity_that_is_not_sold_is_refused(item: PriceItem, quantity: int, code: str) -> None:
    assert refused(compute.price_fen, item, quantity) == code


@pytest.mark.parametrize(
    ("changes", "uses"),
    [
        ({}, 4),
        ({"included_uses": 10}, 40),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.MONTH}, None),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.MONTH, "included_uses": 100}, 400),
    ],
)
def test_what_is_bought_says_how_often_it_may_be_used(
    changes: dict[str, Any], uses: int | None
) -> None:
    assert compute.quota(make_item(**changes), 4) == uses


@pytest.mark.parametrize(
    ("changes", "term"),
    [
        ({}, None),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.HOUR}, dt.timedelta(hours=2)),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.DAY}, dt.timedelta(days=2)),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.MONTH}, dt.timedelta(days=60)),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.YEAR}, dt.timedelta(days=730)),
        ({"charge": Charge.PERIOD, "unit": MeteringUnit.SEAT}, None),
    ],
)
def test_a_period_price_says_how_long(changes: dict[str, Any], term: dt.timedelta | None) -> None:
    assert compute.term(make_item(**changes), 2) == term


def test_a_filing_finds_its_price_items_by_their_codes() -> None:
    one = Filing(
        id=FilingId(new_id()),
        state=State.DRAFT,
        supplier_party_id=PartyId(new_id()),
        product_id=new_id(),
        terms=make_terms(),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )

    assert one.item("call") == make_item()
    assert one.item("other") is None
