"""Store payments, and what channels sent: every event and nonce once, every break."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Write, insertion
from settlement.payments.callback import Break, Effect, Judgement
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.payments.model import ChannelBreak, Payment
from settlement.payments.states import State

PAYMENTS: Final = sa.Table(
    "payments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("channel_reference", sa.Text),
    sa.Column("succeeded_at", sa.DateTime(timezone=True)),
    sa.Column("channel_transaction_id", sa.Text),
    sa.Column("journal_key", sa.Uuid),
    sa.Column("ask_at", sa.DateTime(timezone=True)),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("is_top_up", sa.Boolean, nullable=False, server_default="false"),
    schema="settlement",
)
CHANNEL_EVENTS: Final = sa.Table(
    "channel_events",
    METADATA,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("channel_transaction_id", sa.Text, nullable=False),
    sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("payment_id", sa.Uuid),
    sa.Column("effect", sa.Text, nullable=False),
    schema="settlement",
)
CHANNEL_NONCES: Final = sa.Table(
    "channel_nonces",
    METADATA,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("nonce", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)
CHANNEL_BREAKS: Final = sa.Table(
    "channel_breaks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("expected_fen", sa.BigInteger),
    sa.Column("told_fen", sa.BigInteger, nullable=False),
    sa.Column("payment_id", sa.Uuid),
    sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)

SELECT: Final = """
    SELECT id, reference, channel, order_id, payer_party_id, amount_fen, currency, state,
           created_at, expires_at, channel_reference, succeeded_at, channel_transaction_id,
           journal_key, ask_at, asked, is_top_up
      FROM settlement.payments"""


async def insert(tx: Tx, payment: Payment) -> None:
    """Insert a payment that starts."""
    await tx.write_later(
        insertion(
            PAYMENTS,
            id=payment.id,
            reference=payment.reference,
            channel=payment.channel,
            order_id=payment.order_id,
            payer_party_id=payment.payer_party_id,
            amount_fen=payment.amount_fen,
            currency=payment.currency,
            state=str(payment.state),
            created_at=payment.created_at,
            expires_at=payment.expires_at,
            ask_at=payment.ask_at,
            asked=payment.asked,
            is_top_up=payment.is_top_up,
        )
    )


async def find_live(tx: Tx, order_id: uuid.UUID) -> Payment | None:
    """Return the open or succeeded payment of what an order costs; there is at most one."""
    row = await tx.fetch_one(
        f"""{SELECT}
            WHERE order_id = $1 AND state IN ('created', 'pending', 'unknown', 'succeeded')
              AND NOT is_top_up FOR UPDATE""",
        order_id,
    )
    return None if row is None else payment(row)


async def find_open_top_up(tx: Tx, order_id: uuid.UUID) -> Payment | None:
    """Return the open top-up of an order; there is at most one."""
    row = await tx.fetch_one(
        f"""{SELECT}
            WHERE order_id = $1 AND state IN ('created', 'pending', 'unknown')
              AND is_top_up FOR UPDATE""",
        order_id,
    )
    return None if row is None else payment(row)


async def lock(tx: Tx, payment_id: uuid.UUID) -> Payment | None:
    """Return a payment, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", payment_id)
    return None if row is None else payment(row)


_SET_STATE: Final = """UPDATE settlement.payments
              SET state = $2, channel_reference = coalesce($3, channel_reference) WHERE id = $1"""


async def set_state(
    tx: Tx, payment_id: uuid.UUID, state: State, *, channel_reference: str | None = None
) -> None:
    """Set the state, and the channel's reference if it gave one."""
    await tx.write_later(
        Write(
            _SET_STATE,
            (
                payment_id,
                str(state),
                channel_reference,
            ),
        )
    )


_SET_ASKED: Final = (
    "UPDATE settlement.payments SET state = $2, ask_at = $3, asked = $4 WHERE id = $1"
)


async def set_asked(
    tx: Tx, payment_id: uuid.UUID, *, state: State, ask_at: dt.datetime, asked: int
) -> None:
    """Set that the channel was asked, what that came to, and when it is asked again."""
    await tx.write_later(
        Write(
            _SET_ASKED,
            (
                payment_id,
                str(state),
                ask_at,
                asked,
            ),
        )
    )


_SUCCEED: Final = """UPDATE settlement.payments SET state = $2, succeeded_at = $3,
                  channel_transaction_id = $4, journal_key = $5 WHERE id = $1"""


async def succeed(
    tx: Tx,
    payment_id: uuid.UUID,
    *,
    state: State,
    at: dt.datetime,
    transaction_id: str,
    journal_key: uuid.UUID | None,
) -> None:
    """Set that the money came, by which transaction of the channel and which entry of ours."""
    await tx.write_later(
        Write(
            _SUCCEED,
            (
                payment_id,
                str(state),
                at,
                transaction_id,
                journal_key,
            ),
        )
    )


async def lock_event(tx: Tx, channel: str, event_id: str) -> None:
    """Let one delivery of an event at a time pass, until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 735110205))",
        channel,
        event_id,
    )


async def claim_nonce(tx: Tx, channel: str, nonce: str, *, event_id: str, now: dt.datetime) -> bool:
    """Bind a nonce to an event; return False if it is bound to another."""
    await tx.execute(
        """INSERT INTO settlement.channel_nonces (channel, nonce, event_id, seen_at)
           VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
        channel,
        nonce,
        event_id,
        now,
    )
    bound = await tx.fetch_value(
        "SELECT event_id FROM settlement.channel_nonces WHERE channel = $1 AND nonce = $2",
        channel,
        nonce,
    )
    return bool(bound == event_id)


async def find_event(tx: Tx, channel: str, event_id: str) -> tuple[ChannelEvent, Judgement] | None:
    """Return an event that came before and what became of it, or None."""
    row = await tx.fetch_one(
        """SELECT e.event_id, e.kind, e.reference, e.amount_fen, e.currency,
                  e.channel_transaction_id, e.happened_at, e.effect, b.kind AS found FROM settlement.channel_events e
             LEFT JOIN settlement.channel_breaks b USING (channel, event_id)
            WHERE e.channel = $1 AND e.event_id = $2""",
        channel,
        event_id,
    )
    if row is None:
        return None
    found = None if row["found"] is None else Break(row["found"])
    return _event(row), Judgement(Effect(row["effect"]), found=found)


async def keep_event(
    tx: Tx,
    *,
    channel: str,
    event: ChannelEvent,
    judgement: Judgement,
    payment_id: uuid.UUID | None,
    now: dt.datetime,
) -> None:
    """Keep an event with what became of it."""
    await tx.write_later(
        insertion(
            CHANNEL_EVENTS,
            channel=channel,
            event_id=event.event_id,
            reference=event.reference,
            kind=str(event.kind),
            amount_fen=event.amount_fen,
            currency=event.currency,
            channel_transaction_id=event.channel_transaction_id,
            happened_at=event.happened_at,
            received_at=now,
            payment_id=payment_id,
            effect=str(judgement.effect),
        )
    )


async def keep_break(tx: Tx, found: ChannelBreak) -> None:
    """Keep a break."""
    await tx.write_later(
        insertion(
            CHANNEL_BREAKS,
            id=found.id,
            channel=found.channel,
            event_id=found.event_id,
            kind=str(found.kind),
            expected_fen=found.expected_fen,
            told_fen=found.told_fen,
            payment_id=found.payment_id,
            found_at=found.found_at,
        )
    )


def payment(row: Row) -> Payment:
    """Return the payment in a row."""
    return Payment(
        id=row["id"],
        reference=row["reference"],
        channel=row["channel"],
        order_id=row["order_id"],
        payer_party_id=row["payer_party_id"],
        amount_fen=row["amount_fen"],
        currency=row["currency"],
        state=State(row["state"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        channel_reference=row["channel_reference"],
        succeeded_at=row["succeeded_at"],
        channel_transaction_id=row["channel_transaction_id"],
        journal_key=row["journal_key"],
        ask_at=row["ask_at"],
        asked=row["asked"],
        is_top_up=row["is_top_up"],
    )


def _event(row: Row) -> ChannelEvent:
    return ChannelEvent(
        event_id=row["event_id"],
        kind=EventKind(row["kind"]),
        reference=row["reference"],
        amount_fen=row["amount_fen"],
        currency=row["currency"],
        channel_transaction_id=row["channel_transaction_id"],
        happened_at=row["happened_at"],
    )
