"""Show the quarterly reports to the regulator and the operator's staff (季度报备, HN-21)."""

from __future__ import annotations

import functools
from typing import Final
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.report_cells import shown
from market.portal.wording import Speaker
from market.supervision import queries as supervision
from market.supervision.model import QuarterlyReport
from market.supervision.report import Told, read_document

_PAGE_SIZE: Final = 20
# A page is read by a person; all rows are in the workbook and in the document.
_ROWS_PER_TABLE: Final = 100


class Opened(msgspec.Struct, frozen=True):
    """A report and what its document tells, if it has one yet."""

    report: QuarterlyReport
    told: Told | None


@get("/reports", include_in_schema=False)
async def list_reports(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the reports, the newest quarter first, with what is due when."""

    async def look(c: Command) -> Page[QuarterlyReport]:
        return await supervision.list_reports(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "reports.html",
        cache=NOT_KEPT,
        reports=await read(request, look),
        is_continued=bool(cursor),
    )


@get("/reports/{report_id:uuid}", include_in_schema=False)
async def show_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Show one report, its sixteen sections as tables."""

    async def look(c: Command) -> Opened:
        report = await supervision.get_report(c.tx, viewer=c.actor, report_id=report_id)
        if report.record_sha256 is None:
            return Opened(report, None)
        found = await supervision.get_document(c.tx, viewer=c.actor, report_id=report_id)
        return Opened(found.report, read_document(bytes(found.document)))

    opened = await read(request, look)
    return page(
        request,
        "report.html",
        cache=NOT_KEPT,
        report=opened.report,
        told=opened.told,
        most_rows=_ROWS_PER_TABLE,
        cell=functools.partial(shown, speaker=Speaker(language_of(request))),
    )
