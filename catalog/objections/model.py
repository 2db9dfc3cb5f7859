"""The nouns of this room: the objection (异议), its response, and what was determined."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.certificates.reissuing import Corrected
from catalog.kernel.ids import AccountId, PartyId
from catalog.objections.outcome import Outcome, Side
from catalog.objections.standing import Ground
from catalog.objections.states import State
from catalog.registration.acceptance import CorrectionItem

ObjectionId = NewType("ObjectionId", uuid.UUID)

Text = Annotated[str, Meta(max_length=20_000)]


class Evidence(msgspec.Struct, frozen=True):
    """A file that proves something (证明材料、佐证材料)."""

    file_id: uuid.UUID
    sha256: str
    file_name: str
    is_confidential: bool = False  # 商业秘密: the other side sees that it is there, and its digest


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What the registrant answers (反馈说明), in time or late."""

    statement: str
    evidence: tuple[Evidence, ...]
    responded_by: AccountId | None
    responded_at: dt.datetime
    is_late: bool


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What an objection lacked, and when it was all there (补齐材料)."""

    missing: tuple[str, ...]
    asked_at: dt.datetime
    completed_at: dt.datetime | None = None


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """That the registrant admits what is objected (认可异议内容)."""

    statement: str
    admitted_by: AccountId | None
    admitted_at: dt.datetime


class Determination(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator determines (处理意见)."""

    outcome: Outcome
    reasons: str
    must_change: tuple[CorrectionItem, ...] = ()  # of an application that returns to draft
    corrected: Corrected | None = None  # what a certificate that is issued anew says
    determined_by: AccountId | None
    determined_at: dt.datetime


class Closing(enum.StrEnum):
    """How an objection ended (办结方式)."""

    REJECTED = "rejected"  # 不予受理
    WITHDRAWN = "withdrawn"  # 撤回
    CARRIED_OUT = "carried_out"  # 双方接受，已执行
    CERTIFICATE_ENDED = "certificate_ended"  # 双方接受，凭证已另行失去效力
    RECHECKED = "rechecked"  # 核查办结
    ADMITTED = "admitted"  # 登记主体认可，已变更或注销
    NOT_PURSUED = "not_pursued"  # 逾期未起诉，维持登记
    BY_INSTRUMENT = "by_instrument"  # 依生效法律文书办结


class Proceedings(msgspec.Struct, frozen=True, kw_only=True):
    """The case that the objector brought (诉讼或仲裁, HN-20(2))."""

    court: str
    case_number: str
    evidence: tuple[Evidence, ...]  # 受理通知书
    started_at: dt.datetime


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """An objection (异议) to a product in notice, or to a certificate."""

    id: ObjectionId
    notice_id: uuid.UUID | None
    certificate_number: str | None
    application_id: uuid.UUID
    product_id: uuid.UUID
    objector_party_id: PartyId
    registrant_party_id: PartyId
    rulebook: str  # of the case that it is about, as it stood on the day that this was filed
    ruled_on: dt.date
    state: State
    interest_statement: str
    statement: str
    grounds: tuple[Ground, ...]
    evidence: tuple[Evidence, ...]
    filed_by: AccountId | None
    received_at: dt.datetime
    forward_due_on: dt.date
    forwarded_at: dt.datetime | None = None
    receipt: str | None = None
    forward_notification_id: uuid.UUID | None = None
    response_started_on: dt.date | None = None
    response_due_on: dt.date | None = None
    response: Response | None = None
    no_response: bool = False
    determination: Determination | None = None
    answers: dict[Side, bool] = {}
    proceedings: Proceedings | None = None
    closing: Closing | None = None
    closed_at: dt.datetime | None = None
    completion: Completion | None = None
    admission: Admission | None = None

    @property
    def awaits_receipt(self) -> bool:
        """Tell whether it was forwarded, and nothing proves yet that it was received (A40)."""
        return self.state is State.AWAITING_RESPONSE and self.response_started_on is None

    @property
    def awaits_late_answer(self) -> bool:
        """Tell whether the registrant let the days pass and has still not answered."""
        return self.no_response and self.response is None
