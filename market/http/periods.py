"""Close months of the books (月结): list them, begin, explain what stands open, read the record."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.periods import months, operations, queries
from settlement.periods.model import Period, PeriodDetail, PeriodRecord


class ExplainAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something stands on an account that should be empty."""

    account: Annotated[str, msgspec.Meta(max_length=120)]
    explanation: Annotated[str, msgspec.Meta(max_length=500)]


@get(
    "/api/v1/ledger/periods",
    summary="Months of the books",
    tags=["ledger"],
    opt=answers(Page[Period]),
)
async def list_periods(
    request: AnyRequest,
    *,
    book: FromQuery[str] = "market",
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return every month of a book and how far it is closed, the newest first (会计期间)."""

    async def look(c: Command) -> Page[Period]:
        return await queries.list_periods(
            c.tx, viewer=c.actor, book=book, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/periods/{book:str}/{month:str}",
    summary="A month of the books",
    tags=["ledger"],
    opt=answers(PeriodDetail, refusals=(422,)),
)
async def get_period(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Return its trial balance, and what stands on accounts that should be empty (月结检查)."""

    async def look(c: Command) -> PeriodDetail:
        return await queries.get_period(c.tx, viewer=c.actor, book=book, month=months.month(month))

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/periods/{book:str}/{month:str}/record",
    summary="The record of a closed month",
    tags=["ledger"],
    opt=answers(PeriodRecord, refusals=(409, 422)),
)
async def get_record(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Return the record exactly as it was sealed; its digest stands in the audit log."""

    async def look(c: Command) -> PeriodRecord:
        return await queries.get_record(c.tx, viewer=c.actor, book=book, month=months.month(month))

    return answer(await read(request, look))


@post(
    "/api/v1/ledger/periods/{book:str}/{month:str}/closings",
    summary="Begin to close a month",
    tags=["ledger"],
    opt=creates(Period),
)
async def begin_closing(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Let no entry more into a month that is over; the service takes the other steps by itself."""

    async def act(c: Command) -> Answer:
        period = await operations.begin(
            c.tx, actor=c.actor, now=c.now, book=book, month=months.month(month)
        )
        return created(period, f"/api/v1/ledger/periods/{book}/{month}")

    return await command(request, act)


@post(
    "/api/v1/ledger/periods/{book:str}/{month:str}/explanations",
    summary="Explain an open account",
    tags=["ledger"],
    opt=answers(Period),
)
async def explain_account(
    request: AnyRequest,
    book: FromPath[str],
    month: FromPath[str],
    data: JSONBody[ExplainAccount],
) -> Response[bytes]:
    """Write down why something stands on an account at the end of the month (挂账说明)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.explain(
                c.tx,
                actor=c.actor,
                now=c.now,
                book=book,
                month=months.month(month),
                account=data.account,
                explanation=data.explanation,
            )
        )

    return await command(request, act)
