"""Read usage accounts and charges: both sides of the order, staff and the regulator."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.charging import store
from settlement.charging.model import AccountStanding, Charge, UsageAccount
from settlement.ledger.queries.order_money import get_order_sums


class UsageAccountMissing(Missing):
    """The order is not paid as it is used, or was not delivered yet."""

    code = "usage_account_not_found"


async def find_standing(tx: Tx, order_id: uuid.UUID) -> AccountStanding | None:
    """Return the usage account of an order and what stands on it, or None."""
    row = await tx.fetch_one(f"{store.SELECT} WHERE order_id = $1", order_id)
    return None if row is None else await standing_of(tx, store.account_of(row))


async def standing_of(tx: Tx, account: UsageAccount) -> AccountStanding:
    """Return what stands on an account now."""
    money = await get_order_sums(tx, account.order_id)
    last = await store.find_last(tx, account.order_id)
    return AccountStanding(
        account=account,
        paid_fen=money.paid_fen,
        refunded_fen=money.refunded_fen,
        charged_fen=0 if last is None else last.cumulative_fen,
        collected_fen=money.released_fen,
        charged_to_seq=0 if last is None else last.to_seq,
        charged_back_fen=money.charged_back_fen,
    )


async def get_standing(tx: Tx, order_id: uuid.UUID) -> AccountStanding:
    """Return the usage account of an order and what stands on it.

    :raises UsageAccountMissing: if it has none.
    """
    found = await find_standing(tx, order_id)
    if found is None:
        raise UsageAccountMissing
    return found


async def find_last_charge(tx: Tx, order_id: uuid.UUID) -> Charge | None:
    """Return the last charge of an order, or None if none was made yet."""
    return await store.find_last(tx, order_id)


async def list_all_charges(tx: Tx, order_id: uuid.UUID) -> list[Charge]:
    """Return every charge of an order, the first window first, for its statement."""
    rows = await tx.fetch(
        f"{store.SELECT_CHARGES} WHERE order_id = $1 ORDER BY to_seq LIMIT 100000", order_id
    )
    return [store.charge_of(row) for row in rows]


async def list_charges(
    tx: Tx,
    order_id: uuid.UUID,
    *,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> paging.Page[Charge]:
    """Return a page of the charges of an order, the first window first (计费明细)."""
    paging.check_limit(limit)
    query = paging.fingerprint("charges", str(order_id))
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(
        f"""{store.SELECT_CHARGES}
            WHERE order_id = $1 AND to_seq > $2 ORDER BY to_seq LIMIT $3""",
        order_id,
        0 if position is None else int(position[0]),
        limit + 1,
    )
    items = [store.charge_of(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, str(items[-1].to_seq)) if more else None)


async def list_overdue(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the orders whose arrears were to be paid by now, the oldest first."""
    rows = await tx.fetch(
        """SELECT order_id FROM settlement.usage_accounts
            WHERE state = 'arrears' AND due_at <= $1 ORDER BY due_at, order_id LIMIT $2""",
        now,
        limit,
    )
    return [row["order_id"] for row in rows]


async def list_of_payer(
    tx: Tx, payer_party_id: uuid.UUID, *, limit: int = paging.DEFAULT_LIMIT
) -> list[AccountStanding]:
    """Return the accounts that a party pays, those in arrears first, then the newest."""
    rows = await tx.fetch(
        """SELECT a.*, m.paid AS paid_fen, m.refunded AS refunded_fen, m.released AS collected_fen,
                  m.charged_back AS charged_back_fen,
                  coalesce(c.cumulative_fen, 0) AS charged_fen, coalesce(c.to_seq, 0) AS charged_to_seq
             FROM settlement.usage_accounts a
             JOIN settlement.order_money m USING (order_id)
             LEFT JOIN LATERAL (
                  SELECT cumulative_fen, to_seq FROM settlement.charges
                   WHERE order_id = a.order_id ORDER BY to_seq DESC LIMIT 1) c ON true
            WHERE a.payer_party_id = $1
            ORDER BY a.due_at NULLS LAST, a.order_id DESC LIMIT $2""",
        payer_party_id,
        limit,
    )
    sums = (
        "paid_fen",
        "refunded_fen",
        "charged_fen",
        "collected_fen",
        "charged_to_seq",
        "charged_back_fen",
    )
    return [
        msgspec.convert(
            {"account": dict(row)} | {name: row[name] for name in sums}, AccountStanding
        )
        for row in rows
    ]
