"""Table and statements of deposits (竞买保证金)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.deposits.model import Deposit

_INSTANT: Final = sa.DateTime(timezone=True)

DEPOSITS: Final = sa.Table(
    "deposits",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("secures", sa.Uuid, nullable=False),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("pay_until", _INSTANT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("held_at", _INSTANT),
    sa.Column("hold_key", sa.Uuid),
    sa.Column("ended_at", _INSTANT),
    sa.Column("ground", sa.Text),
    sa.Column("received_by", sa.Text),
    sa.Column("ending_key", sa.Uuid),
    schema="settlement",
)
SELECT: Final = select_all(DEPOSITS)


async def insert(tx: Tx, deposit: Deposit) -> None:
    """Insert a deposit that is asked for."""
    await tx.insert(
        DEPOSITS,
        **(
            msgspec.structs.asdict(deposit)
            | {"state": str(deposit.state), "book": str(deposit.book)}
        ),
    )


async def update(tx: Tx, deposit: Deposit) -> None:
    """Write back what may change of a deposit that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.deposits
              SET state = $2, held_at = $3, hold_key = $4, ended_at = $5, ground = $6,
                  received_by = $7, ending_key = $8
            WHERE id = $1""",
        deposit.id,
        str(deposit.state),
        deposit.held_at,
        deposit.hold_key,
        deposit.ended_at,
        None if deposit.ground is None else str(deposit.ground),
        deposit.received_by,
        deposit.ending_key,
    )


async def find(tx: Tx, deposit_id: uuid.UUID) -> Deposit | None:
    """Return a deposit, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1", deposit_id)
    return None if row is None else deposit_of(row)


async def lock(tx: Tx, deposit_id: uuid.UUID) -> Deposit | None:
    """Return a deposit, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", deposit_id)
    return None if row is None else deposit_of(row)


async def find_standing(tx: Tx, *, secures: uuid.UUID, payer: uuid.UUID) -> Deposit | None:
    """Return the deposit of a party for something that has not ended, or None."""
    row = await tx.fetch_one(
        f"""{SELECT} WHERE secures = $1 AND payer_party_id = $2
                       AND state IN ('awaiting', 'held', 'charged_back')""",
        secures,
        payer,
    )
    return None if row is None else deposit_of(row)


async def list_of(
    tx: Tx, *, secures: uuid.UUID, payer: uuid.UUID | None = None, limit: int
) -> list[Deposit]:
    """Return the deposits for something that the actor may see, of one party if named, the oldest first."""
    rows = await tx.fetch(
        f"""{SELECT} WHERE secures = $1 AND ($2::uuid IS NULL OR payer_party_id = $2)
            ORDER BY id LIMIT $3""",
        secures,
        payer,
        limit,
    )
    return [deposit_of(row) for row in rows]


async def list_unpaid(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the deposits that nobody paid in time, the one whose time ended first first."""
    rows = await tx.fetch(
        """SELECT id FROM settlement.deposits WHERE state = 'awaiting' AND pay_until <= $1
            ORDER BY pay_until, id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_secured(tx: Tx, *, limit: int, after: uuid.UUID | None) -> list[uuid.UUID]:
    """Return for what deposits are held, in the order of its ids."""
    rows = await tx.fetch(
        """SELECT DISTINCT secures FROM settlement.deposits
            WHERE state = 'held' AND ($2::uuid IS NULL OR secures > $2)
            ORDER BY secures LIMIT $1""",
        limit,
        after,
    )
    return [row["secures"] for row in rows]


def deposit_of(row: Row) -> Deposit:
    """Return the deposit in a row."""
    return msgspec.convert(dict(row), Deposit)
