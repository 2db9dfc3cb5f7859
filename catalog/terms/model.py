"""The nouns of this room: a request to renew or to cancel a registration (续期申请、注销申请)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.certificates.number import CertificateNumber
from catalog.kernel.ids import AccountId, PartyId
from catalog.terms.states import State

RequestId = NewType("RequestId", uuid.UUID)


class Kind(enum.StrEnum):
    """What is asked for."""

    RENEWAL = "renewal"  # 续期
    CANCELLATION = "cancellation"  # 注销


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """That a registration is to be renewed or cancelled, and what came of it."""

    id: RequestId
    certificate_number: CertificateNumber
    registrant_party_id: PartyId
    kind: Kind
    state: State
    reason: str
    by_law: bool  # not asked for: the term ended, and the registrar has to cancel (NDRC26-15)
    rulebook: str
    filed_on: dt.date
    filed_by: AccountId | None
    filed_at: dt.datetime
    decided_by: AccountId | None = None
    decided_at: dt.datetime | None = None
    decision_reason: str | None = None
    new_certificate_number: CertificateNumber | None = None
