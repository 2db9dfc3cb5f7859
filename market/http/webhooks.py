"""Webhooks: register endpoints, rotate secrets, see deliveries, replay (网络回调)."""

from __future__ import annotations

import hashlib
import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
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
from market.webhooks import queries, telling
from market.webhooks.disk import box
from market.webhooks.model import (
    Delivery,
    Endpoint,
    EndpointSecret,
    EventTypes,
    NewEndpoint,
)
from market.webhooks.operations import keeping
from market.webhooks.states import State

_TAGS = ["webhooks"]
_PATH = "/api/v1/my/webhook-endpoints"


@get(
    "/api/v1/webhook-event-types",
    summary="What can be told",
    tags=_TAGS,
    opt=answers(EventTypes),
)
async def list_event_types(request: AnyRequest) -> Response[bytes]:
    """Return the names of what endpoints may ask to be told."""
    del request
    return answer(EventTypes(telling.event_types()))


@post(_PATH, summary="Register an endpoint", tags=_TAGS, opt=creates(EndpointSecret))
async def register_endpoint(request: AnyRequest, data: JSONBody[NewEndpoint]) -> Response[bytes]:
    """Register where one's party is told what happens; the secret is shown now and never again."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await keeping.register(
            c.tx,
            actor=c.actor,
            now=c.now,
            new=data,
            allows_private=c.context.settings.webhook_private_addresses,
            box=box(c.context.settings.keys_dir),
        )
        return created(made, _PATH)

    digest = hashlib.sha256(msgspec.json.encode(data)).digest()
    return await secret_command(request, act, body_sha256=digest)


@get(_PATH, summary="One's endpoints", tags=_TAGS, opt=answers(Page[Endpoint]))
async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
    """Return the endpoints of one's party, without their secrets."""

    async def look(c: Command) -> Page[Endpoint]:
        return await queries.list_endpoints(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@post(
    _PATH + "/{endpoint_id:uuid}/secret-rotations",
    summary="Rotate an endpoint's secret",
    tags=_TAGS,
    opt=answers(EndpointSecret),
)
async def rotate_webhook_secret(
    request: AnyRequest, endpoint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Give an endpoint a new secret and a new key; the old ones sign beside them for a day."""

    async def act(c: Command) -> Answer:
        return done(
            await keeping.rotate(
                c.tx,
                actor=c.actor,
                now=c.now,
                endpoint_id=endpoint_id,
                box=box(c.context.settings.keys_dir),
            )
        )

    return await secret_command(
        request, act, body_sha256=hashlib.sha256(str(endpoint_id).encode()).digest()
    )


@post(
    _PATH + "/{endpoint_id:uuid}/disablings",
    summary="Switch an endpoint off",
    tags=_TAGS,
    opt=answers(Endpoint),
)
async def disable_endpoint(
    request: AnyRequest, endpoint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Switch an endpoint off; what happens meanwhile is not told to it."""

    async def act(c: Command) -> Answer:
        return done(
            await keeping.switch(c.tx, actor=c.actor, now=c.now, endpoint_id=endpoint_id, on=False)
        )

    return await command(request, act)


@post(
    _PATH + "/{endpoint_id:uuid}/enablings",
    summary="Switch an endpoint on",
    tags=_TAGS,
    opt=answers(Endpoint),
)
async def enable_endpoint(request: AnyRequest, endpoint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Switch an endpoint on again; what waited for it goes out."""

    async def act(c: Command) -> Answer:
        return done(
            await keeping.switch(c.tx, actor=c.actor, now=c.now, endpoint_id=endpoint_id, on=True)
        )

    return await command(request, act)


@get(
    _PATH + "/{endpoint_id:uuid}/deliveries",
    summary="Messages to an endpoint",
    tags=_TAGS,
    opt=answers(Page[Delivery]),
)
async def list_webhook_deliveries(
    request: AnyRequest,
    *,
    endpoint_id: FromPath[uuid.UUID],
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the messages to an endpoint with what was answered; ``dead`` are those given up."""

    async def look(c: Command) -> Page[Delivery]:
        return await queries.list_deliveries(
            c.tx,
            viewer=c.actor,
            endpoint_id=endpoint_id,
            state=status,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@post(
    "/api/v1/my/webhook-deliveries/{delivery_id:uuid}/replays",
    summary="Tell a message once more",
    tags=_TAGS,
    opt=answers(Delivery),
)
async def replay_webhook(request: AnyRequest, delivery_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Tell a message once more, with the same id (重放)."""

    async def act(c: Command) -> Answer:
        return done(await keeping.replay(c.tx, actor=c.actor, now=c.now, delivery_id=delivery_id))

    return await command(request, act)
