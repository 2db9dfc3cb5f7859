"""Gather what a statement of accounts is drawn up from: the closed months and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing
from catalog.signing.canonical import canonical
from settlement.periods import queries as periods
from settlement.periods.months import Span
from settlement.statements import drawing_up
from settlement.statements.drawing_up import Moved, Stood
from settlement.statements.model import PURPOSES, KindSum, Side, Statement

_MOVED: Final = """
    SELECT v.month, v.number, j.key, j.value_on, j.kind, j.order_id, j.reverses, j.amounts,
           j.codes
      FROM settlement.vouchers v
      JOIN settlement.entries j ON j.key = v.key"""


class StatementMissing(Missing):
    """There is no such statement, or none that this actor may read."""

    code = "not_found"


def check_reader(viewer: Actor, side: Side, party_id: uuid.UUID | None) -> None:
    """Return if the actor may read the statement of a party, or of a whole book.

    :raises NotPermitted: if the actor reads no statements.
    :raises StatementMissing: if it is somebody else's, or a book's and the actor is of no house.
    """
    viewer.require("account_statement:read")
    is_of_book = side is Side.REGULATOR
    if is_of_book != (party_id is None):
        raise StatementMissing
    if not viewer.sees_all and (is_of_book or viewer.party != party_id):
        raise StatementMissing


async def draw_up(
    tx: Tx,
    *,
    viewer: Actor,
    side: Side,
    book: str,
    span: Span,
    party_id: uuid.UUID | None,
    party_name: str,
) -> Statement:
    """Return a statement of closed months.

    :raises NotPermitted: if the viewer reads no statements.
    :raises StatementMissing: if it is somebody else's.
    :raises PeriodNotClosed: if the months are not all closed.
    """
    check_reader(viewer, side, party_id)
    closed = await periods.require_closed(tx, book=book, span=span)
    head = closed.head.hex()
    if party_id is None:
        months = [await periods.lines_of(tx, book, month.text) for month in span.months]
        return drawing_up.of_book(
            book=book,
            span=span,
            chain_head=head,
            months=[lines for lines in months if lines],
            kinds_moved=await _kinds(tx, book, span),
        )
    ids, stood = await _accounts(tx, side=side, book=book, span=span, party_id=party_id)
    return drawing_up.of_party(
        side=side,
        book=book,
        span=span,
        party_id=party_id,
        party_name=party_name,
        chain_head=head,
        stood=stood,
        moved=await _moved(tx, book, span, ids),
    )


def document(statement: Statement) -> bytes:
    """Return the bytes of a statement that are signed (RFC 8785)."""
    return canonical(statement)


async def _accounts(
    tx: Tx, *, side: Side, book: str, span: Span, party_id: uuid.UUID
) -> tuple[list[int], dict[str, Stood]]:
    """Return a party's accounts, a buyer's orders among them, and what stood and stands there."""
    rows = await tx.fetch(
        """SELECT a.id, a.code, coalesce(o.opening, 0) AS opening, coalesce(c.closing, 0) AS closing
             FROM settlement.accounts a
             LEFT JOIN settlement.period_balances o
               ON o.book = a.book AND o.month = $4 AND o.account_id = a.id
             LEFT JOIN settlement.period_balances c
               ON c.book = a.book AND c.month = $5 AND c.account_id = a.id
            WHERE a.book = $1
              AND ((a.owner = $2::text AND a.purpose = ANY ($3))
                   OR ($6 AND a.purpose = 'order_escrow' AND a.owner IN (
                         SELECT order_id::text FROM settlement.escrows
                          WHERE payer_party_id = $2::uuid)))
              AND EXISTS (SELECT 1 FROM settlement.period_balances b
                           WHERE b.book = a.book AND b.month BETWEEN $4 AND $5
                             AND b.account_id = a.id)
            ORDER BY a.code""",
        book,
        str(party_id),
        list(PURPOSES[side]),
        span.first.text,
        span.last.text,
        side is Side.BUYER,
    )
    stood = {row["code"]: Stood(row["opening"], row["closing"]) for row in rows}
    return [row["id"] for row in rows], stood


async def _moved(tx: Tx, book: str, span: Span, accounts: Sequence[int]) -> list[Moved]:
    rows = await tx.fetch(
        f"""{_MOVED}
            WHERE v.book = $1 AND v.month BETWEEN $2 AND $3 AND j.accounts && $4::bigint[]
            ORDER BY v.month, v.number""",
        book,
        span.first.text,
        span.last.text,
        list(accounts),
    )
    return [moved(row) for row in rows]


async def _kinds(tx: Tx, book: str, span: Span) -> tuple[KindSum, ...]:
    rows = await tx.fetch(
        """SELECT j.kind, count(*) AS entries, sum(-j.amounts[1])::bigint AS amount
             FROM settlement.vouchers v JOIN settlement.entries j ON j.key = v.key
            WHERE v.book = $1 AND v.month BETWEEN $2 AND $3
            GROUP BY j.kind ORDER BY j.kind""",
        book,
        span.first.text,
        span.last.text,
    )
    return tuple(
        KindSum(kind=row["kind"], entries=row["entries"], amount_fen=row["amount"]) for row in rows
    )


def moved(row: Row) -> Moved:
    """Return an entry of a closed month as its row tells it."""
    return Moved(
        voucher=periods.voucher(row["month"], row["number"]),
        key=row["key"],
        value_on=row["value_on"],
        kind=row["kind"],
        order_id=row["order_id"],
        reverses=row["reverses"],
        legs=tuple(zip(row["codes"], row["amounts"], strict=True)),
    )
