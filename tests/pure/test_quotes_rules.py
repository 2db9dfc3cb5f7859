"""Who may be asked for a quote, and which quotes are taken."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.products.model import DeliveryMode
from market.contracts.policy import ClausesChosen
from market.contracts.terms import TermsWanted
from market.pricing.model import FilingId, PriceItem, UseCategory, UseScope
from market.quotes import inviting, quoting
from market.quotes.model import Quote, QuoteId, QuoteOffered, QuoteRequestId
from tests.pure.test_demand_posting import make_asked, refusal
from tests.pure.test_orders import make_filing
from tests.pure.test_price_plans import QUOTE
from tests.pure.test_pricing import NOW, make_item

UNTIL = NOW + dt.timedelta(days=3)


def make_terms_wanted(**changes: Any) -> TermsWanted:
    values: dict[str, Any] = {
        "price_item": "call",
        "quantity": 3,
        "purpose": make_asked().purpose,
        "scenario": "port_safety",
        "delivery_mode": DeliveryMode.DATASET_PRODUCT,
        "ends_at": NOW + dt.timedelta(days=365),
        "valid_until": UNTIL + dt.timedelta(days=7),
        "clauses": ClausesChosen(template="provision", version=1, parameters={}),
    }
    return TermsWanted(**(values | changes))


def make_offered(**changes: Any) -> QuoteOffered:
    terms = make_terms_wanted(**changes.pop("terms", {}))
    values: dict[str, Any] = {"product_id": uuid.uuid4(), "terms": terms, "amount_fen": 300}
    return QuoteOffered(**(values | changes))


def make_quote(**changes: Any) -> Quote:
    values: dict[str, Any] = {
        "id": QuoteId(new_id()),
        "request_id": QuoteRequestId(new_id()),
        "supplier_party_id": PartyId(new_id()),
        "account_id": AccountId(new_id()),
        "product_id": uuid.uuid4(),
        "product_name": "指数",
        "filing_id": FilingId(new_id()),
        "filing_number": "JG-1",
        "terms": make_terms_wanted(),
        "amount_fen": 300,
        "filed_fen": 300,
        "special_price_reason": "",
        "note": "",
        "submitted_at": NOW,
    }
    return Quote(**(values | changes))


def test_nobody_is_invited_twice_and_the_buyer_never() -> None:
    buyer, one, other = PartyId(new_id()), uuid.uuid4(), uuid.uuid4()

    assert refusal(inviting.check_invited, (one, other), buyer) is None
    assert refusal(inviting.check_invited, (one, one), buyer) == "quote_invitees_invalid"
    assert refusal(inviting.check_invited, (one, buyer), buyer) == "quote_invitees_invalid"


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (NOW + dt.timedelta(minutes=59), "quote_deadline_unfit"),
        (NOW + dt.timedelta(hours=1), None),
        (UNTIL, None),
        (UNTIL + dt.timedelta(seconds=1), "quote_deadline_unfit"),
    ],
)
def test_quotes_are_taken_for_an_hour_at_least_and_no_longer_than_the_demand_takes_offers(
    until: dt.datetime, code: str | None
) -> None:
    assert refusal(inviting.check_until, until, offers_until=UNTIL, now=NOW) == code


@given(st.integers(-100_000, 100_000))
def test_the_deadline_itself_is_too_late(seconds: int) -> None:
    now = UNTIL + dt.timedelta(seconds=seconds)

    refused = refusal(quoting.check_in_time, UNTIL, now=now)

    assert refused == ("quote_late" if seconds >= 0 else None)


def test_who_is_tied_to_the_buyer_does_not_quote() -> None:
    supplier, buyer, other = PartyId(new_id()), PartyId(new_id()), uuid.uuid4()

    assert refusal(quoting.check_party, supplier, buyer, (other,)) is None
    assert refusal(quoting.check_party, buyer, buyer, ()) == "quote_related_party"
    assert refusal(quoting.check_party, supplier, buyer, (other, buyer)) == "quote_related_party"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"terms": {"use_category": UseCategory.INDUSTRIAL_DEVELOPMENT}}, None),
        ({"currency": "USD"}, "quote_currency_unknown"),
        ({"terms": {"purpose": "营销"}}, "quote_outside_demand"),
        ({"terms": {"use_category": UseCategory.PUBLIC_WELFARE}}, "quote_outside_demand"),
        ({"terms": {"delivery_mode": DeliveryMode.API_CALL}}, "quote_outside_demand"),
        ({"terms": {"valid_until": UNTIL + dt.timedelta(hours=23)}}, "quote_validity_too_short"),
        ({"terms": {"valid_until": UNTIL + dt.timedelta(hours=24)}}, None),
    ],
)
def test_a_quote_is_for_what_is_asked(changes: dict[str, Any], code: str | None) -> None:
    offered = make_offered(**changes)

    assert refusal(quoting.check_demand, offered, make_asked(), quotes_until=UNTIL) == code


def test_all_that_differs_is_told_at_once() -> None:
    offered = make_offered(terms={"purpose": "营销", "delivery_mode": DeliveryMode.API_CALL})

    with pytest.raises(quoting.QuoteOutsideDemand) as refused:
        quoting.check_demand(offered, make_asked(), quotes_until=UNTIL)

    assert refused.value.facts == {"outside": ["purpose", "delivery_mode"]}


@pytest.mark.parametrize(
    ("item", "amount", "reason", "code"),
    [
        (make_item(), 300, "", None),
        (make_item(), 299, "首单", None),
        (make_item(), 299, "", "special_price_reason_missing"),
        (make_item(), 301, "", "special_price_reason_missing"),
        (make_item(), 301, "特殊", "special_price_outside_filed"),
        (make_item(quantity_min=4), 300, "", "order_quantity_out_of_range"),
        (QUOTE, 100, "定制", None),
        (QUOTE, 100, " ", "special_price_reason_missing"),
        (QUOTE, 271, "定制", "special_price_outside_filed"),
    ],
)
def test_the_price_is_the_filed_one_or_a_special_one_with_its_reason(
    item: PriceItem, amount: int, reason: str, code: str | None
) -> None:
    offered = make_offered(amount_fen=amount, special_price_reason=reason)

    assert refusal(quoting.check_price, item, offered) == code


@given(st.integers(0, 10_000), st.booleans())
def test_no_quote_is_ever_above_the_filed_price_nor_below_it_without_a_reason(
    amount: int, has_reason: bool
) -> None:
    offered = make_offered(amount_fen=amount, special_price_reason="首单" if has_reason else "")

    is_taken = refusal(quoting.check_price, make_item(), offered) is None

    assert is_taken == (amount == 300 or (amount < 300 and has_reason))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"delivery_mode": DeliveryMode.API_CALL}, None),
        ({"delivery_mode": DeliveryMode.API_CALL, "onward_use": True}, "offer_outside_filed_scope"),
        ({"delivery_mode": DeliveryMode.SANDBOX}, "offer_outside_filed_scope"),
        (
            {"delivery_mode": DeliveryMode.API_CALL, "scenario": "else"},
            "offer_outside_filed_scope",
        ),
    ],
)
def test_a_quotation_to_one_buyer_keeps_to_what_was_filed(
    changes: dict[str, Any], code: str | None
) -> None:
    filing = make_filing()

    assert refusal(quoting.check_scope, make_terms_wanted(**changes), filing) == code


def test_what_may_be_passed_on_was_filed_so() -> None:
    filing = make_filing(use_scope=UseScope(onward_use=True))
    terms = make_terms_wanted(delivery_mode=DeliveryMode.API_CALL, onward_use=True)

    assert refusal(quoting.check_scope, terms, filing) is None


def test_a_supplier_has_one_quote_and_names_the_one_that_it_replaces() -> None:
    standing = make_quote()

    assert refusal(quoting.check_second, None, None) is None
    assert refusal(quoting.check_second, standing, standing.id) is None
    assert refusal(quoting.check_second, standing, None) == "quote_already_submitted"
    assert refusal(quoting.check_second, None, uuid.uuid4()) == "quote_already_submitted"


def test_a_quote_stands_until_it_is_replaced_or_taken_back() -> None:
    assert make_quote().is_standing
    assert not make_quote(replaced_at=NOW).is_standing
    assert not make_quote(withdrawn_at=NOW).is_standing


@pytest.mark.parametrize(
    ("filed", "is_special"), [(300, False), (301, True), (None, True)], ids=str
)
def test_another_price_than_everybodys_is_special(filed: int | None, is_special: bool) -> None:
    assert make_quote(filed_fen=filed).is_special is is_special
