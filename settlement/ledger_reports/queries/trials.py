"""Read trial balances: of a book by purpose, of a purpose by account (试算平衡表)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.paging import Page
from settlement.ledger import disk
from settlement.ledger.accounts import Purpose
from settlement.ledger_reports import trial
from settlement.ledger_reports.model import TrialBalance, TrialLine
from settlement.ledger_reports.trial import Moved
from settlement.periods import queries as periods
from settlement.periods.months import Span

_BEFORE_ALL: Final = dt.date.min
_AFTER_ALL: Final = dt.date.max

# What was rolled up, by months; the tail that was not; less what was booked after the instant.
# A leg of an account that is gone stands in every book: it is to be seen.
_BY_PURPOSE: Final = """
    WITH legs AS (
        SELECT coalesce(a.purpose, '') AS purpose, p.value_on, p.n, p.amount, 1 AS sign
          FROM settlement.postings p LEFT JOIN settlement.accounts a ON a.id = p.account_id
         WHERE p.xid >= (SELECT upto FROM settlement.rollup_state)
           AND ($1::text IS NULL OR coalesce(a.book, $1) = $1)
        UNION ALL
        SELECT coalesce(a.purpose, ''), p.value_on, p.n, p.amount, -1
          FROM settlement.postings p LEFT JOIN settlement.accounts a ON a.id = p.account_id
         WHERE $4::timestamptz IS NOT NULL AND ($1::text IS NULL OR coalesce(a.book, $1) = $1)
           AND p.key IN (SELECT key FROM settlement.journal WHERE booked_at > $4)
    ), sums AS (
        SELECT purpose, month, entries, debits, credits FROM settlement.turnovers
         WHERE ($1::text IS NULL OR book = $1)
        UNION ALL
        SELECT purpose, value_on, CASE WHEN n = 1 THEN sign ELSE 0 END,
               sign * greatest(-amount, 0), sign * greatest(amount, 0) FROM legs
    )
    SELECT purpose,
           coalesce(sum(entries) FILTER (WHERE month >= $2), 0)::bigint AS entries,
           coalesce(sum(credits - debits) FILTER (WHERE month < $2), 0)::bigint AS opening,
           coalesce(sum(debits) FILTER (WHERE month >= $2), 0)::bigint AS debits,
           coalesce(sum(credits) FILTER (WHERE month >= $2), 0)::bigint AS credits,
           (SELECT count(*) FROM settlement.accounts a
             WHERE ($1::text IS NULL OR a.book = $1) AND a.purpose = sums.purpose) AS accounts
      FROM sums WHERE month <= $3 GROUP BY purpose
    HAVING bool_or(debits <> 0 OR credits <> 0)"""

# From what the last closed month before the first day left; so not the whole journal is added up.
_BY_ACCOUNT: Final = """
    WITH base AS (
        SELECT max(month) AS month, max((month || '-01')::date + interval '1 month')::date AS until
          FROM settlement.closings
         WHERE book = $1 AND sealed_at IS NOT NULL AND $6::timestamptz IS NULL
           AND (month || '-01')::date + interval '1 month' <= $2::date
    ), moved AS (
        SELECT b.account_id, b.closing AS opening, 0::bigint AS debits, 0::bigint AS credits
          FROM settlement.period_balances b JOIN base ON base.month = b.month WHERE b.book = $1
        UNION ALL
        SELECT p.account_id, CASE WHEN p.value_on < $2 THEN p.amount ELSE 0 END,
               CASE WHEN p.value_on >= $2 THEN greatest(-p.amount, 0) ELSE 0 END,
               CASE WHEN p.value_on >= $2 THEN greatest(p.amount, 0) ELSE 0 END
          FROM settlement.postings p CROSS JOIN base
         WHERE p.value_on <= $3 AND (base.until IS NULL OR p.value_on >= base.until)
           AND ($6::timestamptz IS NULL
                OR p.key NOT IN (SELECT key FROM settlement.journal WHERE booked_at > $6))
    )
    SELECT a.purpose, a.code, sum(m.opening)::bigint AS opening,
           sum(m.debits)::bigint AS debits, sum(m.credits)::bigint AS credits
      FROM moved m JOIN settlement.accounts a ON a.id = m.account_id
     WHERE a.book = $1 AND a.purpose = $4 AND a.code COLLATE "C" > $5
     GROUP BY a.purpose, a.code
    HAVING sum(m.opening) <> 0 OR sum(m.debits) <> 0 OR sum(m.credits) <> 0
     ORDER BY a.code COLLATE "C" LIMIT $7"""


class InstantWithoutZone(Invalid):
    """The instant does not say in which zone it is."""

    code = "instant_without_zone"


async def trial_balance(
    tx: Tx,
    *,
    viewer: Actor,
    book: str | None,
    span: Span | None = None,
    as_of: dt.datetime | None = None,
) -> TrialBalance:
    """Return the trial balance of a book, or of all together, a line for each purpose on which something moved.

    Months are those of the value dates. ``as_of`` leaves out what was booked after it; that reads
    the journal, and takes a second for every ten million entries.

    :raises NotPermitted: if the viewer does not read the books.
    :raises PeriodMissing: if there is no such book.
    :raises InstantWithoutZone: if ``as_of`` has no zone.
    """
    viewer.require("ledger:read")
    if book is not None:
        periods.check_book(book)
    _check_instant(as_of)
    first, last = _days(span)
    rows = await tx.fetch(_BY_PURPOSE, book, first, last, as_of)
    return trial.balance(
        book=book,
        span=span,
        as_of=as_of,
        moved=[_moved(row, account=None) for row in rows],
        chart=disk.read_chart(),
    )


async def list_accounts(
    tx: Tx,
    *,
    viewer: Actor,
    book: str,
    purpose: Purpose,
    span: Span | None = None,
    as_of: dt.datetime | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[TrialLine]:
    """Return a page of the accounts of a purpose, in the order of their codes.

    An account that was empty and did not move has no line. The lines of all pages together come to
    the line of the purpose.

    :raises NotPermitted: if the viewer does not read the books.
    :raises PeriodMissing: if there is no such book.
    :raises InstantWithoutZone: if ``as_of`` has no zone.
    """
    viewer.require("ledger:read")
    periods.check_book(book)
    _check_instant(as_of)
    paging.check_limit(limit)
    first, last = _days(span)
    text = None if span is None else span.text
    query = paging.fingerprint("trial-accounts", book, str(purpose), text, str(as_of))
    position = paging.decode(query, cursor, 1)
    after = "" if position is None else str(position[0])
    rows = await tx.fetch(_BY_ACCOUNT, book, first, last, str(purpose), after, as_of, limit + 1)
    items = trial.lines(
        [_moved(row, account=row["code"]) for row in rows[:limit]], disk.read_chart()
    )
    more = len(rows) > limit
    return Page(list(items), paging.encode(query, rows[limit - 1]["code"]) if more else None)


def _days(span: Span | None) -> tuple[dt.date, dt.date]:
    if span is None:
        return _BEFORE_ALL, _AFTER_ALL
    return span.first.first_day, span.last.last_day


def _check_instant(as_of: dt.datetime | None) -> None:
    if as_of is not None and as_of.tzinfo is None:
        raise InstantWithoutZone


def _moved(row: Row, *, account: str | None) -> Moved:
    return Moved(
        purpose=row["purpose"],
        account=account,
        accounts=row["accounts"] if account is None else 1,
        entries=row["entries"] if account is None else 0,
        opening_fen=row["opening"],
        debits_fen=row["debits"],
        credits_fen=row["credits"],
    )
