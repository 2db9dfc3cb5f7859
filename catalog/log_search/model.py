"""Say what is looked for in the log, and what is found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log.model import Subject


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody looks for; what is None does not matter."""

    subject: Subject | None = None
    actor_account_id: uuid.UUID | None = None
    action: str | None = None  # an event of the log, by its name
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as its finder sees it. ``index`` is its place in the log, which proves it.

    Subjects, event and time are public, as the leaf is. Who acted, and the payload, are null where
    they are not for this reader, or erased.
    """

    index: int
    id: uuid.UUID
    at: dt.datetime
    event: str
    subjects: tuple[Subject, ...]
    leaf: bytes
    actor_account_id: uuid.UUID | None
    actor_party_id: uuid.UUID | None
    payload: dict[str, Any] | None
    salt: bytes | None


class FoundPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was found, newest first, in the log of ``log_size`` entries.

    All pages of a walk are of the same log: what came later stands in a new search.
    """

    items: list[Found]
    log_size: int
    next_cursor: str | None = None
