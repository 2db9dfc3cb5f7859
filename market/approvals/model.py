"""The nouns of this room: the chain of an organisation, its steps, an approval (审批链、审批步骤、审批)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.approvals.states import State
from market.identity.permissions import Role

ApprovalId = NewType("ApprovalId", uuid.UUID)

Reason = Annotated[str, Meta(max_length=2_000)]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a chain: who decides, from which amount on, and within which time (审批步骤)."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Role | None = None  # whoever of the organisation wears it; or
    account_id: uuid.UUID | None = None  # this member
    from_fen: Annotated[int, Meta(ge=0, le=10**15)] = 0  # below, the step is not asked
    within_hours: Annotated[int, Meta(ge=1, le=24 * 90)] = 72  # [P]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of an organisation (审批链); without steps it asks nobody."""

    party_id: PartyId
    steps: tuple[Step, ...]
    version: int
    updated_at: dt.datetime
    updated_by: AccountId


class About(enum.StrEnum):
    """What the organisation would bind itself by (审批事项)."""

    NEGOTIATION = "negotiation"  # 承诺要约、签署协议
    ORDER = "order"  # 签署订单合同


class Outcome(enum.StrEnum):
    """What became of a step (步骤结果)."""

    APPROVED = "approved"  # 同意
    REJECTED = "rejected"  # 否决
    SKIPPED = "skipped"  # 跳过
    EXPIRED = "expired"  # 逾期


class SkipReason(enum.StrEnum):
    """Why nobody was asked at a step (跳过原因)."""

    APPROVER_IS_REQUESTER = "approver_is_requester"  # 审批人即申请人
    APPROVER_DECIDED_BEFORE = "approver_decided_before"  # 审批人已在前一步同意
    APPROVER_ABSENT = "approver_absent"  # 无人可批


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A step of one approval, and what became of it."""

    step: Step
    opened_at: dt.datetime | None = None  # None: it is not its turn yet
    due_at: dt.datetime | None = None
    outcome: Outcome | None = None
    settled_at: dt.datetime | None = None
    by: AccountId | None = None
    skipped_because: SkipReason | None = None
    reason: str | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked approval for."""

    about: About
    subject_id: uuid.UUID
    terms_sha256: str  # of exactly these terms, and of no others
    product_id: uuid.UUID
    product_name: str
    amount_fen: int


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One approval: what it is for, who asked, and how far it is (审批)."""

    id: ApprovalId
    party_id: PartyId
    requested_by: AccountId
    wanted: Wanted
    state: State
    steps: tuple[Taken, ...]  # those that the amount asks for, as the chain was
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime

    @property
    def open_step(self) -> Taken | None:
        """Return the step whose turn it is, if one waits."""
        if self.state is not State.PENDING:
            return None
        return next(taken for taken in self.steps if taken.outcome is None)

    @property
    def due_at(self) -> dt.datetime | None:
        """Return until when the open step is to be decided."""
        waiting = self.open_step
        return None if waiting is None else waiting.due_at


class Verdict(enum.StrEnum):
    """What is decided at a step (审批意见)."""

    APPROVE = "approve"  # 同意
    REJECT = "reject"  # 否决
    SKIP = "skip"  # 跳过: whoever would decide is not there
