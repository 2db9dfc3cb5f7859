"""Hand out statistics of the trade (交易统计, F32): signed JSON, and a workbook."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.signing.purposes import Purpose
from market.http import attachment
from market.http.answers import answers, sends
from market.http.attachment import XLSX
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.trade_statistics import operations, queries
from market.trade_statistics.model import SignedStatistics
from market.trade_statistics.workbook import workbook


@get(
    "/api/v1/trade-statistics/{period:str}",
    summary="Statistics of the trade",
    tags=["ledger"],
    opt=answers(SignedStatistics, refusals=(409, 422)),
)
async def get_trade_statistics(
    request: AnyRequest,
    period: FromPath[str],
    *,
    supplier_party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Return what closed months come to by industry, scenario, region and month, signed.

    Houses get a whole book, or one supplier's orders in it; a supplier gets its own.
    """

    async def look(c: Command) -> SignedStatistics:
        return await operations.issue(
            c.tx,
            viewer=c.actor,
            period=period,
            book=book,
            supplier_party_id=supplier_party_id,
            signer=c.context.signers[Purpose.STATEMENT],
        )

    return answer(await read(request, look))


@get(
    "/api/v1/trade-statistics/{period:str}/workbook",
    summary="Statistics of the trade as XLSX",
    tags=["ledger"],
    opt=sends(XLSX, "content-disposition", refusals=(409, 422)),
)
async def get_statistics_workbook(
    request: AnyRequest,
    period: FromPath[str],
    *,
    supplier_party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Return the same statistics as a workbook; the same months are always the same bytes."""

    async def look(c: Command) -> bytes:
        told = await operations.draw_up(
            c.tx, viewer=c.actor, period=period, book=book, supplier_party_id=supplier_party_id
        )
        return workbook(told, await queries.names_of(c.tx, told))

    return attachment.workbook(await read(request, look), f"交易统计-{book}-{period}.xlsx")
