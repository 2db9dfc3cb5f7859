"""Draw up yearly reports of public data, and read them (公共数据授权运营成本与收入年度报告)."""

from __future__ import annotations

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.attachment import XLSX
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest
from market.public_data_reports import operations, queries
from market.public_data_reports.model import DrawUp, Published, SignedReport
from market.public_data_reports.workbook import workbook


@post(
    "/api/v1/public-data-reports",
    summary="Draw up a yearly report of public data",
    tags=["ledger"],
    opt=creates(SignedReport),
)
async def draw_up(request: AnyRequest, data: JSONBody[DrawUp]) -> Response[bytes]:
    """Draw up the report of a closed year, or a correction; it is sealed, published and told."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await operations.draw_up(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=data,
            signer=c.context.signers[Purpose.STATEMENT],
        )
        return created(made, f"/api/v1/public-data-reports/{made.report.id}")

    return await command(request, act)


@get(
    "/api/v1/public-data-reports",
    summary="Yearly reports of public data",
    tags=["ledger"],
    opt=answers(Page[Published]),
)
async def list_reports(
    request: AnyRequest,
    *,
    year: FromQuery[int | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what everybody may read of the reports, the newest first; corrected versions stay."""

    async def look(c: Command) -> Page[Published]:
        return await queries.list_published(c.tx, year=year, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/public-data-reports/{report_id:uuid}",
    summary="A whole yearly report",
    tags=["ledger"],
    opt=answers(SignedReport),
)
async def get_report(request: AnyRequest, report_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a whole report with its signature: to the houses, and to its operator."""

    async def look(c: Command) -> SignedReport:
        return await queries.get_report(c.tx, viewer=c.actor, report_id=report_id)

    return answer(await read(request, look))


@get(
    "/api/v1/public-data-reports/{report_id:uuid}/workbook",
    summary="A whole yearly report as XLSX",
    tags=["ledger"],
    opt=sends(XLSX, "content-disposition"),
)
async def get_report_workbook(
    request: AnyRequest, report_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the same report as a workbook."""

    async def look(c: Command) -> SignedReport:
        return await queries.get_report(c.tx, viewer=c.actor, report_id=report_id)

    made = await read(request, look)
    public = made.report.public
    name = f"公共数据年度报告-{public.year}-第{public.version}版.xlsx"
    return attachment.workbook(workbook(made), name)
