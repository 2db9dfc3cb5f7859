"""Walk long lists by keyset: an opaque cursor holds where the last page ended and what was asked.

A cursor of one query is refused by another, so that no page can be skipped or doubled unnoticed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from catalog.kernel.errors import Invalid

T = TypeVar("T")

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 200
_CURSOR_LENGTH_MAX: Final = 2000


class CursorUnreadable(Invalid):
    """The cursor was not made by us, or for another query."""

    code = "cursor_unreadable"


class LimitOutOfRange(Invalid):
    """A page has at least one entry and at most two hundred."""

    code = "limit_out_of_range"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, and the cursor of the next if there is one."""

    items: list[T]
    next_cursor: str | None = None


class HasId(Protocol):
    """What a list by id is made of."""

    @property
    def id(self) -> uuid.UUID:
        """Name the entry; it grows with time (UUIDv7)."""


Identified = TypeVar("Identified", bound=HasId)


def check_limit(limit: int) -> int:
    """Return ``limit`` if a page may have that many entries.

    :raises LimitOutOfRange: if not.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise LimitOutOfRange(limit=limit, maximum=MAX_LIMIT)
    return limit


def fingerprint(*query: Any) -> str:
    """Return a short name for a query, to bind a cursor to it."""
    return hashlib.sha256(msgspec.json.encode(query)).hexdigest()[:16]


def encode(query: str, *position: Any) -> str:
    """Return the cursor for ``position`` (JSON values) in the query named by its fingerprint."""
    raw = msgspec.json.encode([query, *position])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(query: str, cursor: str | None, length: int) -> list[Any] | None:
    """Return the position that ``cursor`` holds, or None when there is no cursor.

    :raises CursorUnreadable: if it is not ours, of another query, or of another shape.
    """
    if cursor is None:
        return None
    if len(cursor) > _CURSOR_LENGTH_MAX:
        raise CursorUnreadable
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.json.decode(raw, type=list[Any])
    except (binascii.Error, msgspec.MsgspecError, ValueError, UnicodeError) as error:
        raise CursorUnreadable from error
    if len(found) != length + 1 or found[0] != query:
        raise CursorUnreadable
    return found[1:]


def decode_id(query: str, cursor: str | None) -> uuid.UUID | None:
    """Return the id at which the last page ended, or None when there is no cursor.

    :raises CursorUnreadable: if the cursor is not one of ids, or not of this query.
    """
    position = decode(query, cursor, 1)
    return None if position is None else as_id(position[0])


def as_id(value: object) -> uuid.UUID:
    """Return a part of a position as the id that it is.

    :raises CursorUnreadable: if it is none.
    """
    try:
        return uuid.UUID(str(value))
    except ValueError as error:
        raise CursorUnreadable from error


def next_by_id(query: str, found: Sequence[HasId], limit: int) -> str | None:
    """Return the cursor after ``limit`` of the entries found, or None if these are all.

    One more than ``limit`` is asked for, to know whether there are more.
    """
    return encode(query, str(found[limit - 1].id)) if len(found) > limit else None


def page_by_id(query: str, found: list[Identified], limit: int) -> Page[Identified]:
    """Return the first ``limit`` of the entries found as a page, with the cursor of the next."""
    return Page(found[:limit], next_by_id(query, found, limit))
