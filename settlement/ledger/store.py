"""Store accounts and entries. Balances are moved by the entry itself, in the database."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import new_id
from catalog.kernel.statements.db import Write
from settlement.ledger.accounts import Account, Book, OrderOfAnotherBook
from settlement.ledger.journal import LEGS_MAX, LEGS_MIN, Entry
from settlement.ledger.kinds import RULES
from settlement.money import CURRENCY

PURPOSES: Final = sa.Table(
    "purposes",
    METADATA,
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("guarding", sa.Text, nullable=False),
    sa.Column("may_be_overdrawn", sa.Boolean, nullable=False),
    sa.Column("code", sa.SmallInteger, sa.Identity(), nullable=False),
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
    sa.Column("moves", sa.Boolean, nullable=False),
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
    sa.Column("purpose_code", sa.SmallInteger, nullable=False),
    schema="settlement",
)
FLOW_MASKS: Final = sa.Table(
    "flow_masks",
    METADATA,
    sa.Column("kind", sa.SmallInteger, primary_key=True),
    sa.Column("debit", sa.SmallInteger, primary_key=True),
    sa.Column("credits", sa.BigInteger, nullable=False),
    sa.Column("of_orders", sa.BigInteger, nullable=False),
    sa.Column("is_split", sa.Boolean, nullable=False),
    sa.Column("moves", sa.Boolean, nullable=False),
    sa.Column("paid", sa.SmallInteger, nullable=False),
    sa.Column("released", sa.SmallInteger, nullable=False),
    sa.Column("refunded", sa.SmallInteger, nullable=False),
    sa.Column("charged_back", sa.SmallInteger, nullable=False),
    schema="settlement",
)
GUARD_BALANCES: Final = sa.Table(
    "guard_balances",
    METADATA,
    sa.Column("account_id", sa.BigInteger, primary_key=True),
    sa.Column("posted", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("floor", sa.BigInteger),
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
RULE_VERSIONS: Final = sa.Table(
    "rule_versions",
    METADATA,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    schema="settlement",
)
_LEGS: Final = range(1, LEGS_MAX + 1)
JOURNAL: Final = sa.Table(
    "journal",
    METADATA,
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid),
    sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("xid", sa.BigInteger, nullable=False),
    *(sa.Column(f"v{n}", sa.BigInteger, nullable=n > LEGS_MIN) for n in _LEGS),
    *(sa.Column(f"a{n}", sa.Integer, nullable=n > LEGS_MIN) for n in _LEGS),
    sa.Column("value_on", sa.Date, nullable=False),
    sa.Column("rule_id", sa.Integer, nullable=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("book", sa.SmallInteger, nullable=False),
    sa.Column("currency", sa.SmallInteger, nullable=False),
    sa.Column("adjusts", sa.Date),
    sa.Column("reverses", sa.Uuid),
    sa.Column("batch", sa.Uuid),
    schema="settlement",
)
TURNOVERS: Final = sa.Table(
    "turnovers",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("entries", sa.BigInteger, nullable=False),
    sa.Column("debits", sa.BigInteger, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False),
    schema="settlement",
)
POSTING_BY_ACCOUNT: Final = sa.Table(
    "posting_by_account",
    METADATA,
    sa.Column("account_id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    schema="settlement",
)
ROLLUP_STATE: Final = sa.Table(
    "rollup_state",
    METADATA,
    sa.Column("is_the_one", sa.Boolean, primary_key=True),
    sa.Column("upto", sa.BigInteger, nullable=False),
    sa.Column("rolled", sa.BigInteger, nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)

BOOK_CODES: Final = {Book.MARKET: 1, Book.PUBLIC_DATA: 2}
CURRENCY_CODES: Final = {CURRENCY: 156}  # ISO 4217


def _leg_of_many(n: int) -> str:
    """Return the n-th leg of an entry, out of the legs of all entries one after the other."""
    return ", ".join(
        f"CASE WHEN e.legs >= {n} THEN ({of})[e.before + {n}] END"
        for of in ("$1::integer[]", "$2::bigint[]")
    )


def _inserting(legs: int) -> str:
    """Return the statement that inserts an entry of so many legs: what it has none of is not named."""
    columns = "".join(f", a{n}, v{n}" for n in range(1, legs + 1))
    values = "".join(f", ${12 + n}" for n in range(2 * legs))
    return f"""
        INSERT INTO settlement.journal (key, order_id, booked_at, value_on, rule_id, kind, book,
               currency, adjusts, reverses, batch{columns})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11{values})
        ON CONFLICT DO NOTHING RETURNING true"""  # noqa: S608 - numbers of our own columns


_INSERT: Final = {legs: _inserting(legs) for legs in range(LEGS_MIN, LEGS_MAX + 1)}
_INSERT_ALL: Final = f"""
    INSERT INTO settlement.journal (key, order_id, booked_at, value_on, rule_id, kind, book, currency,
           adjusts, reverses, {", ".join(f"a{n}, v{n}" for n in _LEGS)})
    SELECT e.key, e.order_id, e.booked_at, e.value_on, r.id, e.kind, e.book, e.currency,
           e.adjusts, e.reverses, {", ".join(_leg_of_many(n) for n in _LEGS)}
      FROM unnest($3::int[], $4::int[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::date[],
                  $9::text[], $10::int[], $11::int[], $12::int[], $13::date[], $14::uuid[])
           WITH ORDINALITY
           AS e (before, legs, key, order_id, booked_at, value_on, rule_version, kind, book, currency,
                 adjusts, reverses, place)
      LEFT JOIN settlement.rule_versions r ON r.version = e.rule_version
     ORDER BY e.place"""  # noqa: S608 - numbers of our own columns


async def account_ids(
    tx: Tx, accounts: Sequence[Account], *, book: str, currency: str, now: dt.datetime
) -> list[int]:
    """Return the ids of ``accounts``, in their order; those that are new are opened.

    :raises OrderOfAnotherBook: if one is of an order whose money stands in another book.
    """
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
    missing = next((account for account in accounts if account not in known), None)
    if missing is not None:
        raise OrderOfAnotherBook(account=missing.code)
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


async def rule_id(tx: Tx, version: str) -> int:
    """Return the number under which the journal writes a version of the rules."""
    found = await tx.fetch_value(_RULE_ID, version)
    if found is None:
        await tx.execute(
            "INSERT INTO settlement.rule_versions (version) VALUES ($1) ON CONFLICT DO NOTHING",
            version,
        )
        found = await tx.fetch_value(_RULE_ID, version)
    return int(found)


_RULE_ID: Final = "SELECT id FROM settlement.rule_versions WHERE version = $1"


async def insert(
    tx: Tx, entry: Entry, ids: Sequence[int], *, rule: int, batch: uuid.UUID | None = None
) -> bool:
    """Insert an entry; return False, and move nothing, if its key is there already."""
    inserted = await tx.fetch_value(
        _INSERT[len(entry.legs)],
        entry.key,
        entry.order_id,
        entry.booked_at,
        entry.value_on,
        rule,
        RULES[entry.kind].code,
        BOOK_CODES[Book(entry.book)],
        CURRENCY_CODES[entry.currency],
        entry.adjusts,
        entry.reverses,
        batch,
        *itertools.chain.from_iterable(
            (id_, leg.amount_fen) for id_, leg in zip(ids, entry.legs, strict=True)
        ),
    )
    return bool(inserted)


def insertion_of_all(entries: Sequence[Entry], ids: Sequence[Sequence[int]]) -> Write:
    """Return what inserts entries in their order.

    A key that is there already is an error, and so is a version of the rules that is not.
    """
    ends = list(itertools.accumulate(len(entry.legs) for entry in entries))
    return Write(
        _INSERT_ALL,
        (
            list(itertools.chain.from_iterable(ids)),
            [leg.amount_fen for entry in entries for leg in entry.legs],
            [0, *ends[:-1]],
            [len(entry.legs) for entry in entries],
            [entry.key for entry in entries],
            [entry.order_id for entry in entries],
            [entry.booked_at for entry in entries],
            [entry.value_on for entry in entries],
            [entry.rule_version for entry in entries],
            [RULES[entry.kind].code for entry in entries],
            [BOOK_CODES[Book(entry.book)] for entry in entries],
            [CURRENCY_CODES[entry.currency] for entry in entries],
            [entry.adjusts for entry in entries],
            [entry.reverses for entry in entries],
        ),
    )


async def record_of(tx: Tx, key: uuid.UUID) -> bytes | None:
    """Return the record of an entry, or None."""
    record: bytes | None = await tx.fetch_value(
        "SELECT record FROM settlement.entries WHERE key = $1", key
    )
    return record


async def roll_up(tx: Tx, now: dt.datetime) -> int:
    """Add up what all transactions wrote that are over; return how many entries these were."""
    before = await tx.fetch_value("SELECT rolled FROM settlement.rollup_state FOR UPDATE")
    after = await tx.fetch_value(
        "UPDATE settlement.rollup_state SET asked_at = $1 RETURNING rolled", now
    )
    return int(after) - int(before)


async def make_months(tx: Tx, days: int) -> int:
    """Make the months of the journal from now on that are missing; return how many.

    By the clock of the database: keys are made by a machine's clock, whatever a test says the time is.
    """
    return int(
        await tx.fetch_value(
            "SELECT settlement.make_months(now()::date, now()::date + $1::integer)", days
        )
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
