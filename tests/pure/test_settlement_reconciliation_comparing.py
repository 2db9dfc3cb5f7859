"""What a pair that does not agree is called, and by how much it explains the difference."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.reconciliation.comparing import Fact, Pair, Stated, expected_fee, judge, sign_of
from settlement.reconciliation.differences import (
    DESKS,
    Kind,
    NotThisWay,
    Way,
    check_way,
    fee_of,
)
from settlement.reconciliation.model import Found, Gate
from settlement.reconciliation.statement_file import Move, Outcome
from settlement.reconciliation.states import (
    TRANSITIONS,
    Event,
    EventNotAllowed,
    State,
    advance,
)

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
LATE = dt.datetime(2026, 3, 2, 15, 30, tzinfo=dt.UTC)  # half an hour before midnight in Shanghai
STATED = Stated(
    line_id=7,
    reference="P1",
    transaction_id="T1",
    outcome=Outcome.SUCCEEDED,
    amount_fen=1_000,
    fee_fen=0,
)
FACT = Fact(reference="P1", transaction_id="T1", amount_fen=1_000, booked_fen=1_000, at=NOON)
TWIN = msgspec.structs.replace(FACT, transaction_id="T0")
FAILED = msgspec.structs.replace(STATED, outcome=Outcome.FAILED)


def pair(stated: Stated | None, fact: Fact | None, **other: object) -> Pair:
    made = Pair(move=Move.PAY_IN, stated=stated, fact=fact)
    return msgspec.structs.replace(made, **other)


def said(found: tuple[Found, ...]) -> list[tuple[Kind, int]]:
    return [(each.kind, each.difference_fen) for each in found]


@pytest.mark.parametrize(
    ("given_pair", "expected"),
    [
        (pair(STATED, FACT), []),
        (pair(STATED, None), [(Kind.LONG, -1_000)]),
        (pair(STATED, None, twin=TWIN), [(Kind.DUPLICATE, -1_000)]),
        (pair(None, FACT), [(Kind.SHORT, 1_000)]),
        (pair(None, msgspec.structs.replace(FACT, at=LATE)), [(Kind.DATE_CUT, 1_000)]),
        (pair(FAILED, FACT), [(Kind.STATUS, 1_000)]),
        (pair(FAILED, None), []),
        (pair(msgspec.structs.replace(STATED, amount_fen=990), FACT), [(Kind.AMOUNT, 10)]),
        (pair(msgspec.structs.replace(STATED, amount_fen=1_010), FACT), [(Kind.AMOUNT, -10)]),
        # The payment says one thing, the journal another: the third side of three.
        (pair(STATED, msgspec.structs.replace(FACT, booked_fen=999)), [(Kind.AMOUNT, -1)]),
        (pair(msgspec.structs.replace(STATED, fee_fen=6), FACT), [(Kind.FEE, 6)]),
        (
            pair(msgspec.structs.replace(STATED, amount_fen=990, fee_fen=6), FACT),
            [(Kind.AMOUNT, 10), (Kind.FEE, 6)],
        ),
        (
            pair(msgspec.structs.replace(STATED, fee_fen=6), None),
            [(Kind.LONG, -1_000), (Kind.FEE, 6)],
        ),
        # Money that goes out has the other sign; a fee has not.
        (pair(STATED, None, move=Move.REFUND), [(Kind.LONG, 1_000)]),
        (pair(None, FACT, move=Move.PAYOUT), [(Kind.SHORT, -1_000)]),
        (pair(msgspec.structs.replace(STATED, fee_fen=6), FACT, move=Move.PAYOUT), [(Kind.FEE, 6)]),
    ],
)
def test_a_pair_is_judged(given_pair: Pair, expected: list[tuple[Kind, int]]) -> None:
    assert said(judge(given_pair, fee_bps=0)) == expected


def test_an_agreed_fee_is_no_difference_and_less_of_it_is() -> None:
    stated = msgspec.structs.replace(STATED, fee_fen=6)

    assert judge(pair(stated, FACT), fee_bps=60) == ()
    assert said(judge(pair(STATED, FACT), fee_bps=60)) == [(Kind.FEE, -6)]
    assert expected_fee(Move.REFUND, 1_000, 60) == 0


def test_a_break_says_what_both_sides_have() -> None:
    (found,) = judge(pair(msgspec.structs.replace(STATED, amount_fen=990), FACT), fee_bps=0)

    assert (found.ours_fen, found.theirs_fen, found.line_id) == (1_000, 990, 7)
    assert (found.reference, found.transaction_id) == ("P1", "T1")
    (twice,) = judge(pair(STATED, None, twin=TWIN), fee_bps=0)
    assert (twice.ours_fen, twice.theirs_fen) == (1_000, 1_000)


@given(
    move=st.sampled_from(Move),
    theirs=st.integers(1, 10**6),
    fee=st.integers(0, 10**4),
    ours=st.none() | st.integers(1, 10**6),
    fee_bps=st.integers(0, 200),
    outcome=st.sampled_from(Outcome),
)
def test_the_differences_are_the_whole_difference(
    *, move: Move, theirs: int, fee: int, ours: int | None, fee_bps: int, outcome: Outcome
) -> None:
    stated = msgspec.structs.replace(STATED, amount_fen=theirs, fee_fen=fee, outcome=outcome)
    fact = None if ours is None else msgspec.structs.replace(FACT, amount_fen=ours, booked_fen=ours)

    found = judge(pair(stated, fact, move=move), fee_bps=fee_bps)

    is_stated = outcome is Outcome.SUCCEEDED
    agreed = expected_fee(move, theirs, fee_bps) if is_stated else 0
    we_have = sign_of(move) * (ours or 0) - agreed
    they_say = sign_of(move) * theirs - fee if is_stated else 0
    assert sum(each.difference_fen for each in found) == we_have - they_say
    assert all(each.difference_fen for each in found)


def test_fees_round_half_a_fen_up() -> None:
    assert [fee_of(amount, 60) for amount in (0, 83, 84, 1_000, 10**15)] == [
        0,
        0,
        1,
        6,
        6 * 10**12,
    ]


def test_too_much_is_given_back_and_too_little_written_off() -> None:
    check_way(Way.REFUNDED, -1)
    check_way(Way.WRITTEN_OFF, 1)

    for way, difference in ((Way.REFUNDED, 1), (Way.WRITTEN_OFF, -1)):
        with pytest.raises(NotThisWay):
            check_way(way, difference)


def test_every_kind_has_a_desk() -> None:
    assert set(DESKS) == set(Kind)


def test_a_gate_says_what_nobody_can_explain() -> None:
    gate = Gate(
        channel="sandbox",
        stated_until=None,
        clearing_fen=1_000,
        stated_fen=700,
        differences_fen=100,
        not_stated_fen=150,
        open_breaks=1,
    )

    assert gate.unexplained_fen == 50


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_break_moves_as_its_table_says(state: State, event: Event) -> None:
    following = TRANSITIONS.get((state, event))

    if following is not None:
        assert advance(state, event) is following
        return
    with pytest.raises(EventNotAllowed):
        advance(state, event)


def test_nothing_that_was_booked_is_settled_without_a_proposal() -> None:
    leading = {(at, event) for (at, event), to in TRANSITIONS.items() if to is State.RESOLVED}

    assert leading == {
        (State.OPEN, Event.MATCH),
        (State.OPEN, Event.CHARGE),
        (State.BOOKED, Event.MATCH),
        (State.PROPOSED, Event.APPROVE),
    }
