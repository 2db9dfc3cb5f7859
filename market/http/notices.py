"""Put an approved product before the public and show the notices (公示, HN-16)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.feeds import ATOM_TYPE, JSON_TYPE, Feed, atom, json_feed
from catalog.kernel.paging import Page
from catalog.notices import board, feeds, queries
from catalog.notices import operations as notices
from catalog.notices.board import BoardPosting
from catalog.notices.model import (
    AUTHORITY_WEBSITE,
    Interruption,
    Notice,
    PublicNotice,
    Result,
)
from catalog.notices.states import State
from catalog.products.metadata import check_readable
from catalog.registration.operations import notice as registration
from catalog.registration.operations.notice import PostedElsewhere
from market.http.answers import answers, creates, sends, takes
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest, context
from market.http.feed import FEED_LENGTH, feed_answer


class PublishNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the operator posted the notice itself, if the rulebook names the national system."""

    url: Annotated[str, Meta(max_length=2_000)] | None = None
    receipt_sha256: Annotated[str, Meta(max_length=64)] = ""


class ConfirmChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the notice stands on the bureau's website, and the SHA-256 of what was seen there."""

    url: Annotated[str, Meta(max_length=2_000)]
    receipt_sha256: Annotated[str, Meta(max_length=64)]
    channel: Annotated[str, Meta(max_length=50)] = AUTHORITY_WEBSITE


class PostOnBoard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice to be posted: its whitelisted fields, and where it stands on the operator's site."""

    notice_id: uuid.UUID
    public_fields: dict[str, Any]
    page_url: Annotated[str, Meta(max_length=2_000, pattern="^https?://")]


class WithdrawFromBoard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a posting does not stand any more."""

    remark: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/applications/{application_id:uuid}/notices",
    summary="Publish the notice",
    tags=["notices"],
    opt=creates(PublicNotice),
)
async def publish_notice(
    request: AnyRequest,
    application_id: FromPath[uuid.UUID],
    data: JSONBody[PublishNotice],
) -> Response[bytes]:
    """Publish the notice on the operator's platform, or bring the national system's receipt (公示)."""
    check_readable(data)
    elsewhere = None if data.url is None else PostedElsewhere(data.url, data.receipt_sha256)

    async def act(c: Command) -> Answer:
        notice = await registration.publish_notice(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            elsewhere=elsewhere,
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
            calendar=await c.calendar(),
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
    year: FromQuery[int | None] = None,
    result: FromQuery[Result | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the notices, running and past, the newest first (公示, 永久存档).

    ``year`` is that in which the notice was made; ``result`` how it came out; ``product_id`` what it
    is about.
    """

    async def look(c: Command) -> Page[PublicNotice]:
        return await queries.list_public(
            c.tx,
            now=c.now,
            calendar=await c.calendar(),
            state=status,
            year=year,
            result=result,
            product_id=product_id,
            limit=limit,
            cursor=cursor,
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
        return await queries.get_public(
            c.tx, notice_id=notice_id, now=c.now, calendar=await c.calendar()
        )

    return answer(await read(request, look))


@get(
    "/api/v1/notices/{notice_id:uuid}/interruptions",
    summary="When a channel was away",
    tags=["notices"],
    opt=answers(list[Interruption]),
)
async def list_interruptions(
    request: AnyRequest, notice_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return when a channel of the notice was away, and what it cost (公示中断)."""

    async def look(c: Command) -> list[Interruption]:
        await queries.get(c.tx, notice_id)
        return await queries.list_interruptions(c.tx, notice_id=notice_id)

    return answer(await read(request, look))


# ── feeds ───────────────────────────────────────────────────────────────────────────────────


@get(
    "/notices.atom",
    summary="Notices as an Atom feed",
    tags=["notices"],
    opt=sends(ATOM_TYPE, "etag", statuses=(200, 304)),
)
async def atom_feed(request: AnyRequest) -> Response[bytes]:
    """Return the newest notices as an Atom feed (RFC 4287); If-None-Match is heeded."""
    return feed_answer(request, atom(await _feed(request, "/notices.atom")), ATOM_TYPE)


@get(
    "/notices.json",
    summary="Notices as a JSON Feed",
    tags=["notices"],
    opt=sends(JSON_TYPE, "etag", statuses=(200, 304)),
)
async def json_notices(request: AnyRequest) -> Response[bytes]:
    """Return the newest notices as a JSON Feed 1.1; If-None-Match is heeded."""
    return feed_answer(request, json_feed(await _feed(request, "/notices.json")), JSON_TYPE)


async def _feed(request: AnyRequest, address: str) -> Feed:
    async def look(c: Command) -> Page[PublicNotice]:
        return await queries.list_public(
            c.tx, now=c.now, calendar=await c.calendar(), limit=FEED_LENGTH
        )

    site = context(request).settings.public_url
    shown = (await read(request, look)).items
    entries = [feeds.entry(notice, site=site) for notice in shown if notice.postings]
    return feeds.feed(entries, site=site, address=address)


# ── the board: when this is the bureau's site ───────────────────────────────────────────────


@post(
    "/api/v1/notice-board",
    summary="Post a notice here, as an operator",
    tags=["notices"],
    opt=creates(BoardPosting)
    | takes("application/json", "x-operator", "x-signed-at", "x-signature"),
)
async def post_on_board(request: AnyRequest, data: JSONBody[PostOnBoard]) -> Response[bytes]:
    """Put a notice of a trusted operator on this board; the answer is the receipt (A39)."""
    operator = await _signed_by(request)
    check_readable(data)

    async def act(c: Command) -> Answer:
        posting = await notices.receive_posting(
            c.tx,
            actor=c.actor,
            now=c.now,
            operator=operator,
            notice_id=data.notice_id,
            given=data.public_fields,
            page_url=data.page_url,
        )
        return created(posting, f"/api/v1/notice-board/{posting.id}")

    return await command(request, act)


@post(
    "/api/v1/notice-board/{posting_id:uuid}/withdrawals",
    summary="Mark a posting as withdrawn",
    tags=["notices"],
    opt=answers(BoardPosting)
    | takes("application/json", "x-operator", "x-signed-at", "x-signature"),
)
async def withdraw_from_board(
    request: AnyRequest, posting_id: FromPath[uuid.UUID], data: JSONBody[WithdrawFromBoard]
) -> Response[bytes]:
    """Mark a posting of the operator's own as withdrawn; it stays readable."""
    operator = await _signed_by(request)
    check_readable(data)

    async def act(c: Command) -> Answer:
        return Answer(
            await notices.withdraw_posting(
                c.tx,
                actor=c.actor,
                now=c.now,
                operator=operator,
                posting_id=posting_id,
                remark=data.remark,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/notice-board",
    summary="The notice board",
    tags=["notices"],
    opt=answers(Page[BoardPosting]),
)
async def list_board(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what operators posted here, the newest first."""

    async def look(c: Command) -> Page[BoardPosting]:
        return await queries.list_board_postings(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/notice-board/{posting_id:uuid}",
    summary="One posting of the board",
    tags=["notices"],
    opt=answers(BoardPosting),
)
async def get_board_posting(
    request: AnyRequest, posting_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one posting as it stands here, and whether it was withdrawn."""

    async def look(c: Command) -> BoardPosting:
        return await queries.get_board_posting(c.tx, posting_id=posting_id)

    return answer(await read(request, look))


async def _signed_by(request: AnyRequest) -> str:
    """Return the trusted operator that signed the request.

    :raises BoardSignatureWrong: if none did.
    """
    wiring = context(request)
    operator = request.headers.get("x-operator", "")
    board.check_signature(
        board.trusted(wiring.settings.board_operators).get(operator),
        given=request.headers.get("x-signature", ""),
        at=request.headers.get("x-signed-at", ""),
        method=str(request.method),
        path=request.url.path,
        body=await request.body(),
        now=wiring.now(),
    )
    return operator


async def _public(c: Command, notice: Notice) -> PublicNotice:
    return await queries.get_public(
        c.tx, notice_id=notice.id, now=c.now, calendar=await c.calendar()
    )
