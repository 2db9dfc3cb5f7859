"""Show batches of refunds that go by the bank's file, make one, take in the bank's answer (退款批次)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from market.channels.bank_transfer import NAME as BANK_TRANSFER
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from settlement.refunds import operations, queries
from settlement.refunds.model import Refund, RefundBatch

_ALL: Final = "/refund-batches"
_ONE: Final = "/refund-batches/{batch_id:uuid}"
_PAGE_SIZE: Final = 20


class _Outcomes(msgspec.Struct, frozen=True):
    """The bank's file of outcomes, pasted as text."""

    content: Annotated[str, Meta(min_length=1, max_length=MAX_FORM_BYTES)]


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A batch with its lines, by the names of who is paid back."""

    batch: RefundBatch
    lines: list[Refund]
    names: dict[Any, str]


@get(_ALL, include_in_schema=False)
async def list_batches(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show batches, the newest first, and what waits for the next one."""
    return await _list(request, cursor, BLANK)


@post(_ALL, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def make(request: AnyRequest) -> Response[bytes]:
    """Put what waits to be transferred back into a batch and its file (退款文件)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.make_batch(c.tx, actor=c.actor, now=c.now, channel=BANK_TRANSFER)

    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, form)

    return await run_step(request, act, place=_ALL, again=again)


@get(_ONE, include_in_schema=False)
async def show_batch(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a batch, what came of each line, and the form for the bank's answer.

    :raises Missing: if there is none.
    """
    return await _show(request, batch_id, BLANK)


@post(_ONE + "/outcomes", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def take_outcomes(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take in the bank's file: each line settles or fails its refund (回执)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        content = filled_in(_Outcomes, fields).content
        await operations.take_outcomes(
            c.tx, actor=c.actor, now=c.now, batch_id=batch_id, content=content.encode()
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _show(request, batch_id, form)

    return await run_step(request, act, place=f"{_ALL}/{batch_id}", again=again)


async def _list(request: AnyRequest, cursor: str | None, form: Shown) -> Response[bytes]:
    found = await read(
        request,
        lambda c: queries.list_batches(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    return page(
        request,
        "refund_batches.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        link=linker(_ALL, {}),
        is_continued=bool(cursor),
    )


async def _show(request: AnyRequest, batch_id: uuid.UUID, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> Sheet:
        batch, lines = await queries.get_batch(c.tx, viewer=c.actor, batch_id=batch_id)
        parties = await identity.get_parties(c.tx, [line.payer_party_id for line in lines])
        return Sheet(
            batch=batch,
            lines=lines,
            names={party_id: party.name for party_id, party in parties.items()},
        )

    sheet = await read(request, look)
    return page(
        request,
        "refund_batch.html",
        status=form.status,
        cache=NOT_KEPT,
        sheet=sheet,
        batch=sheet.batch,
        form=form,
    )
