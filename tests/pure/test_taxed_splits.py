"""The tax in what is paid is nobody's share: splits, windows, refunds and invoices, against slow rules."""

from __future__ import annotations

import datetime as dt
import uuid
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from catalog.kernel.ids import PartyId
from market.orders import shares
from market.orders.shares import Rates
from market.pricing.model import PlanTax
from settlement.fees.deducting import Base, Fee, Payee, Tier
from settlement.invoices import invoicing
from settlement.invoices.model import Invoice, RedLetter
from settlement.invoices.states import State
from settlement.ledger_reports import reasons
from settlement.money import Bps, Fen
from settlement.revenue.agreement import Deduction, FrozenSplit, OwedTax, freeze
from settlement.revenue.explaining import Rule, explain
from settlement.revenue.reversing import ReversalTooLarge, given_back_with_tax
from settlement.revenue.split import Method, Role, Share, ShareTwice, TooManyShares
from settlement.taxes.model import Tax, ZeroReason, tax_of
from tests.pure.test_settlement_invoices import DAY, make_invoice
from tests.pure.test_settlement_taxes import slow_inside

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SUPPLIER, PLATFORM, OWNER = (uuid.UUID(int=0x50 + n) for n in range(3))
TAX_ACCOUNT = f"tax_payable/{SUPPLIER}"
RATES = st.sampled_from((100, 300, 600, 900, 1_300, 1, 9_999))


def share(party: uuid.UUID, bps: int, role: Role = Role.RIGHT_HOLDER) -> Share:
    return Share(party_id=party, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(bps))


def fee(bps: int = 300, **changes: Any) -> Deduction:
    values: dict[str, Any] = {"code": "platform", "payee": Payee.PLATFORM, "tiers": (Tier(0, bps),)}
    return Deduction(party_id=PLATFORM, fee=Fee(**(values | changes)))


def split_of(rate: int, *deductions: Deduction) -> FrozenSplit:
    return freeze(
        version="x/1",
        frozen_at=NOW,
        shares=(share(SUPPLIER, 3_333), share(OWNER, 6_667)),
        deductions=deductions,
        tax=OwedTax(party_id=SUPPLIER, rate_bps=rate),
    )


@given(st.integers(1, 10**12), RATES, st.booleans())
def test_the_tax_goes_to_who_invoices_and_the_net_amount_is_shared(
    amount: int, rate: int, has_fee: bool
) -> None:
    split = split_of(rate, *([fee()] if has_fee else []))

    got = {leg.account.code: leg.amount_fen for leg in split.credits(Fen(amount))}

    net = amount - slow_inside(amount, rate)
    assert got.get(TAX_ACCOUNT, 0) == slow_inside(amount, rate)
    assert sum(got.values()) == amount
    of_fee = Fraction(net * 300, 10_000) if has_fee else Fraction(0)
    for account, exact in (
        (f"platform_fee/{PLATFORM}", of_fee),
        (f"payable/{SUPPLIER}", (net - of_fee) * Fraction(3_333, 10_000)),
        (f"payable/{OWNER}", (net - of_fee) * Fraction(6_667, 10_000)),
    ):
        assert abs(got.get(account, 0) - exact) < 1


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), RATES)
def test_windows_pay_the_tax_of_what_they_come_to_and_take_nothing_back(
    steps: list[int], rate: int
) -> None:
    split = split_of(rate, fee(bps=1_234, base=Base.GROSS, minimum_fen=3))
    got: dict[str, int] = {}
    total = waiting = 0

    for step in steps:
        paid = split.increment(total, Fen(total + step))
        total += step
        for leg in (*paid.charged, *paid.settled):
            assert leg.amount_fen > 0
            got[leg.account.code] = got.get(leg.account.code, 0) + leg.amount_fen
        waiting += paid.waiting_fen - sum(leg.amount_fen for leg in paid.settled)
        assert got.get(TAX_ACCOUNT, 0) == slow_inside(total, rate)
        assert sum(got.values()) + waiting == total
    for leg in split.final(Fen(total)):
        got[leg.account.code] = got.get(leg.account.code, 0) + leg.amount_fen

    assert got == {leg.account.code: leg.amount_fen for leg in split.credits(Fen(total))}


def test_a_fen_that_is_all_tax_leaves_every_share_as_it_was() -> None:
    split = split_of(9_999, fee(bps=5_000))

    for before in range(1, 300):
        assert all(leg.amount_fen > 0 for leg in split.increment(before, Fen(before + 1)).charged)


def test_a_split_with_a_tax_has_a_digest_of_its_own_and_one_without_its_old_one() -> None:
    taxed, plain = split_of(600), msgspec.structs.replace(split_of(600), tax=None)

    digests = {
        taxed.digest(),
        plain.digest(),
        split_of(900).digest(),
        split_of(600, fee()).digest(),
    }
    assert len(digests) == 4
    assert msgspec.convert(msgspec.to_builtins(taxed), FrozenSplit) == taxed


def test_the_tax_is_paid_on_an_account_of_its_own_and_counts_as_a_leg() -> None:
    tax = OwedTax(party_id=SUPPLIER, rate_bps=600)
    whole = share(SUPPLIER, 10_000, Role.TAX)
    many = tuple(share(uuid.UUID(int=n + 1), 1_000 if n < 6 else 500) for n in range(14))

    with pytest.raises(ShareTwice):
        freeze(version="x", frozen_at=NOW, shares=(whole,), tax=tax)
    twice = Deduction(
        party_id=SUPPLIER, fee=Fee(code="vat", payee=Payee.TAX, tiers=(Tier(0, 600),))
    )
    with pytest.raises(ShareTwice):
        freeze(
            version="x",
            frozen_at=NOW,
            shares=(share(OWNER, 10_000),),
            deductions=(twice,),
            tax=tax,
        )
    freeze(version="x", frozen_at=NOW, shares=many)
    with pytest.raises(TooManyShares):
        freeze(version="x", frozen_at=NOW, shares=many, tax=tax)


def test_the_tax_of_a_schedule_is_not_taken_of_a_price_that_says_its_own() -> None:
    rates = Rates(
        platform_party_id=PartyId(PLATFORM),
        platform_bps=0,
        treasury_party_id=PartyId(OWNER),
        treasury_bps=0,
    )
    vat = Fee(code="vat", payee=Payee.TAX, tiers=(Tier(0, 600),), is_inside=True)
    fees, said = [vat, fee().fee], {"supplier": PartyId(SUPPLIER), "is_public_data": False}

    usual = shares.deductions(fees, rates, **said)  # type: ignore[arg-type]
    own = shares.deductions(fees, rates, **said, has_own_tax=True)  # type: ignore[arg-type]

    assert [each.fee.code for each in usual] == ["vat", "platform"]
    assert [each.fee.code for each in own] == ["platform"]


@pytest.mark.parametrize(
    ("tax", "rate"),
    [
        (UNSET, None),
        (PlanTax(is_included=True, rate_bps=0, zero_reason=ZeroReason.EXEMPT), None),
        (PlanTax(is_included=True, rate_bps=600), 600),
        (PlanTax(is_included=False, rate_bps=600), 600),
    ],
)
def test_the_supplier_owes_the_tax_that_its_price_says(tax: Any, rate: int | None) -> None:
    owed = shares.owed_tax(tax, PartyId(SUPPLIER))

    assert owed == (None if rate is None else OwedTax(party_id=SUPPLIER, rate_bps=rate))


def test_the_explanation_says_what_is_tax_and_what_was_rounded() -> None:
    told = explain(Fen(10_000), split_of(600, fee()))

    (part,) = [each for each in told.parts if each.rule is Rule.TAX]
    zh, en = reasons.of_part(part)
    assert (part.account, part.amount_fen, part.tax_rate_bps) == (TAX_ACCOUNT, 566, 600)
    assert "¥100.00 内含税率 6% 的税 ¥5.66 又 2/53 分，四舍五入" in zh
    assert "¥5.66 and 2/53 fen is tax at 6%" in en
    assert sum(each.amount_fen for each in told.parts) == 10_000
    assert {each.tax_rate_bps for each in told.parts if each.rule is not Rule.TAX} == {None}


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=12),
    RATES,
)
def test_refunds_give_back_the_tax_of_what_they_come_to(
    nets: list[int], steps: list[int], rate: int
) -> None:
    net = sum(nets) + 1
    tax = max(slow_outside_of(net, rate), 1)
    legs = (tax, nets[0] + 1, *nets[1:])
    gross = sum(legs)
    back = [0] * len(legs)

    for step in steps:
        by = min(step, gross - sum(back))
        if not by:
            break
        now = given_back_with_tax(legs, back, by, tax_leg=0, tax_rate_bps=rate)
        assert sum(now) == by
        assert all(0 <= part <= leg - was for part, leg, was in zip(now, legs, back, strict=True))
        back = [was + part for was, part in zip(back, now, strict=True)]
        kept = gross - sum(back)
        assert legs[0] - back[0] == slow_inside(kept, rate) or tax != slow_inside(gross, rate)
    rest = gross - sum(back)
    if rest:
        now = given_back_with_tax(legs, back, rest, tax_leg=0, tax_rate_bps=rate)
        back = [was + part for was, part in zip(back, now, strict=True)]
    assert tuple(back) == legs


def slow_outside_of(net: int, rate: int) -> int:
    """Return the tax that makes ``net`` what is left of a gross amount."""
    return int(Fraction(net * rate, 10_000) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("before", "by", "expected"),
    [
        ((0, 0, 0), 106, (6, 50, 50)),
        ((0, 0, 0), 8, (0, 4, 4)),
        ((0, 0, 0), 1, (0, 1, 0)),
        ((6, 10, 10), 10, (0, 5, 5)),  # a charge-back that was won left more tax taken back
        ((0, 50, 49), 1, (1, 0, 0)),  # and here less
    ],
)
def test_what_is_given_back_with_its_tax(
    before: tuple[int, ...], by: int, expected: tuple[int, ...]
) -> None:
    assert given_back_with_tax((6, 50, 50), before, by, tax_leg=0, tax_rate_bps=600) == expected


@pytest.mark.parametrize("by", [0, -1, 101])
def test_no_more_is_given_back_than_was_paid(by: int) -> None:
    with pytest.raises(ReversalTooLarge):
        given_back_with_tax((6, 100), (1, 5), by, tax_leg=0, tax_rate_bps=600)


def standing(amount: int, tax: int, number: int, *reds: RedLetter) -> Invoice:
    return make_invoice(
        amount, id=uuid.UUID(int=number), net_fen=amount - tax, tax_fen=tax, red_letters=reds
    )


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12), RATES)
def test_the_taxes_of_all_invoices_of_an_order_are_the_tax_in_its_price(
    amounts: list[int], rate: int
) -> None:
    made: list[Invoice] = []

    for number, amount in enumerate(amounts):
        told = invoicing.taxed(amount, made, rate)
        assert told.net_fen + told.tax_fen == told.gross_fen == amount
        assert told.tax_fen >= 0
        made.append(standing(amount, told.tax_fen, number))

    assert sum(each.counts_tax_fen for each in made) == slow_inside(sum(amounts), rate)


@given(st.data(), RATES)
def test_a_red_letter_leaves_net_and_tax_of_its_invoice_above_zero_and_all_of_it_nothing(
    data: st.DataObject, rate: int
) -> None:
    made: list[Invoice] = []
    for number, amount in enumerate(
        data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=4))
    ):
        made.append(standing(amount, invoicing.taxed(amount, made, rate).tax_fen, number))

    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(made) - 1))
        one, others = made[place], made[:place] + made[place + 1 :]
        if not one.counts_fen:
            continue
        amount = data.draw(st.integers(1, one.counts_fen))
        tax = invoicing.red_tax_fen(one, amount, others, rate)
        red = RedLetter(number="8", amount_fen=amount, reason="退", issued_on=DAY, tax_fen=tax)
        made[place] = one = msgspec.structs.replace(one, red_letters=(*one.red_letters, red))
        assert 0 <= one.counts_tax_fen <= one.counts_fen
        assert one.counts_fen or not one.counts_tax_fen
    if len(made) == 1:
        assert made[0].counts_tax_fen == slow_inside(made[0].counts_fen, rate)


def test_what_does_not_stand_any_more_has_no_tax_either() -> None:
    assert standing(106, 6, 1).counts_tax_fen == 6
    withdrawn = msgspec.structs.replace(standing(106, 6, 1), state=State.WITHDRAWN)
    assert withdrawn.counts_tax_fen == 0
    assert make_invoice(100, 40).counts_tax_fen == 0


def test_a_row_says_a_tax_or_nothing_of_one() -> None:
    assert tax_of(None, None) is None
    assert tax_of(600, None) == Tax(rate_bps=600)
    assert tax_of(0, "exempt") == Tax(rate_bps=0, zero_reason=ZeroReason.EXEMPT)
