"""Say what a delegation is."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId

DelegationId = NewType("DelegationId", uuid.UUID)


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """The bureau's written delegation to an operator (授权文件), with its days."""

    id: DelegationId
    authority_party_id: PartyId
    operator_party_id: PartyId
    document_number: str
    scope: str
    valid_from: dt.date
    valid_to: dt.date | None  # the last day; None: until it is ended
    ended_on: dt.date | None = None  # the first day on which it no longer counts
    end_reason: str | None = None
    created_at: dt.datetime
