"""Which invoice can be: its life, its title, its number, its sum and its day."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.invoices import invoicing
from settlement.invoices.model import (
    Invoice,
    InvoiceId,
    InvoiceType,
    RedLetter,
    Title,
    Wanted,
)
from settlement.invoices.states import (
    TRANSITIONS,
    Event,
    InvoiceEventNotAllowed,
    State,
    advance,
)
from tests.pure.test_pricing import refused

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 2)
WHOLE = Title(
    name="海南某数据科技有限公司",
    tax_number="91460000MA5T00000X",
    address_and_phone="海口市 0898-1",
    bank_and_account="某银行 6222",
)
ALLOWED = {
    ("requested", "issue"): "issued",
    ("requested", "refuse"): "refused",
    ("requested", "withdraw"): "withdrawn",
    ("issued", "void"): "voided",
    ("issued", "redden_part"): "issued",
    ("issued", "redden"): "reddened",
}


def make_invoice(amount: int = 100, *reds: int, **changes: Any) -> Invoice:
    values: dict[str, Any] = {
        "id": InvoiceId(uuid.UUID(int=1)),
        "state": State.ISSUED,
        "order_id": uuid.UUID(int=2),
        "issuer_party_id": uuid.UUID(int=3),
        "payer_party_id": uuid.UUID(int=4),
        "wanted": Wanted(amount_fen=amount, title=WHOLE),
        "version": 1,
        "requested_at": NOW,
        "updated_at": NOW,
        "number": "12345678",
        "issued_on": DAY,
        "red_letters": tuple(
            RedLetter(number="87654321", amount_fen=red, reason="退款", issued_on=DAY)
            for red in reds
        ),
    }
    return Invoice(**(values | changes))


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    if following is None:
        with pytest.raises(InvoiceEventNotAllowed):
            advance(state, event)
    else:
        assert advance(state, event) == following
    assert len(TRANSITIONS) == len(ALLOWED)


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (State.REQUESTED, 70),
        (State.ISSUED, 70),
        (State.REFUSED, 0),
        (State.WITHDRAWN, 0),
        (State.VOIDED, 0),
        (State.REDDENED, 0),
    ],
)
def test_what_is_asked_for_counts_like_what_is_issued(state: State, counts: int) -> None:
    assert make_invoice(100, 10, 20, state=state).counts_fen == counts


@pytest.mark.parametrize("number", ["91460000MA5T00000X", "460100123456789", "A" * 20, ""])
def test_an_ordinary_invoice_needs_a_name_and_no_tax_number_or_a_true_one(number: str) -> None:
    invoicing.check_title(Title(name="个人", tax_number=number), InvoiceType.ORDINARY)


@pytest.mark.parametrize(
    ("title", "kind", "fields"),
    [
        (Title(name=" "), InvoiceType.ORDINARY, ["name"]),
        (Title(name="x", tax_number="91460000MA5T0000IX"), InvoiceType.ORDINARY, ["tax_number"]),
        (Title(name="x", tax_number="123"), InvoiceType.ORDINARY, ["tax_number"]),
        (
            Title(name="x"),
            InvoiceType.SPECIAL,
            ["tax_number", "address_and_phone", "bank_and_account"],
        ),
    ],
)
def test_a_title_that_lacks_something_is_refused(
    title: Title, kind: InvoiceType, fields: list[str]
) -> None:
    with pytest.raises(invoicing.InvoiceTitleUnclear) as found:
        invoicing.check_title(title, kind)

    assert found.value.facts == {"fields": fields}


def test_a_special_invoice_names_everything() -> None:
    invoicing.check_title(WHOLE, InvoiceType.SPECIAL)


@pytest.mark.parametrize("number", ["1234567", "123456789", "1234567a", "1" * 19, ""])
def test_an_invoice_has_8_or_20_digits(number: str) -> None:
    assert refused(invoicing.check_number, number) == "invoice_number_malformed"
    invoicing.check_number("12345678")
    invoicing.check_number("1" * 20)


@given(st.integers(0, 1_000), st.lists(st.integers(1, 300), max_size=4), st.integers(1, 1_000))
def test_no_more_is_invoiced_than_was_paid_less_what_went_back(
    most: int, invoiced: list[int], amount: int
) -> None:
    others = [make_invoice(each) for each in invoiced]

    if sum(invoiced) + amount > most:
        with pytest.raises(invoicing.InvoiceAboveWhatWasPaid) as found:
            invoicing.check_amount(amount, most, others)
        assert found.value.facts["left_fen"] == max(most - sum(invoiced), 0)
    else:
        invoicing.check_amount(amount, most, others)


def test_a_red_letter_takes_back_what_is_left_and_no_more() -> None:
    invoice = make_invoice(100, 30)

    assert not invoicing.check_red_letter(invoice, 69)
    assert invoicing.check_red_letter(invoice, 70)
    assert refused(invoicing.check_red_letter, invoice, 71) == "red_letter_too_large"


def test_an_invoice_is_voided_in_its_month_and_before_a_red_letter() -> None:
    invoicing.check_void(make_invoice(), dt.date(2026, 3, 31))
    for late in (dt.date(2026, 4, 1), dt.date(2027, 3, 2)):
        assert refused(invoicing.check_void, make_invoice(), late) == "invoice_void_too_late"
    assert refused(invoicing.check_void, make_invoice(100, 1), DAY) == "invoice_void_too_late"
