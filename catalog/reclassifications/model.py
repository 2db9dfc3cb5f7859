"""Say what a proposal to lower a level holds (重新定级)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from catalog.products.model import Level
from catalog.reclassifications.states import State

ReclassificationId = NewType("ReclassificationId", uuid.UUID)


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lower level, by which standard, and why it is enough."""

    scheme: Annotated[str, Meta(min_length=1, max_length=100)]
    level: Level
    category: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    evidence_file_id: uuid.UUID


class ReclassificationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what became of it."""

    id: ReclassificationId
    product_id: uuid.UUID
    supplier_party_id: PartyId
    state: State
    scheme: str
    level: Level
    category: str
    level_of_sources: Level
    reason: str
    evidence_file_id: uuid.UUID
    evidence_sha256: str
    proposed_by: AccountId | None
    proposed_by_name: str
    proposed_at: dt.datetime
    decided_by: AccountId | None = None
    decided_by_name: str | None = None
    decided_at: dt.datetime | None = None
    remark: str | None = None
