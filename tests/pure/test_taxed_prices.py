"""Prices with the tax in them and without it: what a plan may name, ceilings and limits, what is paid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from catalog.formats import dcat, odps, schema_org
from catalog.kernel.errors import DomainError, Invalid
from catalog.signing.canonical import canonical
from market.pricing import ceilings, compute, metered, plans, taxes
from market.pricing.model import Band, Banding, Billing, Charge, PlanTax, PriceItem, Regime
from market.special_prices import equal_terms
from settlement.money import CEILING
from settlement.taxes import disk, rates
from settlement.taxes.model import ZeroReason
from tests.makers_facts import SITE, make_facts, make_price
from tests.pure.test_pricing import DAY, make_ceiling, make_item, make_terms

TABLE = disk.read_rates()
ON_TOP = PlanTax(is_included=False, rate_bps=600)
WITHIN = PlanTax(is_included=True, rate_bps=600)
EXEMPT = PlanTax(is_included=True, rate_bps=0, zero_reason=ZeroReason.EXEMPT)


@pytest.mark.parametrize(
    ("tax", "quantity", "net", "told_tax", "paid"),
    [
        (UNSET, 3, None, None, 300),
        (WITHIN, 3, 283, 17, 300),
        (ON_TOP, 3, 300, 18, 318),
        (EXEMPT, 3, 300, 0, 300),
    ],
)
def test_what_is_paid_has_the_tax_in_it_or_on_top(
    tax: Any, quantity: int, net: int | None, told_tax: int | None, paid: int
) -> None:
    item = make_item(tax=tax, unit_price_fen=100)

    told = compute.priced(item, quantity)

    assert compute.price_fen(item, quantity) == told.amount_fen == paid
    assert (told.taxed.net_fen if told.taxed else None) == net
    assert (told.taxed.tax_fen if told.taxed else None) == told_tax


def test_the_tax_is_rounded_once_for_all_units_and_never_for_one() -> None:
    item = make_item(unit_price_fen=9, tax=ON_TOP)  # 0.54 of a fen of tax each

    assert compute.price_fen(item, 1) == 10
    assert compute.price_fen(item, 100) == 954


def test_what_grows_is_taxed_as_a_sum_and_never_falls() -> None:
    item = make_item(unit_price_fen=7, billing=Billing.AS_USED, tax=ON_TOP)

    paid = [metered.cumulative_fen(item, used, bought_before=0) for used in range(200)]

    assert paid == sorted(paid)
    assert paid[-1] == 199 * 7 + 84  # 83.58 of tax, not 199 times one that was rounded


def test_an_item_that_names_no_tax_is_written_as_it_always_was() -> None:
    assert b"tax" not in canonical(make_item())
    assert msgspec.json.decode(canonical(make_item(tax=EXEMPT)), type=PriceItem) == make_item(
        tax=EXEMPT
    )


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({"charge": Charge.TRIAL, "trial_days": 14, "quantity_max": 9, "unit_price_fen": 0}, True),
        ({"unit_price_fen": 0}, True),
        (
            {
                "unit_price_fen": 0,
                "bands": (Band(above=5, unit_price_fen=0),),
                "banding": Banding.PER_BAND,
            },
            True,
        ),
        (
            {
                "unit_price_fen": 0,
                "bands": (Band(above=5, unit_price_fen=1),),
                "banding": Banding.PER_BAND,
            },
            False,
        ),
        ({"charge": Charge.QUOTE, "unit_price_fen": 0, "highest_unit_price_fen": 5}, False),
        ({"charge": Charge.QUOTE, "unit_price_fen": 0, "highest_unit_price_fen": 0}, True),
        ({"unit_price_fen": 1}, False),
    ],
)
@pytest.mark.parametrize("tax", [WITHIN, ON_TOP, EXEMPT])
def test_what_is_free_names_no_tax(tax: PlanTax, changes: dict[str, Any], is_refused: bool) -> None:
    item = make_item(tax=tax, **changes)

    assert (plans.TaxOnFreePlan in plans.faults(item)) == is_refused
    assert plans.TaxOnFreePlan not in plans.faults(msgspec.structs.replace(item, tax=UNSET))


@pytest.mark.parametrize(
    ("tax", "unit", "is_above"),
    [
        (UNSET, 1_000, False),
        (UNSET, 1_001, True),
        (WITHIN, 1_000, False),
        (WITHIN, 1_001, True),
        (ON_TOP, 943, False),  # 999.58
        (ON_TOP, 944, True),  # 1000.64, a hair above
    ],
)
def test_a_ceiling_is_over_what_is_paid_for_a_unit(tax: Any, unit: int, is_above: bool) -> None:
    terms = make_terms(
        pricing_regime=Regime.GOVERNMENT_GUIDED,
        price_items=(make_item(tax=tax, unit_price_fen=unit),),
        ceiling=make_ceiling(amount_fen=1_000),
    )

    assert (ceilings.fault(terms, DAY, ()) == "price_above_ceiling") == is_above


def test_the_limits_of_a_quoted_price_are_those_of_what_is_paid() -> None:
    item = make_item(
        charge=Charge.QUOTE, unit_price_fen=100, highest_unit_price_fen=900, tax=ON_TOP
    )

    assert equal_terms.limits(item, 2) == (212, 1_908)
    assert equal_terms.limits(make_item(unit_price_fen=100, tax=ON_TOP), 2) == (0, 211)


def test_a_price_that_goes_beyond_the_books_by_its_tax_is_refused() -> None:
    item = make_item(unit_price_fen=CEILING, tax=ON_TOP)

    assert compute.price_fen(msgspec.structs.replace(item, tax=WITHIN), 1) == CEILING
    with pytest.raises(compute.AmountOutOfRange):
        compute.price_fen(item, 1)


@pytest.mark.parametrize(
    ("tax", "begins", "today", "refusal"),
    [
        (UNSET, "2026-01-01", "2026-01-01", None),
        (WITHIN, "2026-01-01", "2026-01-01", None),
        (ON_TOP, "2026-01-01", "2026-01-01", None),
        (EXEMPT, "2026-01-01", "2026-01-01", None),
        (
            PlanTax(is_included=True, rate_bps=1_700),
            "2026-01-01",
            "2026-01-01",
            rates.TaxRateUnknown,
        ),
        (
            PlanTax(is_included=True, rate_bps=0),
            "2026-01-01",
            "2026-01-01",
            rates.ZeroRateUnexplained,
        ),
        (PlanTax(is_included=True, rate_bps=100), "2027-12-31", "2026-01-01", None),
        (
            PlanTax(is_included=True, rate_bps=100),
            "2028-01-01",
            "2026-01-01",
            rates.TaxRateNotInForce,
        ),
        (
            PlanTax(is_included=True, rate_bps=100),
            "2026-01-01",
            "2028-01-01",
            rates.TaxRateNotInForce,
        ),
    ],
)
def test_a_filing_names_a_rate_that_holds_when_its_prices_begin(
    tax: Any, begins: str, today: str, refusal: type[Invalid] | None
) -> None:
    terms = make_terms(
        price_items=(make_item(), make_item(code="other", tax=tax)),
        effective_from=dt.date.fromisoformat(begins),
    )

    if refusal is None:
        taxes.check_filed(terms, dt.date.fromisoformat(today), TABLE)
    else:
        with pytest.raises(refusal) as refused:
            taxes.check_filed(terms, dt.date.fromisoformat(today), TABLE)
        assert [(each.pointer, each.code) for each in refused.value.errors] == [
            ("/price_items/1/tax", refusal.code)
        ]


def test_nothing_is_sold_at_a_rate_that_has_ended() -> None:
    item = make_item(tax=PlanTax(is_included=False, rate_bps=100))

    taxes.check_sold(make_item(), dt.date(2028, 1, 1), TABLE)
    taxes.check_sold(item, dt.date(2027, 12, 31), TABLE)
    with pytest.raises(DomainError) as refused:
        taxes.check_sold(item, dt.date(2028, 1, 1), TABLE)
    assert refused.value.code == "tax_rate_not_in_force"


@pytest.mark.parametrize(
    ("changes", "included", "percentage"),
    [
        ({}, True, None),
        ({"is_tax_included": True, "tax_rate_bps": 600}, True, 6),
        ({"is_tax_included": False, "tax_rate_bps": 0}, False, 0),
        ({"is_tax_included": False, "tax_rate_bps": 1_300}, False, 13),
        ({"is_tax_included": False, "tax_rate_bps": 150}, False, None),  # no whole percent
        ({"amount_fen": 0}, None, None),
    ],
)
def test_the_catalogues_of_others_are_told_whether_the_tax_is_in_the_price(
    changes: dict[str, Any], included: bool | None, percentage: int | None
) -> None:
    facts = make_facts(prices=(make_price(**changes),))

    (offer,) = schema_org.dataset(facts, SITE)["offers"]
    (plan,) = odps.product(facts, SITE)["product"]["pricingPlans"]["declarative"]["zh"]
    (permission,) = dcat.product(facts, SITE)["odrl:hasPolicy"]["odrl:permission"]
    specification = permission["odrl:duty"]["schema:priceSpecification"]

    assert offer["priceSpecification"].get("valueAddedTaxIncluded") == included
    assert plan.get("valueAddedTaxIncluded") == included
    assert plan.get("valueAddedTaxPercentage") == percentage
    told = specification.get("schema:valueAddedTaxIncluded", {"@value": None})["@value"]
    assert told == (None if included is None else str(included).lower())
