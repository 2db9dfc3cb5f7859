"""Read what moved one account, entry by entry, and which accounts a party has (账户明细)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing
from settlement.ledger import disk
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger_reports import account_ledger, trial
from settlement.ledger_reports.account_ledger import OWN_PURPOSES, Stepped
from settlement.ledger_reports.model import AccountLedger, LedgerAccount
from settlement.money import CURRENCY
from settlement.periods import queries as periods
from settlement.periods.months import Span

#: A file holds so many lines of one account; more are asked for by their months.
FILE_LINES_MAX: Final = 100_000

# What belongs to an order is found by the order; all else by what the roll-up wrote down, and the
# tail behind it. In the order in which a month numbers its entries.
_STEPS: Final = """
    WITH moved AS (
        SELECT p.key, p.amount FROM settlement.posting_by_account p WHERE p.account_id = $1
        UNION ALL
        SELECT p.key, p.amount FROM settlement.postings p
         WHERE p.account_id = $1 AND ($2::uuid IS NOT NULL AND p.order_id = $2
               OR $2::uuid IS NULL AND p.xid >= (SELECT upto FROM settlement.rollup_state))
    ), steps AS (
        SELECT m.key, m.amount, j.value_on, date_trunc('month', j.value_on)::date AS month,
               sum(m.amount) OVER (ORDER BY date_trunc('month', j.value_on)::date, m.key)::bigint
                   AS balance
          FROM moved m JOIN settlement.journal j ON j.key = m.key
         WHERE j.value_on <= $3
    )"""
_PAGE: Final = f"""{_STEPS}
    SELECT key, amount, balance, month FROM steps
     WHERE month >= $4 AND ($5::date IS NULL OR (month, key) > ($5, $6))
     ORDER BY month, key LIMIT $7"""  # noqa: S608 - our own text
_STOOD: Final = f"""{_STEPS}
    SELECT coalesce(sum(amount), 0)::bigint FROM steps
     WHERE NOT (month >= $4 AND ($5::date IS NULL OR (month, key) > ($5, $6)))"""  # noqa: S608 - our own text
_TOLD: Final = """
    SELECT j.key, j.kind, j.booked_at, j.value_on, j.order_id, j.reverses, j.adjusts, j.codes,
           j.amounts, v.month AS voucher_month, v.number AS voucher_number
      FROM settlement.entries j LEFT JOIN settlement.vouchers v ON v.key = j.key
     WHERE j.key = ANY ($1)"""


class LedgerAccountMissing(Missing):
    """There is no such account, or none that this actor may read."""

    code = "not_found"


async def get_ledger(
    tx: Tx,
    *,
    viewer: Actor,
    book: str,
    of: Account,
    span: Span | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> AccountLedger:
    """Return a page of what moved an account, the earliest first, with what stood after each.

    Costs time in proportion to all that ever moved the account.

    :raises NotPermitted: if the viewer reads no accounts.
    :raises LedgerAccountMissing: if it is somebody else's, or nothing ever moved on it.
    """
    paging.check_limit(limit)
    return await _ledger(tx, viewer=viewer, book=book, of=of, span=span, limit=limit, cursor=cursor)


async def get_whole_ledger(
    tx: Tx, *, viewer: Actor, book: str, of: Account, span: Span | None = None
) -> AccountLedger:
    """Return all that moved an account, for a file; at most ``FILE_LINES_MAX`` lines.

    :raises NotPermitted: and what else ``get_ledger`` raises.
    """
    return await _ledger(
        tx, viewer=viewer, book=book, of=of, span=span, limit=FILE_LINES_MAX, cursor=None
    )


async def list_own(tx: Tx, *, viewer: Actor) -> list[LedgerAccount]:
    """Return the accounts of the viewer's own party with what stands on them, by their numbers.

    :raises NotPermitted: if the viewer reads no accounts.
    """
    viewer.require("account_statement:read")
    rows = await tx.fetch(
        """SELECT a.id, a.book, a.purpose, a.code, (
                  SELECT coalesce(sum(m.amount), 0) FROM (
                      SELECT p.amount FROM settlement.posting_by_account p WHERE p.account_id = a.id
                      UNION ALL
                      SELECT p.amount FROM settlement.postings p
                       WHERE p.account_id = a.id
                         AND p.xid >= (SELECT upto FROM settlement.rollup_state)) m)::bigint AS balance
             FROM settlement.accounts a
            WHERE a.owner = $1 AND a.purpose = ANY ($2) AND a.currency = $3
            ORDER BY a.book, a.code LIMIT 100""",
        str(viewer.party),
        sorted(OWN_PURPOSES),
        CURRENCY,
    )
    return [_own(row) for row in rows]


async def _ledger(
    tx: Tx,
    *,
    viewer: Actor,
    book: str,
    of: Account,
    span: Span | None,
    limit: int,
    cursor: str | None,
) -> AccountLedger:
    periods.check_book(book)
    account_id, order_id = await _find(tx, viewer, book, of)
    text = None if span is None else span.text
    query = paging.fingerprint("account-ledger", book, of.code, text)
    after = _after(query, cursor)
    asked = (
        account_id,
        order_id,
        dt.date.max if span is None else span.last.last_day,
        dt.date.min if span is None else span.first.first_day,
        *after,
    )
    rows = await tx.fetch(_PAGE, *asked, limit + 1)
    page = rows[:limit]
    opening = (
        page[0]["balance"] - page[0]["amount"] if page else await tx.fetch_value(_STOOD, *asked)
    )
    steps = await _told(tx, page)
    more = len(rows) > limit
    return account_ledger.page(
        book=book,
        of=of,
        period=text,
        title=disk.read_chart()[of.purpose],
        opening_fen=int(opening),
        steps=steps,
        next_cursor=(
            paging.encode(query, page[-1]["month"].isoformat(), str(page[-1]["key"]))
            if more
            else None
        ),
    )


async def _find(tx: Tx, viewer: Actor, book: str, named: Account) -> tuple[int, uuid.UUID | None]:
    """Return the number of an account, and the order that it belongs to, if the viewer may read it."""
    viewer.require("account_statement:read")
    row = await tx.fetch_one(
        """SELECT id, owner FROM settlement.accounts
            WHERE book = $1 AND purpose = $2 AND owner = $3 AND currency = $4""",
        book,
        str(named.purpose),
        named.owner,
        CURRENCY,
    )
    if row is None:
        raise LedgerAccountMissing
    order_id = uuid.UUID(named.owner) if named.is_of_an_order else None
    if viewer.sees_all:
        return int(row["id"]), order_id
    if order_id is None:
        is_own = named.purpose in OWN_PURPOSES and named.owner == str(viewer.party)
    else:  # row-level security shows an escrow to both sides of its order
        is_own = bool(
            await tx.fetch_value(
                "SELECT EXISTS (SELECT FROM settlement.escrows WHERE order_id = $1)", order_id
            )
        )
    if not is_own:
        raise LedgerAccountMissing
    return int(row["id"]), order_id


async def _told(tx: Tx, page: Sequence[Row]) -> list[Stepped]:
    keys = [row["key"] for row in page]
    told = {row["key"]: row for row in await tx.fetch(_TOLD, keys)}
    return [_stepped(row, told[row["key"]]) for row in page]


def _stepped(step: Row, row: Row) -> Stepped:
    month, number = row["voucher_month"], row["voucher_number"]
    return Stepped(
        key=row["key"],
        voucher=None if number is None else periods.voucher(month, number),
        value_on=row["value_on"],
        booked_at=row["booked_at"],
        kind=row["kind"],
        order_id=row["order_id"],
        reverses=row["reverses"],
        adjusts=row["adjusts"],
        legs=tuple(zip(row["codes"] or [], row["amounts"] or [], strict=False)),
        amount_fen=step["amount"],
    )


def _after(query: str, cursor: str | None) -> tuple[dt.date | None, uuid.UUID | None]:
    position = paging.decode(query, cursor, 2)
    if position is None:
        return None, None
    try:
        return dt.date.fromisoformat(str(position[0])), paging.as_id(position[1])
    except ValueError as error:
        raise paging.CursorUnreadable from error


def _own(row: Row) -> LedgerAccount:
    title = trial.title_of(row["purpose"], disk.read_chart())
    return LedgerAccount(
        book=row["book"],
        account=row["code"],
        purpose=Purpose(row["purpose"]),
        number=title.number,
        title_zh=title.zh,
        title_en=title.en,
        balance_fen=row["balance"],
    )
