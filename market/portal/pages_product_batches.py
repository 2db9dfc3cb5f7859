"""Let a supplier hand in many products at once, and see what became of each (批量著录)."""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from catalog.files import disk, naming
from catalog.files import operations as files
from catalog.files.model import Arrived
from catalog.kernel.paging import Page
from catalog.product_batches import operations as batches
from catalog.product_batches import queries
from catalog.product_batches.kinds import MAX_BYTES
from catalog.product_batches.model import Batch, Failure, Fault, Kind, Outcome, RowResult
from catalog.product_batches.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.wording import words
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    read_form,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker, one_of

_PATH: Final = "/my/product-batches"
_PAGE_SIZE: Final = 20
_ROWS_SHOWN: Final = 50
_MOST_BYTES: Final = max(MAX_BYTES.values())
_CHUNK: Final = 256 * 1024


class ShownRow(msgspec.Struct, frozen=True):
    """A row of the file with why it was refused, in the words of the page: column and reason."""

    row: RowResult
    faults: list[tuple[str, str]]


@get(_PATH, include_in_schema=False)
async def list_batches(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show one's own batches, the newest first, and the form that hands one in."""
    return await _list(request, BLANK, cursor=cursor or None)


@post(_PATH, include_in_schema=False, request_max_body_size=_MOST_BYTES + MAX_FORM_BYTES)
async def hand_in(request: AnyRequest) -> Response[bytes]:
    """Keep the file and open a batch of its products; a trial keeps nothing but the report."""
    fields = await read_form(request)
    given = (await request.form()).get("file")
    try:
        if not isinstance(given, UploadFile):
            raise disk.FileEmpty
        name = naming.file_name(urllib.parse.quote(given.filename))
        media_type = naming.media_type(given.content_type)
        arrived = await disk.take_in(
            context(request).settings.files_dir, _chunks(given), maximum_bytes=_MOST_BYTES
        )
        asked = fields | {"file": f"{arrived.sha256} {name}"}

        async def act(c: Command) -> str:
            batch = await _open(c, arrived, name=name, media_type=media_type, fields=fields)
            return f"{_PATH}/{batch.id}"

        return await submit(request, asked, act)
    except SHOWN_AGAIN as error:
        return await _list(request, shown_again(request, fields, error))


@get(f"{_PATH}/{{batch_id:uuid}}", include_in_schema=False)
async def show_batch(
    request: AnyRequest,
    batch_id: FromPath[uuid.UUID],
    *,
    outcome: FromQuery[Outcome | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show how far a batch is, and its rows: what was refused with its line and why (进度、错误行)."""
    return await _one(request, batch_id, BLANK, outcome=outcome, cursor=cursor or None)


@post(
    f"{_PATH}/{{batch_id:uuid}}/cancellations",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def cancel_batch(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Stop a batch: rows that still wait are not taken, what was taken stays (取消批次)."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        await batches.cancel(c.tx, actor=c.actor, now=c.now, batch_id=batch_id)
        return f"{_PATH}/{batch_id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _one(request, batch_id, shown_again(request, fields, error))


async def _one(
    request: AnyRequest,
    batch_id: uuid.UUID,
    form: Shown,
    *,
    outcome: Outcome | None = None,
    cursor: str | None = None,
) -> Response[bytes]:
    async def look(c: Command) -> tuple[Batch, Page[RowResult]]:
        batch = await queries.get(c.tx, viewer=c.actor, batch_id=batch_id)
        rows = await queries.list_rows(
            c.tx,
            viewer=c.actor,
            batch_id=batch_id,
            outcome=outcome,
            limit=_ROWS_SHOWN,
            cursor=cursor,
        )
        return batch, rows

    batch, rows = await read(request, look)
    language = language_of(request)
    return page(
        request,
        "product_batch.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{batch_id}",
        form=form,
        is_over=batch.state not in (State.WAITING, State.TAKING),
        batch=batch,
        counts={each: getattr(batch.counts, each.value) for each in Outcome},
        rows=[_shown(row, language) for row in rows.items],
        next_cursor=rows.next_cursor,
        wanted=outcome,
        failure=None if batch.failure is None else _said(batch.failure, language),
        link=linker(f"{_PATH}/{batch_id}", {"outcome": None if outcome is None else outcome.value}),
        is_continued=bool(cursor),
    )


async def _open(
    c: Command, arrived: Arrived, *, name: str, media_type: str, fields: Mapping[str, str]
) -> Batch:
    file = await files.record(
        c.tx, actor=c.actor, now=c.now, arrived=arrived, file_name=name, media_type=media_type
    )
    return await batches.open_batch(
        c.tx,
        actor=c.actor,
        now=c.now,
        file_id=file.id,
        kind=one_of(Kind, fields.get("kind")),
        is_dry_run=fields.get("run") != "keep",
        is_draft=fields.get("completeness") != "complete",
    )


async def _list(request: AnyRequest, form: Shown, *, cursor: str | None = None) -> Response[bytes]:
    async def look(c: Command) -> Page[Batch]:
        return await queries.list_own(c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor)

    return page(
        request,
        "product_batches.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        batches=await read(request, look),
        kinds=list(Kind),
        most_bytes=_MOST_BYTES,
        form=form,
        link=linker(_PATH, {}),
        is_continued=bool(cursor),
    )


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk


def _shown(row: RowResult, language: str) -> ShownRow:
    return ShownRow(row, [(fault.column, _said(fault, language)) for fault in row.faults])


def _said(told: Fault | Failure, language: str) -> str:
    wording = words(told.code, told.facts)
    return wording.en if language == "en" else wording.zh
