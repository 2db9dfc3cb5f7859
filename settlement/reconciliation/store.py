"""Tables and statements of statement files, their lines and breaks (对账)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.reconciliation.comparing import Fact, Pair, Stated
from settlement.reconciliation.model import Break, StatementFile
from settlement.reconciliation.statement_file import Line, Move, Outcome

_INSTANT: Final = sa.DateTime(timezone=True)
_AT_ONCE: Final = 10_000  # lines in one statement

STATEMENT_FILES: Final = sa.Table(
    "statement_files",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("stated_on", sa.Date, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("fee_bps", sa.Integer, nullable=False),
    sa.Column("loaded_at", _INSTANT, nullable=False),
    sa.Column("loaded_by", sa.Uuid),
    sa.Column("reconciled_at", _INSTANT),
    sa.Column("matched_count", sa.Integer),
    sa.Column("break_count", sa.Integer),
    sa.Column("fee_key", sa.Uuid),
    schema="settlement",
)
STATEMENT_LINES: Final = sa.Table(
    "statement_lines",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("transaction_id", sa.Text, nullable=False),
    sa.Column("move", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("fee_fen", sa.BigInteger, nullable=False),
    sa.Column("happened_at", _INSTANT, nullable=False),
    sa.Column("remark", sa.Text, nullable=False),
    schema="settlement",
)
STATEMENT_BREAKS: Final = sa.Table(
    "statement_breaks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("move", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("transaction_id", sa.Text, nullable=False),
    sa.Column("ours_fen", sa.BigInteger),
    sa.Column("theirs_fen", sa.BigInteger),
    sa.Column("difference_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("found_on", sa.Date, nullable=False),
    sa.Column("found_at", _INSTANT, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("booked_key", sa.Uuid),
    sa.Column("way", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("proposed_by", sa.Uuid),
    sa.Column("resolved_by", sa.Uuid),
    sa.Column("resolved_at", _INSTANT),
    sa.Column("resolving_key", sa.Uuid),
    sa.Column("book", sa.Text, nullable=False, server_default="market"),
    schema="settlement",
)

SELECT_FILE: Final = select_all(STATEMENT_FILES)
SELECT_BREAK: Final = select_all(STATEMENT_BREAKS)

#: All that we know to have gone through a channel ($2), with the row of the journal that says so.
FACTS: Final = """
    SELECT 'pay_in' AS move, reference, channel_transaction_id AS transaction_id, amount_fen,
           succeeded_at AS at, journal_key
      FROM settlement.payments WHERE channel = $2 AND state = 'succeeded'
    UNION ALL
    SELECT 'refund', reference, transaction_id, amount_fen, settled_at, journal_key
      FROM settlement.refunds WHERE channel = $2 AND state = 'settled'
    UNION ALL
    SELECT 'payout', reference, transaction_id, amount_fen, ended_at, ending_key
      FROM settlement.payouts WHERE channel = $2 AND state = 'paid'
    UNION ALL
    SELECT 'chargeback', p.reference, c.case_number, c.amount_fen, c.ended_at, c.ending_key
      FROM settlement.chargebacks c JOIN settlement.payments p ON p.id = c.payment_id
     WHERE c.channel = $2 AND c.state = 'lost'"""
#: What an entry moved on the clearing account: it is one of two legs.
_CLEARED: Final = """
    abs(CASE WHEN j.a1 = ANY (c.ids) THEN j.v1
             WHEN j.a2 = ANY (c.ids) THEN j.v2 ELSE 0 END)"""
_CLEARING: Final = """
    SELECT coalesce(array_agg(id), '{}') AS ids FROM settlement.accounts
     WHERE purpose = 'channel_clearing' AND owner = $2"""
_EXPECTED_FEE: Final = (
    "CASE l.move WHEN 'pay_in' THEN (l.amount_fen * $5 + 5000) / 10000 ELSE 0 END"
)


async def insert_file(tx: Tx, file: StatementFile) -> bool:
    """Insert a file; return False if these bytes, or this day of the channel, were loaded before."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.statement_files
               (id, channel, stated_on, sha256, line_count, total_fen, fee_bps, loaded_at, loaded_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING true""",
        file.id,
        file.channel,
        file.stated_on,
        file.sha256,
        file.line_count,
        file.total_fen,
        file.fee_bps,
        file.loaded_at,
        file.loaded_by,
    )
    return bool(inserted)


async def insert_lines(
    tx: Tx, file: StatementFile, lines: Sequence[Line], references: Mapping[int, str]
) -> None:
    """Insert the lines of a file; ``references`` are those that were found in remarks, by number."""
    for start in range(0, len(lines), _AT_ONCE):
        await tx.insert_many(
            STATEMENT_LINES,
            [
                {
                    "file_id": file.id,
                    "number": line.number,
                    "channel": file.channel,
                    "transaction_id": line.transaction_id,
                    "move": line.move.value,
                    "reference": references.get(line.number, line.reference),
                    "outcome": line.outcome.value,
                    "amount_fen": line.amount_fen,
                    "fee_fen": line.fee_fen,
                    "happened_at": line.happened_at,
                    "remark": line.remark,
                }
                for line in lines[start : start + _AT_ONCE]
            ],
        )


async def find_stated(tx: Tx, channel: str, lines: Sequence[Line]) -> int | None:
    """Return the number of the first of ``lines`` that another file of the channel stated before."""
    number: int | None = await tx.fetch_value(
        """SELECT min(n.number)
             FROM unnest($2::text[], $3::text[], $4::text[], $5::integer[])
                  AS n (transaction_id, move, outcome, number)
             JOIN settlement.statement_lines l USING (transaction_id, move, outcome)
            WHERE l.channel = $1""",
        channel,
        [line.transaction_id for line in lines],
        [line.move.value for line in lines],
        [line.outcome.value for line in lines],
        [line.number for line in lines],
    )
    return number


async def references_of(tx: Tx, channel: str, codes: Sequence[str]) -> dict[str, str]:
    """Return our references of the payments that were told these short ones (附言)."""
    rows = await tx.fetch(
        """SELECT channel_reference, reference FROM settlement.payments
            WHERE channel = $1 AND channel_reference = ANY ($2)""",
        channel,
        list(codes),
    )
    return {row["channel_reference"]: row["reference"] for row in rows}


async def lock_file(tx: Tx, file_id: uuid.UUID) -> StatementFile | None:
    """Return a file, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT_FILE} WHERE id = $1 FOR UPDATE", file_id)
    return None if row is None else file_of(row)


async def set_reconciled(tx: Tx, file: StatementFile) -> None:
    """Write what comparing a file came to."""
    await tx.execute(
        """UPDATE settlement.statement_files
              SET reconciled_at = $2, matched_count = $3, break_count = $4, fee_key = $5
            WHERE id = $1""",
        file.id,
        file.reconciled_at,
        file.matched_count,
        file.break_count,
        file.fee_key,
    )


async def compare(
    tx: Tx, file: StatementFile, *, since: dt.datetime, until: dt.datetime
) -> list[Pair]:
    """Return what does not agree between a file and the facts of its day, set against each other.

    Both sides and the journal are joined once. What is left alone is looked for on other days, by
    index: a line may be of a fact that we heard of later, and a fact of a line in another file.
    """
    # A day's lines and facts are joined in memory: spilt to disk they take half as long again.
    await tx.execute("SET LOCAL work_mem = '256MB'")
    rows = await tx.fetch(
        f"""
        WITH c AS ({_CLEARING}),
        facts AS (
            SELECT f.move, f.reference, f.transaction_id, f.amount_fen, f.at,
                   coalesce({_CLEARED}, 0) AS booked_fen
              FROM ({FACTS}) f CROSS JOIN c
              LEFT JOIN settlement.journal j ON j.key = f.journal_key
             WHERE f.at >= $3 AND f.at < $4),
        lines AS (
            SELECT id, move, reference, transaction_id, outcome, amount_fen, fee_fen
              FROM settlement.statement_lines WHERE file_id = $1),
        differing AS (
            SELECT coalesce(l.move, f.move) AS move, l.id, l.reference AS l_reference,
                   l.transaction_id AS l_transaction, l.outcome, l.amount_fen AS l_amount, l.fee_fen,
                   f.reference, f.transaction_id, f.amount_fen, f.booked_fen, f.at
              FROM lines l
              FULL JOIN facts f ON f.transaction_id = l.transaction_id AND f.move = l.move
             WHERE (l.outcome = 'succeeded' AND l.amount_fen = f.amount_fen
                    AND f.booked_fen = l.amount_fen AND l.fee_fen = {_EXPECTED_FEE}) IS NOT TRUE)
        SELECT d.*, o.reference AS o_reference, o.transaction_id AS o_transaction,
               o.amount_fen AS o_amount, o.booked_fen AS o_booked, o.at AS o_at
          FROM differing d
          LEFT JOIN LATERAL (
                SELECT f.reference, f.transaction_id, f.amount_fen, f.at,
                       coalesce({_CLEARED}, 0) AS booked_fen
                  FROM ({FACTS}) f CROSS JOIN c
                  LEFT JOIN settlement.journal j ON j.key = f.journal_key
                 WHERE d.reference IS NULL AND f.reference = d.l_reference AND f.move = d.move
                 LIMIT 1) o ON true
         WHERE d.id IS NOT NULL OR NOT EXISTS (
                SELECT FROM settlement.statement_lines s
                 WHERE s.channel = $2 AND s.move = d.move AND s.transaction_id = d.transaction_id)
         ORDER BY d.id, d.at, d.transaction_id""",  # noqa: S608 - parts of our own
        file.id,
        file.channel,
        since,
        until,
        file.fee_bps,
    )
    return [_pair(row) for row in rows]


def _pair(row: Row) -> Pair:
    stated = None
    if row["id"] is not None:
        stated = Stated(
            line_id=row["id"],
            reference=row["l_reference"],
            transaction_id=row["l_transaction"],
            outcome=Outcome(row["outcome"]),
            amount_fen=row["l_amount"],
            fee_fen=row["fee_fen"],
        )
    fact = _fact(row, "reference", "transaction_id", "amount_fen", "booked_fen", "at")
    other = _fact(row, "o_reference", "o_transaction", "o_amount", "o_booked", "o_at")
    if fact is None and stated and other and other.transaction_id == stated.transaction_id:
        fact = other  # heard on another day than the channel's
    twin = None if fact is other else other
    return Pair(move=Move(row["move"]), stated=stated, fact=fact, twin=twin)


def _fact(row: Row, *names: str) -> Fact | None:
    reference, transaction_id, amount_fen, booked_fen, at = (row[name] for name in names)
    if reference is None:
        return None
    return Fact(
        reference=reference,
        transaction_id=transaction_id,
        amount_fen=amount_fen,
        booked_fen=booked_fen,
        at=at,
    )


async def clearing_fen(tx: Tx, channel: str) -> int:
    """Return what a channel should hold for us by the journal, in the books of all entities."""
    return int(
        await tx.fetch_value(
            """
            SELECT coalesce(-sum(balance), 0)::bigint FROM settlement.balances
             WHERE purpose = 'channel_clearing' AND owner = $1""",
            channel,
        )
    )


async def expected_fees(tx: Tx, file: StatementFile) -> dict[str, int]:
    """Return what the channel may keep of all that a file states as done, by the book that bears it."""
    total: int = await tx.fetch_value(
        f"SELECT coalesce(sum({_FEE}), 0)::bigint FROM settlement.statement_lines l WHERE {_DONE}",  # noqa: S608 - our own text
        file.id,
        file.fee_bps,
    )
    # Few escrows are of another book than the market's, and an index has just these: a million lines
    # are added up as they lie, and not joined.
    rows = await tx.fetch(
        f"""SELECT e.book, sum({_FEE})::bigint AS fen
              FROM settlement.escrows e
              JOIN settlement.payments p ON p.order_id = e.order_id AND p.channel = $3
              JOIN settlement.statement_lines l ON l.reference = p.reference AND {_DONE}
             WHERE e.book <> 'market' GROUP BY e.book ORDER BY e.book""",  # noqa: S608 - our own text
        file.id,
        file.fee_bps,
        file.channel,
    )
    apart = {row["book"]: row["fen"] for row in rows}
    fees = {"market": total - sum(apart.values())} | apart
    return {book: fen for book, fen in fees.items() if fen}


_FEE: Final = "(l.amount_fen * $2 + 5000) / 10000"
_DONE: Final = "l.file_id = $1 AND l.move = 'pay_in' AND l.outcome = 'succeeded'"


async def books_of(tx: Tx, references: Sequence[str]) -> dict[str, str]:
    """Return in which book what is told about is accounted, by our references as far as we know them."""
    rows = await tx.fetch(
        """SELECT p.reference, e.book
             FROM settlement.payments p JOIN settlement.escrows e ON e.order_id = p.order_id
            WHERE p.reference = ANY ($1)
           UNION ALL SELECT reference, book FROM settlement.refunds WHERE reference = ANY ($1)
           UNION ALL SELECT reference, book FROM settlement.payouts WHERE reference = ANY ($1)""",
        list(references),
    )
    return {row["reference"]: row["book"] for row in rows}


async def insert_breaks(tx: Tx, breaks: Sequence[Break]) -> None:
    """Insert breaks that were found."""
    await tx.insert_many(STATEMENT_BREAKS, [_values(each) for each in breaks])


async def lock_break(tx: Tx, break_id: uuid.UUID) -> Break | None:
    """Return a break, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT_BREAK} WHERE id = $1 FOR UPDATE", break_id)
    return None if row is None else break_of(row)


async def update_break(tx: Tx, found: Break) -> None:
    """Write back what may change of a break that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.statement_breaks
              SET state = $2, booked_key = $3, way = $4, reason = $5, proposed_by = $6,
                  resolved_by = $7, resolved_at = $8, resolving_key = $9
            WHERE id = $1""",
        found.id,
        found.state.value,
        found.booked_key,
        None if found.way is None else found.way.value,
        found.reason,
        found.proposed_by,
        found.resolved_by,
        found.resolved_at,
        found.resolving_key,
    )


async def lock_explained(tx: Tx, channel: str, *, limit: int) -> list[Break]:
    """Return, locked, breaks whose other side has come: the line of a fact, or the fact of a line."""
    rows = await tx.fetch(
        f"""{SELECT_BREAK} b
            WHERE b.channel = $2 AND b.state IN ('open', 'booked')
              AND ((b.kind IN ('short', 'date_cut') AND EXISTS (
                        SELECT FROM settlement.statement_lines l
                         WHERE l.channel = b.channel AND l.move = b.move
                           AND l.transaction_id = b.transaction_id AND l.outcome = 'succeeded'))
                OR (b.kind = 'long' AND EXISTS (
                        SELECT FROM ({FACTS}) f
                         WHERE f.move = b.move AND f.reference = b.reference
                           AND f.transaction_id = b.transaction_id)))
            ORDER BY b.id LIMIT $1 FOR UPDATE OF b""",  # noqa: S608 - parts of our own
        limit,
        channel,
    )
    return [break_of(row) for row in rows]


async def cleared_until(tx: Tx, day: dt.date) -> dict[str, int]:
    """Return by channel what it holds for us at the end of a day, by the ledger, in all books."""
    rows = await tx.fetch(
        """SELECT a.owner, (-sum(p.amount))::bigint AS stands
             FROM settlement.accounts a
             JOIN settlement.postings p ON p.account_id = a.id
             JOIN settlement.entries e ON e.key = p.key
            WHERE a.purpose = 'channel_clearing' AND e.value_on <= $1
            GROUP BY a.owner ORDER BY a.owner LIMIT 1000""",
        day,
    )
    return {row["owner"]: row["stands"] for row in rows}


async def lock_open_balances(tx: Tx, account: str) -> list[Break]:
    """Return, locked, the open breaks of a custodian's balances, the first one first."""
    rows = await tx.fetch(
        f"""{SELECT_BREAK}
            WHERE channel = $1 AND kind = 'balance' AND state = 'open'
            ORDER BY id LIMIT 1000 FOR UPDATE""",
        account,
    )
    return [break_of(row) for row in rows]


def file_of(row: Row) -> StatementFile:
    """Return the file in a row."""
    return msgspec.convert(dict(row), StatementFile)


def break_of(row: Row) -> Break:
    """Return the break in a row."""
    return msgspec.convert(dict(row), Break)


def _values(found: Break) -> dict[str, Any]:
    values = msgspec.structs.asdict(found)
    del values["age_days"]
    return {name: str(value) if name in _WORDS else value for name, value in values.items()}


_WORDS: Final = {"kind", "move", "state", "desk"}
