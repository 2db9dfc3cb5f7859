"""One's inbox (通知), where one is reached (联系方式), and what could not be delivered (送达)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.notifications import operations as notifications
from catalog.notifications import queries
from catalog.notifications.contacts import ContactCodeWrong
from catalog.notifications.model import (
    Channel,
    DeliverySummary,
    InboxItem,
    MyContact,
    NotificationProof,
)
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, expected_version, read
from market.http.context import AnyRequest

_WRONG: Final = 409


class ChangeContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the party is to be reached; null takes an address away."""

    email: Annotated[str, Meta(max_length=320)] | None
    phone: Annotated[str, Meta(max_length=20)] | None


class ConfirmContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that came to the new address."""

    channel: Channel
    code: Annotated[str, Meta(max_length=20)]


class Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


@get(
    "/api/v1/my/notifications",
    summary="My inbox",
    tags=["notifications"],
    opt=answers(Page[InboxItem]),
)
async def list_my_notifications(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the inbox, the unread first. The words of a message are told when it is opened."""

    async def look(c: Command) -> Page[InboxItem]:
        return await queries.list_mine(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/my/notifications/{notification_id:uuid}",
    summary="One message of my inbox",
    tags=["notifications"],
    opt=answers(InboxItem),
)
async def get_my_notification(
    request: AnyRequest, notification_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one message; looking does not open it, and its words are told once it is opened."""

    async def look(c: Command) -> InboxItem:
        return await queries.get_mine(c.tx, viewer=c.actor, notification_id=notification_id)

    return answer(await read(request, look))


@post(
    "/api/v1/my/notifications/{notification_id:uuid}/openings",
    summary="Open a message",
    tags=["notifications"],
    opt=answers(InboxItem),
)
async def open_notification(
    request: AnyRequest,
    notification_id: FromPath[uuid.UUID],
    data: JSONBody[Open],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Open a message: the instant is kept as its receipt (阅读回执, A40)."""

    async def act(c: Command) -> Answer:
        return done(
            await notifications.open_one(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                notification_id=notification_id,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/my/contact",
    summary="Where we are reached",
    tags=["notifications"],
    opt=answers(MyContact, version=True),
)
async def get_my_contact(request: AnyRequest) -> Response[bytes]:
    """Return where one's party is reached outside (联系方式)."""
    mine = await read(request, lambda c: queries.get_contact(c.tx, viewer=c.actor))
    return answer(mine, version=mine.version)


@put(
    "/api/v1/my/contact",
    summary="Say where we are reached",
    tags=["notifications"],
    opt=answers(MyContact, version=True),
)
async def change_my_contact(request: AnyRequest, data: JSONBody[ChangeContact]) -> Response[bytes]:
    """Say where one's party is reached. A code goes to a new address; it counts when it is back."""
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        mine = await notifications.change_contact(
            c.tx,
            actor=c.actor,
            now=c.now,
            expected_version=version,
            email=data.email,
            phone=data.phone,
        )
        return done(mine, version=mine.version)

    return await command(request, act)


@post(
    "/api/v1/my/contact/confirmations",
    summary="Confirm an address",
    tags=["notifications"],
    opt=answers(MyContact, version=True, refusals=(404, 409)),
)
async def confirm_my_contact(
    request: AnyRequest, data: JSONBody[ConfirmContact]
) -> Response[bytes]:
    """Confirm an address by the code that came to it (联系方式核验)."""

    async def act(c: Command) -> Answer:
        found = await notifications.confirm_contact(
            c.tx, actor=c.actor, now=c.now, channel=data.channel, code=data.code
        )
        if isinstance(found, ContactCodeWrong):
            return Answer(found.facts, status=_WRONG)
        return done(found, version=found.version)

    response = await command(request, act)
    # The wrong code is counted first, in a transaction that stands, and refused then.
    if response.status_code == _WRONG:
        raise ContactCodeWrong(**msgspec.json.decode(response.content))
    return response


@get(
    "/api/v1/undeliverable-notifications",
    summary="What could not be delivered",
    tags=["notifications"],
    opt=answers(Page[DeliverySummary]),
)
async def list_undeliverable(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what could not be delivered outside, for the sender's side to act on."""

    async def look(c: Command) -> Page[DeliverySummary]:
        return await queries.list_undeliverable(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/notifications/{notification_id:uuid}/proof",
    summary="What became of a message",
    tags=["notifications"],
    opt=answers(NotificationProof),
)
async def get_proof(request: AnyRequest, notification_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return when a message was read and received, and every attempt to deliver it (送达证明)."""

    async def look(c: Command) -> NotificationProof:
        return await queries.get_proof(c.tx, viewer=c.actor, notification_id=notification_id)

    return answer(await read(request, look))
