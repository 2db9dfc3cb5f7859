"""The nouns of this room: a spot check (双随机抽查), its draw, and what was found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.certificates.states import State as CertificateState
from catalog.draws.model import EarlierCheckpoint, ProvenEntry
from catalog.kernel.ids import AccountId, PartyId
from catalog.products.model import Form
from catalog.registration.states import State as ApplicationState
from market.spot_checks.states import State

SpotCheckId = NewType("SpotCheckId", uuid.UUID)
FindingId = NewType("FindingId", uuid.UUID)


class PopulationFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Out of which applications is drawn (抽查对象范围); what is empty or None does not matter."""

    submitted_from: dt.date
    submitted_through: dt.date
    states: tuple[ApplicationState, ...] = ()
    forms: tuple[Form, ...] = ()
    operator_party_id: uuid.UUID | None = None
    agency_party_id: uuid.UUID | None = None
    certificate_states: tuple[CertificateState, ...] = ()


class Commitment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is fixed before chance speaks (承诺): its digest is in the log before the seed exists."""

    format: str
    spot_check_id: str
    items: tuple[str, ...]  # 抽查事项清单
    population_sha256: str
    population_size: int
    sample_size: int
    inspectors: tuple[str, ...]  # 检查人员名录
    inspector_count: int
    nonce: str
    population_filter: PopulationFilter | None = None  # None: a plan of before 2026-11-28


class Recusal(msgspec.Struct, frozen=True, kw_only=True):
    """That an inspector stood aside, and who was drawn instead (回避)."""

    inspector: str
    replaced_by: str
    reason: str
    at: dt.datetime


class SpotCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A spot check from its plan to its end (双随机抽查)."""

    id: SpotCheckId
    title: str
    authority_party_id: PartyId
    state: State
    commitment: Commitment
    commitment_sha256: str
    entry_id: uuid.UUID
    population: tuple[str, ...]
    planned_by: AccountId | None
    planned_at: dt.datetime
    checkpoint_size: int | None = None
    seed: str | None = None
    cases: tuple[str, ...] = ()
    inspectors: tuple[str, ...] = ()
    recusals: tuple[Recusal, ...] = ()
    drawn_at: dt.datetime | None = None
    concluded_at: dt.datetime | None = None
    summary: str | None = None
    published_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    concluded_entry_id: uuid.UUID | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What an inspector found of one item in one case (检查情况), and how it was put right."""

    id: FindingId
    spot_check_id: SpotCheckId
    application_id: uuid.UUID
    item: str
    conforms: bool
    fact: str
    evidence_file_id: uuid.UUID | None
    inspector: AccountId | None
    found_at: dt.datetime
    rectified_at: dt.datetime | None = None
    rectification: str | None = None
    rectification_sha256: str | None = None


class PublicSpotCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody sees of a published spot check (一公开): no names, no case's content."""

    id: SpotCheckId
    title: str
    items: tuple[str, ...]
    population_size: int
    sample_size: int
    inspector_count: int
    case_numbers: tuple[str, ...]
    conforming_count: int
    nonconforming_count: int
    summary: str
    state: State
    published_at: dt.datetime | None


class DrawRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draw as anybody computes it again (抽取记录). See FORMAT.md."""

    format: str
    commitment: Commitment
    commitment_sha256: str
    population: tuple[str, ...]
    planned: ProvenEntry  # holds the commitment; its checkpoint is the first over it
    seed: str
    cases: tuple[str, ...]
    inspectors: tuple[str, ...]
    recusals: tuple[Recusal, ...]
    concluded: ProvenEntry | None = None  # holds who stood aside; None until it is covered
    before: EarlierCheckpoint | None = None  # not yet over the commitment; None: there was none
