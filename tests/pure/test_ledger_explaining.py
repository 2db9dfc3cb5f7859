"""Every fen of an entry has its reason, in words, and what differs from the rules is named."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.fees.deducting import Base, Fee, Payee, Tier
from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger_reports import explaining
from settlement.ledger_reports.explaining import ExplainedEntry, Past, Way, explain_entry
from settlement.money import Bps, Fen
from settlement.revenue.agreement import Deduction, FrozenSplit, freeze
from settlement.revenue.retaining import Retained
from settlement.revenue.split import Method, Role, Share

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
ORDER = uuid.UUID("019caaaa-0000-7000-8000-000000000001")
KEY = uuid.UUID("019caaaa-0000-7000-8000-000000000002")
SUPPLIER, OWNER, PLATFORM, OFFICE = (uuid.UUID(int=n) for n in range(1, 5))


def share(party: uuid.UUID, bps: int, role: Role = Role.RIGHT_HOLDER) -> Share:
    return Share(party_id=party, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(bps))


SPLIT = freeze(
    version="agreement/7",
    frozen_at=NOON,
    shares=(share(SUPPLIER, 3_333), share(OWNER, 6_667, Role.DEPARTMENT)),
    deductions=(
        Deduction(
            party_id=OFFICE,
            fee=Fee(
                code="vat",
                payee=Payee.TAX,
                tiers=(Tier(above_fen=0, rate_bps=600),),
                is_inside=True,
            ),
        ),
        Deduction(
            party_id=PLATFORM,
            fee=Fee(
                code="service",
                payee=Payee.PLATFORM,
                base=Base.LEFT,
                tiers=(Tier(above_fen=0, rate_bps=333), Tier(above_fen=10_000, rate_bps=100)),
                minimum_fen=5,
                maximum_fen=90_000,
            ),
        ),
    ),
)


def entry(kind: Kind, legs: tuple[Leg, ...], **more: object) -> Entry:
    told: dict[str, object] = {
        "key": KEY,
        "kind": kind,
        "legs": legs,
        "booked_at": NOON,
        "value_on": dt.date(2026, 3, 2),
        "rule_version": "agreement/7",
        "order_id": ORDER,
    }
    return Entry(**{**told, **more})  # type: ignore[arg-type]


def release(amount: int, split: FrozenSplit = SPLIT) -> Entry:
    return entry(Kind.RELEASE, transfer(escrow_of(ORDER), split.credits(Fen(amount))))


def charge(before: int, amount: int) -> Entry:
    step = SPLIT.increment(before, Fen(before + amount))
    waiting = [Leg(explaining.residual_of(ORDER), step.waiting_fen)] if step.waiting_fen else []
    return entry(Kind.RELEASE, transfer(escrow_of(ORDER), (*step.charged, *waiting)))


@given(st.integers(1, 10**9))
def test_a_division_is_explained_to_the_fen_as_it_was_posted(amount: int) -> None:
    told = explain_entry(release(amount), SPLIT, Past())

    assert told.is_as_posted
    assert told.way is Way.DIVIDED
    assert sum(leg.amount_fen for leg in told.legs) == 0
    extra = [leg.part.extra_fen for leg in told.legs if leg.part is not None]
    assert sum(extra) <= told.left_fen < 4
    assert all(leg.reason_zh.endswith("。") and leg.reason_en.endswith(".") for leg in told.legs)


def test_what_is_kept_back_is_explained_where_it_is_kept_and_where_it_is_missing() -> None:
    split = freeze(
        version="agreement/7",
        frozen_at=NOON,
        shares=(share(SUPPLIER, 9_000), share(OWNER, 1_000, Role.DEPARTMENT)),
        retained=Retained(party_id=SUPPLIER, share_bps=300, days=90),
    )

    told = explain_entry(release(10_001, split), split, Past())

    assert told.is_as_posted
    by = {leg.account: leg for leg in told.legs}
    kept = by[f"retention/{SUPPLIER}"]
    assert kept.amount_fen == 300
    assert kept.reason_zh == (
        "质保金：按价款 ¥100.01 的 3% 计、不足一分舍去，且不超过供方应得，扣留 ¥3.00，验收后 90 日退还。"
    )
    assert kept.reason_en.startswith("Retention: 3% of ¥100.01, cut to the fen")
    less = by[f"payable/{SUPPLIER}"]
    assert less.reason_zh.endswith("其中 ¥3.00 扣作质保金。")
    assert less.reason_en.endswith("¥3.00 of it are kept back.")


def test_a_leg_that_the_split_does_not_know_is_told_to_be_by_it() -> None:
    stray = transfer(
        escrow_of(ORDER), [Leg(Account(Purpose.PAYABLE, str(uuid.UUID(int=9))), Fen(7))]
    )

    told = explain_entry(entry(Kind.RELEASE, stray), SPLIT, Past())

    assert not told.is_as_posted
    assert told.legs[1].reason_en == explaining.reasons.NOT_SHOWN[1]


def test_the_words_name_rule_base_fraction_remainder_and_who_got_the_rest() -> None:
    told = explain_entry(release(100_001), SPLIT, Past(voucher="2026-03/000002"))

    by = {leg.account.partition("/")[0]: leg for leg in told.legs}
    assert told.voucher == "2026-03/000002"
    fee = by["platform_fee"].reason_zh
    assert "平台运营者收费项 service：以前项扣除后的余额" in fee
    assert "分档计：¥0.00 以上部分 3.33%、¥100.00 以上部分 1%" in fee
    assert "至少 ¥0.05，至多 ¥900.00" in fee
    tax = by["tax_payable"].reason_zh
    assert "税费收费项 vat（价内）：以价款 ¥1,000.01 为基数，费率 6%。" in tax
    assert "权利人按利润分成分得扣费后余额" in by["payable"].reason_zh
    assert "33.33%" in by["payable"].reason_zh
    assert "Right holder: 33.33% (profit sharing) of the" in by["payable"].reason_en
    reasons = [leg.reason_zh for leg in told.legs]
    assert sum("补得 1 分" in reason for reason in reasons) == told.left_fen > 0
    assert any("未补分" in reason for reason in reasons)
    assert by["order_escrow"].reason_zh == "由此账户付出。"


def test_what_comes_to_whole_fen_needs_no_rest() -> None:
    halves = freeze(
        version="h", frozen_at=NOON, shares=(share(SUPPLIER, 5_000), share(OWNER, 5_000))
    )
    told = explain_entry(
        msgspec.structs.replace(release(200, halves), rule_version="h"), halves, Past()
    )

    assert told.left_fen == 0
    assert "恰为整分" in told.legs[1].reason_zh


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_charges_are_explained_as_one_sum(amounts: list[int]) -> None:
    before = 0
    for amount in amounts:
        posted = charge(before, amount) if before else charge(0, amount)
        told = explain_entry(posted, SPLIT, Past(divided_before_fen=before))

        assert told.is_as_posted
        assert told.divided_before_fen == before
        assert told.way is (
            Way.CUMULATIVE if before or explaining._has_residual(posted) else Way.DIVIDED
        )
        before += amount


def test_a_charge_says_what_all_charges_entitle_to_and_what_waits() -> None:
    told = explain_entry(charge(1_001, 77), SPLIT, Past(divided_before_fen=1_001))

    payable = next(leg for leg in told.legs if leg.account.startswith("payable/"))
    waiting = [leg for leg in told.legs if leg.account.startswith("rounding_residual/")]
    assert "累计应得" in payable.reason_zh
    assert "此前累计应得" in payable.reason_zh
    assert payable.before is not None
    assert [leg.amount_fen for leg in waiting] == ([told.left_fen] if told.left_fen else [])
    assert all("尾差" in leg.reason_zh for leg in waiting)


def moved(told: Entry, by: int) -> Entry:
    """The same entry with some fen moved from its second to its third leg."""
    first, second, third, *rest = told.legs
    legs = (
        first,
        Leg(second.account, second.amount_fen - by),
        Leg(third.account, third.amount_fen + by),
    )
    return msgspec.structs.replace(told, legs=(*legs, *rest))


@pytest.mark.parametrize("before", [0, 50_000])
def test_a_fen_that_went_to_another_is_found(before: int) -> None:
    posted = charge(before, 100_001) if before else release(100_001)

    told = explain_entry(moved(posted, 1), SPLIT, Past(divided_before_fen=before))

    assert not told.is_as_posted


@pytest.mark.parametrize("split", [None, msgspec.structs.replace(SPLIT, version="other")])
def test_a_split_that_is_not_shown_or_another_explains_nothing(split: FrozenSplit | None) -> None:
    told = explain_entry(release(100_001), split, Past())

    assert told.way is Way.NOT_SHOWN
    assert told.is_as_posted
    assert "冻结的分账约定" in told.legs[1].reason_zh


def test_money_that_only_moves_on_is_not_divided() -> None:
    paid = entry(Kind.PAY_IN, transfer(clearing_of("sandbox"), [Leg(escrow_of(ORDER), 500)]))
    settled = entry(
        Kind.RESIDUAL_SETTLED,
        transfer(explaining.residual_of(ORDER), [Leg(Account(Purpose.PAYABLE, str(SUPPLIER)), 1)]),
    )

    assert explain_entry(paid, SPLIT, Past()).way is Way.WHOLE
    assert explain_entry(settled, SPLIT, Past()).way is Way.RESIDUAL
    assert "不作分配" in explain_entry(paid, None, Past()).legs[1].reason_zh


def given_back(amount: int, taken: int) -> ExplainedEntry:
    original = release(100_001)
    payable = Account(Purpose.PAYABLE, str(SUPPLIER))
    reversal = entry(
        Kind.REVERSAL,
        transfer(payable, [Leg(refund_owed_to(OWNER), amount)]),
        key=uuid.UUID("019caaaa-0000-7000-8000-000000000003"),
        reverses=original.key,
    )
    return explain_entry(reversal, SPLIT, Past(original=original, taken_before_fen=taken))


def test_what_is_taken_back_names_its_original_and_what_was_taken_before() -> None:
    told = given_back(30, 12)

    assert told.way is Way.TAKEN_BACK
    assert told.is_as_posted
    assert (told.legs[0].taken_before_fen, told.legs[1].original_fen) == (12, None)
    assert "此前已冲回 ¥0.12，本次按原份额冲回 ¥0.30" in told.legs[0].reason_zh
    assert not given_back(30, told.legs[0].original_fen or 0).is_as_posted


def test_a_reader_who_only_shared_sees_its_own_legs() -> None:
    told = explaining.cut(explain_entry(release(100_001), None, Past()), str(OWNER))

    assert [leg.account for leg in told.legs] == [f"department_payable/{OWNER}"]


def test_a_payout_pays_the_earliest_credits_first_and_goes_on_where_the_last_one_stopped() -> None:
    a, b, c, first, second, third = (uuid.UUID(int=n) for n in range(10, 16))
    steps = [(a, 5), (b, 7), (first, -6), (c, 1), (second, -7), (third, -3)]

    assert explaining.first_in_first_out(steps, first) == ((a, 5), (b, 1))
    assert explaining.first_in_first_out(steps, second) == ((b, 6), (c, 1))
    assert explaining.first_in_first_out(steps, third) == ()
    assert explaining.first_in_first_out(steps, KEY) == ()


def test_an_invoice_stands_on_what_was_paid_less_what_went_back() -> None:
    paid = entry(Kind.PAY_IN, transfer(clearing_of("sandbox"), [Leg(escrow_of(ORDER), 500)]))
    back = entry(Kind.REFUND, transfer(escrow_of(ORDER), [Leg(refund_owed_to(OWNER), 120)]))
    shared = release(100_001)
    book = [paid, back, shared]

    assert [each.amount_fen for each in explaining.paid_sources(book)] == [500, -120]
    fees = explaining.fee_sources(book)
    assert [each.entry for each in fees] == [shared.key]
    assert fees[0].amount_fen == shared.legs[2].amount_fen > 0
