"""What a window charges, what an account has left, and every state with every event."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import new_id
from catalog.kernel.periods import Period, Unit
from catalog.kernel.workdays import Calendar
from settlement.charging import arrears, balance, windows
from settlement.charging.balance import Level
from settlement.charging.model import AccountStanding, Charge, Charged, Tally, UsageAccount
from settlement.charging.states import (
    LIVE,
    TRANSITIONS,
    UNPAID,
    Event,
    State,
    UsageEventNotAllowed,
    advance,
    allows,
)

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
ALLOWED = {
    ("running", "run_low"): "low",
    ("running", "run_out"): "arrears",
    ("running", "owe"): "owing",
    ("running", "settle"): "settled",
    ("low", "recover"): "running",
    ("low", "run_out"): "arrears",
    ("low", "owe"): "owing",
    ("low", "settle"): "settled",
    ("arrears", "recover"): "running",
    ("arrears", "run_low"): "low",
    ("arrears", "suspend"): "suspended",
    ("arrears", "owe"): "owing",
    ("arrears", "settle"): "settled",
    ("suspended", "recover"): "running",
    ("suspended", "run_low"): "low",
    ("suspended", "owe"): "owing",
    ("suspended", "settle"): "settled",
    ("owing", "settle"): "settled",
    ("settled", "owe"): "owing",
}


def tally(to_seq: int, calls: int, size: int = 0) -> Tally:
    return Tally(to_seq=to_seq, calls=calls, bytes=size, record_sha256="ab" * 32)


def test_a_charge_costs_what_all_uses_cost_less_what_those_before_did() -> None:
    charge = Charge(
        id=new_id(),
        order_id=new_id(),
        after_seq=3,
        to_seq=7,
        calls_before=2,
        calls=5,
        bytes_before=20,
        bytes=50,
        quantity=5,
        before_fen=200,
        cumulative_fen=450,
        price_item="call",
        price_sha256="cd" * 32,
        record_sha256="ab" * 32,
        charged_at=NOON,
    )

    assert charge.amount_fen == 250
    assert charge.so_far() == Charged(7, 5, 50, 450)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    assert allows(state, event) is (following is not None)
    if following is None:
        with pytest.raises(UsageEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) == following


def test_every_state_is_reached_and_what_is_settled_may_be_owed_again() -> None:
    assert {State.RUNNING, *TRANSITIONS.values()} == set(State)
    assert {event for state, event in TRANSITIONS if state is State.SETTLED} == {Event.OWE}
    assert set(State) - LIVE == {State.OWING, State.SETTLED}
    assert {State.ARREARS, State.SUSPENDED, State.OWING} == UNPAID


@pytest.mark.parametrize(
    ("left", "credit", "found"),
    [
        (201, 0, Level.ENOUGH),
        (200, 0, Level.LOW),
        (1, 0, Level.LOW),
        (0, 0, Level.NOTHING),
        (-1, 0, Level.NOTHING),
        (0, 500, Level.ENOUGH),  # a credit limit lets it go on
        (-300, 500, Level.LOW),
        (-499, 500, Level.LOW),
        (-500, 500, Level.NOTHING),
    ],
)
def test_what_is_left_counts_down_to_the_floor_that_was_agreed(
    left: int, credit: int, found: Level
) -> None:
    assert balance.level(left, credit_limit_fen=credit, low_fen=balance.low_mark(1_000)) is found


@pytest.mark.parametrize(("percent", "mark"), [(1, 9), (20, 199), (50, 499), (100, 999)])
def test_the_low_mark_is_a_part_of_what_was_prepaid_and_never_rounded_up(
    percent: int, mark: int
) -> None:
    assert balance.low_mark(999, percent=percent) == mark


@pytest.mark.parametrize(("state", "found"), list(itertools.product(State, Level)))
def test_a_level_moves_an_account_to_where_it_belongs_and_a_second_time_nowhere(
    state: State, found: Level
) -> None:
    event = balance.event_of(state, found)

    if event is None:
        belongs = {
            Level.ENOUGH: {State.RUNNING},
            Level.LOW: {State.LOW},
            Level.NOTHING: {State.ARREARS, State.SUSPENDED},
        }[found]
        assert state in belongs or state not in LIVE
    else:
        assert balance.event_of(advance(state, event), found) is None


@pytest.mark.parametrize(
    ("charged", "captured", "left", "due"),
    [(100, 0, 500, 100), (100, 40, 50, 50), (100, 40, 0, 0), (100, 100, 9, 0), (0, 0, 9, 0)],
)
def test_no_more_is_collected_than_is_owed_and_there(
    charged: int, captured: int, left: int, due: int
) -> None:
    found = balance.collectable(charged_fen=charged, collected_fen=captured, left_fen=left)

    assert found == due


@pytest.mark.parametrize(
    ("minutes", "uses", "due"),
    [(59, 1, False), (60, 1, True), (0, 9_999, False), (0, 10_000, True)],
)
def test_a_window_closes_when_it_is_old_or_full(minutes: int, uses: int, due: bool) -> None:
    now = NOON + dt.timedelta(minutes=minutes)

    assert windows.is_due(first_at=NOON, uses=uses, now=now) is due


@pytest.mark.parametrize("after", [tally(3, 3), tally(2, 3), tally(4, 1), tally(4, 3, 9)])
def test_a_window_goes_on_from_the_last_and_counts_no_less(after: Tally) -> None:
    before = Charged(3, 2, 10, 500)

    with pytest.raises(windows.WindowOutOfTurn) as refused:
        windows.check_turn(before, after)

    assert refused.value.facts == {"charged_to_seq": 3, "to_seq": after.to_seq}
    windows.check_turn(before, tally(4, 2, 10))


def test_a_price_that_falls_is_not_charged() -> None:
    with pytest.raises(windows.ChargeFalls):
        windows.amount(Charged(3, 3, 0, 500), 499)

    assert windows.amount(Charged(3, 3, 0, 500), 500) == 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_windows_together_charge_what_all_of_it_costs(steps: list[int]) -> None:
    sums = list(itertools.accumulate(steps))
    charged, before = 0, Charged()
    for seq, cumulative in enumerate(sums, 1):
        charged += windows.amount(before, cumulative)
        before = Charged(seq, seq, 0, cumulative)

    assert charged == sums[-1]


def test_arrears_are_paid_within_working_days_and_what_is_configured_counts() -> None:
    calendar = Calendar()
    friday = dt.date(2026, 3, 6)

    assert arrears.due(friday, calendar).last_day == dt.date(2026, 3, 13)
    in_days = arrears.due(friday, calendar, within=Period(3, Unit.DAYS, "[P]"))
    assert in_days.last_day == dt.date(2026, 3, 9)


def test_a_standing_tells_what_is_left_and_what_is_owed() -> None:
    account = UsageAccount(
        order_id=new_id(),
        payer_party_id=new_id(),
        payee_party_id=new_id(),
        state=State.ARREARS,
        credit_limit_fen=0,
        low_fen=200,
        opened_at=NOON,
    )
    standing = AccountStanding(
        account=account,
        paid_fen=1_000,
        refunded_fen=100,
        charged_fen=1_250,
        collected_fen=900,
        charged_to_seq=7,
    )

    assert (standing.balance_fen, standing.owed_fen) == (-350, 350)
