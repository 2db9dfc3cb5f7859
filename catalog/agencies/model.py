"""Say what a contract with an agency is."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.agencies.states import State
from catalog.agency_selection.model import SelectionId
from catalog.kernel.ids import AccountId, PartyId

AgencyContractId = NewType("AgencyContractId", uuid.UUID)


class Misconduct(enum.StrEnum):
    """What an agency did that HN-27 forbids (E30)."""

    FALSE_RECORD = "false_record"  # 虚假记载
    MISLEADING_STATEMENT = "misleading_statement"  # 误导性陈述
    INFORMATION_LEAK = "information_leak"  # 信息泄露
    OTHER_VIOLATION = "other_violation"  # 其它违反规定的情形


class AgencyContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract between operator and agency (服务合同), two years long (HN-24, A28)."""

    id: AgencyContractId
    operator_party_id: PartyId
    agency_party_id: PartyId
    selection_id: SelectionId | None  # None: signed before selections were held here
    selection_number: str  # 公开比选的文号 (HN-23)
    contract_number: str
    starts_on: dt.date
    ends_on: dt.date  # its last day
    state: State
    misconduct: Misconduct | None = None
    suspension_reason: str | None = None
    suspended_at: dt.datetime | None = None
    created_at: dt.datetime
    evaluated_at: dt.datetime | None = None  # when its evaluation was filed (HN-24)
    evaluation_points: int | None = None


class CaseKind(enum.StrEnum):
    """What an agency reviews."""

    APPLICATION = "application"  # 首次登记
    CHANGE = "change"  # 变更、更正


class Method(enum.StrEnum):
    """How a case was given to an agency (分派方式)."""

    RANDOM = "random"  # 随机
    IN_TURN = "in_turn"  # 轮流
    NAMED = "named"  # 指定, with a reason


class Ending(enum.StrEnum):
    """Why an agency lost a case (终止承办)."""

    CONFLICT = "conflict"  # 声明存在利益冲突
    REPLACED = "replaced"  # 运营者更换
    SUSPENDED = "suspended"  # 合同暂停
    CLOSED = "closed"  # 案件退回，另行审查


class AgencyAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """That an agency was given a case (承办), and what it declared (利益冲突声明, HN-05(3))."""

    id: uuid.UUID
    case_kind: CaseKind
    case_id: uuid.UUID
    agency_party_id: PartyId
    contract_id: AgencyContractId
    method: Method
    reason: str
    assigned_at: dt.datetime
    declared_at: dt.datetime | None = None
    declared_by: AccountId | None = None
    declaration: str | None = None
    opined_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ending: Ending | None = None


class Measure(enum.StrEnum):
    """What follows from misconduct (处理措施)."""

    FLAG = "flag"  # 记录，合同继续
    SUSPEND = "suspend"  # 暂停合同，在办案件另行分派


class MisconductRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A case of HN-27 (第二十七条情形), recorded by operator or bureau. Never changed."""

    id: uuid.UUID
    contract_id: AgencyContractId
    agency_party_id: PartyId
    misconduct: Misconduct
    facts: str
    measure: Measure
    recorded_by_party: PartyId
    recorded_by: AccountId | None
    recorded_at: dt.datetime
