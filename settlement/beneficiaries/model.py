"""Say what an account is that a party wants to be paid to (收款账户)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.beneficiaries.states import State


class Beneficiary(msgspec.Struct, frozen=True, kw_only=True):
    """A party's bank account, without its number."""

    id: uuid.UUID
    party_id: uuid.UUID
    holder_name: str
    bank_name: str
    bank_code: str
    account_masked: str
    state: State
    submitted_at: dt.datetime
    submitted_by: uuid.UUID | None
    checked_by: uuid.UUID | None = None
    verified_by: uuid.UUID | None = None
    verified_at: dt.datetime | None = None
    reason: str | None = None  # why it was rejected


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What a party hands in; the number is sealed already."""

    holder_name: str
    bank_name: str
    bank_code: str
    account_masked: str
    sealed: bytes
