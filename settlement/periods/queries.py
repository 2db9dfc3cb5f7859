"""Read the months of the books: how far each is closed, its balances, its record, its numbers."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.paging import Page
from catalog.signing.canonical import sha256_hex
from settlement.ledger import disk
from settlement.ledger.accounts import Purpose
from settlement.periods import checklist, sealing, store
from settlement.periods.model import (
    Closing,
    Movement,
    OpenAccount,
    OpenSum,
    Period,
    PeriodDetail,
    PeriodLine,
    PeriodRecord,
    Step,
)
from settlement.periods.months import Month, Span, month_of
from settlement.periods.states import State

#: A page for people names so many accounts; the sums count all of them.
_NAMED_MAX: Final = 100
BOOKS: Final = ("market", "public_data")


class PeriodMissing(Missing):
    """There is no such book, or nothing was booked in it up to that month."""

    code = "not_found"


class PeriodNotClosed(Refused):
    """What is asked for is told of closed months alone, because only these do not change."""

    code = "period_not_closed"


def check_book(book: str) -> None:
    """Return if there is such a book.

    :raises PeriodMissing: if not.
    """
    if book not in BOOKS:
        raise PeriodMissing


async def list_periods(
    tx: Tx,
    *,
    viewer: Actor,
    book: str,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Period]:
    """Return a page of the months of a book from its first entry to its last, the newest first.

    :raises NotPermitted: if the viewer does not read the books.
    :raises PeriodMissing: if there is no such book.
    """
    viewer.require("ledger:read")
    check_book(book)
    paging.check_limit(limit)
    query = paging.fingerprint("periods", book)
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(f"{store.CLOSING} WHERE book = $1 ORDER BY month DESC", book)
    closings = {row["month"]: store.closing(row) for row in rows}
    first = await store.first_month(tx, book)
    if first is None:
        return Page([])
    last: dt.date = await tx.fetch_value(
        "SELECT max(value_on) FROM settlement.entries WHERE book = $1", book
    )
    months = Span("", month_of(first), month_of(max(first, last))).months
    wanted = [each.text for each in reversed(months)]
    if position is not None:
        wanted = [text for text in wanted if text < str(position[0])]
    items = [_period(book, text, closings.get(text)) for text in wanted[:limit]]
    more = len(wanted) > limit
    return Page(items, paging.encode(query, items[-1].month) if more else None)


async def get_period(tx: Tx, *, viewer: Actor, book: str, month: Month) -> PeriodDetail:
    """Return one month with its trial balance and what is still to be explained of it.

    :raises NotPermitted: if the viewer does not read the books.
    :raises PeriodMissing: if there is no such book, or its first entry is of a later month.
    """
    viewer.require("ledger:read")
    check_book(book)
    first = await store.first_month(tx, book)
    if first is None or month < month_of(first):
        raise PeriodMissing
    row = await tx.fetch_one(f"{store.CLOSING} WHERE book = $1 AND month = $2", book, month.text)
    found = None if row is None else store.closing(row)
    return await _detail(tx, _period(book, month.text, found), month)


async def get_record(tx: Tx, *, viewer: Actor, book: str, month: Month) -> PeriodRecord:
    """Return the record of a closed month exactly as it was sealed.

    :raises NotPermitted: if the viewer does not read the books.
    :raises PeriodNotClosed: if it is not closed.
    """
    viewer.require("ledger:read")
    check_book(book)
    record: bytes | None = await tx.fetch_value(
        "SELECT record FROM settlement.closings WHERE book = $1 AND month = $2", book, month.text
    )
    if record is None:
        raise PeriodNotClosed(period=month.text)
    return PeriodRecord(format=sealing.FORMAT, record=record.decode(), sha256=sha256_hex(record))


async def require_closed(tx: Tx, *, book: str, span: Span) -> Closing:
    """Return the closing of the last month of a span.

    :raises PeriodNotClosed: if that is not closed; months are closed in their order.
    """
    row = await tx.fetch_one(
        f"{store.CLOSING} WHERE book = $1 AND month = $2 AND sealed_at IS NOT NULL",
        book,
        span.last.text,
    )
    if row is None:
        raise PeriodNotClosed(period=span.text)
    return store.closing(row)


def voucher(month: str, number: int) -> str:
    """Return how an entry is cited (凭证号): ``2026-11/000042``."""
    return f"{month}/{number:06}"


async def list_closed(tx: Tx, *, book: str) -> list[str]:
    """Return the months of a book that are closed, the newest first; that is told to everybody."""
    rows = await tx.fetch(
        """SELECT month FROM settlement.closings
            WHERE book = $1 AND sealed_at IS NOT NULL ORDER BY month DESC LIMIT 1200""",
        book,
    )
    return [row["month"] for row in rows]


async def list_movements(tx: Tx, *, viewer: Actor, book: str, limit: int = 12) -> list[Movement]:
    """Return what moved on each purpose in the newest months whose entries are numbered.

    :raises NotPermitted: if the viewer does not read the books.
    """
    viewer.require("ledger:read")
    rows = await tx.fetch(
        """SELECT b.month, a.purpose, sum(b.debits)::bigint AS debits,
                  sum(b.credits)::bigint AS credits
             FROM settlement.period_balances b
             JOIN settlement.accounts a ON a.id = b.account_id
            WHERE b.book = $1 AND b.month IN (
                  SELECT month FROM settlement.closings
                   WHERE book = $1 AND entries IS NOT NULL ORDER BY month DESC LIMIT $2)
            GROUP BY b.month, a.purpose ORDER BY b.month, a.purpose""",
        book,
        limit,
    )
    return [
        Movement(
            month=row["month"],
            purpose=row["purpose"],
            debits_fen=row["debits"],
            credits_fen=row["credits"],
        )
        for row in rows
    ]


async def list_under_way(tx: Tx) -> list[tuple[str, Month]]:
    """Return the months that are being closed, the oldest first."""
    rows = await tx.fetch(
        """SELECT book, month FROM settlement.closings
            WHERE sealed_at IS NULL ORDER BY month, book"""
    )
    return [(row["book"], _month(row["month"])) for row in rows]


async def lines_of(tx: Tx, book: str, month: str) -> tuple[PeriodLine, ...]:
    """Return the trial balance of a month whose entries are numbered, by the chart's numbers."""
    found = [_line(row) for row in await store.lines(tx, book, month)]
    return tuple(sorted(found, key=lambda line: line.number))


def sums_of(opened: Sequence[OpenAccount]) -> tuple[OpenSum, ...]:
    """Return accounts counted by purpose and reason."""

    def kind(each: OpenAccount) -> tuple[str, str]:
        return each.purpose, each.because or ""

    return tuple(
        OpenSum(
            purpose=of_kind[0].purpose,
            because=of_kind[0].because,
            accounts=len(of_kind),
            balance_fen=sum(each.balance_fen for each in of_kind),
        )
        for _, group in itertools.groupby(sorted(opened, key=kind), kind)
        for of_kind in [list(group)]
    )


def opened(standings: Sequence[checklist.Standing], last_day: dt.date) -> list[OpenAccount]:
    """Return accounts that are not empty, each with why."""
    return [
        OpenAccount(
            account=each.account,
            purpose=each.purpose,
            balance_fen=each.balance_fen,
            because=checklist.why(each, last_day),
            explanation=each.explanation,
            explained_by_name=each.explained_by_name,
        )
        for each in standings
    ]


async def _detail(tx: Tx, period: Period, month: Month) -> PeriodDetail:
    lines = await lines_of(tx, period.book, period.month)
    standing = opened(await store.standings(tx, period.book, period.month), month.last_day)
    by_person = [each for each in standing if each.explanation is not None]
    without = [each for each in standing if each.because is None]
    return PeriodDetail(
        period=period,
        lines=lines,
        debits_fen=sum(line.debits_fen for line in lines),
        credits_fen=sum(line.credits_fen for line in lines),
        difference_fen=sum(line.closing_fen for line in lines),
        open_sums=sums_of(standing),
        unexplained=tuple(without[:_NAMED_MAX]),
        explained=tuple(by_person[:_NAMED_MAX]),
    )


def _period(book: str, month: str, found: Closing | None) -> Period:
    if found is None:
        return Period(book=book, month=month, state=State.OPEN, step=Step.NOT_BEGUN)
    return Period(
        book=book,
        month=month,
        state=State.CLOSING if found.sealed_at is None else State.CLOSED,
        step=found.step,
        entries=found.entries,
        chained=found.chained,
        begun_at=found.begun_at,
        begun_by_name=found.begun_by_name,
        sealed_at=found.sealed_at,
        chain_before=found.before.hex(),
        chain_head=found.head.hex(),
        record_sha256=None if found.record is None else sha256_hex(found.record),
    )


def _line(row: Row) -> PeriodLine:
    title = disk.read_chart()[Purpose(row["purpose"])]
    return PeriodLine(
        number=title.number,
        purpose=row["purpose"],
        title_zh=title.zh,
        title_en=title.en,
        accounts=row["accounts"],
        opening_fen=row["opening"],
        debits_fen=row["debits"],
        credits_fen=row["credits"],
        closing_fen=row["closing"],
    )


def _month(text: str) -> Month:
    year, _, number = text.partition("-")
    return Month(int(year), int(number))
