"""Read payments and breaks."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.payments import store
from settlement.payments.callback import Break
from settlement.payments.model import ChannelBreak, Payment


class PaymentMissing(Missing):
    """There is no such payment."""

    code = "payment_not_found"


async def find_by_reference(tx: Tx, channel: str, reference: str) -> Payment | None:
    """Return the payment that a channel knows by ``reference``, or None."""
    row = await tx.fetch_one(
        f"{store.SELECT} WHERE channel = $1 AND reference = $2",
        channel,
        reference,
    )
    return None if row is None else store.payment(row)


async def get_by_reference(
    tx: Tx, channel: str, reference: str, *, payer_party_id: uuid.UUID | None = None
) -> Payment:
    """Return the payment that a channel knows by ``reference``, of one payer if named.

    :raises PaymentMissing: if there is none, or it is another payer's.
    """
    payment = await find_by_reference(tx, channel, reference)
    if payment is None or payer_party_id not in (None, payment.payer_party_id):
        raise PaymentMissing(reference=reference)
    return payment


async def list_payments(tx: Tx, order_id: uuid.UUID, *, limit: int = 100) -> list[Payment]:
    """Return the payments of one order, the oldest first."""
    rows = await tx.fetch(
        f"{store.SELECT} WHERE order_id = $1 ORDER BY id LIMIT $2",
        order_id,
        limit,
    )
    return [store.payment(row) for row in rows]


async def list_unheard(tx: Tx, *, now: dt.datetime, limit: int) -> list[Payment]:
    """Return payments of which their channel is to be asked by now, the longest waiting first."""
    rows = await tx.fetch(
        f"""{store.SELECT}
            WHERE state IN ('created', 'pending', 'unknown') AND ask_at <= $1
            ORDER BY ask_at, id LIMIT $2""",
        now,
        limit,
    )
    return [store.payment(row) for row in rows]


async def list_breaks(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> paging.Page[ChannelBreak]:
    """Return a page of what channels sent that did not fit, the oldest first (差错)."""
    paging.check_limit(limit)
    query = paging.fingerprint("channel_breaks")
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(
        """SELECT id, channel, event_id, kind, expected_fen, told_fen, payment_id, found_at
             FROM settlement.channel_breaks
            WHERE ($1::text IS NULL OR id::text > $1) ORDER BY id LIMIT $2""",
        None if position is None else str(position[0]),
        limit + 1,
    )
    items = [
        ChannelBreak(
            id=row["id"],
            channel=row["channel"],
            event_id=row["event_id"],
            kind=Break(row["kind"]),
            expected_fen=row["expected_fen"],
            told_fen=row["told_fen"],
            payment_id=row["payment_id"],
            found_at=row["found_at"],
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, str(items[-1].id)) if more else None)
