"""Say what an agreement is: its bytes, both signatures, what it follows, and whether it holds (协议)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.signing.model import Signature
from market.contracts.policy import Relation
from market.contracts.states import State

AgreementId = NewType("AgreementId", uuid.UUID)


class AgreementNotInForce(Refused):
    """The agreement was terminated, or another has taken its place."""

    code = "agreement_not_in_force"


class AgreementOver(Refused):
    """The time of the agreement is over (到期)."""

    code = "agreement_over"


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed, and what became of it."""

    id: AgreementId
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    state: State
    document: bytes  # base64 in JSON: canonical, as both signed it
    sha256: str
    buyer_signature: Signature
    supplier_signature: Signature
    ends_at: dt.datetime  # from then on nothing is ordered or used by it
    concluded_at: dt.datetime
    version: int
    updated_at: dt.datetime
    follows_id: uuid.UUID | None = None
    relation: Relation | None = None
    proposed_by: PartyId | None = None  # who wants to end it
    reason: str | None = None

    def other(self, party: PartyId) -> PartyId:
        """Return the other of the two."""
        return self.supplier_party_id if party == self.buyer_party_id else self.buyer_party_id


class LineageLink(msgspec.Struct, frozen=True, kw_only=True):
    """One agreement of a line, and what it follows how (协议沿革)."""

    id: AgreementId
    state: State
    concluded_at: dt.datetime
    ends_at: dt.datetime
    follows_id: uuid.UUID | None
    relation: Relation | None


def check_in_force(agreement: Agreement, now: dt.datetime) -> None:
    """Return if an agreement holds at this instant.

    :raises AgreementNotInForce: if it was terminated or succeeded.
    :raises AgreementOver: if its time is over, to the second.
    """
    if agreement.state in (State.TERMINATED, State.SUCCEEDED):
        raise AgreementNotInForce(state=agreement.state.value)
    if now >= agreement.ends_at:
        raise AgreementOver(ends_at=agreement.ends_at.isoformat())
