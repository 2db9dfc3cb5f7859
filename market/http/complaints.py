"""Complaints of the parties: make, look up, follow, appeal (RULES §6.3)."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.complaints import queries
from market.complaints.model import (
    Complaint,
    Filed,
    LookedUp,
    Receipt,
    Words,
)
from market.complaints.operations import (
    deciding,
    filing,
    hearing,
)
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    read,
    secret_command,
)
from market.http.context import AnyRequest
from market.orders import queries as orders
from market.orders.model import Order

_TAGS = ["complaints"]
_Text = Annotated[str, Meta(max_length=20_000)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class LookUpComplaint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number and the secret that were handed out when the complaint was made."""

    number: Annotated[str, Meta(min_length=1, max_length=40)]
    secret: Annotated[str, Meta(min_length=1, max_length=100)]


class AppealBySecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why one goes to the authority with a complaint whose secret one has."""

    number: Annotated[str, Meta(min_length=1, max_length=40)]
    secret: Annotated[str, Meta(min_length=1, max_length=100)]
    reason: Words


class StatePosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one side says."""

    text: _Text


class WithReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: _Text


@post("/api/v1/complaints", summary="Complain", tags=_TAGS, opt=creates(Receipt))
async def make_complaint(request: AnyRequest, data: JSONBody[Filed]) -> Response[bytes]:
    """Complain, signed in or not; number and secret look up what came of it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        receipt = await filing.file(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), said=data
        )
        return created(receipt, "/api/v1/complaint-lookups")

    digest = hashlib.sha256(msgspec.json.encode(data)).digest()
    return await secret_command(request, act, body_sha256=digest)


@post(
    "/api/v1/complaint-lookups",
    status_code=200,
    summary="Look one's complaint up",
    tags=_TAGS,
    opt=answers(LookedUp, refusals=(400, 404, 422)),
)
async def look_complaint_up(
    request: AnyRequest, data: JSONBody[LookUpComplaint]
) -> Response[bytes]:
    """Return how far a complaint is, by its number and secret."""

    async def look(c: Command) -> LookedUp:
        return await queries.look_up(c.tx, number=data.number, secret=data.secret)

    return answer(await read(request, look))


@post(
    "/api/v1/complaint-appeals",
    status_code=200,
    summary="Appeal by the secret",
    tags=_TAGS,
    opt=answers(LookedUp),
)
async def appeal_by_secret(request: AnyRequest, data: JSONBody[AppealBySecret]) -> Response[bytes]:
    """Go to the authority without saying who one is, once (申请复核)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await deciding.appeal_by_secret(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            number=data.number,
            secret=data.secret,
            reason=data.reason,
        )
        return done(await queries.look_up(c.tx, number=data.number, secret=data.secret))

    return await command(request, act)


@get(
    "/api/v1/my/complaints",
    summary="Complaints of or against one's party",
    tags=_TAGS,
    opt=answers(Page[Complaint]),
)
async def list_my_complaints(
    request: AnyRequest,
    *,
    against: FromQuery[bool] = False,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the complaints that one's party made, or (``against``) those it was told of."""

    async def look(c: Command) -> Page[Complaint]:
        return await queries.list_own(
            c.tx, viewer=c.actor, is_against=against, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/complaints/{complaint_id:uuid}",
    summary="One complaint",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def get_complaint(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a complaint; who is complained of does not read who complained."""

    async def look(c: Command) -> Complaint:
        return await queries.get(c.tx, viewer=c.actor, complaint_id=complaint_id)

    return answer(await read(request, look))


@post(
    "/api/v1/complaints/{complaint_id:uuid}/statements",
    summary="State one's position",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def state_position(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[StatePosition]
) -> Response[bytes]:
    """State one's position before it is decided, as one of the two, once (陈述)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await hearing.state(
            c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id, text=data.text
        )
        return done(await queries.get(c.tx, viewer=c.actor, complaint_id=complaint_id))

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/statements",
    summary="State one's position on a dispute",
    tags=["orders"],
    opt=answers(Order),
)
async def state_on_dispute(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[StatePosition]
) -> Response[bytes]:
    """State one's position on a disputed delivery, as one of the two, once (陈述)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await hearing.state_on_dispute(
            c.tx, actor=c.actor, now=c.now, order_id=order_id, text=data.text
        )
        return done(await orders.get_order(c.tx, viewer=c.actor, order_id=order_id))

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/appeals",
    summary="Appeal to the authority",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def appeal_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[WithReason]
) -> Response[bytes]:
    """Go to the authority against the decision, as one of the two, once (申请复核)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await deciding.appeal(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            complaint_id=complaint_id,
            reason=data.reason,
        )
        return done(await queries.get(c.tx, viewer=c.actor, complaint_id=complaint_id))

    return await command(request, act)
