"""Say what a revenue agreement is (收益分配约定)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from market.revenue_agreements.states import State
from settlement.revenue.methods import Agreed

RevenueAgreementId = NewType("RevenueAgreementId", uuid.UUID)


class RevenueAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed for one product, who has to agree, and who did."""

    id: RevenueAgreementId
    number: str
    state: State
    product_id: uuid.UUID
    supplier_party_id: PartyId
    agreed: Agreed
    asked: tuple[uuid.UUID, ...]  # everyone who has to agree, the supplier among them
    given: tuple[uuid.UUID, ...]  # who did
    version: int
    proposed_at: dt.datetime
    updated_at: dt.datetime
    in_force_at: dt.datetime | None = None
    reason: str | None = None  # why it was declined, or ended

    @property
    def code(self) -> str:
        """Return the name under which splits cite it."""
        return f"revenue-agreement/{self.number}"

    @property
    def waits_for(self) -> tuple[uuid.UUID, ...]:
        """Return who has not agreed yet."""
        return tuple(party for party in self.asked if party not in self.given)
