"""Say what an anonymisation record is (匿名化记录, FIELDS §10)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.anonymisations.states import Event, State

AnonymisationId = NewType("AnonymisationId", uuid.UUID)
Text = Annotated[str, Meta(min_length=1, max_length=5_000)]
Line = Annotated[str, Meta(min_length=1, max_length=200)]


class Method(enum.StrEnum):
    """How it was done (匿名化方法, E38)."""

    SUPPRESSION = "suppression"  # 抑制
    GENERALISATION = "generalisation"  # 泛化
    AGGREGATION = "aggregation"  # 聚合
    K_ANONYMITY = "k_anonymity"  # K-匿名
    L_DIVERSITY = "l_diversity"  # L-多样性
    DIFFERENTIAL_PRIVACY = "differential_privacy"  # 差分隐私
    SYNTHETIC = "synthetic"  # 合成数据


class ReIdentificationTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one tried to find persons again, and what came of it (重识别测试)."""

    attack: Text
    result: Text


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the supplier says of it, and which agency it asks."""

    methods: Annotated[tuple[Method, ...], Meta(min_length=1, max_length=7)]
    parameters: Text
    re_identification_test: ReIdentificationTest
    environment_controls: Text
    reviewer: Line
    evidence_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    agency_party_id: uuid.UUID


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a record, why, and until when if it is accepted."""

    event: Event
    reason: Text
    valid_to: dt.date | None = None


class Anonymisation(msgspec.Struct, frozen=True, kw_only=True):
    """An anonymisation of one version of a product's content."""

    id: AnonymisationId
    product_id: uuid.UUID
    product_version: int
    supplier_party_id: PartyId
    said: Said
    state: State
    submitted_at: dt.datetime
    version: int
    valid_to: dt.date | None = None  # the last day
    decided_at: dt.datetime | None = None
    reason: str | None = None
