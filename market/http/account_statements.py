"""Hand out statements of accounts (对账单): signed JSON, and a workbook."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.signing.purposes import Purpose
from market.finance_reports import operations
from market.finance_reports.workbook import workbook
from market.http import attachment
from market.http.answers import answers, sends
from market.http.attachment import XLSX
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from settlement.periods import queries as periods
from settlement.statements.model import Side, SignedAccountStatement, Statement


class Stated(msgspec.Struct, frozen=True):
    """A closed month, of which there are statements."""

    period: str
    book: str


@get(
    "/api/v1/account-statements",
    summary="The months of which there are statements",
    tags=["ledger"],
    opt=answers(list[Stated]),
)
async def list_stated(request: AnyRequest, *, book: FromQuery[str] = "market") -> Response[bytes]:
    """Return the closed months of a book, the newest first; quarters and years follow from them."""

    async def look(c: Command) -> list[Stated]:
        return [Stated(period, book) for period in await periods.list_closed(c.tx, book=book)]

    return answer(await read(request, look))


@get(
    "/api/v1/account-statements/{side:str}/{period:str}",
    summary="A statement of accounts",
    tags=["ledger"],
    opt=answers(SignedAccountStatement, refusals=(409, 422)),
)
async def get_account_statement(
    request: AnyRequest,
    side: FromPath[Side],
    period: FromPath[str],
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Return what moved on a party's accounts in closed months, signed; one's own if none is named."""

    async def look(c: Command) -> SignedAccountStatement:
        return await operations.issue(
            c.tx,
            viewer=c.actor,
            side=side,
            period=period,
            book=book,
            party_id=party_id,
            signer=c.context.signers[Purpose.STATEMENT],
        )

    return answer(await read(request, look))


@get(
    "/api/v1/account-statements/{side:str}/{period:str}/workbook",
    summary="A statement of accounts as XLSX",
    tags=["ledger"],
    opt=sends(XLSX, "content-disposition", refusals=(409, 422)),
)
async def get_workbook(
    request: AnyRequest,
    side: FromPath[Side],
    period: FromPath[str],
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Return the same statement as a workbook; the same months are always the same bytes."""

    async def look(c: Command) -> Statement:
        return await operations.draw_up(
            c.tx, viewer=c.actor, side=side, period=period, book=book, party_id=party_id
        )

    told = await read(request, look)
    return attachment.workbook(workbook(told), f"对账单-{side}-{told.period}.xlsx")
