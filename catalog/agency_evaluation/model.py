"""The nouns of this room: an evaluation (履约评价) and its three parts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.agencies.model import AgencyContractId, Measure, Misconduct
from catalog.agency_evaluation.states import State
from catalog.kernel.ids import AccountId, PartyId

EvaluationId = NewType("EvaluationId", uuid.UUID)


class Timeliness(msgspec.Struct, frozen=True, kw_only=True):
    """How soon the agency answered (服务响应及时情况), counted by the system."""

    cases: int  # 分派案件
    opinions: int  # 出具意见
    declined: int  # 声明利益冲突
    lost: int  # 被更换或因暂停移出
    median_working_days: int | None  # from assignment to opinion
    maximum_working_days: int | None
    overdue: int  # opinions after the review's 30 working days (T3)
    on_time_bps: int | None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A case of HN-27 under the contract (第二十七条情形)."""

    misconduct: Misconduct
    measure: Measure
    facts: str
    recorded_at: dt.datetime


class TermKept(msgspec.Struct, frozen=True, kw_only=True):
    """A term of the contract, and whether it was kept (合同约定的履行)."""

    term: str
    is_kept: bool
    remarks: str = ""


class EvaluationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator signs and files (履约评价表)."""

    format: str
    evaluation_id: str
    contract_number: str
    selection_number: str
    operator_party_id: str
    agency_party_id: str
    starts_on: dt.date
    ends_on: dt.date
    timeliness: Timeliness
    incidents: tuple[Incident, ...]
    terms: tuple[TermKept, ...]
    remarks: str
    points: int  # 0 to 100
    evaluated_at: dt.datetime


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation from the end of a contract to the bureau's receipt (履约评价)."""

    id: EvaluationId
    contract_id: AgencyContractId
    operator_party_id: PartyId
    agency_party_id: PartyId
    rulebook: str
    state: State
    opened_at: dt.datetime
    document: EvaluationDocument | None = None
    sha256: str | None = None
    key_id: str | None = None
    signature: bytes | None = None
    evaluated_by: AccountId | None = None
    evaluated_at: dt.datetime | None = None
    filed_at: dt.datetime | None = None
    filing_number: str | None = None  # 备案号
    acknowledged_by: AccountId | None = None
    acknowledged_at: dt.datetime | None = None
