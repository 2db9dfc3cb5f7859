"""Say what a quality issue holds (质量问题, FIELDS 6)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.profiles.quality import Dimension
from catalog.quality_issues.states import State

QualityIssueId = NewType("QualityIssueId", uuid.UUID)

Remark = Annotated[str, Meta(min_length=1, max_length=1000)]


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong, as who uses the data sees it."""

    dimension: Dimension
    description: Remark
    column: Annotated[str, Meta(max_length=200)] = ""
    row: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None
    evidence_file_id: uuid.UUID | None = None


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One step of walking up (倒查): the product that was looked at, and what was found."""

    product_id: uuid.UUID
    name: str
    supplier_party_id: PartyId | None
    result: str
    looked_at: dt.datetime


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many issues of a product there are, as everybody may know it: no words of anybody."""

    at_work: int = 0  # reported, traced, with its provider
    answered: int = 0  # put right, or found to be none


class QualityIssue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue and what became of it."""

    id: QualityIssueId
    product_id: uuid.UUID
    product_name: str
    supplier_party_id: PartyId
    reporter_party_id: PartyId
    state: State
    dimension: Dimension
    description: str
    column: str
    row: int | None
    evidence_file_id: uuid.UUID | None
    evidence_sha256: str | None
    content_version: int | None
    hops: tuple[Hop, ...] = ()
    provider_party_id: PartyId | None = None
    due_on: dt.date | None = None
    reply: str | None = None
    feedback: str | None = None
    reported_at: dt.datetime
    assigned_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    fed_back_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
