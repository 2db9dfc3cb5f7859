"""Refuse JSON that two readers could read differently, before anything else reads it.

Too deep, doubled keys, not UTF-8, too large: litestar and msgspec would answer 500, take the last
of two keys, or read on. One small ASGI layer looks first. It also gives every request its id and
writes the access log, so that a request passes one layer of ours and not five.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from catalog.kernel.clock import monotonic
from catalog.kernel.errors import DomainError, FieldError
from market.http.problem import (
    BodyKeyDoubled,
    BodyMalformed,
    BodyTooDeep,
    BodyTooLarge,
    MediaTypeUnsupported,
    ParameterInvalid,
)
from market.http.refusing import answer_refusal
from market.metrics import counted

MAX_DEPTH: Final = 64
_TAKES_FILES: Final = frozenset({"/api/v1/files", "/api/v1/certificate-verifications"})
MAX_JSON_BYTES: Final = 1024 * 1024
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = structlog.get_logger("access")


def check_json(body: bytes) -> None:
    """Return if every reader will understand the same.

    :raises BodyTooDeep: if it nests deeper than 64 levels.
    :raises BodyKeyDoubled: if an object has a key twice.
    :raises BodyMalformed: if it is not JSON in UTF-8.
    """
    depth = 0
    for match in _BRACKETS.finditer(body):
        token = match[0]
        if token in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise BodyTooDeep(maximum=MAX_DEPTH)
        elif token in (b"]", b"}"):
            depth -= 1
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BodyMalformed(reason=str(error)[:200]) from error


def check_address(path: str, query: bytes) -> None:
    """Return if a program's address holds no NUL, which no text of ours and no column can hold.

    :raises ParameterInvalid: if it does.
    """
    if path.startswith("/api/") and ("\x00" in path or b"%00" in query or b"\x00" in query):
        raise ParameterInvalid(errors=(FieldError("", "nul_character", "NUL"),))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BodyKeyDoubled(key=key[:100])
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class BodyGuard:
    """Stand before the application (ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = monotonic()
        headers = {k.lower(): v for k, v in scope["headers"]}
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope["request_id"] = request_id  # type: ignore[typeddict-unknown-key]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                    (b"x-frame-options", b"DENY"),
                ]
            await send(message)

        try:
            check_address(scope["path"], scope["query_string"])
            receive = await self._checked(scope, headers, receive)
        except DomainError as error:
            await answer_refusal(error, scope, send_with_id)  # type: ignore[arg-type]
        else:
            await self._app(scope, receive, send_with_id)
        seconds = monotonic() - started
        route = scope.get("path_template", "")
        counted.request(scope["method"], route, status, seconds)
        _log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )

    async def _checked(
        self, scope: HTTPScope, headers: dict[bytes, bytes], receive: Receive
    ) -> Receive:
        media_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
        if not has_body or scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return receive
        if scope["path"] in _TAKES_FILES:
            return receive  # whatever its type, the body is a file: streamed, never read as JSON
        is_json = media_type == b"application/json" or media_type.endswith(b"+json")
        if not is_json:
            is_form = media_type in (b"application/x-www-form-urlencoded", b"multipart/form-data")
            if is_form and not scope["path"].startswith("/api/"):
                return receive
            raise MediaTypeUnsupported(media_type=media_type.decode("latin-1")[:100])
        body = await _read(receive)
        check_json(body)
        return _replay(body, receive)


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_JSON_BYTES:
            raise BodyTooLarge(maximum_bytes=MAX_JSON_BYTES)
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Any:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
