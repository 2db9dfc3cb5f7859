"""Read the journal: an entry by its key, a page of an order or account, what was booked when."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing
from settlement.ledger.accounts import BOOK, Account, AccountUnknown, account
from settlement.money import CURRENCY


class EntryMissing(Missing):
    """There is no such entry."""

    code = "journal_entry_not_found"


class PostedLeg(msgspec.Struct, frozen=True):
    """One leg as a reader sees it."""

    account: str
    amount_fen: int


class PostedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal as a reader sees it.

    ``record`` is its canonical JSON; its SHA-256 stands in the audit log.
    """

    key: uuid.UUID
    kind: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    rule_version: str
    book: str
    currency: str
    booked_at: dt.datetime
    value_on: dt.date
    adjusts: dt.date | None
    legs: tuple[PostedLeg, ...]
    record: str
    record_sha256: str


ENTRY: Final = """
    SELECT j.key, j.kind, j.book, j.currency, j.codes, j.amounts, j.order_id, j.reverses,
           j.rule_version, j.booked_at, j.value_on, j.adjusts, j.batch, j.record,
           j.record_sha256
      FROM settlement.entries j"""

# What was rolled up, and the tail behind it that was not.
_OF_AN_ACCOUNT: Final = f"""
    {ENTRY} WHERE j.key IN (
        SELECT p.key FROM settlement.posting_by_account p
         WHERE p.account_id = $1 AND ($2::uuid IS NULL OR p.key > $2)
        UNION ALL
        SELECT p.key FROM settlement.postings p
         WHERE p.account_id = $1 AND ($2::uuid IS NULL OR p.key > $2)
           AND p.xid >= (SELECT upto FROM settlement.rollup_state)
         ORDER BY key LIMIT $3)
     ORDER BY j.key"""  # noqa: S608 - our own text
_OF_ALL: Final = f"""
    {ENTRY} WHERE ($1::integer IS NULL OR EXISTS (
                SELECT FROM settlement.postings p WHERE p.key = j.key AND p.account_id = $1))
               AND ($2::uuid IS NULL OR j.key > $2) AND ($3::uuid IS NULL OR j.order_id = $3)
     ORDER BY j.key LIMIT $4"""


async def get_entry(tx: Tx, key: uuid.UUID) -> PostedEntry:
    """Return one entry.

    :raises EntryMissing: if there is none with this key.
    """
    row = await tx.fetch_one(f"{ENTRY} WHERE j.key = $1", key)
    if row is None:
        raise EntryMissing(key=str(key))
    return entry_of(row)


async def list_entries(
    tx: Tx,
    *,
    order_id: uuid.UUID | None = None,
    account_code: str | None = None,
    book: str = BOOK,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> paging.Page[PostedEntry]:
    """Return a page of entries in the order of their keys, of one order or account if named.

    ``book`` says which account of that name is meant; without one, entries of all books are returned.

    :raises AccountUnknown: if ``account_code`` names no account of the chart.
    """
    paging.check_limit(limit)
    named = None if account_code is None else account(account_code)
    query = paging.fingerprint("entries", str(order_id), account_code, str(book))
    after = paging.decode_id(query, cursor)
    account_id = None if named is None else await _account_id(tx, named, book)
    if named is not None and named.is_of_an_order:
        order_id = order_id or _owning_order(named)
    # What belongs to an order is found by the order; all else by what the roll-up wrote down.
    if account_id is not None and order_id is None:
        rows = await tx.fetch(_OF_AN_ACCOUNT, account_id, after, limit + 1)
    else:
        rows = await tx.fetch(_OF_ALL, account_id, after, order_id, limit + 1)
    items = [entry_of(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, str(items[-1].key)) if more else None)


async def list_there(tx: Tx, keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of the keys are in the journal."""
    rows = await tx.fetch("SELECT key FROM settlement.journal WHERE key = ANY($1)", keys)
    return {row["key"] for row in rows}


async def list_booked(tx: Tx, *, since: dt.datetime, until: dt.datetime) -> list[PostedEntry]:
    """Return all entries booked from ``since`` to before ``until``, in the order of their keys."""
    rows = await tx.fetch(
        f"{ENTRY} WHERE j.booked_at >= $1 AND j.booked_at < $2 ORDER BY j.key",
        since,
        until,
    )
    return [entry_of(row) for row in rows]


async def _account_id(tx: Tx, of: Account, book: str) -> int:
    found = await tx.fetch_value(
        """SELECT id FROM settlement.accounts
            WHERE book = $1 AND purpose = $2 AND owner = $3 AND currency = $4""",
        str(book),
        str(of.purpose),
        of.owner,
        CURRENCY,
    )
    return int(found or 0)  # no account has this number


def _owning_order(of: Account) -> uuid.UUID:
    try:
        return uuid.UUID(of.owner)
    except ValueError as malformed:
        raise AccountUnknown(account=of.code) from malformed


def entry_of(row: Row) -> PostedEntry:
    """Return the entry in a row."""
    return PostedEntry(
        key=row["key"],
        kind=row["kind"],
        order_id=row["order_id"],
        reverses=row["reverses"],
        rule_version=row["rule_version"],
        book=row["book"],
        currency=row["currency"],
        booked_at=row["booked_at"],
        value_on=row["value_on"],
        adjusts=row["adjusts"],
        legs=tuple(PostedLeg(*leg) for leg in legs_of(row)),
        record=row["record"].decode(),
        record_sha256=row["record_sha256"].hex(),
    )


def legs_of(row: Row) -> tuple[tuple[str, int], ...]:
    """Return the legs in a row: each its account and amount, as they are written."""
    # Not strict: a row that was tampered with may have more of one than of the other, and is to be
    # shown and named, not to end the reading.
    return tuple(zip(row["codes"] or [], row["amounts"] or [], strict=False))
