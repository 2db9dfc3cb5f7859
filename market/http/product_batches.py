"""Take many products in at once: hand a file in, see how far it is, get what was refused (批量著录)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from catalog.kernel import paging
from catalog.kernel.db import begin
from catalog.kernel.paging import Page
from catalog.product_batches import operations as batches
from catalog.product_batches import queries, reports, templates
from catalog.product_batches.model import Batch, Fault, Kind, Outcome, RowResult
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, actor, context
from market.http.wording import Wording, words

_CSV = "text/csv"
_SENT = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PAGE = 500  # rows of a report that are held at a time


class OpenBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which uploaded file holds the products, and what is to be done with it."""

    file_id: uuid.UUID
    kind: Kind | None = None  # by the name of the file, if it is not said
    is_dry_run: bool = True  # keep nothing but the report (试运行)
    is_draft: bool = True  # rows need not be complete


class ShownFault(Fault, frozen=True, kw_only=True):
    """Why a row was refused, in both languages."""

    wording: Wording


class ShownRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row, and why."""

    number: int
    line: int
    key: str
    outcome: Outcome
    product_id: uuid.UUID | None
    faults: tuple[ShownFault, ...]


class ShownBatch(Batch, frozen=True, kw_only=True):
    """A batch as it stands: how many of its rows are done, and why it was given up if it was."""

    done: int
    failure_wording: Wording | None


@post(
    "/api/v1/product-batches",
    summary="Describe many products",
    tags=["products"],
    opt=creates(ShownBatch),
)
async def open_product_batch(request: AnyRequest, data: JSONBody[OpenBatch]) -> Response[bytes]:
    """Hand in a file of products that was uploaded (批量著录); a job takes its rows.

    A trial (``is_dry_run``) is the default: it tells what would become of each row, and keeps nothing.
    """

    async def act(c: Command) -> Answer:
        batch = await batches.open_batch(
            c.tx,
            actor=c.actor,
            now=c.now,
            file_id=data.file_id,
            kind=data.kind,
            is_dry_run=data.is_dry_run,
            is_draft=data.is_draft,
        )
        return created(_shown(batch), f"/api/v1/product-batches/{batch.id}")

    return await command(request, act)


@get(
    "/api/v1/product-batches",
    summary="One's own batches",
    tags=["products"],
    opt=answers(Page[ShownBatch]),
)
async def list_product_batches(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the batches of one's own party, newest first."""

    async def look(c: Command) -> Page[ShownBatch]:
        page = await queries.list_own(c.tx, viewer=c.actor, limit=limit, cursor=cursor)
        return Page([_shown(batch) for batch in page.items], page.next_cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/product-batches/{batch_id:uuid}",
    summary="How far a batch is",
    tags=["products"],
    opt=answers(ShownBatch),
)
async def get_product_batch(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return how many rows of a batch are done, and what became of them (进度)."""

    async def look(c: Command) -> ShownBatch:
        return _shown(await queries.get(c.tx, viewer=c.actor, batch_id=batch_id))

    return answer(await read(request, look))


@post(
    "/api/v1/product-batches/{batch_id:uuid}/cancellations",
    summary="Cancel a batch",
    tags=["products"],
    opt=answers(ShownBatch),
)
async def cancel_product_batch(
    request: AnyRequest, batch_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Stop a batch of one's own (取消批次): rows that still wait are not taken, what was taken stays."""

    async def act(c: Command) -> Answer:
        return done(_shown(await batches.cancel(c.tx, actor=c.actor, now=c.now, batch_id=batch_id)))

    return await command(request, act)


@get(
    "/api/v1/product-batches/{batch_id:uuid}/rows",
    summary="What became of the rows",
    tags=["products"],
    opt=answers(Page[ShownRow]),
)
async def list_product_batch_rows(
    request: AnyRequest,
    batch_id: FromPath[uuid.UUID],
    *,
    outcome: FromQuery[Outcome | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the rows of a batch: as which product each was taken, or in which column it is wrong."""

    async def look(c: Command) -> Page[ShownRow]:
        page = await queries.list_rows(
            c.tx, viewer=c.actor, batch_id=batch_id, outcome=outcome, limit=limit, cursor=cursor
        )
        return Page([_shown_row(row) for row in page.items], page.next_cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/product-batches/{batch_id:uuid}/report",
    summary="What was refused, as a table",
    tags=["products"],
    opt=sends(_SENT, "content-disposition"),
)
async def get_product_batch_report(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Stream:
    """Return the refused rows as they were, each with where and why; to be mended and handed in again."""

    async def look(c: Command) -> Batch:
        return await queries.get(c.tx, viewer=c.actor, batch_id=batch_id)

    batch = await read(request, look)
    name = f"{batch.file_name.rpartition('.')[0] or batch.file_name}-refused.csv"
    return Stream(
        _report(request, batch),
        media_type=_CSV,
        headers={
            "content-disposition": attachment.content_disposition(name),
            "cache-control": "private, no-store",
        },
    )


@get(
    "/api/v1/product-template.csv",
    summary="An empty table as CSV",
    tags=["products"],
    opt=sends(_SENT, "content-disposition"),
)
async def get_csv_template(request: AnyRequest) -> Response[bytes]:  # noqa: ARG001 - the framework's signature
    """Return the columns, an example and the values of each list, as CSV (模板)."""
    return _sent(templates.as_csv().encode(), _CSV, "products.csv")


@get(
    "/api/v1/product-template.xlsx",
    summary="An empty table as a workbook",
    tags=["products"],
    opt=sends(_XLSX, "content-disposition"),
)
async def get_xlsx_template(request: AnyRequest) -> Response[bytes]:  # noqa: ARG001 - likewise
    """Return the columns, an example and the values of each list, as a workbook (模板)."""
    return _sent(templates.as_xlsx(), _XLSX, "products.xlsx")


def _sent(content: bytes, media_type: str, name: str) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={"content-disposition": attachment.content_disposition(name)},
    )


async def _report(request: AnyRequest, batch: Batch) -> AsyncIterator[str]:
    """Yield the report a few rows at a time; the head stands before the first."""
    wiring, who = context(request), actor(request)
    after, is_first = 0, True
    while True:
        async with begin(wiring.db, who) as tx:
            rows = await queries.list_refused(
                tx, viewer=who, batch_id=batch.id, after=after, limit=_PAGE
            )
        head, *lines = reports.report(rows, batch.columns, _both)
        if is_first:
            yield head
        for line in lines:
            yield line
        if len(rows) < _PAGE:
            return
        after, is_first = rows[-1].number, False


def _both(fault: Fault) -> tuple[str, str]:
    wording = words(fault.code, fault.facts)
    return wording.zh, wording.en


def _shown(batch: Batch) -> ShownBatch:
    failure = batch.failure
    return ShownBatch(
        **{name: getattr(batch, name) for name in Batch.__struct_fields__},
        done=batch.counts.done,
        failure_wording=None if failure is None else words(failure.code, failure.facts),
    )


def _shown_row(row: RowResult) -> ShownRow:
    return ShownRow(
        number=row.number,
        line=row.line,
        key=row.key,
        outcome=row.outcome,
        product_id=row.product_id,
        faults=tuple(
            ShownFault(
                column=fault.column,
                code=fault.code,
                facts=fault.facts,
                wording=words(fault.code, fault.facts),
            )
            for fault in row.faults
        ),
    )
