"""Run a command or a read for a handler: transaction, idempotency record, answer.

``command`` is the way of every request that changes something: one transaction holds the
idempotency record, the change, and its audit entry; a lost race is run again; a repeated request
gets the stored answer. ``read`` opens a transaction that writes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from litestar import Response

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, begin, run
from catalog.kernel.errors import VersionStale
from catalog.kernel.workdays import Calendar
from catalog.timers import queries as timers
from market.http import readings
from market.http.context import AnyRequest, Context, actor, context
from market.http.problem import (
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IfMatchMissing,
)
from market.idempotency import operations as idempotency

T = TypeVar("T")

_VERSION_DIGITS_MAX: Final = 18
_KEY_LENGTH_MAX: Final = 255


class Command(msgspec.Struct, frozen=True):
    """What a handler's body needs: the open transaction, who acts, and the time."""

    tx: Tx
    actor: Actor
    now: dt.datetime
    context: Context

    async def calendar(self) -> Calendar:
        """Return the working-day calendar. Few commands count working days, so the others do not read it."""
        return await timers.get_calendar(self.tx)


class Glance(msgspec.Struct, frozen=True):
    """What a body needs that only looks at what everybody may see."""

    tx: Tx
    context: Context


class Answer(msgspec.Struct, frozen=True):
    """What a command answers with."""

    content: Any
    status: int = 200
    headers: dict[str, str] = {}


def created(content: Any, location: str, version: int | None = None) -> Answer:
    """Answer 201 with the address of what was made."""
    headers = {"location": location}
    if version is not None:
        headers["etag"] = etag(version)
    return Answer(content, 201, headers)


def done(content: Any, version: int | None = None) -> Answer:
    """Answer 200 with what came of it."""
    return Answer(content, 200, {} if version is None else {"etag": etag(version)})


def etag(version: int) -> str:
    """Return the strong entity tag of a row version (RFC 9110 §8.8.3)."""
    return f'"{version}"'


def expected_version(request: AnyRequest) -> int:
    """Return the version that the caller read and means to change.

    :raises IfMatchMissing: if the header is not there.
    :raises VersionStale: if it is not one of our tags, so that it can not be the newest.
    """
    given = request.headers.get("if-match")
    if not given:
        raise IfMatchMissing
    text = given.strip().strip('"')
    if not text.isdigit() or len(text) > _VERSION_DIGITS_MAX:
        raise VersionStale
    return int(text)


def idempotency_key(request: AnyRequest) -> str:
    """Return the key of the command.

    :raises IdempotencyKeyMissing: if the header is not there.
    :raises IdempotencyKeyMalformed: if it is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        raise IdempotencyKeyMissing
    if not (1 <= len(key) <= _KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        raise IdempotencyKeyMalformed
    return key


async def command(
    request: AnyRequest,
    act: Callable[[Command], Awaitable[Answer]],
    *,
    body_sha256: bytes | None = None,
) -> Response[bytes]:
    """Run one command and answer it, or answer again what was answered before.

    ``body_sha256`` is given where the body was streamed past and can not be read again.
    """
    wiring, who = context(request), actor(request)
    key = idempotency_key(request)
    now = wiring.now()
    route = f"{request.method} {request.url.path}"
    digest = body_sha256 or hashlib.sha256(await request.body()).digest()
    principal = who.principal

    async def once(tx: Tx) -> Response[bytes]:
        stored = await idempotency.find_answer(tx)
        if stored is not None:
            tx.remember()  # the first run wrote the entry; this one changes nothing
            return _response(
                stored.body, stored.status, {**stored.headers, "idempotency-replayed": "true"}
            )
        answer = await act(Command(tx, who, now, wiring))
        body = b"" if answer.content is None else msgspec.json.encode(answer.content)
        await idempotency.keep(
            tx,
            principal=principal,
            key=key,
            status=answer.status,
            headers=answer.headers,
            body=body,
        )
        return _response(body, answer.status, answer.headers)

    claiming = idempotency.claiming(
        principal=principal, key=key, route=route, request_sha256=digest, now=now
    )
    return await run(wiring.db, who, once, ahead=claiming)


async def secret_command(
    request: AnyRequest,
    act: Callable[[Command], Awaitable[Answer]],
    *,
    body_sha256: bytes | None = None,
) -> Response[bytes]:
    """Run a command whose answer holds a secret: the answer is not kept.

    Where ``body_sha256`` is given (of the body without its secrets) an Idempotency-Key is heeded:
    the command is done once, and whoever asks again is told so and not told the secret.

    :raises AnswerNotKept: if it was done under this key before.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()
    key, claiming = "", None
    if body_sha256 is not None and "idempotency-key" in request.headers:
        key = idempotency_key(request)
        claiming = idempotency.claiming(
            principal=who.principal,
            key=key,
            route=f"{request.method} {request.url.path}",
            request_sha256=body_sha256,
            now=now,
        )

    async def once(tx: Tx) -> Response[bytes]:
        if claiming is not None and await idempotency.find_answer(tx) is not None:
            raise idempotency.AnswerNotKept
        answer = await act(Command(tx, who, now, wiring))
        body = b"" if answer.content is None else msgspec.json.encode(answer.content)
        if claiming is not None:
            await idempotency.keep(
                tx, principal=who.principal, key=key, status=answer.status, headers={}, body=b""
            )
        return _response(body, answer.status, answer.headers)

    return await run(wiring.db, who, once, ahead=claiming)


async def read(request: AnyRequest, look: Callable[[Command], Awaitable[T]]) -> T:
    """Run a read in one transaction and return what it found.

    Where ``readings`` says so it is remembered in the same transaction, or it is not served.
    """
    wiring, who = context(request), actor(request)
    route = str(request.scope.get("path_template", ""))
    now = wiring.now()
    async with begin(wiring.db, who) as tx:
        found = await look(Command(tx, who, now, wiring))
        if readings.is_remembered(route, who):
            await readings.remember(
                tx,
                actor=who,
                now=now,
                route=route,
                asked=request.path_params,
                found=found,
            )
        return found


async def glance(request: AnyRequest, look: Callable[[Glance], Awaitable[T]]) -> T:
    """Look at what is public and return what was found; nobody remembers it.

    A transaction is opened only for what ``Tx.fetch_public`` can not ask.
    """
    wiring = context(request)
    async with begin(wiring.db, actor(request), late=True) as tx:
        return await look(Glance(tx, wiring))


def answer(content: Any, *, version: int | None = None, cache: str = "no-store") -> Response[bytes]:
    """Return a read's answer."""
    headers = {"cache-control": cache}
    if version is not None:
        headers["etag"] = etag(version)
    return _response(msgspec.json.encode(content), 200, headers)


def _response(body: bytes, status: int, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", **headers},
    )
