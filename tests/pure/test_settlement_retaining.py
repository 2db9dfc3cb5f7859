"""What is kept of a sale, to the fen, and the life of what is kept."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.journal import Leg
from settlement.money import Bps, Fen
from settlement.retentions.model import Retention
from settlement.retentions.states import Event, EventNotAllowed, State, advance, drawing
from settlement.revenue import retaining
from settlement.revenue.agreement import freeze
from settlement.revenue.retaining import Retained, RetentionAboveMaximum, RetentionIncomplete
from settlement.revenue.split import Method, Role, Share
from tests.filled import filled

SELLER, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PAYABLE = Account(Purpose.PAYABLE, str(SELLER))
KEPT = Account(Purpose.RETENTION, str(SELLER))
FEE = Account(Purpose.PLATFORM_FEE, str(OTHER))
NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
MOVES = {
    ("kept", "draw_part"): "kept",
    ("kept", "draw_rest"): "used_up",
    ("kept", "restore"): "kept",
    ("used_up", "restore"): "kept",
    ("kept", "release"): "released",
}


def share(role: Role, share_bps: int, party_id: uuid.UUID) -> Share:
    return Share(
        party_id=party_id, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(share_bps)
    )


def retained(share_bps: int = 300) -> Retained:
    return Retained(party_id=SELLER, share_bps=share_bps, days=30)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_each_event_leads_where_the_table_says_or_is_refused(state: State, event: Event) -> None:
    to = MOVES.get((state.value, event.value))
    if to is None:
        with pytest.raises(EventNotAllowed):
            advance(state, event)
    else:
        assert advance(state, event) is State(to)


def test_what_takes_all_that_is_left_uses_it_up() -> None:
    assert drawing(left_fen=5, amount_fen=5) is Event.DRAW_REST
    assert drawing(left_fen=5, amount_fen=4) is Event.DRAW_PART


@pytest.mark.parametrize(
    ("share_bps", "days", "refused"),
    [
        (None, None, None),
        (300, 30, None),
        (301, 30, RetentionAboveMaximum),
        (300, None, RetentionIncomplete),
        (None, 30, RetentionIncomplete),
    ],
)
def test_a_share_has_days_and_stays_below_the_maximum(
    share_bps: int | None, days: int | None, refused: type[Exception] | None
) -> None:
    if refused is None:
        retaining.check(share_bps, days, most_bps=300)
    else:
        with pytest.raises(refused):
            retaining.check(share_bps, days, most_bps=300)


@pytest.mark.parametrize(
    ("legs", "share_bps", "amount", "kept"),
    [
        (
            [(PAYABLE, 9_000), (FEE, 1_000)],
            300,
            10_000,
            [(PAYABLE, 8_700), (KEPT, 300), (FEE, 1_000)],
        ),
        ([(PAYABLE, 9_000), (FEE, 999)], 300, 9_999, [(PAYABLE, 8_701), (KEPT, 299), (FEE, 999)]),
        ([(PAYABLE, 100), (FEE, 9_900)], 300, 10_000, [(KEPT, 100), (FEE, 9_900)]),
        ([(PAYABLE, 30), (FEE, 3)], 300, 33, [(PAYABLE, 30), (FEE, 3)]),  # less than a fen
        ([(FEE, 10_000)], 300, 10_000, [(FEE, 10_000)]),
        ([(PAYABLE, 100)], 10_000, 100, [(KEPT, 100)]),
    ],
)
def test_the_share_of_all_is_cut_to_a_fen_and_comes_off_the_seller(
    legs: list[tuple[Account, int]],
    share_bps: int,
    amount: int,
    kept: list[tuple[Account, int]],
) -> None:
    found = retaining.keep([Leg(*each) for each in legs], retained(share_bps), amount)

    assert found == tuple(Leg(*each) for each in kept)


@given(st.integers(1, 10**9), st.integers(1, 10_000), st.integers(1, 9_999))
def test_keeping_moves_nothing_but_from_the_seller_to_its_own_account(
    amount: int, share_bps: int, seller_bps: int
) -> None:
    split = freeze(
        version="v",
        frozen_at=NOON,
        shares=(
            share(Role.RIGHT_HOLDER, seller_bps, SELLER),
            share(Role.PLATFORM, 10_000 - seller_bps, OTHER),
        ),
        retained=retained(share_bps),
    )

    legs = split.credits(Fen(amount))

    assert sum(leg.amount_fen for leg in legs) == amount
    assert set(retaining.merged(legs)) == set(split.divided(Fen(amount)))
    assert all(leg.amount_fen > 0 for leg in legs)


def test_a_split_that_keeps_something_has_another_digest_and_one_that_does_not_has_its_old_one() -> (
    None
):
    shares = (share(Role.RIGHT_HOLDER, 10_000, SELLER),)
    plain = freeze(version="v", frozen_at=NOON, shares=shares)
    keeping = freeze(version="v", frozen_at=NOON, shares=shares, retained=retained())

    assert plain.digest() != keeping.digest()
    assert retained().source == PAYABLE
    assert retained().account == KEPT


def test_it_is_kept_by_one_party_and_goes_back_to_it() -> None:
    money = msgspec.structs.replace(filled(Retention), amount_fen=Fen(300), drawn_fen=120)

    assert money.left_fen == 180
    assert money.account == Account(Purpose.RETENTION, str(money.party_id))
    assert money.destination == Account(Purpose.PAYABLE, str(money.party_id))
