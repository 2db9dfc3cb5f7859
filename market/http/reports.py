"""Generate, sign, submit, acknowledge and return quarterly reports (季度报备); trace a product."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.signing.purposes import Purpose
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.attachment import XLSX
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.supervision import queries
from market.supervision.model import QuarterlyReport, Recomputation, ReportDocument
from market.supervision.operations import generation, submission, tracing
from market.supervision.trace import Trace


class GenerateReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which quarter is reported."""

    year: int
    quarter: int


class ReturnReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the report is returned."""

    reason: Annotated[str, msgspec.Meta(max_length=2000)]


@post(
    "/api/v1/reports",
    summary="Generate a quarter's report",
    tags=["supervision"],
    opt=creates(QuarterlyReport),
)
async def generate_report(request: AnyRequest, data: JSONBody[GenerateReport]) -> Response[bytes]:
    """Compute the report of a quarter that is over from the audit log and the journal (HN-21)."""

    async def act(c: Command) -> Answer:
        report = await generation.generate(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            year=data.year,
            quarter=data.quarter,
        )
        return created(report, f"/api/v1/reports/{report.id}")

    return await command(request, act)


@get(
    "/api/v1/reports",
    summary="Quarterly reports",
    tags=["supervision"],
    opt=answers(Page[QuarterlyReport]),
)
async def list_reports(
    request: AnyRequest,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the reports and how far each has come, the newest quarter first."""
    return answer(
        await read(
            request,
            lambda c: queries.list_reports(c.tx, viewer=c.actor, limit=limit, cursor=cursor),
        )
    )


@get(
    "/api/v1/reports/{report_id:uuid}",
    summary="A quarterly report",
    tags=["supervision"],
    opt=answers(ReportDocument, refusals=(409,)),
)
async def get_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Return the document exactly as signed, its signature, and how far it has come."""
    return answer(
        await read(
            request,
            lambda c: queries.get_document(c.tx, viewer=c.actor, report_id=report_id),
        )
    )


@get(
    "/api/v1/reports/{report_id:uuid}/workbook",
    summary="The report as XLSX",
    tags=["supervision"],
    opt=sends(XLSX, "content-disposition", refusals=(409,)),
)
async def get_workbook(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Return the report as a workbook; the same report is always the same bytes."""
    content = await read(
        request, lambda c: queries.get_workbook(c.tx, viewer=c.actor, report_id=report_id)
    )
    return attachment.workbook(content, f"季度报告-{report_id}.xlsx")


@get(
    "/api/v1/reports/{report_id:uuid}/recomputation",
    summary="Compute a report again",
    tags=["supervision"],
    opt=answers(Recomputation, refusals=(409,)),
)
async def recompute_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Compute the report again from log and journal; say whether the bytes are the same."""
    return answer(
        await read(request, lambda c: queries.recompute(c.tx, viewer=c.actor, report_id=report_id))
    )


@post(
    "/api/v1/reports/{report_id:uuid}/signatures",
    summary="Sign a report",
    tags=["supervision"],
    opt=answers(QuarterlyReport),
)
async def sign_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Sign the generated report with the service's report key."""

    async def act(c: Command) -> Answer:
        return done(
            await submission.sign(
                c.tx,
                actor=c.actor,
                now=c.now,
                report_id=report_id,
                signer=c.context.signers[Purpose.REPORT],
            )
        )

    return await command(request, act)


@post(
    "/api/v1/reports/{report_id:uuid}/submissions",
    summary="Submit a report",
    tags=["supervision"],
    opt=answers(QuarterlyReport),
)
async def submit_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Submit the signed report to the bureau (HN-21)."""

    async def act(c: Command) -> Answer:
        return done(await submission.submit(c.tx, actor=c.actor, now=c.now, report_id=report_id))

    return await command(request, act)


@post(
    "/api/v1/reports/{report_id:uuid}/acknowledgements",
    summary="Acknowledge a report",
    tags=["supervision"],
    opt=answers(QuarterlyReport),
)
async def acknowledge_report(request: AnyRequest, report_id: FromPath[UUID]) -> Response[bytes]:
    """Acknowledge that the report was received."""

    async def act(c: Command) -> Answer:
        return done(
            await submission.acknowledge(c.tx, actor=c.actor, now=c.now, report_id=report_id)
        )

    return await command(request, act)


@post(
    "/api/v1/reports/{report_id:uuid}/returns",
    summary="Return a report",
    tags=["supervision"],
    opt=answers(QuarterlyReport),
)
async def return_report(
    request: AnyRequest, report_id: FromPath[UUID], data: JSONBody[ReturnReport]
) -> Response[bytes]:
    """Return the report to the operator, who generates a new version."""

    async def act(c: Command) -> Answer:
        return done(
            await submission.send_back(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                report_id=report_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/traces/{product_id:uuid}",
    summary="Trace a product",
    tags=["supervision"],
    opt=answers(Trace),
)
async def trace_product(request: AnyRequest, product_id: FromPath[UUID]) -> Response[bytes]:
    """Return a product's whole line, application to ledger, each entry with its proof (SIX-4).

    The reading is itself remembered (A49).
    """
    return answer(
        await read(
            request,
            lambda c: tracing.trace(c.tx, actor=c.actor, now=c.now, product_id=product_id),
        )
    )
