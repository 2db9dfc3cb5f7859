"""Open data: ask, confirm, close; the catalogue and its downloads for everybody (开放数据, GD-08)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from catalog.files import disk
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, context
from market.open_data import operations, queries
from market.open_data.model import (
    Licence,
    OpenContent,
    Opening,
    OpenProduct,
    Reason,
    Request,
)
from market.open_data.states import State
from seeds.open_licences import load_open_licences


class DecideOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the product may be open, and why or why not."""

    is_confirmed: bool
    reason: Reason


class CloseOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the product is open no more."""

    reason: Reason


@get(
    "/api/v1/open-licences",
    summary="The open licences",
    tags=["open data"],
    opt=answers(list[Licence]),
)
async def list_open_licences() -> Response[bytes]:
    """Return the licences under which data may be opened."""
    return answer(list(load_open_licences()), cache="public, max-age=3600")


@get(
    "/api/v1/open-data",
    summary="The catalogue of open data",
    tags=["open data"],
    opt=answers(Page[OpenProduct]),
)
async def list_open_data(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what is open now, the newest first, with how often it was fetched (数据开放目录)."""

    async def look(c: Command) -> Page[OpenProduct]:
        return await queries.list_open(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/open-data/{product_id:uuid}/content",
    summary="Fetch open data",
    tags=["open data"],
    opt=sends("*/*", "etag", "content-disposition", "repr-digest", "link"),
)
async def fetch_open_data(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Stream:
    """Return the newest version of what is open, without an order; it is counted first."""
    wiring = context(request)

    async def look(c: Command) -> OpenContent:
        return await operations.fetch(c.tx, now=c.now, product_id=product_id)

    content = await read(request, look)
    stored = await disk.open_verified(wiring.settings.files_dir, content.sha256, content.size_bytes)
    headers = attachment.headers(
        file_name=content.file_name, size_bytes=content.size_bytes, sha256=content.sha256
    )
    headers["link"] = f'<{_licence_url(content.licence)}>; rel="license"'
    return Stream(disk.chunks_of(stored), media_type=content.media_type, headers=headers)


@post("/api/v1/openings", summary="Ask to open data", tags=["open data"], opt=creates(Opening))
async def request_opening(request: AnyRequest, data: JSONBody[Request]) -> Response[bytes]:
    """Ask that one's own product be open data, under an open licence (申请开放)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opening = await operations.request(
            c.tx,
            actor=c.actor,
            now=c.now,
            asked=data,
            licences={licence.code for licence in load_open_licences()},
        )
        return created(opening, "/api/v1/openings")

    return await command(request, act)


@get("/api/v1/openings", summary="Openings", tags=["open data"], opt=answers(Page[Opening]))
async def list_openings(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own openings, or all for the operator and the authority, newest first."""

    async def look(c: Command) -> Page[Opening]:
        return await queries.list_openings(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/openings/{opening_id:uuid}/decisions",
    summary="Confirm or refuse an opening",
    tags=["open data"],
    opt=answers(Opening),
)
async def decide_opening(
    request: AnyRequest, opening_id: FromPath[uuid.UUID], data: JSONBody[DecideOpening]
) -> Response[bytes]:
    """Confirm that a product is open, so that everybody finds and fetches it, or refuse it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                opening_id=opening_id,
                is_confirmed=data.is_confirmed,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/openings/{opening_id:uuid}/closings",
    summary="Close an opening",
    tags=["open data"],
    opt=answers(Opening),
)
async def close_opening(
    request: AnyRequest, opening_id: FromPath[uuid.UUID], data: JSONBody[CloseOpening]
) -> Response[bytes]:
    """Stop that a product is open, or take the request back; its supplier, or the operator."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.close(
                c.tx, actor=c.actor, now=c.now, opening_id=opening_id, reason=data.reason
            )
        )

    return await command(request, act)


def _licence_url(code: str) -> str:
    return next(licence.url for licence in load_open_licences() if licence.code == code)
