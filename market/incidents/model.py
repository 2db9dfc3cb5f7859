"""The nouns of this room: an incident (监控事件), its evidence and measures, a drill (应急演练)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.incidents.states import State

IncidentId = NewType("IncidentId", uuid.UUID)


class Source(enum.StrEnum):
    """How an incident was found (发现方式)."""

    PEOPLE = "people"  # 人员发现、举报
    INVARIANT_BROKEN = "invariant_broken"  # 核对时不变量被破坏
    RETAINED_FILE_ALTERED = "retained_file_altered"  # 留存文件缺失或者被改动
    DENIED_READINGS = "denied_readings"  # 多次越权查阅
    CONSENT_WITHDRAWN_USE = "consent_withdrawn_use"  # 个人授权撤回后仍请求使用


class LawField(enum.StrEnum):
    """Which field of law it falls into (HN-22(a))."""

    MARKET_SUPERVISION = "market_supervision"  # 市场监管
    NETWORK_SECURITY = "network_security"  # 网络安全
    DATA_SECURITY = "data_security"  # 数据安全


class HarmedInterest(enum.StrEnum):
    """Whose interest it harms (HN-22(a))."""

    NATIONAL = "national"  # 国家利益
    PUBLIC = "public"  # 公共利益
    PRIVACY = "privacy"  # 个人隐私
    TRADE_SECRET = "trade_secret"  # noqa: S105 - 商业秘密


class EvidenceFile(msgspec.Struct, frozen=True):
    """A file that was there when the incident was found, by its digest."""

    file_id: uuid.UUID
    sha256: str
    file_name: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was locked when the incident was found; never changed (证据固定).

    ``log_root`` is the signed root over the first ``log_size`` entries of the audit log, so that none
    of them can be other than it was; ``entries`` are the ids of those that it is about.
    """

    log_size: int
    log_root: str | None  # None: nothing was signed yet
    entries: tuple[uuid.UUID, ...]
    files: tuple[EvidenceFile, ...]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to end the harm (处置措施)."""

    text: str
    taken_by: AccountId | None
    taken_at: dt.datetime


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident (监控事件) from its discovery to its end."""

    id: IncidentId
    operator_party_id: PartyId
    source: Source
    key: str  # what found it says it once
    law_field: LawField
    harmed_interest: HarmedInterest | None
    description: str
    subjects: tuple[str, ...]  # ``kind:id`` as in the audit log
    evidence: Evidence
    state: State
    detected_by: AccountId | None
    detected_at: dt.datetime
    measures: tuple[Measure, ...] = ()
    report: bytes | None = None
    report_sha256: str | None = None
    report_key_id: str | None = None
    report_signature: bytes | None = None
    reported_to_party_id: PartyId | None = None
    reported_at: dt.datetime | None = None
    receipt_number: str | None = None
    receipt_at: dt.datetime | None = None
    affected_party_ids: tuple[PartyId, ...] = ()
    affected_remark: str | None = None
    affected_notified_at: dt.datetime | None = None
    root_cause: str | None = None
    conclusion: str | None = None  # of a closed or dismissed one
    ended_at: dt.datetime | None = None


class IncidentReportDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator reports to the authority; its canonical bytes are signed and kept."""

    type: str
    incident_id: uuid.UUID
    operator_party_id: uuid.UUID
    authority_party_id: uuid.UUID
    source: Source
    law_field: LawField
    harmed_interest: HarmedInterest
    description: str
    detected_at: str
    evidence: Evidence
    measures: tuple[str, ...]
    reported_at: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """A drill of the emergency plan (应急演练, HN-22(b)): what was practised, and what came of it."""

    id: uuid.UUID
    operator_party_id: PartyId
    held_on: dt.date
    scenario: Annotated[str, Meta(max_length=20_000)]
    findings: Annotated[str, Meta(max_length=20_000)]
    improvements: Annotated[str, Meta(max_length=20_000)]
    recorded_by: AccountId | None
    recorded_at: dt.datetime
