"""Say what a letter of authorisation (委托书) is, and what it may let an agent do."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId

LetterId = NewType("LetterId", uuid.UUID)


class Power(enum.StrEnum):
    """One thing that an agent may do for its principal (委托权限)."""

    DRAFT = "draft"  # 著录产品、填报申请、准备材料
    SUBMIT = "submit"  # 提交申请
    CORRECT = "correct"  # 补正、补充材料
    WITHDRAW = "withdraw"  # 撤回申请
    RECEIVE_NOTIFICATIONS = "receive_notifications"  # 代收通知
    RESPOND = "respond"  # 就异议作出反馈说明
    CONSENT = "consent"  # 代共同所有者同意申请内容 (A42)


class AuthorisationLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter of authorisation (委托书): who acts for whom, in what, from when until when."""

    id: LetterId
    principal_party_id: PartyId
    agent_party_id: PartyId
    powers: tuple[Power, ...]
    product_id: uuid.UUID | None  # None: all of the principal's products
    valid_from: dt.date
    valid_to: dt.date  # the last day
    file_id: uuid.UUID
    sha256: str
    granted_by: AccountId | None
    granted_at: dt.datetime
    revoked_at: dt.datetime | None = None
    revoked_by: AccountId | None = None
    revocation_reason: str | None = None
