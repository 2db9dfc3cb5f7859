"""The nouns of this room: the application (申请), its materials, opinions, decisions, authorisation."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, Any, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from catalog.kernel.local_time import local_date
from catalog.registration.acceptance import CorrectionItem, Result
from catalog.registration.completeness import MaterialKind
from catalog.registration.consents import Consent, consenting
from catalog.registration.findings import Finding, Overall, TestRun
from catalog.registration.grounds import RefusalGround
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed
from catalog.registration.states import State
from catalog.registration.submission import PriorRegistration
from catalog.registration.supplements import MaterialRequest

ApplicationId = NewType("ApplicationId", uuid.UUID)

Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=20_000)]


class ApplicationForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the applicant fills in besides describing the product (确权登记申请表, FIELDS §1.2)."""

    is_first_registration: bool | None = None  # no default answer (HN-07)
    prior_registrations: Annotated[tuple[PriorRegistration, ...], Meta(max_length=20)] = ()
    owners: Annotated[tuple[Owner, ...], Meta(max_length=50)] = ()
    known_disputes: Text = ""
    listing_intended_on: dt.date | None = None
    rights: Annotated[tuple[RightClaimed, ...], Meta(max_length=10)] = ()
    term_ends_on: dt.date | None = None  # of the authorised operation, or of the rights
    restrictions: Text = ""  # 限制事项
    contact_name: Line = ""
    contact_phone: Line = ""
    contact_email: Line = ""

    def consenting(self, applicant: PartyId) -> tuple[Owner | RightClaimed, ...]:
        """Return whose consent it needs: all owners and right holders but the applicant."""
        return consenting(self.owners, self.rights, applicant)


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """One material that was handed in, or the reason why it does not apply (申请材料)."""

    id: uuid.UUID
    application_id: ApplicationId
    kind: MaterialKind
    version: int
    file_id: uuid.UUID | None
    sha256: str | None
    not_applicable_reason: str | None
    handed_in_by: AccountId | None
    handed_in_at: dt.datetime


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Another application that resembles this one (登记内容冲突, HN-07); shown to the reviewers."""

    application_id: ApplicationId | None  # None: a foreign certificate, by its number
    application_number: str
    reason: str  # same_content, same_name_and_owner, same_sources, foreign_certificate
    state: str


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """An application as it was handed in at one moment (提交); never changed afterwards."""

    application_id: ApplicationId
    submission_no: int
    submitted_at: dt.datetime
    submitted_by: AccountId | None
    dossier: dict[str, Any]  # target → what stood there
    dossier_sha256: str
    conflicts: tuple[Conflict, ...]


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application for first registration (首次登记申请)."""

    id: ApplicationId
    application_number: str | None
    product_id: uuid.UUID
    applicant_party_id: PartyId
    agent_party_id: PartyId | None
    filed_by: AccountId | None
    operator_party_id: PartyId | None
    rulebook: str
    state: State
    form: ApplicationForm
    version: int
    submission_no: int
    dossier_sha256: str | None
    acceptor_account_id: AccountId | None
    technical_reviewer_account_id: AccountId | None
    agency_party_id: PartyId | None
    agency_contract_id: uuid.UUID | None
    technical_round: int
    compliance_round: int
    open_objections: int
    created_at: dt.datetime
    submitted_at: dt.datetime | None
    accepted_at: dt.datetime | None
    updated_at: dt.datetime
    filed_on: dt.date | None = None  # the day of its first submission
    must_change: tuple[CorrectionItem, ...] = ()  # why it is a draft again

    @property
    def ruled_on(self) -> dt.date:
        """Return the day whose rulebook counts: it finishes as the rules stood at its filing."""
        return self.filed_on or local_date(self.created_at)


class AcceptanceOpinion(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the acceptance check (受理意见), with the frozen list of corrections."""

    id: uuid.UUID
    application_id: ApplicationId
    submission_no: int
    result: Result
    reasons: tuple[str, ...]
    items: tuple[CorrectionItem, ...]
    override_reason: str | None
    overridden_targets: tuple[str, ...]
    decided_by: AccountId | None
    decided_at: dt.datetime
    correct_by: dt.date | None = None  # 补正期限, where the rulebook has one (A10)


class TechnicalOpinion(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's technical review (技术审查意见书, HN-13)."""

    id: uuid.UUID
    application_id: ApplicationId
    round: int
    reviewer_account_id: AccountId | None
    overall: Overall
    document: bytes
    sha256: str
    recorded_at: dt.datetime


class ComplianceOpinion(msgspec.Struct, frozen=True, kw_only=True):
    """The agency's compliance review as it signed it (合规性评估意见书, HN-14)."""

    id: uuid.UUID
    application_id: ApplicationId
    round: int
    agency_party_id: PartyId
    contract_id: uuid.UUID
    overall: Overall
    document: bytes
    sha256: str
    key_id: str
    signature: bytes
    recorded_at: dt.datetime


class TechnicalOpinionDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What a technical opinion says; its canonical bytes are kept and hashed."""

    application_id: uuid.UUID
    dossier_sha256: str
    reviewer_account_id: uuid.UUID | None
    findings: dict[str, Finding]
    tests: tuple[TestRun, ...]
    overall: Overall
    remarks: str
    recorded_at: str


class ComplianceOpinionDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What a compliance opinion says; the agency signs its canonical bytes with its own key.

    ``dossier_sha256`` binds it to exactly the application that was reviewed.
    """

    application_id: uuid.UUID
    dossier_sha256: str
    agency_party_id: uuid.UUID
    reviewers: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=20)]
    no_conflict_of_interest: bool
    findings: dict[str, Finding]
    overall: Overall
    conditions: tuple[Line, ...] = ()
    remarks: Text = ""


class ReviewResult(enum.StrEnum):
    """What the joint review comes to (审查决定)."""

    PASS = "pass"  # 审查通过  # noqa: S105
    REFUSE = "refuse"  # 不予办理登记
    FAIL_TECHNICAL = "fail_technical"  # 技术审查未通过
    RETURN_TECHNICAL_POINTS = "return_technical_points"  # 退回技术问题


class ReviewDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The decision on the review (审查决定, HN-12, HN-15)."""

    id: uuid.UUID
    application_id: ApplicationId
    result: ReviewResult
    grounds: tuple[RefusalGround, ...]
    reasons: str
    technical_opinion_id: uuid.UUID | None
    compliance_opinion_id: uuid.UUID | None
    without_compliance_by: str | None = None  # the rulebook that needs no opinion of an agency
    decided_by: AccountId | None
    decided_at: dt.datetime


class NoticeWaiver(msgspec.Struct, frozen=True, kw_only=True):
    """That a case needs no public notice, and why (免予公示, NDA35-24)."""

    application_id: ApplicationId
    submission_no: int
    reason: str
    waived_by: AccountId | None
    waived_at: dt.datetime


class DecisionNotification(msgspec.Struct, frozen=True, kw_only=True):
    """That the applicant was told of a decision (告知), with the receipt."""

    id: uuid.UUID
    application_id: ApplicationId
    decision_id: uuid.UUID
    recipient_party_id: PartyId
    channel: str
    receipt: str
    delivered_at: dt.datetime
    notified_by: AccountId | None


class IssuanceAuthorisationDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What the bureau signs to let a certificate be issued (授权发证, HN-16)."""

    application_id: uuid.UUID
    dossier_sha256: str
    notice_id: uuid.UUID
    authority: Line
    authorisation_number: Annotated[str, Meta(min_length=1, max_length=200)]
    decided_on: dt.date


class IssuanceAuthorisation(msgspec.Struct, frozen=True, kw_only=True):
    """The bureau's signed authorisation as it is kept."""

    id: uuid.UUID
    application_id: ApplicationId
    submission_no: int  # of what it lets be certified
    bureau_party_id: PartyId
    authority: str
    authorisation_number: str
    document: bytes
    sha256: str
    key_id: str
    signature: bytes
    decided_by: AccountId | None
    decided_at: dt.datetime


class ApplicationFile(msgspec.Struct, frozen=True, kw_only=True):
    """An application with everything that belongs to it (卷宗), for those who may see it."""

    application: Application
    materials: tuple[Material, ...]
    submissions: tuple[Submission, ...]
    acceptance_opinions: tuple[AcceptanceOpinion, ...]
    technical_opinions: tuple[TechnicalOpinion, ...]
    compliance_opinions: tuple[ComplianceOpinion, ...]
    review_decisions: tuple[ReviewDecision, ...]
    notifications: tuple[DecisionNotification, ...]
    material_requests: tuple[MaterialRequest, ...]
    authorisation: IssuanceAuthorisation | None
    notice_id: uuid.UUID | None
    notice_waiver: NoticeWaiver | None = None
    consents: tuple[Consent, ...] = ()


class CorrectionProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is to be corrected or changed, and whether it was (补正进度)."""

    item: CorrectionItem
    is_done: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in an application now (申请内容): what its owners and right holders consent to by its digest."""

    parts: dict[str, Any]
    content_sha256: str
    consents: tuple[Consent, ...]
    consents_missing: tuple[PartyId, ...]
    corrections: tuple[CorrectionProgress, ...]
