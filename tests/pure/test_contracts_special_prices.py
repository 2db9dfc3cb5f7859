"""A price for one buyer in a policy: the special price's, with its reason, within what was filed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.products.model import MeteringUnit
from market.contracts import price_duty, terms
from market.contracts.policy import PolicyConstraint, PolicyOffer
from market.contracts.price_duty import Given
from market.pricing.model import Charge, Filing, FilingId, PriceItem
from market.special_prices.model import SpecialPrice, SpecialPriceId
from market.special_prices.states import State
from tests.pure.test_contracts_policy import BUYER, NOW, PRODUCT, filing, offer, refusal, wanted

TODAY = local_date(NOW)
SPECIAL = SpecialPriceId(uuid.UUID(int=11))
QUOTED = PriceItem(
    code="tailored",
    charge=Charge.QUOTE,
    unit=MeteringUnit.PROJECT,
    unit_price_fen=10_000,
    highest_unit_price_fen=90_000,
)


def given(today: dt.date = TODAY, **changes: Any) -> Given:
    price = SpecialPrice(
        id=SPECIAL,
        state=State.OFFERED,
        filing_id=FilingId(uuid.UUID(int=7)),
        product_id=PRODUCT,
        supplier_party_id=PartyId(uuid.UUID(int=8)),
        buyer_party_id=PartyId(uuid.UUID(BUYER)),
        price_item="per_call",
        quantity=3,
        amount_fen=30_000,
        filed_fen=37_035,
        reason="首个试点单位，承担测试工作。",
        valid_until=TODAY,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return Given(replace(price, **changes), today)


def quoting() -> Filing:
    made = filing()
    return replace(made, terms=replace(made.terms, price_items=(QUOTED,)))


def special(of: Filing | None = None, by: Given | None = None, **changes: Any) -> PolicyOffer:
    return terms.write(
        wanted(**changes),
        of or filing(),
        offer_id=uuid.UUID(int=9),
        target=PRODUCT.urn,
        recipient=BUYER,
        given=by or given(),
    )


def check(made: PolicyOffer, of: Filing | None = None, by: Given | None = None) -> Any:
    return terms.check(made, of or filing(), recipient=BUYER, now=NOW, given=by)


def test_the_duty_names_the_special_price_and_why_and_is_read_back() -> None:
    made = special()
    told = price_duty.read(made)

    assert check(made, by=given()) == told
    assert (told.amount_fen, told.special_price) == (30_000, SPECIAL.urn)
    assert told.reason == "首个试点单位，承担测试工作。"
    assert price_duty.special_price_id(told) == SPECIAL
    assert price_duty.special_price_id(price_duty.read(offer())) is None


def test_what_is_quoted_to_each_buyer_has_a_price_once_it_was_quoted() -> None:
    quoted = given(price_item="tailored", quantity=1, amount_fen=55_000, filed_fen=None)
    made = special(quoting(), quoted, price_item="tailored", quantity=1)

    assert check(made, quoting(), quoted).amount_fen == 55_000
    unquoted = refusal(offer, quoting(), price_item="tailored", quantity=1)
    assert unquoted.code == "order_quotation_required"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_fen": 37_035}, "special_price_outside_filed"),
        ({"amount_fen": 40_000}, "special_price_outside_filed"),
        ({"reason": "  "}, "special_price_reason_missing"),
        ({"quantity": 4}, "special_price_for_another"),
        ({"price_item": "forever"}, "special_price_for_another"),
        ({"filing_id": FilingId(uuid.UUID(int=70))}, "special_price_over"),
        ({"valid_until": TODAY - dt.timedelta(days=1)}, "special_price_over"),
    ],
)
def test_a_special_price_off_the_filing_or_over_is_neither_offered_nor_taken(
    changes: dict[str, Any], code: str
) -> None:
    made = special()

    assert refusal(special, by=given(**changes)).code == code
    assert refusal(check, made, by=given(**changes)).code == code


@pytest.mark.parametrize(
    ("item", "amount"), [("tailored", 9_999), ("tailored", 90_001)], ids=["below", "above"]
)
def test_a_quotation_beyond_its_limits_is_no_price(item: str, amount: int) -> None:
    quoted = given(price_item=item, quantity=1, amount_fen=amount, filed_fen=None)

    found = refusal(special, quoting(), quoted, price_item=item, quantity=1)

    assert found.code == "special_price_outside_filed"


def altered(**parts: str | None) -> PolicyOffer:
    """Return the offer with parts of its duty said otherwise; None leaves a part out."""
    made = special()
    first, *rest = made.obligation
    told = tuple(
        replace(part, right_operand=parts.get(name, part.right_operand))
        for part in first.constraint
        for name in [part.left_operand.rpartition(":")[2]]
        if parts.get(name, "") is not None
    )
    return replace(made, obligation=(replace(first, constraint=told), *rest))


@pytest.mark.parametrize(
    ("parts", "differing"),
    [
        ({"payAmount": "299.99"}, ["amount_fen"]),
        ({"specialPrice": uuid.UUID(int=12).urn}, ["special_price"]),
        ({"specialPriceReason": "别的理由"}, ["reason"]),
    ],
)
def test_what_differs_from_the_recorded_special_price_is_refused(
    parts: dict[str, str | None], differing: list[str]
) -> None:
    found = refusal(check, altered(**parts), by=given())

    assert (found.code, found.facts) == ("offer_price_not_filed", {"differing": differing})


def test_a_special_price_that_nobody_recorded_is_off_the_filing() -> None:
    found = refusal(check, special())

    assert found.code == "offer_price_not_filed"
    assert found.facts == {"differing": ["amount_fen", "special_price", "reason"]}


@pytest.mark.parametrize("part", ["specialPrice", "specialPriceReason"])
def test_price_and_reason_stand_together_or_not_at_all(part: str) -> None:
    assert refusal(price_duty.read, altered(**{part: None})).code == "policy_unreadable"


def test_a_special_price_has_one_name_and_it_can_be_read() -> None:
    made = special()
    first, *rest = made.obligation
    twice = (*first.constraint, PolicyConstraint(price_duty.SPECIAL_PRICE, "eq", SPECIAL.urn))
    doubled = replace(made, obligation=(replace(first, constraint=twice), *rest))

    assert refusal(price_duty.read, doubled).code == "constraint_unknown"
    unnamed = price_duty.read(altered(specialPrice="折扣"))
    assert refusal(price_duty.special_price_id, unnamed).code == "policy_unreadable"
