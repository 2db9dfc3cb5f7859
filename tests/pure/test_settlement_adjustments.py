"""What may be corrected by hand, with which words, and the life of an adjustment."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.adjustments import adjusting
from settlement.adjustments.adjusting import (
    AccountNotAdjustable,
    AdjustmentDateInvalid,
    AdjustmentOfOneAccount,
    AdjustmentReasonMissing,
)
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.states import (
    TRANSITIONS,
    Event,
    EventNotAllowed,
    State,
    advance,
)
from settlement.ledger.accounts import AccountUnknown, Purpose
from settlement.ledger.kinds import RULES, Kind
from settlement.money import CEILING, AmountNotPositive, AmountTooLarge

TODAY = dt.date(2026, 3, 31)
NOON = dt.datetime(2026, 3, 31, 4, 0, tzinfo=dt.UTC)


def wanted(**other: Any) -> Proposed:
    return Proposed(
        **{
            "source": "platform_loss/platform",
            "target": "payable/a",
            "amount_fen": 1,
            "value_on": TODAY,
            "reason": "多收手续费",
            "evidence": "银行回单 31",
            **other,
        }
    )


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = TRANSITIONS.get((state, event))

    if following is not None:
        assert advance(state, event) is following
        return
    with pytest.raises(EventNotAllowed) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}


@pytest.mark.parametrize("purpose", list(Purpose))
def test_only_accounts_that_no_other_room_keeps_are_corrected_by_hand(purpose: Purpose) -> None:
    for side in ("source", "target"):
        proposed = wanted(**{side: f"{purpose}/b"})
        if purpose in adjusting.ADJUSTABLE:
            adjusting.accounts_of(proposed)
        else:
            with pytest.raises(AccountNotAdjustable):
                adjusting.accounts_of(proposed)


def test_what_is_adjustable_is_an_entry_that_the_journal_knows_and_moves_no_order() -> None:
    flows = RULES[Kind.ADJUSTMENT].flows
    pairs = itertools.product(adjusting.ADJUSTABLE, repeat=2)

    moved = {flows[pair] for pair in pairs}

    assert {(of.paid, of.released, of.refunded, of.charged_back) for of in moved} == {(0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("other", "refusal"),
    [
        ({"reason": " "}, AdjustmentReasonMissing),
        ({"evidence": ""}, AdjustmentReasonMissing),
        ({"reason": "长" * 1_001}, AdjustmentReasonMissing),
        ({"amount_fen": 0}, AmountNotPositive),
        ({"amount_fen": -1}, AmountNotPositive),
        ({"amount_fen": CEILING + 1}, AmountTooLarge),
        ({"value_on": dt.date(2026, 4, 1)}, AdjustmentDateInvalid),
        ({"value_on": dt.date(2022, 12, 31)}, AdjustmentDateInvalid),
        ({"adjusts": dt.date(2026, 3, 1)}, AdjustmentDateInvalid),
        ({"adjusts": dt.date(2026, 2, 2)}, AdjustmentDateInvalid),
        ({"adjusts": dt.date(2022, 12, 1)}, AdjustmentDateInvalid),
    ],
)
def test_bad_input_is_refused_by_name(other: dict[str, Any], refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        adjusting.check(wanted(**other), today=TODAY)


def test_what_is_proposed_rightly_passes_on_its_last_day_too() -> None:
    adjusting.check(wanted(), today=TODAY)
    adjusting.check(wanted(adjusts=dt.date(2026, 2, 1), amount_fen=CEILING), today=TODAY)


def test_an_account_is_not_corrected_with_itself_and_has_to_be_of_the_chart() -> None:
    with pytest.raises(AdjustmentOfOneAccount):
        adjusting.accounts_of(wanted(target="platform_loss/platform"))
    with pytest.raises(AccountUnknown):
        adjusting.accounts_of(wanted(target="purse/b"))


def test_an_adjustment_is_cited_by_year_and_number() -> None:
    proposed = Adjustment(
        id=new_id(),
        number=7,
        state=State.PROPOSED,
        wanted=wanted(),
        proposed_at=NOON,
        proposed_by=None,
        proposed_by_name="甲",
    )

    assert proposed.reference == "TZ-2026-000007"
