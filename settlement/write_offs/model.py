"""Say what a write-off of a usage debt is (坏账核销)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.write_offs.grounds import Ground
from settlement.write_offs.states import State


class WriteOff(msgspec.Struct, frozen=True, kw_only=True):
    """A debt of one order that is given up, on which ground, by whom, and the entry that paid it."""

    id: uuid.UUID
    number: int
    state: State
    order_id: uuid.UUID
    amount_fen: int
    ground: Ground
    evidence: str
    proposed_at: dt.datetime
    proposed_by: uuid.UUID | None
    proposed_by_name: str
    decided_at: dt.datetime | None = None
    decided_by: uuid.UUID | None = None
    decided_by_name: str | None = None
    decision_reason: str | None = None  # why it was rejected
    entry_key: uuid.UUID | None = None

    @property
    def reference(self) -> str:
        """Return how people cite it (核销单号): ``HZ-2026-000007``."""
        return f"HZ-{self.proposed_at.year}-{self.number:06}"
