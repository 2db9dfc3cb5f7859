"""What a channel tells of a charge-back is of ours and new, old news, or a break."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from settlement.chargebacks.judging import IGNORE, Facts, Judgement, from_escrow, judge
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.states import Event, State
from settlement.escrow import states as escrows
from settlement.money import Fen
from settlement.payments.callback import Break
from settlement.payments.channel import ChannelEvent, EventKind

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
ID = uuid.UUID("018f0000-0000-7000-8000-000000000001")


def case(state: State = State.OPENED) -> Chargeback:
    return Chargeback(
        id=ID,
        channel="sandbox",
        case_number="C1",
        payment_id=ID,
        order_id=ID,
        amount_fen=Fen(100),
        was_shared=False,
        state=state,
        opened_at=NOON,
        contest_until=NOON + dt.timedelta(days=7),
    )


def facts(**other: Any) -> Facts:
    known = Facts(is_paid=True, takeable_fen=100, case=None, has_other_standing=False)
    return msgspec.structs.replace(known, **other)


def told(kind: EventKind = EventKind.CHARGED_BACK, **other: Any) -> ChannelEvent:
    event = ChannelEvent(
        event_id="E1",
        kind=kind,
        reference="P1",
        amount_fen=100,
        currency="CNY",
        channel_transaction_id="C1",
        happened_at=NOON,
    )
    return msgspec.structs.replace(event, **other)


def test_a_payment_that_stands_is_charged_back_up_to_what_can_be_taken() -> None:
    assert judge(facts(), told()) == Judgement(opens=True)
    assert judge(facts(takeable_fen=99), told()) == Judgement(found=Break.AMOUNT_DIFFERS)


@pytest.mark.parametrize(
    ("known", "event", "found"),
    [
        (None, told(), Break.REFERENCE_UNKNOWN),
        (facts(), told(currency="USD"), Break.CURRENCY_DIFFERS),
        (facts(is_paid=False), told(), Break.NOT_PAID),
        (facts(has_other_standing=True), told(), Break.CHARGED_BACK_TWICE),
        (facts(case=case()), told(amount_fen=99), Break.AMOUNT_DIFFERS),
        (facts(), told(EventKind.CHARGEBACK_WON), Break.CASE_UNKNOWN),
        (facts(case=case(State.LOST)), told(EventKind.CHARGEBACK_WON), Break.CASE_OVER),
        (facts(case=case(State.WON)), told(EventKind.CHARGEBACK_LOST), Break.CASE_OVER),
    ],
)
def test_what_does_not_fit_is_a_break(
    known: Facts | None, event: ChannelEvent, found: Break
) -> None:
    assert judge(known, event) == Judgement(found=found)


@pytest.mark.parametrize("state", [State.OPENED, State.CONTESTED])
@pytest.mark.parametrize(
    ("kind", "event"),
    [(EventKind.CHARGEBACK_WON, Event.WIN), (EventKind.CHARGEBACK_LOST, Event.LOSE)],
)
def test_a_case_that_stands_is_ended_as_the_channel_says(
    state: State, kind: EventKind, event: Event
) -> None:
    assert judge(facts(case=case(state)), told(kind)) == Judgement(event)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (State.OPENED, EventKind.CHARGED_BACK),
        (State.WON, EventKind.CHARGED_BACK),
        (State.WON, EventKind.CHARGEBACK_WON),
        (State.LOST, EventKind.CHARGEBACK_LOST),
    ],
)
def test_what_is_known_is_old_news(state: State, kind: EventKind) -> None:
    assert judge(facts(case=case(state)), told(kind)) is IGNORE


@pytest.mark.parametrize(("left", "taken"), [(0, 0), (40, 40), (100, 100), (300, 100)])
def test_the_escrow_gives_before_those_who_share(left: int, taken: int) -> None:
    assert from_escrow(100, left) == taken


def test_an_escrow_from_which_something_is_left_goes_on() -> None:
    assert escrows.ending(left_fen=1) is escrows.Event.CHARGEBACK_OVER
    assert escrows.ending(left_fen=0) is escrows.Event.CHARGEBACK_LOST
    assert escrows.ending(left_fen=0, captured_fen=1) is escrows.Event.CHARGEBACK_LOST_REST
    assert escrows.ending(left_fen=2, aside_fen=1) is escrows.Event.CHARGEBACK_ONE_OVER
