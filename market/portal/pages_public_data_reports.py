"""Show everybody what public data cost and brought in, year by year; hand the whole report out as PDF."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.http.attachment import content_disposition
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import public_data_paper
from market.portal.render import NOT_KEPT, page
from market.portal.typesetting import paper_pdf
from market.public_data_reports import queries
from market.public_data_reports.model import Published, SignedReport
from market.public_data_reports.workbook import COSTS


@get("/public-data-reports", include_in_schema=False)
async def show_reports(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the public part of the yearly reports, the newest first (年度报告公示)."""

    async def look(c: Command) -> Page[Published]:
        return await queries.list_published(c.tx, limit=20, cursor=cursor)

    return page(
        request,
        "public_data_reports.html",
        cache=NOT_KEPT,
        found=await read(request, look),
        costs=COSTS,
    )


@get("/public-data-reports/{report_id:uuid}/paper", include_in_schema=False)
async def get_report_paper(request: AnyRequest, report_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a whole report as PDF, to be printed, sealed and filed."""

    async def look(c: Command) -> SignedReport:
        return await queries.get_report(c.tx, viewer=c.actor, report_id=report_id)

    made = await read(request, look)
    public = made.report.public
    name = f"公共数据年度报告-{public.year}-第{public.version}版.pdf"
    return Response(
        await paper_pdf(public_data_paper.paper(made), public.drawn_up_on),
        media_type="application/pdf",
        headers={
            "cache-control": NOT_KEPT,
            "content-disposition": content_disposition(name),
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )
