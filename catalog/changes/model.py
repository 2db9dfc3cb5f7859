"""The nouns of this room: the application for a change (变更申请), its materials and its papers."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, Any, NewType

import msgspec
from msgspec import Meta

from catalog.changes.content import Difference, WantedContent
from catalog.changes.materials import ChangeMaterialKind
from catalog.changes.states import State
from catalog.kernel.ids import AccountId, PartyId

ChangeId = NewType("ChangeId", uuid.UUID)


class Kind(enum.StrEnum):
    """Why a certificate is to say something else (变更或更正, HN-18)."""

    CHANGE = "change"  # 变更: what it says has changed
    CORRECTION = "correction"  # 更正: what it says was wrong


class PaperKind(enum.StrEnum):
    """What is written in the course of a case, and never rewritten (案卷文书)."""

    SUBMISSION = "submission"  # 提交
    ACCEPTANCE_OPINION = "acceptance_opinion"  # 受理意见
    NOTIFICATION = "notification"  # 告知
    TECHNICAL_OPINION = "technical_opinion"  # 技术审查意见书
    COMPLIANCE_OPINION = "compliance_opinion"  # 合规性评估意见书
    REVIEW_DECISION = "review_decision"  # 审查决定
    AUTHORISATION = "authorisation"  # 授权发证


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An application for change registration (变更登记申请)."""

    id: ChangeId
    change_number: str | None
    kind: Kind
    certificate_number: str
    new_certificate_number: str | None
    product_id: uuid.UUID
    registrant_party_id: PartyId
    agent_party_id: PartyId | None
    filed_by: AccountId | None
    operator_party_id: PartyId | None
    rulebook: str
    state: State
    wanted: WantedContent
    reason: str  # what happened, or what was wrong
    occurred_on: dt.date  # when it happened, or was noticed
    prompt_until: dt.date  # 及时 (A33): told until then, it was told promptly
    version: int
    submission_no: int
    dossier_sha256: str | None
    acceptor_account_id: AccountId | None
    technical_reviewer_account_id: AccountId | None
    agency_party_id: PartyId | None
    agency_contract_id: uuid.UUID | None
    compliance_is_skipped: bool
    technical_round: int
    closing: str | None  # why it ended without a decision
    created_at: dt.datetime
    submitted_at: dt.datetime | None
    accepted_at: dt.datetime | None
    updated_at: dt.datetime


class ChangeMaterial(msgspec.Struct, frozen=True, kw_only=True):
    """One material of a change as it was handed in (变更登记材料)."""

    id: uuid.UUID
    change_id: ChangeId
    kind: ChangeMaterialKind
    version: int
    file_id: uuid.UUID
    sha256: str
    handed_in_by: AccountId | None
    handed_in_at: dt.datetime


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One paper of a case; ``no`` counts those of its kind. Signed ones have their exact bytes."""

    id: uuid.UUID
    change_id: ChangeId
    kind: PaperKind
    no: int
    body: dict[str, Any]
    document: bytes | None
    sha256: str | None
    key_id: str | None
    signature: bytes | None
    written_by: AccountId | None
    party_id: PartyId | None
    written_at: dt.datetime


class AuthorisationDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bureau signs to let the new certificate be issued (授权发证, A21)."""

    change_id: uuid.UUID
    certificate_number: str
    dossier_sha256: str
    authority: Annotated[str, Meta(min_length=1, max_length=200)]
    authorisation_number: Annotated[str, Meta(min_length=1, max_length=200)]
    decided_on: dt.date


class ReviewResult(enum.StrEnum):
    """What the review comes to (审查决定)."""

    PASS = "pass"  # 审查通过  # noqa: S105
    REFUSE = "refuse"  # 不予变更
    FAIL_TECHNICAL = "fail_technical"  # 技术审查未通过
    RETURN_TECHNICAL_POINTS = "return_technical_points"  # 退回技术问题


class ChangeFile(msgspec.Struct, frozen=True, kw_only=True):
    """A change with everything that belongs to it (卷宗), for those who may see it."""

    change: Change
    differences: tuple[Difference, ...]
    materials: tuple[ChangeMaterial, ...]
    papers: tuple[Paper, ...]
