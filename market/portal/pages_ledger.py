"""Show what the books say: the trial balance, the accounts of a purpose, what moved one (账簿)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.local_time import end_of_day
from catalog.kernel.paging import Page
from market.finance_reports import words
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from settlement.ledger.accounts import BOOK, Account, Purpose
from settlement.ledger_reports.model import AccountLedger, TrialBalance, TrialLine
from settlement.ledger_reports.queries import accounts, trials
from settlement.periods import months
from settlement.periods.months import Span
from settlement.periods.queries import BOOKS

_TRIAL: Final = "/finance/trial-balance"
_LEDGER: Final = "/account-ledgers/{book:str}/{purpose:str}/{owner:str}"
_PAGE_SIZE: Final = 50


@get(_TRIAL, include_in_schema=False)
async def show_trial_balance(
    request: AnyRequest,
    *,
    book: FromQuery[str] = BOOK,
    period: FromQuery[str | None] = None,
    as_of: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show opening, debits, credits and closing of every purpose (试算平衡表)."""
    until = _day(as_of)

    async def look(c: Command) -> TrialBalance:
        return await trials.trial_balance(
            c.tx, viewer=c.actor, book=book, span=_span(period), as_of=_end(until)
        )

    found = await read(request, look)
    return page(
        request,
        "trial_balance.html",
        cache=NOT_KEPT,
        found=found,
        period=period or "",
        until=until,
        book=book,
        books=BOOKS,
        book_name=words.book,
        link=linker(_TRIAL, {"book": book, "period": period, "as_of": as_of}),
        drill=lambda purpose: linker(f"{_TRIAL}/{purpose}", _asked(book, period, as_of))(),
    )


@get(f"{_TRIAL}/{{purpose:str}}", include_in_schema=False)
async def show_accounts(
    request: AnyRequest,
    purpose: FromPath[Purpose],
    *,
    book: FromQuery[str] = BOOK,
    period: FromQuery[str | None] = None,
    as_of: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the accounts that stand behind one line of the trial balance."""
    until = _day(as_of)

    async def look(c: Command) -> Page[TrialLine]:
        return await trials.list_accounts(
            c.tx,
            viewer=c.actor,
            book=book,
            purpose=purpose,
            span=_span(period),
            as_of=_end(until),
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    asked = _asked(book, period, as_of)
    return page(
        request,
        "trial_accounts.html",
        cache=NOT_KEPT,
        found=await read(request, look),
        purpose=purpose,
        purpose_name=words.purpose,
        period=period or "",
        until=until,
        book=book,
        book_name=words.book,
        back=linker(_TRIAL, asked)(),
        link=linker(f"{_TRIAL}/{purpose}", asked),
        drill=lambda account: linker(f"/account-ledgers/{book}/{account}", {"period": period})(),
        is_continued=bool(cursor),
    )


@get(_LEDGER, include_in_schema=False)
async def show_account(
    request: AnyRequest,
    book: FromPath[str],
    purpose: FromPath[Purpose],
    owner: FromPath[str],
    *,
    period: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what moved an account, the earliest first, with what stood on it after each (账户明细)."""

    async def look(c: Command) -> AccountLedger:
        return await accounts.get_ledger(
            c.tx,
            viewer=c.actor,
            book=book,
            of=Account(purpose, owner),
            span=_span(period),
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    place = f"/account-ledgers/{book}/{purpose}/{owner}"
    asked = {"period": period}
    return page(
        request,
        "account_ledger.html",
        cache=NOT_KEPT,
        told=await read(request, look),
        period=period or "",
        book=book,
        book_name=words.book,
        purpose_name=words.purpose,
        place=place,
        link=linker(place, asked),
        file=linker(f"/api/v1{place}/file", asked),
        is_continued=bool(cursor),
    )


def _asked(book: str, period: str | None, as_of: str | None) -> dict[str, str | None]:
    return {"book": book, "period": period, "as_of": as_of}


def _span(period: str | None) -> Span | None:
    return months.span(period) if period else None


def _day(text: str | None) -> dt.date | None:
    """Return the day up to whose end is counted; what is no day asks for no such thing."""
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


def _end(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else end_of_day(day) - dt.timedelta.resolution
