"""Say what is told of the use of keys."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NewType

import msgspec

from catalog.signing.model import KeyId

RunId = NewType("RunId", uuid.UUID)


class KeyInUse(msgspec.Struct, frozen=True):
    """A key that a process holds, and what for."""

    key_id: KeyId
    purpose: str
    algorithm: str


class Count(msgspec.Struct, frozen=True):
    """How many artefacts a key signed."""

    key_id: KeyId
    purpose: str
    signed: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One life of one process, and up to when it told what it signed."""

    id: RunId
    key_ids: tuple[KeyId, ...]
    begun_at: dt.datetime
    told_at: dt.datetime


class UseTold(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in an entry: counts from then until then; null counts are not known."""

    run: RunId
    since: dt.datetime
    until: dt.datetime | None
    counts: tuple[Count, ...] | None
    is_last: bool

    def facts(self) -> dict[str, Any]:
        """Return it as the facts of an entry."""
        return dict(msgspec.structs.asdict(self))
