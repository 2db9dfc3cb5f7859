"""What a sanction may be, how long it runs, and what a record means on a day (QD-S2, GZF-29)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from market.credit import sanctions
from market.credit.model import Act, CreditRecord, CreditRecordId, Reward, Sanction, Standing
from market.credit.states import State

NOW = dt.datetime(2028, 2, 29, 1, tzinfo=dt.UTC)
TODAY = dt.date(2028, 2, 29)
FINDER = AccountId(uuid.UUID(int=9))
BAN = Sanction(is_banned=True)


def make(**changes: Any) -> CreditRecord:
    made = CreditRecord(
        id=CreditRecordId(uuid.UUID(int=1)),
        party_id=PartyId(uuid.UUID(int=2)),
        party_name="某数据有限公司",
        state=State.FOUND,
        act=Act.MISUSE_OF_DATA,
        facts="转卖",
        basis="琼数罚〔2028〕1号",
        found_by=FINDER,
        found_at=NOW,
        objection_ends_at=NOW + dt.timedelta(days=14),
    )
    return msgspec.structs.replace(made, **changes)


def punished(sanction: Sanction, until: dt.date = TODAY, **changes: Any) -> CreditRecord:
    return make(
        state=State.PUNISHED, sanction=sanction, effective_until=until, punished_at=NOW, **changes
    )


def refused(act: Any, *args: Any) -> str:
    with pytest.raises(DomainError) as caught:
        act(*args)
    return caught.value.code


def test_a_ban_is_for_three_years_and_what_is_less_for_one() -> None:
    calendar = Calendar({})

    ban = deadline(sanctions.term(BAN), TODAY, calendar).last_day
    less = deadline(sanctions.term(Sanction(is_ranked_lower=True)), TODAY, calendar).last_day

    assert sanctions.term(BAN).source == "GZF-29"
    assert ban == dt.date(2031, 2, 28)
    assert less == dt.date(2029, 2, 28)


def test_a_sanction_does_something_and_reasons_are_said() -> None:
    sanctions.check_sanction(Sanction(order_limit_fen=0))
    sanctions.check_reason("已整改")

    assert refused(sanctions.check_sanction, Sanction()) == "credit_sanction_empty"
    assert refused(sanctions.check_reason, " ") == "credit_reason_missing"


def test_a_party_is_heard_before_it_is_punished() -> None:
    record = make()
    end = record.objection_ends_at

    sanctions.check_in_time(record, end - dt.timedelta(seconds=1))
    assert refused(sanctions.check_in_time, record, end) == "credit_objection_over"
    sanctions.check_heard(record, end)
    sanctions.check_heard(make(state=State.CONFIRMED), NOW)
    early = end - dt.timedelta(seconds=1)
    assert refused(sanctions.check_heard, record, early) == "credit_objection_days_running"


def test_who_found_the_act_does_not_decide() -> None:
    sanctions.check_decider(make(), AccountId(uuid.UUID(int=8)))

    assert refused(sanctions.check_decider, make(), FINDER) == "credit_finder_decides"


@pytest.mark.parametrize("state", State)
def test_only_what_is_punished_counts(state: State) -> None:
    record = msgspec.structs.replace(punished(BAN), state=state)

    assert sanctions.is_in_force(record, TODAY) == (state is State.PUNISHED)


def test_a_ban_counts_on_its_last_day_and_not_after() -> None:
    record = punished(BAN)
    after = TODAY + dt.timedelta(days=1)

    assert sanctions.standing([record], [], TODAY) == Standing(is_banned=True, banned_until=TODAY)
    assert sanctions.standing([record], [], after) == Standing()


def test_of_several_sanctions_the_strictest_counts() -> None:
    later = TODAY + dt.timedelta(days=9)
    records = [
        punished(BAN),
        punished(Sanction(is_banned=True, order_limit_fen=500), later),
        punished(Sanction(order_limit_fen=100, is_ranked_lower=True)),
    ]
    reward = Reward(
        id=uuid.UUID(int=3),
        party_id=PartyId(uuid.UUID(int=2)),
        party_name="某数据有限公司",
        text="守信",
        rewarded_by=None,
        rewarded_at=NOW,
        valid_until=TODAY,
    )

    assert sanctions.standing(records, [reward], TODAY) == Standing(
        is_banned=True,
        banned_until=later,
        order_limit_fen=100,
        is_ranked_lower=True,
        is_rewarded=True,
    )
    assert not sanctions.standing([], [reward], later).is_rewarded


def test_an_order_keeps_to_what_the_record_allows() -> None:
    sanctions.check_order(Standing(), 10**12)
    sanctions.check_order(Standing(order_limit_fen=100), 100)

    over = refused(sanctions.check_order, Standing(order_limit_fen=100), 101)
    banned = refused(sanctions.check_order, Standing(is_banned=True, banned_until=TODAY), 0)
    assert (over, banned) == ("credit_order_limit_exceeded", "credit_party_banned")


def test_what_is_ranked_lower_stands_behind_the_rest_and_all_else_as_it_was() -> None:
    assert sanctions.last([5, 2, 4, 1, 3], lambda each: each % 2 == 0) == [5, 1, 3, 2, 4]
    assert sanctions.last([], lambda _: True) == []
