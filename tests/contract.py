"""Hold every answer that a test gets against what the OpenAPI document says of it.

Whoever speaks to the service with ``event_hooks=contract.HOOKS`` proves the document by the way.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
from litestar.handlers import HTTPRouteHandler

from market.http import answers, describe, policy
from market.http.problem import PROBLEM, ProblemDocument

#: Refusals that any route may give and that none is described with.
EVERYWHERE = {405, 500, 503}


class Place(msgspec.Struct, frozen=True):
    """A route: what its handler says, and how it is described."""

    name: str
    pattern: re.Pattern[str]
    said: answers.Answers
    described: dict[str, Any]


class ContractBroken(AssertionError):
    """An answer is not what the document says."""


async def hold(response: httpx.Response) -> None:
    """Read a response and hold it against the document, if its route is in it."""
    await response.aread()
    place = find(response.request.method, response.request.url.path)
    if place is not None:
        check(place, response.status_code, response.headers, response.content)


HOOKS = {"response": [hold]}


def check(place: Place, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Hold one answer of a place against what is said of it.

    :raises ContractBroken: if status, headers, media type or content are not as described.
    """
    media_type = headers.get("content-type", "")
    if status == 304 and status in place.said.statuses:
        return  # what one has is still good; nothing is sent
    if status == 303 and status in place.said.statuses:
        assert headers["location"], place.name
        return  # it is had elsewhere, in another format
    if status in place.said.statuses and media_type != PROBLEM:
        has_content = status != HTTPStatus.NOT_MODIFIED
        _check_headers(place, headers, media_type if has_content else place.said.media_type)
        if place.said.kind is not None:
            _check_content(place, place.said.kind, content)
        return
    if status not in EVERYWHERE and str(status) not in place.described:
        raise ContractBroken(f"{place.name}: answers {status}, which is not described")
    if status < 400 or media_type != PROBLEM:
        raise ContractBroken(f"{place.name}: answers {status} with {media_type}")
    _check_content(place, ProblemDocument, content)


def _check_headers(place: Place, headers: Mapping[str, str], media_type: str) -> None:
    said = place.said
    if said.media_type not in ("*/*", media_type):
        raise ContractBroken(f"{place.name}: sends {media_type}, not {said.media_type}")
    missing = [name for name in said.headers if name not in headers]
    unsaid = [n for n in (answers.LOCATION, answers.ETAG) if n in headers and n not in said.headers]
    if missing or unsaid:
        raise ContractBroken(f"{place.name}: headers missing {missing}, unsaid {unsaid}")


def _check_content(place: Place, kind: Any, content: bytes) -> None:
    # Read as the type and written again, it must be the same: no field more, none less.
    try:
        read = msgspec.json.decode(content, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise ContractBroken(f"{place.name}: {error}") from error
    sent, again = msgspec.json.decode(content), msgspec.json.decode(msgspec.json.encode(read))
    if sent != again:
        raise ContractBroken(f"{place.name}: sent {sent}, but {kind} is {again}")


def find(method: str, path: str) -> Place | None:
    """Return the place of the interface that a request is for; None for pages and unknown ones."""
    return next((p for p in _places().get(method, ()) if p.pattern.fullmatch(path)), None)


@functools.cache
def _places() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for (method, path), handler in describe.handlers_by_place().items():
        if (method, path) in policy.API:
            found.setdefault(method, []).append(_place(method, path, handler))
    return found


def _place(method: str, path: str, handler: HTTPRouteHandler) -> Place:
    rest = "{path}"  # the one parameter that may hold slashes
    pattern = "".join(
        part if not part.startswith("{") else ".+" if part == rest else "[^/]+"
        for part in re.split(r"(\{\w+\})", path)
    )
    described = describe.document()["paths"][path][method.lower()]["responses"]
    return Place(f"{method} {path}", re.compile(pattern), answers.said_by(handler), described)
