"""Show what moved an account, entry by entry (账户明细): as pages, and as a file for a spreadsheet."""

from __future__ import annotations

import enum
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from market.finance_reports import account_file
from market.http.answers import answers, sends
from market.http.attachment import XLSX, content_disposition
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger_reports.model import AccountLedger, LedgerAccount
from settlement.ledger_reports.queries import accounts
from settlement.periods import months

CSV: Final = "text/csv"


class Format(enum.StrEnum):
    """As what a ledger is stored."""

    CSV = "csv"
    XLSX = "xlsx"


_TYPES: Final = {Format.CSV: CSV, Format.XLSX: XLSX}
_WRITERS: Final = {Format.CSV: account_file.csv_of, Format.XLSX: account_file.workbook_of}


@get(
    "/api/v1/my/ledger-accounts",
    summary="The party's own accounts",
    tags=["ledger"],
    opt=answers(list[LedgerAccount]),
)
async def list_own(request: AnyRequest) -> Response[bytes]:
    """Return the accounts of the caller's own party, and what stands on each (本方账户)."""

    async def look(c: Command) -> list[LedgerAccount]:
        return await accounts.list_own(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@get(
    "/api/v1/account-ledgers/{book:str}/{purpose:str}/{owner:str}",
    summary="The ledger of an account",
    tags=["ledger"],
    opt=answers(AccountLedger, refusals=(404, 422)),
)
async def get_ledger(
    request: AnyRequest,
    book: FromPath[str],
    purpose: FromPath[Purpose],
    owner: FromPath[str],
    *,
    period: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what moved an account, the earliest first, with what stood on it after each (账户明细).

    A party reads its own accounts and those of its orders; finance and the regulator read all.
    """

    async def look(c: Command) -> AccountLedger:
        return await accounts.get_ledger(
            c.tx,
            viewer=c.actor,
            book=book,
            of=Account(purpose, owner),
            span=None if period is None else months.span(period),
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/account-ledgers/{book:str}/{purpose:str}/{owner:str}/file",
    summary="The ledger of an account as CSV or XLSX",
    tags=["ledger"],
    opt=sends("*/*", "content-disposition", refusals=(404, 422)),
)
async def get_file(
    request: AnyRequest,
    book: FromPath[str],
    purpose: FromPath[Purpose],
    owner: FromPath[str],
    *,
    period: FromQuery[str | None] = None,
    file_format: FromQuery[Format] = Format.CSV,
) -> Response[bytes]:
    """Return the same lines as a table, at most 100,000 of them."""

    async def look(c: Command) -> AccountLedger:
        return await accounts.get_whole_ledger(
            c.tx,
            viewer=c.actor,
            book=book,
            of=Account(purpose, owner),
            span=None if period is None else months.span(period),
        )

    told = await read(request, look)
    name = "-".join(filter(None, ("账户明细", told.account.replace("/", "-"), told.period)))
    return Response(
        _WRITERS[file_format](told),
        media_type=_TYPES[file_format],
        headers={
            "cache-control": "no-store",
            "content-disposition": content_disposition(f"{name}.{file_format}"),
        },
    )
