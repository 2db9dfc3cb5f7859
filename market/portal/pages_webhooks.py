"""Keep the endpoints of one's party on a page: secret shown once, what was told, tell it again (网络回调)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Done,
    Shown,
    filled_in,
    read_form,
    run_once,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from market.webhooks import queries, telling
from market.webhooks.disk import box
from market.webhooks.model import Delivery, Endpoint, EndpointSecret, NewEndpoint
from market.webhooks.operations import keeping
from market.webhooks.states import State

_PATH: Final = "/my/webhooks"
_ONE: Final = "/my/webhooks/{endpoint_id:uuid}"
_PAGE_SIZE: Final = 20
#: What stands before the name of an event in the form: each is a box of its own.
_TELL: Final = "tell_"


class Told(msgspec.Struct, frozen=True):
    """An endpoint, and a page of what was told to it."""

    endpoint: Endpoint
    deliveries: Page[Delivery]


@get(_PATH, include_in_schema=False)
async def list_endpoints(request: AnyRequest) -> Response[bytes]:
    """Show the endpoints of one's party, and the form for another."""
    return await _endpoints(request, BLANK)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def register_endpoint(request: AnyRequest) -> Response[bytes]:
    """Register an endpoint; its secret is shown this once."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[EndpointSecret]:
        made = await keeping.register(
            c.tx,
            actor=c.actor,
            now=c.now,
            new=filled_in(NewEndpoint, {**fields, "event_types": _asked(fields)}),
            allows_private=c.context.settings.webhook_private_addresses,
            box=box(c.context.settings.keys_dir),
        )
        return Done(_PATH, made)

    try:
        done = await run_once(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _endpoints(request, shown_again(request, fields, error))
    return _secret(request, done.told, status=201)


@post(_ONE + "/secret-rotations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def rotate_secret(request: AnyRequest, endpoint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Give an endpoint a new secret, shown this once; the old one signs beside it for a day."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[EndpointSecret]:
        made = await keeping.rotate(
            c.tx,
            actor=c.actor,
            now=c.now,
            endpoint_id=endpoint_id,
            box=box(c.context.settings.keys_dir),
        )
        return Done(f"{_PATH}/{endpoint_id}", made)

    try:
        done = await run_once(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _deliveries(request, endpoint_id, shown_again(request, fields, error))
    return _secret(request, done.told, status=200)


@post(_ONE + "/disablings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def disable(request: AnyRequest, endpoint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Switch an endpoint off (停用)."""

    async def act(c: Command) -> None:
        await keeping.switch(c.tx, actor=c.actor, now=c.now, endpoint_id=endpoint_id, on=False)

    return await _step(request, endpoint_id, act)


@post(_ONE + "/enablings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def enable(request: AnyRequest, endpoint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Switch an endpoint on again; what waited for it goes out (启用)."""

    async def act(c: Command) -> None:
        await keeping.switch(c.tx, actor=c.actor, now=c.now, endpoint_id=endpoint_id, on=True)

    return await _step(request, endpoint_id, act)


@get(_ONE, include_in_schema=False)
async def show_endpoint(
    request: AnyRequest,
    endpoint_id: FromPath[uuid.UUID],
    *,
    status: FromQuery[State | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show an endpoint and what was told to it; ``dead`` are the messages that were given up."""
    return await _deliveries(request, endpoint_id, BLANK, status=status, cursor=cursor)


@post(
    _ONE + "/deliveries/{delivery_id:uuid}/replays",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def replay(
    request: AnyRequest, endpoint_id: FromPath[uuid.UUID], delivery_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Tell a message once more, with the same id (重放)."""

    async def act(c: Command) -> None:
        await keeping.replay(c.tx, actor=c.actor, now=c.now, delivery_id=delivery_id)

    return await _step(request, endpoint_id, act)


def _asked(fields: Mapping[str, str]) -> list[str]:
    return [name.removeprefix(_TELL) for name in fields if name.startswith(_TELL)]


async def _step(
    request: AnyRequest, endpoint_id: uuid.UUID, act: Callable[[Command], Awaitable[None]]
) -> Response[bytes]:
    fields = await read_form(request)

    async def lead(c: Command) -> str:
        await act(c)
        return f"{_PATH}/{endpoint_id}"

    try:
        return await submit(request, fields, lead)
    except SHOWN_AGAIN as error:
        return await _deliveries(request, endpoint_id, shown_again(request, fields, error))


async def _endpoints(request: AnyRequest, form: Shown) -> Response[bytes]:
    found = await read(request, lambda c: queries.list_endpoints(c.tx, viewer=c.actor))
    by_noun: dict[str, list[str]] = {}
    for name in telling.event_types():
        by_noun.setdefault(name.partition(".")[0], []).append(name)
    return page(
        request,
        "webhooks.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        endpoints=found.items,
        by_noun=by_noun,
        form=form,
    )


def _secret(request: AnyRequest, made: EndpointSecret | None, status: int) -> Response[bytes]:
    return page(request, "webhook_secret.html", status=status, cache=NOT_KEPT, at=_PATH, made=made)


async def _deliveries(
    request: AnyRequest,
    endpoint_id: uuid.UUID,
    form: Shown,
    *,
    status: State | None = None,
    cursor: str | None = None,
) -> Response[bytes]:
    async def look(c: Command) -> Told:
        own = await queries.list_endpoints(c.tx, viewer=c.actor)
        endpoint = next((each for each in own.items if each.id == endpoint_id), None)
        if endpoint is None:
            raise Missing
        told = await queries.list_deliveries(
            c.tx,
            viewer=c.actor,
            endpoint_id=endpoint_id,
            state=status,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )
        return Told(endpoint, told)

    told = await read(request, look)
    return page(
        request,
        "webhook.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{endpoint_id}",
        endpoint=told.endpoint,
        deliveries=told.deliveries,
        states=list(State),
        wanted=status,
        link=linker(f"{_PATH}/{endpoint_id}", {"status": None if status is None else status.value}),
        is_continued=bool(cursor),
        form=form,
    )
