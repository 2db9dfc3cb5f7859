"""Gather what explains an entry: what its order divided before it, and what it takes back (逐分说明)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from catalog.kernel.db import Tx
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Entry, read_record
from settlement.ledger.queries import entries as journal
from settlement.ledger.queries import order_money
from settlement.ledger.queries.entries import PostedEntry
from settlement.ledger_reports import explaining
from settlement.ledger_reports.explaining import DIVIDING, ExplainedEntry, Past, Source
from settlement.periods import queries as periods
from settlement.revenue.agreement import FrozenSplit

#: A payout is led back to so many entries of its account at most, the newest.
_STEPS_MAX: Final = 100_000


async def get_entry(tx: Tx, key: uuid.UUID) -> Entry:
    """Return one entry of the journal, read from its record.

    :raises EntryMissing: if there is none that row-level security shows.
    :raises RecordUnreadable: if its columns make no entry.
    """
    return _entry(await journal.get_entry(tx, key))


async def list_of_order(tx: Tx, order_id: uuid.UUID) -> list[Entry]:
    """Return the entries of an order in the order in which they were booked."""
    told = await order_money.get_order_ledger(tx, order_id)
    return sorted((_entry(each) for each in told.entries), key=lambda e: (e.booked_at, e.key))


async def explain_entries(
    tx: Tx, entries: Sequence[Entry], split: FrozenSplit | None
) -> tuple[ExplainedEntry, ...]:
    """Return all entries of one order explained, in the order in which they were booked."""
    numbers = await _numbers(tx, [entry.key for entry in entries])
    by_key = {entry.key: entry for entry in entries}
    found: list[ExplainedEntry] = []
    divided = 0
    taken: dict[tuple[uuid.UUID, Account], int] = {}
    for entry in entries:
        leg = None if entry.reverses is None else (entry.reverses, entry.debited)
        past = Past(
            voucher=numbers.get(entry.key),
            divided_before_fen=divided if entry.kind in DIVIDING else 0,
            original=None if entry.reverses is None else by_key.get(entry.reverses),
            taken_before_fen=0 if leg is None else taken.get(leg, 0),
        )
        found.append(explaining.explain_entry(entry, split, past))
        if entry.kind in DIVIDING:
            divided += entry.amount_fen
        if leg is not None:
            taken[leg] = taken.get(leg, 0) + entry.amount_fen
    return tuple(found)


async def explain_single(tx: Tx, entry: Entry) -> ExplainedEntry:
    """Return an entry explained that is of no order."""
    numbers = await _numbers(tx, [entry.key])
    original = None if entry.reverses is None else await get_entry(tx, entry.reverses)
    past = Past(voucher=numbers.get(entry.key), original=original)
    return explaining.explain_entry(entry, None, past)


async def sources_of(tx: Tx, *, book: str, of: Account, key: uuid.UUID) -> tuple[Source, ...]:
    """Return from which entries of an account a debit of it is paid, the earliest first (先进先出)."""
    rows = await tx.fetch(
        """SELECT m.key, m.amount FROM (
                  SELECT p.key, p.amount FROM settlement.posting_by_account p
                    JOIN settlement.accounts a ON a.id = p.account_id
                   WHERE a.book = $1 AND a.purpose = $2 AND a.owner = $3
                   UNION ALL
                  SELECT p.key, p.amount FROM settlement.postings p
                    JOIN settlement.accounts a ON a.id = p.account_id
                   WHERE a.book = $1 AND a.purpose = $2 AND a.owner = $3
                     AND p.xid >= (SELECT upto FROM settlement.rollup_state)) m
             JOIN settlement.journal j ON j.key = m.key
            ORDER BY j.booked_at DESC, j.key DESC LIMIT $4""",
        book,
        str(of.purpose),
        of.owner,
        _STEPS_MAX,
    )
    steps = [(row["key"], row["amount"]) for row in reversed(rows)]
    drawn = explaining.first_in_first_out(steps, key)
    return tuple([explaining.source(await get_entry(tx, each), amount) for each, amount in drawn])


async def _numbers(tx: Tx, keys: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the numbers of entries (凭证号), as far as they have one."""
    rows = await tx.fetch(
        "SELECT key, month, number FROM settlement.vouchers WHERE key = ANY ($1)", list(keys)
    )
    return {row["key"]: periods.voucher(row["month"], row["number"]) for row in rows}


def _entry(posted: PostedEntry) -> Entry:
    return read_record(posted.record.encode())
