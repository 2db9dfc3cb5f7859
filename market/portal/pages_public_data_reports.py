"""Show everybody what public data cost and brought in, year by year; draw reports up, hand them out as PDF."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.signing.purposes import Purpose
from market.http import attachment
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.portal import public_data_paper
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.typesetting import paper_pdf
from market.public_data_reports import operations, queries
from market.public_data_reports.model import DrawUp, Due, Published, SignedReport
from market.public_data_reports.workbook import COSTS

_PATH: Final = "/public-data-reports"
_PAGE_SIZE: Final = 20


class Opened(msgspec.Struct, frozen=True):
    """The reports that are published, and for who draws them up those that are still owed."""

    found: Page[Published]
    due: list[Due]


@get(_PATH, include_in_schema=False)
async def show_reports(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the public part of the yearly reports, the newest first (年度报告公示)."""
    return await _page(request, BLANK, cursor)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def draw_up_report(request: AnyRequest) -> Response[bytes]:
    """Draw a report up, or correct one (出具、更正)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        await operations.draw_up(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=filled_in(DrawUp, fields),
            signer=c.context.signers[Purpose.STATEMENT],
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _page(request, form, None)

    return await run_step(request, act, place=_PATH, again=again)


@get("/public-data-reports/{report_id:uuid}/paper", include_in_schema=False)
async def get_report_paper(request: AnyRequest, report_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a whole report as PDF, to be printed, sealed and filed."""

    async def look(c: Command) -> SignedReport:
        return await queries.get_report(c.tx, viewer=c.actor, report_id=report_id)

    made = await read(request, look)
    public = made.report.public
    name = f"公共数据年度报告-{public.year}-第{public.version}版.pdf"
    return attachment.paper(
        await paper_pdf(public_data_paper.paper(made), public.drawn_up_on), name, cache=NOT_KEPT
    )


async def _page(request: AnyRequest, form: Shown, cursor: str | None) -> Response[bytes]:
    async def look(c: Command) -> Opened:
        return Opened(
            await queries.list_published(c.tx, limit=_PAGE_SIZE, cursor=cursor),
            await queries.list_due(c.tx, viewer=c.actor),
        )

    opened = await read(request, look)
    return page(
        request,
        "public_data_reports.html",
        status=form.status,
        cache=NOT_KEPT,
        found=opened.found,
        due=opened.due,
        today=local_date(context(request).now()),
        costs=COSTS,
        form=form,
        blank=BLANK,
    )
