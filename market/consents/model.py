"""Say what a consent is, as it is entered and as it is kept (个人授权, FIELDS §10)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.consents.states import State

ConsentId = NewType("ConsentId", uuid.UUID)

Line = Annotated[str, Meta(min_length=1, max_length=200)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class RefusalConsequence(enum.StrEnum):
    """What the person was told would follow if it did not consent (拒绝的后果)."""

    NONE = "none"  # 无影响
    SERVICE_DENIED = "service_denied"  # 不提供服务


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets the data, as the person was told (接收方, PIPL 23)."""

    party_id: uuid.UUID
    name: Line
    contact: Line


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A consent as it is handed in: what the person allowed, and how it was asked."""

    person_ref: Sha256  # a keyed hash; whose key it is, we are not told
    scenarios: Annotated[tuple[Line, ...], Meta(max_length=100)]
    purpose: Annotated[str, Meta(min_length=1, max_length=500)]
    data_categories: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=50)]
    recipients: Annotated[tuple[Recipient, ...], Meta(max_length=100)]
    method: Line
    term_from: dt.date
    term_to: dt.date | None = None  # the last day
    separate: bool
    sensitive: bool
    presented_policy_version: Line
    explicit_action: bool
    had_refuse_option: bool
    refusal_consequence: RefusalConsequence
    necessary_for_service: bool = False
    evidence_sha256: Sha256


class Narrowing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person still allows (缩小授权范围, HNP-6); what is left out stays as it was."""

    data_categories: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=50)] | None = None
    purpose: Annotated[str, Meta(min_length=1, max_length=500)] | None = None  # this one alone
    term_to: dt.date | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent (个人授权): one person, one scenario, one recipient, until a day."""

    id: ConsentId
    product_id: uuid.UUID
    holder_party_id: PartyId  # who collected the data
    person_ref: str
    scenario: str
    purpose: str
    data_categories: tuple[str, ...]
    recipient: Recipient
    method: str
    term_from: dt.date
    term_to: dt.date
    separate: bool
    sensitive: bool
    presented_policy_version: str
    evidence_sha256: str
    state: State
    granted_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    narrowed_at: dt.datetime | None = None
    is_purpose_narrowed: bool = False  # then a use has this very purpose


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that was entered, and the secret for the person, which is told this once."""

    id: ConsentId
    person_ref: str
    secret: str


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What all consents for a product, a scenario and a recipient come to: nobody's in particular."""

    product_id: uuid.UUID
    scenario: str
    recipient_party_id: PartyId
    standing: int
    begins_on: dt.date | None  # the latest beginning of those that stand
    ends_on: dt.date | None  # the earliest end of those that stand
    stopped_through_version: int  # of the content: it holds the data of one who is out
    purposes: tuple[str, ...] = ()  # to which somebody narrowed it: a use has each of them


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person complains (投诉渠道, PIR-1)."""

    complaint_path: str
    holder_name: str
    product_name: str
    product_id: uuid.UUID
