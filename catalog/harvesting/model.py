"""Say what a source and a run are."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.formats.reading_dcat import Skipped
from catalog.harvesting.source_states import SourceState
from catalog.harvesting.states import State


class Kind(enum.StrEnum):
    """What a source speaks."""

    CKAN = "ckan"
    DCAT = "dcat"


class NewSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator says of a source."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,49}$")]  # the source of its records
    kind: Kind
    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    licence: Annotated[str, Meta(max_length=200)] = ""  # of records that name none
    every_hours: Annotated[int, Meta(ge=1, le=8760)] = 24


class Source(NewSource, frozen=True, kw_only=True):
    """A source (收割来源)."""

    id: uuid.UUID
    created_at: dt.datetime
    state: SourceState = SourceState.ACTIVE


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a source, and what came of it (收割记录)."""

    id: uuid.UUID
    source_id: uuid.UUID
    state: State
    started_at: dt.datetime
    ended_at: dt.datetime | None = None
    next_address: str | None = None
    pages: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    skipped: int = 0
    vanished: int = 0
    errors: tuple[Skipped, ...] = ()  # the first of those that were skipped, with why
    reason: str | None = None  # why it failed or is held


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was read: from where, which bytes."""

    address: str
    sha256: str
    fetched_at: dt.datetime
