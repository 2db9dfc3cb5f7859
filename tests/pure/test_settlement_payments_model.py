"""A channel is asked for exactly what the payment says."""

from __future__ import annotations

import datetime as dt
import uuid

from settlement.money import Fen
from settlement.payments.channel import PaymentRequest
from settlement.payments.model import Payment
from settlement.payments.states import State

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


def test_a_request_says_what_is_to_be_collected_and_not_from_whom() -> None:
    payment = Payment(
        id=uuid.UUID(int=1),
        reference="P1",
        channel="bank",
        order_id=uuid.UUID(int=2),
        payer_party_id=uuid.UUID(int=3),
        amount_fen=Fen(100),
        currency="CNY",
        state=State.CREATED,
        created_at=NOON,
        expires_at=NOON,
        channel_reference=None,
        succeeded_at=None,
        channel_transaction_id=None,
        journal_key=None,
    )

    assert payment.request() == PaymentRequest(
        reference="P1",
        order_id=uuid.UUID(int=2),
        amount_fen=100,
        currency="CNY",
        expires_at=NOON,
    )
