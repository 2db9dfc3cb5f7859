"""Show the books (账簿): accounts, entries, the trial balance, and the money of one order."""

from __future__ import annotations

import datetime as dt
import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.orders import queries as orders
from settlement.ledger.accounts import BOOK, Book, Purpose
from settlement.ledger.queries import balances, entries, order_money
from settlement.ledger.queries.balances import Balance
from settlement.ledger.queries.entries import PostedEntry
from settlement.ledger.queries.order_money import OrderLedger
from settlement.ledger_reports.model import TrialBalance, TrialLine
from settlement.ledger_reports.queries import trials, waiting
from settlement.ledger_reports.waiting import Waiting
from settlement.periods import months
from settlement.periods.months import Span


@get(
    "/api/v1/orders/{order_id:uuid}/ledger",
    summary="The money of an order",
    tags=["ledger"],
    opt=answers(OrderLedger),
)
async def get_order_ledger(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return what was paid, released and refunded for an order, and every entry that says so."""

    async def look(c: Command) -> OrderLedger:
        await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)  # Missing if a stranger's
        return await order_money.get_order_ledger(c.tx, order_id)

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/accounts",
    summary="Accounts and balances",
    tags=["ledger"],
    opt=answers(Page[Balance]),
)
async def list_accounts(
    request: AnyRequest,
    *,
    purpose: FromQuery[Purpose | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the accounts with what stands on them, those of one purpose (科目) if named."""

    async def look(c: Command) -> Page[Balance]:
        return await balances.list_balances(c.tx, purpose=purpose, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/entries",
    summary="Journal entries",
    tags=["ledger"],
    opt=answers(Page[PostedEntry]),
)
async def list_entries(
    request: AnyRequest,
    *,
    order_id: FromQuery[uuid.UUID | None] = None,
    account: FromQuery[str | None] = None,
    book: FromQuery[Book] = Book.MARKET,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return entries of the journal, those of one order, or of one account of a book, if named (凭证)."""

    async def look(c: Command) -> Page[PostedEntry]:
        return await entries.list_entries(
            c.tx,
            order_id=order_id,
            account_code=account,
            book=book,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/waiting",
    summary="What of the money waits",
    tags=["ledger"],
    opt=answers(list[Waiting]),
)
async def list_waiting(request: AnyRequest) -> Response[bytes]:
    """Return what waits for somebody who keeps the money, the most urgent first (待办事项)."""

    async def look(c: Command) -> list[Waiting]:
        return await waiting.list_waiting(c.tx, viewer=c.actor, now=c.now)

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/trial-balance",
    summary="The trial balance",
    tags=["ledger"],
    opt=answers(TrialBalance, refusals=(404, 422)),
)
async def get_trial_balance(
    request: AnyRequest,
    *,
    book: FromQuery[Book | None] = None,
    period: FromQuery[str | None] = None,
    as_of: FromQuery[dt.datetime | None] = None,
) -> Response[bytes]:
    """Return opening, debits, credits and closing of every purpose; they come to zero (试算平衡表).

    Of one book, or of all together. ``period`` is a month, a quarter or a year, by value dates; ``as_of`` leaves out what was booked
    after that instant.
    """

    async def look(c: Command) -> TrialBalance:
        return await trials.trial_balance(
            c.tx, viewer=c.actor, book=book, span=_span(period), as_of=as_of
        )

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/trial-balance/{purpose:str}",
    summary="The trial balance of a purpose by account",
    tags=["ledger"],
    opt=answers(Page[TrialLine], refusals=(422,)),
)
async def list_trial_accounts(
    request: AnyRequest,
    purpose: FromPath[Purpose],
    *,
    book: FromQuery[str] = BOOK,
    period: FromQuery[str | None] = None,
    as_of: FromQuery[dt.datetime | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the accounts of a purpose that moved or were not empty, each with its four sums."""

    async def look(c: Command) -> Page[TrialLine]:
        return await trials.list_accounts(
            c.tx,
            viewer=c.actor,
            book=book,
            purpose=purpose,
            span=_span(period),
            as_of=as_of,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


def _span(period: str | None) -> Span | None:
    return None if period is None else months.span(period)
