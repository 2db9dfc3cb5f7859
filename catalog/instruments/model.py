"""The nouns of this room: a legal instrument (法律文书) and what it says about a registration."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.certificates.basis import InstrumentKind, InstrumentReference
from catalog.certificates.reissuing import Corrected
from catalog.instruments.states import State
from catalog.kernel.ids import AccountId, PartyId

InstrumentId = NewType("InstrumentId", uuid.UUID)


class Effect(enum.StrEnum):
    """What an instrument says about the rights (裁判结果)."""

    NEW_HOLDER = "new_holder"  # 权利归他人: named
    NO_HOLDER = "no_holder"  # 权利消灭，无新权利主体 (HN-19(c))
    AGAINST_REGISTRANT = "against_registrant"  # 登记不当，应予撤销
    CORRECTED = "corrected"  # 登记内容有误，应予更正并重新发放
    FOR_REGISTRANT = "for_registrant"  # 驳回，登记维持


class Act(enum.StrEnum):
    """What the new holder does with the certificate (HN-19(b))."""

    TRANSFER = "transfer"  # 转移登记
    DEREGISTER = "deregister"  # 注销


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A judgment, a ruling or an award about a product's rights, as it was lodged and checked."""

    id: InstrumentId
    kind: InstrumentKind
    issuing_body: str
    document_number: str
    issued_on: dt.date
    effective_on: dt.date | None
    file_id: uuid.UUID
    file_sha256: str
    effect: Effect
    new_holder_party_id: PartyId | None
    certificate_number: str | None
    application_id: uuid.UUID
    product_id: uuid.UUID
    registrant_party_id: PartyId
    rulebook: str
    state: State
    lodged_by_party_id: PartyId
    lodged_by: AccountId | None
    lodged_at: dt.datetime
    checked_by: AccountId | None = None
    verified_by: AccountId | None = None
    verified_at: dt.datetime | None = None
    rejection_reason: str | None = None
    applied_at: dt.datetime | None = None
    applied_as: str | None = None
    corrected: Corrected | None = None  # how the certificate is to be issued anew

    @property
    def reference(self) -> InstrumentReference:
        """Return it as what it brings about refers to it."""
        assert self.effective_on is not None, "a verified instrument has its day"
        return InstrumentReference(
            id=self.id,
            kind=self.kind,
            issuing_body=self.issuing_body,
            document_number=self.document_number,
            effective_on=self.effective_on,
            file_sha256=self.file_sha256,
        )
