"""Keep in this house the agreement that was concluded with a side in another one (协议成立)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.contracts import operations as contracts
from market.negotiations.model import Negotiation, Role


async def conclude_here(tx: Tx, of: Negotiation, *, actor: Actor, now: dt.datetime) -> None:
    """Keep the agreement of a finalized copy in this house, once; both signatures were checked."""
    copy = of.copy
    if copy.agreement is None or copy.document is None:
        return
    agreement_id = uuid.UUID(copy.agreement.id)
    if await contracts.is_kept(tx, agreement_id=agreement_id):
        return
    assert copy.consumer_signature is not None, "it was verified"
    assert copy.provider_signature is not None, "it was finalized"
    is_buyer = copy.role is Role.CONSUMER
    await contracts.conclude(
        tx,
        actor=actor,
        now=now,
        raw=copy.document,
        buyer=of.party_id if is_buyer else of.other_party_id,
        supplier=of.other_party_id if is_buyer else of.party_id,
        product_id=of.product_id,
        buyer_signature=copy.consumer_signature,
        supplier_signature=copy.provider_signature,
    )
