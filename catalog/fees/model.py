"""The nouns of this room: the fee of an application as it was frozen, and the public schedule."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.fees.schedule import ApplicationKind, Price
from catalog.fees.states import State
from catalog.kernel.ids import AccountId, PartyId


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What one application costs, as it stood on the day it was handed in or done (登记费)."""

    id: uuid.UUID
    application_kind: ApplicationKind
    subject_id: uuid.UUID  # the application, change, transfer, request, instrument or reissue
    party_id: PartyId
    price_id: uuid.UUID | None  # None: no price stood, so nothing
    amount_fen: int
    state: State
    frozen_at: dt.datetime
    receipt: str | None  # 缴费凭据, or that of the refund
    reason: str | None
    settled_by: AccountId | None
    settled_at: dt.datetime | None


class PublicPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of application costs today (收费公示)."""

    application_kind: ApplicationKind
    amount_fen: int
    effective_on: dt.date | None  # None: it never cost anything
    legal_basis: str


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The public schedule (收费标准): what stands today, and every price there was or will be."""

    today: dt.date
    prices: tuple[PublicPrice, ...]
    history: tuple[Price, ...]
