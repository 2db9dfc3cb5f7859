"""Store accounts and entries. Balances are moved by the entry itself, in the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import uuid
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import new_id
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Entry


class Xid8(sa.types.UserDefinedType[str]):
    """The id of the transaction that wrote a row; Core has no type for it."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the name that PostgreSQL has for it."""
        return "xid8"


PURPOSES: Final = sa.Table(
    "purposes",
    METADATA,
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("guarding", sa.Text, nullable=False),
    sa.Column("may_be_overdrawn", sa.Boolean, nullable=False),
    schema="settlement",
)
ENTRY_KINDS: Final = sa.Table(
    "entry_kinds",
    METADATA,
    sa.Column("code", sa.SmallInteger, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("is_split", sa.Boolean, nullable=False),
    sa.Column("must_reverse", sa.Boolean, nullable=False),
    schema="settlement",
)
ENTRY_FLOWS: Final = sa.Table(
    "entry_flows",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("debit", sa.Text, primary_key=True),
    sa.Column("credit", sa.Text, primary_key=True),
    sa.Column("paid", sa.SmallInteger, nullable=False),
    sa.Column("released", sa.SmallInteger, nullable=False),
    sa.Column("refunded", sa.SmallInteger, nullable=False),
    sa.Column("charged_back", sa.SmallInteger, nullable=False),
    schema="settlement",
)
PERIODS: Final = sa.Table(
    "periods",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    schema="settlement",
)
ACCOUNT_FLOORS: Final = sa.Table(
    "account_floors",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("floor_fen", sa.BigInteger, nullable=False),
    sa.Column("rests_on", sa.Text, nullable=False),
    sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)
REVERSED_LEGS: Final = sa.Table(
    "reversed_legs",
    METADATA,
    sa.Column("original", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.BigInteger, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("reversed", sa.BigInteger, nullable=False),
    schema="settlement",
)
ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("code", sa.Text, sa.Computed("purpose || '/' || owner", persisted=True)),
    sa.Column("guarding", sa.Text, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)
GUARD_BALANCES: Final = sa.Table(
    "guard_balances",
    METADATA,
    sa.Column("account_id", sa.BigInteger, primary_key=True),
    sa.Column("posted", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("floor", sa.BigInteger, nullable=False),
    schema="settlement",
)
ORDER_MONEY: Final = sa.Table(
    "order_money",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("released", sa.BigInteger, nullable=False),
    sa.Column("refunded", sa.BigInteger, nullable=False),
    sa.Column("disputed", sa.BigInteger, nullable=False),
    sa.Column("charged_back", sa.BigInteger, nullable=False),
    schema="settlement",
)
JOURNAL: Final = sa.Table(
    "journal",
    METADATA,
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("acct", pg.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("amt", pg.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("order_id", sa.Uuid),
    sa.Column("reverses", sa.Uuid),
    sa.Column("rule_version", sa.Text, nullable=False),
    sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("value_on", sa.Date, nullable=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("record_sha256", sa.LargeBinary, nullable=False),
    sa.Column("adjusts", sa.Date),
    schema="settlement",
)


async def account_ids(
    tx: Tx, accounts: Sequence[Account], *, book: str, currency: str, now: dt.datetime
) -> list[int]:
    """Return the ids of ``accounts``, in their order; those that are new are opened."""
    known = await _known(tx, accounts, book, currency)
    # In sorted order, so that two entries that open the same accounts can not wait for each other.
    new = sorted(account for account in accounts if account not in known)
    if new:
        await tx.execute(
            """INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at)
               SELECT $1, n.purpose, n.owner, $2, n.guarding, $3
                 FROM unnest($4::text[], $5::text[], $6::text[]) WITH ORDINALITY
                      AS n (purpose, owner, guarding, position)
                ORDER BY n.position
               ON CONFLICT DO NOTHING""",
            book,
            currency,
            now,
            [str(account.purpose) for account in new],
            [account.owner for account in new],
            [str(account.guarding) for account in new],
        )
        known = await _known(tx, accounts, book, currency)
    return [known[account] for account in accounts]


async def _known(
    tx: Tx, accounts: Sequence[Account], book: str, currency: str
) -> dict[Account, int]:
    rows = await tx.fetch(
        """SELECT a.id, n.position FROM unnest($1::text[], $2::text[]) WITH ORDINALITY
                AS n (purpose, owner, position)
             JOIN settlement.accounts a
               ON a.book = $3 AND a.purpose = n.purpose AND a.owner = n.owner AND a.currency = $4""",
        [str(account.purpose) for account in accounts],
        [account.owner for account in accounts],
        book,
        currency,
    )
    return {accounts[row["position"] - 1]: row["id"] for row in rows}


async def insert(tx: Tx, entry: Entry, ids: Sequence[int]) -> bool:
    """Insert an entry; return False, and move nothing, if its key is there already."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.journal (key, book, kind, currency, acct, amt, order_id, reverses,
                  rule_version, booked_at, value_on, adjusts, record, record_sha256)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           ON CONFLICT (key) DO NOTHING RETURNING true""",
        entry.key,
        entry.book,
        str(entry.kind),
        entry.currency,
        list(ids),
        [leg.amount_fen for leg in entry.legs],
        entry.order_id,
        entry.reverses,
        entry.rule_version,
        entry.booked_at,
        entry.value_on,
        entry.adjusts,
        entry.record(),
        entry.digest(),
    )
    return bool(inserted)


async def insert_all(tx: Tx, entries: Sequence[Entry], ids: Sequence[Sequence[int]]) -> None:
    """Insert entries in their order, in one statement. A key that is there already is an error."""
    ends = list(itertools.accumulate(len(entry.legs) for entry in entries))
    records = [entry.record() for entry in entries]
    await tx.execute(
        """INSERT INTO settlement.journal (key, book, kind, currency, acct, amt, order_id, reverses,
                  rule_version, booked_at, value_on, adjusts, record, record_sha256)
           SELECT e.key, e.book, e.kind, e.currency,
                  ($1::bigint[])[e.before + 1 : e.until], ($2::bigint[])[e.before + 1 : e.until],
                  e.order_id, e.reverses, e.rule_version, e.booked_at, e.value_on, e.adjusts, e.record,
                  e.digest
             FROM unnest($3::int[], $4::int[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                         $9::uuid[], $10::uuid[], $11::text[], $12::timestamptz[], $13::date[],
                         $14::date[], $15::bytea[], $16::bytea[]) WITH ORDINALITY
                  AS e (before, until, key, book, kind, currency, order_id, reverses, rule_version,
                        booked_at, value_on, adjusts, record, digest, place)
            ORDER BY e.place""",
        list(itertools.chain.from_iterable(ids)),
        [leg.amount_fen for entry in entries for leg in entry.legs],
        [0, *ends[:-1]],
        ends,
        [entry.key for entry in entries],
        [entry.book for entry in entries],
        [str(entry.kind) for entry in entries],
        [entry.currency for entry in entries],
        [entry.order_id for entry in entries],
        [entry.reverses for entry in entries],
        [entry.rule_version for entry in entries],
        [entry.booked_at for entry in entries],
        [entry.value_on for entry in entries],
        [entry.adjusts for entry in entries],
        records,
        [hashlib.sha256(record).digest() for record in records],
    )


async def record_of(tx: Tx, key: uuid.UUID) -> bytes | None:
    """Return the record of an entry, or None."""
    record: bytes | None = await tx.fetch_value(
        "SELECT record FROM settlement.journal WHERE key = $1", key
    )
    return record


async def hold(tx: Tx, *, account_id: int, order_id: uuid.UUID, by_fen: int) -> None:
    """Hold ``by_fen`` more on a guarded account and mark it disputed; less if it is negative."""
    await tx.execute(
        "UPDATE settlement.guard_balances SET held = held + $2 WHERE account_id = $1",
        account_id,
        by_fen,
    )
    await tx.execute(
        "UPDATE settlement.order_money SET disputed = disputed + $2 WHERE order_id = $1",
        order_id,
        by_fen,
    )


async def set_floor(
    tx: Tx, *, account_id: int, floor_fen: int, rests_on: str, now: dt.datetime
) -> None:
    """Insert the floor of an account; the database sets it."""
    await tx.insert(
        ACCOUNT_FLOORS,
        id=new_id(),
        account_id=account_id,
        floor_fen=floor_fen,
        rests_on=rests_on,
        set_at=now,
    )
