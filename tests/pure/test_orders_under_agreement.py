"""What is ordered by an agreement is what was agreed: nothing more, nothing else, not longer."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode
from market.access.rates import Limits, Per, Rate
from market.contracts.policy import agreement_of
from market.contracts.states import State
from market.orders import under_agreement
from market.orders.terms import RequestedTerms
from market.orders.under_agreement import Ordered
from tests.pure.test_contracts_agreements import agreement
from tests.pure.test_contracts_policy import BUYER, NOW, SECOND, YEAR, filing, offer, refusal


def agreed(**changes: Any) -> Any:
    return agreement_of(
        offer(**changes), agreement_id=uuid.UUID(int=11), assigner="urn:s", assignee=BUYER, now=NOW
    )


def ordered(**changes: Any) -> Ordered:
    item = filing().item("per_call")
    assert item is not None
    made = Ordered(
        buyer=PartyId(uuid.UUID(int=5)),
        purpose="停工判断",
        scenario="port_safety",
        use_category=None,
        mode=DeliveryMode.API_CALL,
        item=item,
        quantity=3,
        amount_fen=37_035,
        terms=RequestedTerms(),
    )
    return replace(made, **changes)


def test_what_was_agreed_is_ordered() -> None:
    under_agreement.check(agreed(), ordered(), filing(), now=NOW)
    under_agreement.check(
        agreed(regions=("海南",)), ordered(terms=RequestedTerms(region="海南")), filing(), now=NOW
    )


def test_the_limits_of_an_agreement_are_those_of_the_grant_with_the_rows_of_its_content() -> None:
    limited = agreed(uses_per_hour=5, rows_per_answer=100)

    assert under_agreement.limits_of(None, None) is msgspec.UNSET
    assert under_agreement.limits_of(agreed(), 3) is msgspec.UNSET
    assert under_agreement.limits_of(limited, 80) == Limits(
        rates=(Rate(Per.HOUR, 5),), rows_per_answer=100, rows=80
    )
    assert under_agreement.asks_for_rows(limited)
    assert not under_agreement.asks_for_rows(agreed(uses_per_hour=5))
    under_agreement.check(limited, ordered(), filing(), rows=100, now=NOW)
    for rows in (101, None):
        found = refusal(under_agreement.check, limited, ordered(), filing(), rows=rows, now=NOW)
        assert found.facts == {"operands": ["urn:shushi:odrl:rowsPerAnswer"]}


@pytest.mark.parametrize(
    ("changes", "operands"),
    [
        ({"purpose": "营销", "scenario": "typhoon"}, ["purpose", "urn:shushi:odrl:scenario"]),
        ({"mode": DeliveryMode.SANDBOX}, ["deliveryChannel"]),
        ({"buyer": PartyId(uuid.UUID(int=6))}, ["recipient"]),
        ({"quantity": 4, "amount_fen": 49_380}, ["count", "payAmount"]),
        ({"amount_fen": 37_034}, ["payAmount"]),
        ({"terms": RequestedTerms(onward_use=True)}, ["distribute"]),
        ({"terms": RequestedTerms(destroys_at_end=False)}, ["delete"]),
        ({"terms": RequestedTerms(is_cross_border=True)}, ["urn:shushi:odrl:crossBorder"]),
    ],
)
def test_whatever_differs_is_named(changes: dict[str, Any], operands: list[str]) -> None:
    found = refusal(under_agreement.check, agreed(), ordered(**changes), filing(), now=NOW)

    assert (found.code, found.facts) == ("agreed_terms_not_met", {"operands": operands})


def test_where_it_is_used_is_told_if_that_was_agreed_and_nothing_is_ordered_at_its_end() -> None:
    near = agreed(regions=("海南",))

    for call in (
        refusal(under_agreement.check, near, ordered(), filing(), now=NOW),
        refusal(under_agreement.check, agreed(), ordered(), filing(), now=YEAR),
    ):
        assert call.code == "agreed_terms_not_met"


def test_a_price_of_another_filing_is_agreed_anew() -> None:
    for other in (filing(filing_number="JGBA-2028-000009"), filing(record_sha256="cd" * 32)):
        found = refusal(under_agreement.check, agreed(), ordered(), other, now=NOW)
        assert found.code == "agreement_price_superseded"


def test_one_off_prices_and_what_may_be_passed_on_are_ordered_too() -> None:
    on = filing(
        terms=replace(filing().terms, use_scope=replace(filing().terms.use_scope, onward_use=True))
    )
    once = on.item("forever")
    wanted = ordered(
        item=once, quantity=1, amount_fen=1_000_000, terms=RequestedTerms(onward_use=True)
    )

    under_agreement.check(
        agreed(price_item="forever", quantity=1, onward_use=True), wanted, on, now=NOW
    )


def test_a_grant_ends_with_the_agreement_at_the_latest_and_is_held_to_its_fields() -> None:
    month = NOW + dt.timedelta(days=30)

    here = RequestedTerms()
    assert under_agreement.grant_ends_at(month, None, here) == month
    assert under_agreement.grant_ends_at(month, agreed(), here) == month
    assert under_agreement.grant_ends_at(YEAR + dt.timedelta(days=1), agreed(), here) == YEAR
    assert under_agreement.fields_of(None) == under_agreement.fields_of(agreed()) == ()
    assert under_agreement.fields_of(agreed(fields=("a", "b"))) == ("a", "b")


def test_what_was_ordered_goes_on_until_its_agreement_ends_whatever_took_its_place() -> None:
    end = agreement().ends_at

    for holds in (State.IN_FORCE, State.ENDING, State.SUCCEEDED):
        under_agreement.check_goes_on(agreement(state=holds), end - SECOND)
        over = refusal(under_agreement.check_goes_on, agreement(state=holds), end)
        assert over.code == "agreement_over"
    ended = refusal(under_agreement.check_goes_on, agreement(state=State.TERMINATED), NOW)
    assert ended.code == "agreement_not_in_force"
