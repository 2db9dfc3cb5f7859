"""Say what an adjustment of the books is (调账)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.adjustments.states import State


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants corrected: from which account to which, how much, when, and why.

    ``evidence`` names the document that shows it (佐证材料); the file itself may be added.
    ``adjusts`` is the first day of the closed month that a late fact belongs to.
    """

    source: str  # the account that is debited, by its code
    target: str  # the account that is credited
    amount_fen: int
    value_on: dt.date
    reason: str
    evidence: str
    evidence_file_id: uuid.UUID | None = None
    evidence_sha256: str | None = None
    adjusts: dt.date | None = None
    book: str = "market"


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment, who proposed and who decided it, and the entry that it became."""

    id: uuid.UUID
    number: int
    state: State
    wanted: Proposed
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
        """Return how people cite it (调账单号): ``TZ-2026-000007``."""
        return f"TZ-{self.proposed_at.year}-{self.number:06}"
