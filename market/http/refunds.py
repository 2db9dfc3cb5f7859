"""Send refunds back by the bank's file: make it, fetch it, take in the bank's answer (退款)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.channels.bank_transfer import NAME as BANK_TRANSFER
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.refunds import operations, queries
from settlement.refunds.model import RefundBatch

_TAGS = ["payouts"]
_FILE: Final = "text/csv; charset=utf-8"


class MakeRefundBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Through which channel it goes back."""

    channel: Annotated[str, Meta(min_length=1, max_length=32)] = BANK_TRANSFER


class TakeRefundOutcomes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file in which the bank says what came of a batch, as text."""

    content: Annotated[str, Meta(max_length=1_000_000)]


@post(
    "/api/v1/refund-batches",
    summary="Make a batch of refunds",
    tags=_TAGS,
    opt=creates(RefundBatch),
)
async def make_refund_batch(
    request: AnyRequest, data: JSONBody[MakeRefundBatch]
) -> Response[bytes]:
    """Put what waits to be transferred back into a batch and its file for the bank (退款文件)."""

    async def act(c: Command) -> Answer:
        batch = await operations.make_batch(c.tx, actor=c.actor, now=c.now, channel=data.channel)
        return created(batch, f"/api/v1/refund-batches/{batch.id}/bank-file")

    return await command(request, act)


@get(
    "/api/v1/refund-batches",
    summary="Batches of refunds",
    tags=_TAGS,
    opt=answers(Page[RefundBatch]),
)
async def list_refund_batches(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return batches, the newest first, each with how many lines the bank has not told of."""

    async def look(c: Command) -> Page[RefundBatch]:
        return await queries.list_batches(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/refund-batches/{batch_id:uuid}/bank-file",
    summary="The file of a batch of refunds",
    tags=_TAGS,
    opt=sends(_FILE, "etag", "content-disposition", "repr-digest"),
)
async def get_refund_file(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the file for the bank; the same bytes whenever it is asked for."""

    async def look(c: Command) -> tuple[RefundBatch, bytes]:
        return await queries.get_file(c.tx, viewer=c.actor, batch_id=batch_id)

    batch, content = await read(request, look)
    return Response(
        content,
        media_type="text/csv",
        headers=attachment.headers(
            file_name=f"refunds-{batch_id}.csv",
            size_bytes=len(content),
            sha256=batch.file_sha256,
        ),
    )


@post(
    "/api/v1/refund-batches/{batch_id:uuid}/outcomes",
    summary="Take in what the bank says of refunds",
    tags=_TAGS,
    opt=answers(RefundBatch),
)
async def take_refund_outcomes(
    request: AnyRequest, batch_id: FromPath[uuid.UUID], data: JSONBody[TakeRefundOutcomes]
) -> Response[bytes]:
    """Take in the bank's file of outcomes: each line settles or fails its refund (回执)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.take_outcomes(
                c.tx,
                actor=c.actor,
                now=c.now,
                batch_id=batch_id,
                content=data.content.encode(),
            )
        )

    return await command(request, act)
