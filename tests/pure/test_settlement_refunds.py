"""The life of a refund, every state and every event; what the channel is asked."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import pytest

from settlement.refunds import bank_file, bank_lines
from settlement.refunds.bank_file import RefundOutcomesMalformed
from settlement.refunds.model import Refund
from settlement.refunds.states import (
    TRANSITIONS,
    Event,
    EventNotAllowed,
    State,
    advance,
    allows,
)

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = TRANSITIONS.get((state, event))

    assert allows(state, event) is (following is not None)
    if following is not None:
        assert advance(state, event) is following
        return
    with pytest.raises(EventNotAllowed) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}


def test_what_was_settled_stays_and_what_failed_is_sent_again() -> None:
    assert {at for at, _ in TRANSITIONS} == set(State) - {State.SETTLED}
    assert advance(State.FAILED, Event.SEND) is State.SENT
    assert not allows(State.UNKNOWN, Event.SEND)  # it may have been done


def refund_of(amount_fen: int) -> Refund:
    return Refund(
        id=uuid.UUID(int=1),
        reference="R1",
        owed_by=uuid.UUID(int=2),
        channel="sandbox",
        paid_transaction_id="T1",
        order_id=uuid.UUID(int=3),
        payer_party_id=uuid.UUID(int=4),
        book="market",
        amount_fen=amount_fen,
        state=State.PREPARED,
        created_at=NOON,
        send_at=NOON,
    )


def test_the_channel_is_asked_under_one_reference() -> None:
    asked = refund_of(100).request(NOON)

    assert (asked.reference, asked.paid_transaction_id, asked.amount_fen) == ("R1", "T1", 100)
    assert asked.asked_at == NOON


def test_the_bank_is_told_which_transfer_goes_back_and_answers_line_by_line() -> None:
    batch = uuid.UUID(int=9)
    said = bank_lines.write(
        bank_file.OUTCOME_HEAD, batch, [("R1", "paid", 100, "B1", "")], total=100
    )

    told = bank_file.write_orders(batch, [refund_of(100)]).decode().splitlines()
    (answer,) = bank_file.read_outcomes(said, batch)

    assert told[:2] == [f"{bank_file.ORDER_HEAD},{batch}", "R1,T1,100"]
    assert told[2].startswith("#end,1,100,")
    assert (answer.reference, answer.outcome, answer.amount_fen) == ("R1", "paid", 100)


def test_an_answer_that_was_cut_or_is_of_another_batch_is_refused_whole() -> None:
    batch = uuid.UUID(int=9)
    said = bank_lines.write(
        bank_file.OUTCOME_HEAD, batch, [("R1", "paid", 100, "B1", "")], total=100
    )

    for wrong, of in ((said, uuid.UUID(int=8)), (said[:-9], batch)):
        with pytest.raises(RefundOutcomesMalformed) as refused:
            bank_file.read_outcomes(wrong, of)
        assert refused.value.code == "refund_outcomes_malformed"
