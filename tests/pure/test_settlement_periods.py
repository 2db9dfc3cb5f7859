"""Months of the books: what they are, how they are chained, and what has to be explained of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.periods import chain, checklist, months, queries, sealing, states
from settlement.periods.checklist import Because, PeriodNotExplained, Standing
from settlement.periods.model import Closing, PeriodLine, Step
from settlement.periods.months import Month, MonthUnknown, PeriodNotOver
from settlement.periods.sealing import PeriodUnbalanced

NOVEMBER = Month(2026, 11)
BEGUN = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)


def closing(**changes: object) -> Closing:
    values: dict[str, object] = {
        "book": "market",
        "month": "2026-11",
        "begun_at": BEGUN,
        "begun_by": None,
        "begun_by_name": "审核员",
        "before": chain.FIRST,
        "head": chain.FIRST,
    }
    return Closing(**{**values, **changes})  # type: ignore[arg-type]


def line(purpose: str, *, opening: int = 0, debits: int = 0, credits_: int = 0) -> PeriodLine:
    return PeriodLine(
        number="1",
        purpose=purpose,
        title_zh="",
        title_en="",
        accounts=1,
        opening_fen=opening,
        debits_fen=debits,
        credits_fen=credits_,
        closing_fen=opening + credits_ - debits,
    )


def test_a_month_ends_at_midnight_in_shanghai_also_in_a_leap_year() -> None:
    assert Month(2028, 2).last_day == dt.date(2028, 2, 29)
    assert NOVEMBER.ends_at == dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC)
    assert Month(2026, 12).next == Month(2027, 1)
    assert months.month("2026-11") == NOVEMBER
    assert NOVEMBER.text == "2026-11"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "1999-01", "26-11", "", "2026-1"])
def test_what_names_no_month_is_refused(text: str) -> None:
    with pytest.raises(MonthUnknown):
        months.month(text)


def test_a_month_is_closed_when_it_is_over_and_not_a_second_before() -> None:
    NOVEMBER.require_over(NOVEMBER.ends_at)

    with pytest.raises(PeriodNotOver) as refused:
        NOVEMBER.require_over(NOVEMBER.ends_at - dt.timedelta(seconds=1))

    assert refused.value.facts == {"period": "2026-11", "ends_on": "2026-11-30"}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11", NOVEMBER, NOVEMBER),
        ("2026-Q1", Month(2026, 1), Month(2026, 3)),
        ("2026-Q4", Month(2026, 10), Month(2026, 12)),
        ("2026", Month(2026, 1), Month(2026, 12)),
    ],
)
def test_a_span_is_a_month_a_quarter_or_a_year(text: str, first: Month, last: Month) -> None:
    span = months.span(text)

    assert (span.first, span.last) == (first, last)
    assert span.months[0] == first
    assert span.months[-1] == last
    assert len(span.months) == last.number - first.number + 1


@pytest.mark.parametrize("text", ["2026-Q5", "2026-Q0", "2026-13", "Q1", "2026-1"])
def test_what_names_no_span_is_refused(text: str) -> None:
    with pytest.raises(MonthUnknown):
        months.span(text)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20), st.data())
def test_a_chain_is_the_same_in_whatever_pieces_it_is_made(
    digests: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(digests)))

    whole = chain.follow(chain.FIRST, 1, digests)
    pieces = chain.follow(chain.follow(chain.FIRST, 1, digests[:cut]), cut + 1, digests[cut:])

    assert whole == pieces


@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=8, unique=True), st.data()
)
def test_an_entry_that_is_left_out_or_moved_gives_another_chain(
    digests: list[bytes], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(digests) - 2))
    swapped = [*digests]
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]

    whole = chain.follow(chain.FIRST, 1, digests)

    assert chain.follow(chain.FIRST, 1, swapped) != whole
    assert chain.follow(chain.FIRST, 1, digests[:at] + digests[at + 1 :]) != whole


def test_a_link_is_what_its_docstring_says_it_is() -> None:
    told = b"shushi/period-chain/1\n" + bytes(32) + (7).to_bytes(8, "big") + b"\x01" * 32

    assert chain.link(bytes(32), 7, b"\x01" * 32) == hashlib.sha256(told).digest()


def standing(purpose: str, **changes: object) -> Standing:
    values: dict[str, object] = {"account": f"{purpose}/x", "purpose": purpose, "balance_fen": 5}
    return Standing(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stands", "because"),
    [
        (standing("order_escrow", escrow_state="held"), Because.ORDER_RUNS),
        (standing("order_escrow", escrow_state="disputed"), Because.ORDER_RUNS),
        (standing("rounding_residual", escrow_state="held"), Because.ORDER_RUNS),
        (
            standing(
                "order_escrow", escrow_state="released", escrow_closed_on=dt.date(2026, 12, 1)
            ),
            Because.CLOSED_LATER,
        ),
        (
            standing(
                "order_escrow", escrow_state="released", escrow_closed_on=dt.date(2026, 11, 30)
            ),
            None,
        ),
        (standing("order_escrow"), None),
        (standing("channel_clearing"), None),
        (standing("channel_clearing", escrow_state="held"), None),
        (standing("channel_clearing", explanation="与渠道对账单一致"), Because.PERSON),
    ],
)
def test_what_stands_open_is_explained_by_its_order_or_by_a_person(
    stands: Standing, because: Because | None
) -> None:
    assert checklist.why(stands, dt.date(2026, 11, 30)) is because


def test_a_month_with_an_account_that_nobody_explained_is_not_sealed() -> None:
    checklist.check([], NOVEMBER.last_day)

    with pytest.raises(PeriodNotExplained) as refused:
        checklist.check([standing("suspense"), standing("order_escrow")], NOVEMBER.last_day)

    assert refused.value.facts == {"accounts": 2, "account": "suspense/x"}


@pytest.mark.parametrize(
    ("stands", "step"),
    [
        (closing(), Step.WAITING_FOR_WRITERS),
        (closing(barrier=9), Step.NUMBERING),
        (closing(barrier=9, entries=2), Step.CHAINING),
        (closing(barrier=9, entries=2, chained=2), Step.EXPLAINING),
        (closing(barrier=9, entries=0), Step.EXPLAINING),
        (closing(barrier=9, entries=0, sealed_at=BEGUN, record=b"{}"), Step.SEALED),
    ],
)
def test_a_closing_knows_its_next_step_from_what_was_done(stands: Closing, step: Step) -> None:
    assert stands.step is step


def test_the_record_of_a_month_is_canonical_and_tells_its_balances() -> None:
    stands = closing(barrier=9, entries=1, chained=1, head=b"\x02" * 32)
    lines = [line("channel_clearing", debits=7), line("order_escrow", credits_=7)]

    record = sealing.record(stands, lines, (), (), sealed_at=BEGUN)

    told = sealing.read_record(record)
    assert (told.book, told.month, told.entries) == ("market", "2026-11", 1)
    assert told.chain_head == "02" * 32
    assert [each.closing_fen for each in told.lines] == [-7, 7]
    assert json.loads(record)["sealed_at"] == "2026-12-01T01:00:00.000000Z"


@pytest.mark.parametrize(
    "lines",
    [
        [line("order_escrow", credits_=7)],
        [line("order_escrow", opening=7), line("payable", opening=-6)],
        [
            PeriodLine(
                number="1", purpose="payable", title_zh="", title_en="", accounts=1,
                opening_fen=0, debits_fen=0, credits_fen=0, closing_fen=0,
            ),
            PeriodLine(
                number="2", purpose="order_escrow", title_zh="", title_en="", accounts=1,
                opening_fen=4, debits_fen=0, credits_fen=0, closing_fen=0,
            ),
        ],
    ],
)  # fmt: skip
def test_a_month_that_does_not_balance_has_no_record(lines: list[PeriodLine]) -> None:
    with pytest.raises(PeriodUnbalanced):
        sealing.record(closing(entries=1), lines, (), (), sealed_at=BEGUN)


def test_a_number_is_cited_with_its_month() -> None:
    assert queries.voucher("2026-11", 42) == "2026-11/000042"


def test_a_closed_month_goes_nowhere() -> None:
    with pytest.raises(states.PeriodEventNotAllowed):
        states.advance(states.State.CLOSED, states.Event.BEGIN)
