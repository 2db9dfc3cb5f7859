"""Say what a fee schedule is (费率表)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from settlement.fees.deducting import FEES_MAX, Fee
from settlement.fees.states import State

FeeScheduleId = NewType("FeeScheduleId", uuid.UUID)

Line = Annotated[str, Meta(min_length=1, max_length=200)]


class Proposed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is proposed: which fees, in which order, from which day until which."""

    name: Line
    document_number: Line  # the decision on which it rests
    effective_from: dt.date
    effective_to: dt.date | None = None  # the last day
    fees: Annotated[tuple[Fee, ...], Meta(min_length=1, max_length=FEES_MAX)]


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the fee schedule, and how far it is."""

    id: FeeScheduleId
    number: int  # counts the versions from 1
    state: State
    name: str
    document_number: str
    effective_from: dt.date
    effective_to: dt.date | None
    fees: tuple[Fee, ...]
    proposed_by: uuid.UUID
    proposed_at: dt.datetime
    decided_by: uuid.UUID | None = None
    decided_at: dt.datetime | None = None
    reason: str | None = None
    version: int = 1
    updated_at: dt.datetime

    @property
    def code(self) -> str:
        """Return the name under which splits cite it."""
        return f"fee-schedule/{self.number}"
