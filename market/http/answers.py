"""Say next to each handler what it answers: ``opt=answers(Order)``, ``opt=creates(Order)``.

``describe`` makes the OpenAPI document of it. The tests hold every answer of every journey against
it, so that a handler can not say one thing and send another.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler

JSON: Final = "application/json"
_OPT: Final = "answers"
_TAKES: Final = "takes"

LOCATION: Final = "location"
ETAG: Final = "etag"


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler sends when it does not refuse. ``kind`` is None where it sends no JSON."""

    kind: Any = None
    statuses: tuple[int, ...] = (200,)
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()  # an example of what stands in the path


class Takes(msgspec.Struct, frozen=True):
    """What a handler reads by itself: a body of a media type, and headers."""

    media_type: str
    headers: tuple[str, ...]
    optional: tuple[str, ...] = ()


class AnswerUnsaid(RuntimeError):
    """A handler does not say what it answers."""


def answers(
    kind: Any, *statuses: int, version: bool = False, refusals: tuple[int, ...] = ()
) -> dict[str, Any]:
    """Say that a handler answers with JSON of a kind; ``version`` that its ETag stands with it.

    ``refusals`` are statuses besides those that the rule of the route lets expect.
    """
    headers = (ETAG,) if version else ()
    said = Answers(kind=kind, statuses=statuses or (200,), headers=headers, refusals=refusals)
    return {_OPT: said}


def creates(kind: Any, *, version: bool = False, refusals: tuple[int, ...] = ()) -> dict[str, Any]:
    """Say that a handler makes a thing of a kind and tells its address, with status 201."""
    headers = (LOCATION, ETAG) if version else (LOCATION,)
    return {_OPT: Answers(kind=kind, statuses=(201,), headers=headers, refusals=refusals)}


def sends(
    media_type: str,
    *headers: str,
    statuses: tuple[int, ...] = (200,),
    refusals: tuple[int, ...] = (),
    **asked: str,
) -> dict[str, Any]:
    """Say that a handler sends bytes of a media type, ``*/*`` if it is the file's own.

    ``asked`` is an example of what stands in its path: what bytes come can not be shown.
    """
    said = Answers(
        media_type=media_type,
        statuses=statuses,
        headers=headers,
        refusals=refusals,
        asked=tuple(asked.items()),
    )
    return {_OPT: said}


def takes(media_type: str, *headers: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Say that a handler reads a body of a media type, and these headers, by itself."""
    return {_TAKES: Takes(media_type, headers, optional)}


def taken_by(handler: HTTPRouteHandler) -> Takes | None:
    """Return what a handler reads by itself; most leave that to the framework."""
    taken = handler.opt.get(_TAKES)
    return taken if isinstance(taken, Takes) else None


def said_by(handler: HTTPRouteHandler) -> Answers:
    """Return what a handler says that it answers.

    :raises AnswerUnsaid: if it does not say it.
    """
    said = handler.opt.get(_OPT)
    if not isinstance(said, Answers):
        raise AnswerUnsaid(f"{handler.fn.__module__}.{handler.fn.__name__}")
    return said
