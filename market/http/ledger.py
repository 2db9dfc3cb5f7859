"""Show the books (账簿): accounts, entries, the trial balance, and the money of one order."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.orders import queries as orders
from settlement.ledger import queries as books
from settlement.ledger.accounts import Book, Purpose
from settlement.ledger.queries import Balance, OrderLedger, PostedEntry, TrialBalance


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
        return await books.get_order_ledger(c.tx, order_id)

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
        return await books.list_balances(c.tx, purpose=purpose, limit=limit, cursor=cursor)

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
        return await books.list_entries(
            c.tx,
            order_id=order_id,
            account_code=account,
            book=book,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/trial-balance",
    summary="The trial balance",
    tags=["ledger"],
    opt=answers(TrialBalance),
)
async def get_trial_balance(
    request: AnyRequest, *, book: FromQuery[Book | None] = None
) -> Response[bytes]:
    """Return what stands on every purpose of a book, or of all; debits equal credits (试算平衡表)."""

    async def look(c: Command) -> TrialBalance:
        return await books.trial_balance(c.tx, book=book)

    return answer(await read(request, look))
