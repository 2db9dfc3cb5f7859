"""Read the books: entries, statements, balances, the trial balance, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing
from settlement.ledger import disk, invariants
from settlement.ledger.accounts import (
    BOOK,
    Account,
    AccountUnknown,
    Book,
    Guarding,
    OwnerKind,
    Purpose,
    Side,
    Title,
    account,
)
from settlement.ledger.invariants import Breach, Guard, OrderMoney, Replay
from settlement.ledger.journal import LEGS_MAX, LEGS_MIN
from settlement.ledger.summing import Copied, Sums
from settlement.money import CURRENCY, yuan


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


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One account and what stands on it; a credit is positive."""

    book: str
    account: str
    purpose: str
    owner: str
    number: str
    title_zh: str
    title_en: str
    side: Side
    guarding: Guarding
    balance_fen: int
    held_fen: int
    balance: str


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one purpose together (科目余额)."""

    number: str
    purpose: str
    title_zh: str
    title_en: str
    accounts: int
    debits_fen: int
    credits_fen: int
    balance_fen: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on every purpose (试算平衡表): debits equal credits, the balances sum to zero."""

    lines: tuple[TrialLine, ...]
    entries: int
    debits_fen: int
    credits_fen: int
    difference_fen: int
    is_balanced: bool


class OrderSums(msgspec.Struct, frozen=True, kw_only=True):
    """What came and went of one order, in fen."""

    paid_fen: int = 0
    released_fen: int = 0
    refunded_fen: int = 0
    charged_back_fen: int = 0


class OrderLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The money of one order: what came, what went, and every entry that says so."""

    order_id: uuid.UUID
    paid_fen: int
    released_fen: int
    refunded_fen: int
    disputed_fen: int
    charged_back_fen: int
    entries: tuple[PostedEntry, ...]


_ENTRY: Final = """
    SELECT j.key, j.kind, j.book, j.currency, j.codes, j.amounts, j.order_id, j.reverses,
           j.rule_version, j.booked_at, j.value_on, j.adjusts, j.batch, j.record,
           j.record_sha256
      FROM settlement.entries j"""

# What was rolled up, and the tail behind it that was not.
_OF_AN_ACCOUNT: Final = f"""
    {_ENTRY} WHERE j.key IN (
        SELECT p.key FROM settlement.posting_by_account p
         WHERE p.account_id = $1 AND ($2::uuid IS NULL OR p.key > $2)
        UNION ALL
        SELECT p.key FROM settlement.postings p
         WHERE p.account_id = $1 AND ($2::uuid IS NULL OR p.key > $2)
           AND p.xid >= (SELECT upto FROM settlement.rollup_state)
         ORDER BY key LIMIT $3)
     ORDER BY j.key"""  # noqa: S608 - our own text
_OF_ALL: Final = f"""
    {_ENTRY} WHERE ($1::integer IS NULL OR EXISTS (
                SELECT FROM settlement.postings p WHERE p.key = j.key AND p.account_id = $1))
               AND ($2::uuid IS NULL OR j.key > $2) AND ($3::uuid IS NULL OR j.order_id = $3)
     ORDER BY j.key LIMIT $4"""

_LOGGED: Final = """
    SELECT d ->> 'id' AS key, d ->> 'sha256' AS sha256
      FROM (SELECT leaf FROM audit_log.leaves UNION ALL SELECT leaf FROM audit_log.waiting) l
     CROSS JOIN LATERAL jsonb_array_elements(convert_from(l.leaf, 'UTF8')::jsonb -> 'digests') d
     WHERE position('"journal:posted"'::bytea IN l.leaf) > 0 AND d ->> 'kind' = 'journal'"""

_ORDER_MONEY: Final = (
    "SELECT order_id, paid, released, refunded, disputed, charged_back FROM settlement.order_money"
)


async def get_entry(tx: Tx, key: uuid.UUID) -> PostedEntry:
    """Return one entry.

    :raises EntryMissing: if there is none with this key.
    """
    row = await tx.fetch_one(f"{_ENTRY} WHERE j.key = $1", key)
    if row is None:
        raise EntryMissing(key=str(key))
    return _entry(row)


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
    items = [_entry(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, str(items[-1].key)) if more else None)


async def list_there(tx: Tx, keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of the keys are in the journal."""
    rows = await tx.fetch("SELECT key FROM settlement.journal WHERE key = ANY($1)", keys)
    return {row["key"] for row in rows}


async def list_booked(tx: Tx, *, since: dt.datetime, until: dt.datetime) -> list[PostedEntry]:
    """Return all entries booked from ``since`` to before ``until``, in the order of their keys."""
    rows = await tx.fetch(
        f"{_ENTRY} WHERE j.booked_at >= $1 AND j.booked_at < $2 ORDER BY j.key",
        since,
        until,
    )
    return [_entry(row) for row in rows]


async def get_order_ledger(tx: Tx, order_id: uuid.UUID) -> OrderLedger:
    """Return the money of one order; all zero, and no entries, before anything was paid."""
    money = await tx.fetch_one(f"{_ORDER_MONEY} WHERE order_id = $1", order_id)
    # An order has a handful of entries. The limit is a stop, not a page.
    rows = await tx.fetch(f"{_ENTRY} WHERE j.order_id = $1 ORDER BY j.key LIMIT 1000", order_id)
    return OrderLedger(
        order_id=order_id,
        paid_fen=money["paid"] if money else 0,
        released_fen=money["released"] if money else 0,
        refunded_fen=money["refunded"] if money else 0,
        disputed_fen=money["disputed"] if money else 0,
        charged_back_fen=money["charged_back"] if money else 0,
        entries=tuple(_entry(row) for row in rows),
    )


async def get_order_sums(tx: Tx, order_id: uuid.UUID) -> OrderSums:
    """Return what came and went of an order, without its entries; all zero before it was paid."""
    money = await tx.fetch_one(f"{_ORDER_MONEY} WHERE order_id = $1", order_id)
    if money is None:
        return OrderSums()
    return OrderSums(
        paid_fen=money["paid"],
        released_fen=money["released"],
        refunded_fen=money["refunded"],
        charged_back_fen=money["charged_back"],
    )


async def get_balance(tx: Tx, of: Account, *, book: str = BOOK) -> int:
    """Return what stands on an account, in fen; zero if nothing ever moved on it."""
    total = await tx.fetch_value(
        """SELECT balance FROM settlement.balances
            WHERE book = $1 AND purpose = $2 AND owner = $3 AND currency = $4""",
        str(book),
        str(of.purpose),
        of.owner,
        CURRENCY,
    )
    return int(total or 0)


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


async def list_balances(
    tx: Tx,
    *,
    purpose: Purpose | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> paging.Page[Balance]:
    """Return a page of accounts with what stands on them, in the order of their opening."""
    paging.check_limit(limit)
    query = paging.fingerprint("balances", purpose)
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(
        """SELECT account_id AS id, code, book, purpose, owner, guarding, held, balance
             FROM settlement.balances
            WHERE ($1::text IS NULL OR purpose = $1) AND account_id > $2
            ORDER BY account_id LIMIT $3""",
        None if purpose is None else str(purpose),
        0 if position is None else _int(position[0]),
        limit + 1,
    )
    items = [_balance(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, rows[limit - 1]["id"]) if more else None)


async def trial_balance(tx: Tx, *, book: Book | None = None) -> TrialBalance:
    """Return the trial balance of a book, or of all, one line per purpose (试算平衡表).

    What was rolled up was added up then; only the tail is read.
    """
    rows = await tx.fetch(
        """WITH tail AS (
               SELECT a.purpose, count(*) FILTER (WHERE p.n = 1) AS entries,
                      coalesce(-sum(p.amount) FILTER (WHERE p.amount < 0), 0) AS debits,
                      coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0) AS credits
                 FROM settlement.postings p LEFT JOIN settlement.accounts a ON a.id = p.account_id
                WHERE p.xid >= (SELECT upto FROM settlement.rollup_state)
                  AND ($1::text IS NULL OR a.book = $1)
                GROUP BY a.purpose)
           SELECT s.purpose, sum(s.entries)::bigint AS entries, sum(s.debits)::bigint AS debits,
                  sum(s.credits)::bigint AS credits,
                  (SELECT count(*) FROM settlement.accounts a
                    WHERE a.purpose = s.purpose AND ($1::text IS NULL OR a.book = $1)) AS accounts
             FROM (SELECT purpose, entries, debits, credits FROM settlement.turnovers
                    WHERE $1::text IS NULL OR book = $1
                   UNION ALL SELECT purpose, entries, debits, credits FROM tail) s
            GROUP BY s.purpose""",
        None if book is None else str(book),
    )
    lines = sorted((_line(row) for row in rows), key=lambda line: line.number)
    debited = sum(line.debits_fen for line in lines)
    credited = sum(line.credits_fen for line in lines)
    return TrialBalance(
        lines=tuple(lines),
        entries=sum(row["entries"] for row in rows),
        debits_fen=debited,
        credits_fen=credited,
        difference_fen=credited - debited,
        is_balanced=credited == debited,
    )


def _legs_out(first: int, last: int) -> str:
    """Return what copies legs out: NULL as 0, so that all rows are of one length."""
    legs = ", ".join(
        f"j.a{n}, j.v{n}" if n <= LEGS_MIN else f"coalesce(j.a{n}, 0), coalesce(j.v{n}, 0)"
        for n in range(first, last + 1)
    )
    return f"SELECT {legs} FROM settlement.journal j"  # noqa: S608 - numbers of our own columns


# Of most entries the first six legs are all; the others are few enough to be read twice.
_FEW: Final = 6
_MORE: Final = " OR ".join(
    f"j.a{n} IS NOT NULL OR j.v{n} IS NOT NULL" for n in range(_FEW + 1, LEGS_MAX + 1)
)
_LEGS_OUT: Final = {
    _FEW: _legs_out(1, _FEW),
    LEGS_MAX - _FEW: f"{_legs_out(_FEW + 1, LEGS_MAX)} WHERE {_MORE}",
}
# A leg of an account that is not there differs, whatever it comes to.
_COMPARED: Final = """
    SELECT count(*) AS accounts,
           (array_agg(coalesce(b.code, r.account_id::text) ORDER BY r.account_id, b.code)
                FILTER (WHERE b.account_id IS NULL OR b.balance <> coalesce(r.amount, 0))
           )[:$3] AS differing
      FROM settlement.balances b
      FULL JOIN unnest($1::integer[], $2::bigint[]) AS r (account_id, amount) USING (account_id)"""
_DIFFERING_TOLD: Final = 100


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The whole journal added up, beside what every account says (全账重放)."""

    postings: int
    total_fen: int
    accounts: int
    differing: tuple[str, ...]  # at most a hundred accounts, by their codes


async def replay(tx: Tx) -> Replayed:
    """Add the journal up from its first entry, and compare every balance with it.

    It looks at sums only, and takes seconds for many millions of postings. ``find_breaches`` also
    reads every record, and compares it with the audit log. Needs a transaction that sees one moment
    (``begin(…, snapshot=True)``).
    """
    sums = Sums()
    for legs, sql in _LEGS_OUT.items():
        copied = Copied(sums, legs)
        await tx.copy_out(sql, copied.write, is_binary=True)
        copied.end()
    moved = sums.moved()
    row = await tx.fetch_one(
        _COMPARED, moved.tolist(), sums.amounts[moved].tolist(), _DIFFERING_TOLD
    )
    assert row is not None, "an aggregate has one row"
    return Replayed(
        postings=int(sums.legs.sum()),
        total_fen=sum(sums.amounts.tolist()),
        accounts=row["accounts"],
        differing=tuple(row["differing"] or ()),
    )


async def find_breaches(tx: Tx, *, limit: int = 1000) -> list[Breach]:
    """Return what is wrong with the books, at most ``limit`` things; nothing when all is well.

    Needs a transaction that sees one moment (``begin(…, snapshot=True)``): entries that arrive
    between two of its statements would look like differences.
    """
    replay = Replay()
    found: list[Breach] = []
    async for row in tx.cursor(f"{_ENTRY} ORDER BY j.key"):
        found.extend(replay.take(_row(row)))
    found.extend(replay.trial_balance())
    logged = await tx.fetch(_LOGGED)
    found.extend(replay.as_logged({row["key"]: row["sha256"] for row in logged}))
    guards = await tx.fetch(
        """SELECT book, code, balance, posted, held, floor FROM settlement.balances
            ORDER BY account_id"""
    )
    found.extend(replay.guards(_guard(row) for row in guards))
    orders = await tx.fetch(f"{_ORDER_MONEY} ORDER BY order_id")
    found.extend(replay.order_money(_order_money(row) for row in orders))
    return found[:limit]


def _entry(row: Row) -> PostedEntry:
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
        legs=tuple(PostedLeg(*leg) for leg in _legs(row)),
        record=row["record"].decode(),
        record_sha256=row["record_sha256"].hex(),
    )


def _legs(row: Row) -> tuple[tuple[str, int], ...]:
    # Not strict: a row that was tampered with may have more of one than of the other, and is to be
    # shown and named, not to end the reading.
    return tuple(zip(row["codes"] or [], row["amounts"] or [], strict=False))


def _row(row: Row) -> invariants.Row:
    return invariants.Row(
        key=row["key"],
        kind=row["kind"],
        book=row["book"],
        currency=row["currency"],
        legs=_legs(row),
        order_id=row["order_id"],
        reverses=row["reverses"],
        rule_version=row["rule_version"],
        booked_at=row["booked_at"],
        value_on=row["value_on"],
        adjusts=row["adjusts"],
        batch=row["batch"],
        record=row["record"],
    )


def _guard(row: Row) -> Guard:
    return Guard(
        book=row["book"],
        account=row["code"],
        balance=row["balance"],
        posted=row["posted"],
        held=row["held"],
        floor=row["floor"],
    )


def _order_money(row: Row) -> OrderMoney:
    return OrderMoney(
        order_id=row["order_id"],
        paid=row["paid"],
        released=row["released"],
        refunded=row["refunded"],
        disputed=row["disputed"],
        charged_back=row["charged_back"],
    )


def _balance(row: Row) -> Balance:
    title = _title(row["purpose"])
    return Balance(
        book=row["book"],
        account=row["code"],
        purpose=row["purpose"],
        owner=row["owner"],
        number=title.number,
        title_zh=title.zh,
        title_en=title.en,
        side=title.side,
        guarding=Guarding(row["guarding"]),
        balance_fen=row["balance"],
        held_fen=row["held"],
        balance=yuan(row["balance"]),
    )


def _line(row: Row) -> TrialLine:
    title = _title(row["purpose"])
    return TrialLine(
        number=title.number,
        purpose=row["purpose"] or "",
        title_zh=title.zh,
        title_en=title.en,
        accounts=row["accounts"],
        debits_fen=row["debits"],
        credits_fen=row["credits"],
        balance_fen=row["credits"] - row["debits"],
    )


def _title(purpose: str | None) -> Title:
    """Return the title of a purpose, or a blank one: legs of an account that is gone still count."""
    if purpose not in set(Purpose):
        return Title("", "科目表外", "off the chart", Side.CREDIT, Guarding.NONE, OwnerKind.MARKET)
    return disk.read_chart()[Purpose(purpose)]


def _int(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise paging.CursorUnreadable
    return value
