"""Put an approved product before the public and show the notices (公示, HN-16)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.notices import queries
from catalog.notices.model import AUTHORITY_WEBSITE, Notice, PublicNotice
from catalog.notices.states import State
from catalog.products.metadata import check_readable
from catalog.registration.operations import notice as registration
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


class ConfirmChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the notice stands on the bureau's website, and the SHA-256 of what was seen there."""

    url: Annotated[str, Meta(max_length=2_000)]
    receipt_sha256: Annotated[str, Meta(max_length=64)]
    channel: Annotated[str, Meta(max_length=50)] = AUTHORITY_WEBSITE


@post(
    "/api/v1/applications/{application_id:uuid}/notices",
    summary="Publish the notice",
    tags=["notices"],
    opt=creates(PublicNotice),
)
async def publish_notice(
    request: AnyRequest,
    application_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Publish the notice on the operator's platform (公示)."""

    async def act(c: Command) -> Answer:
        notice = await registration.publish_notice(
            c.tx, actor=c.actor, now=c.now, calendar=c.calendar, application_id=application_id
        )
        return created(await _public(c, notice), f"/api/v1/notices/{notice.id}")

    return await command(request, act)


@post(
    "/api/v1/notices/{notice_id:uuid}/channel-postings",
    summary="Confirm the bureau's website",
    tags=["notices"],
    opt=creates(PublicNotice),
)
async def confirm_channel(
    request: AnyRequest, notice_id: FromPath[uuid.UUID], data: JSONBody[ConfirmChannel]
) -> Response[bytes]:
    """Confirm that the notice stands on the bureau's website; then its seven days begin (A14)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        notice = await registration.confirm_channel(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
            notice_id=notice_id,
            channel=data.channel,
            url=data.url,
            receipt_sha256=data.receipt_sha256,
        )
        return created(await _public(c, notice), f"/api/v1/notices/{notice.id}")

    return await command(request, act)


@get("/api/v1/notices", summary="Public notices", tags=["notices"], opt=answers(Page[PublicNotice]))
async def list_notices(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the notices, running and past, the newest first (公示, 永久存档)."""

    async def look(c: Command) -> Page[PublicNotice]:
        return await queries.list_public(
            c.tx, now=c.now, calendar=c.calendar, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/notices/{notice_id:uuid}",
    summary="One notice",
    tags=["notices"],
    opt=answers(PublicNotice),
)
async def get_notice(request: AnyRequest, notice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one notice with its remaining working days."""

    async def look(c: Command) -> PublicNotice:
        return await queries.get_public(c.tx, notice_id=notice_id, now=c.now, calendar=c.calendar)

    return answer(await read(request, look))


async def _public(c: Command, notice: Notice) -> PublicNotice:
    return await queries.get_public(c.tx, notice_id=notice.id, now=c.now, calendar=c.calendar)
