"""The nouns of this room: a case, the duties in it (经办职责), and who has one (分派)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId

AssignmentId = NewType("AssignmentId", uuid.UUID)


class CaseKind(enum.StrEnum):
    """What kind of case is handled; the word under which the audit log knows it."""

    APPLICATION = "application"  # 首次登记申请
    CHANGE = "change"  # 变更登记申请
    OBJECTION = "objection"  # 异议
    INSTRUMENT = "instrument"  # 生效法律文书
    FOREIGN_CERTIFICATE = "foreign_certificate"  # 外部凭证


class Duty(enum.StrEnum):
    """What one account does in a case (经办职责)."""

    ACCEPTANCE = "acceptance"  # 受理
    TECHNICAL_REVIEW = "technical_review"  # 技术审查
    DECISION = "decision"  # 审查决定
    ISSUANCE = "issuance"  # 公示、发证
    ADJUDICATION = "adjudication"  # 异议处理
    CHECK = "instrument_check"  # 文书初核
    VERIFICATION = "instrument_verification"  # 文书复核
    EXECUTION = "instrument_execution"  # 文书执行
    FOREIGN_CHECK = "foreign_check"  # 外部凭证查证
    FOREIGN_VERIFICATION = "foreign_verification"  # 外部凭证核验、认可、复查


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What this room needs to know of a case: whose it is, and what may be done in it now."""

    kind: CaseKind
    id: uuid.UUID
    operator_party_id: PartyId | None  # None while no operator has it
    own_parties: frozenset[PartyId | None]
    other_side: frozenset[PartyId] = frozenset()  # sees it without what is secret from it
    agency_party_id: PartyId | None = None
    due: frozenset[Duty] = frozenset()
    application_id: uuid.UUID | None = None  # the application that it is about, if it is none


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """That an account has a duty in a case, from when until when, and by whom (分派)."""

    id: AssignmentId
    case_kind: CaseKind
    case_id: uuid.UUID
    opens_application_id: uuid.UUID | None  # whoever adjudicates reads what is objected to
    duty: Duty
    account_id: AccountId
    operator_party_id: PartyId
    since: dt.datetime
    assigned_by: AccountId | None
    until: dt.datetime | None = None
    ended_by: AccountId | None = None
    end_reason: str | None = None
