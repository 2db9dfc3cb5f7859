"""Ask the buyer's own organisation before it binds itself, and wait for what it says (内部审批).

The buyer binds itself where it accepts, and where it signs what the supplier agreed to. The other side
sees neither that somebody is asked nor what is answered: for it the buyer has not answered yet, and
the offer's time goes on.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products import queries as products
from market.approvals import operations as approvals
from market.approvals.model import About, Approval, Wanted
from market.contracts import price_duty
from market.contracts.policy import terms_sha256
from market.negotiations import moving
from market.negotiations.model import Negotiation, Role
from market.negotiations.operations.casework import lock_own
from market.negotiations.states import Event, advance, is_over

BINDING: Final = (Event.ACCEPT, Event.VERIFY)


async def ask(tx: Tx, *, actor: Actor, now: dt.datetime, negotiation_id: uuid.UUID) -> Approval:
    """Ask the buyer's organisation to approve the terms that are on the table (提交内部审批).

    :raises NotPermitted: if the actor asks for no approvals.
    :raises Missing: if the negotiation is unknown, or between others.
    :raises NegotiationOutOfTurn: if it is the supplier who asks: it accepts nothing.
    :raises NegotiationEventNotAllowed: if the negotiation is over.
    :raises OfferExpired: if the offer is over, and nothing was agreed.
    :raises ApprovalNotNeeded: if no step asks for this amount (and the others of
        ``approvals.request``).
    """
    actor.require("approval:request")
    own = await lock_own(tx, actor, negotiation_id)
    if own.copy.role is not Role.CONSUMER:
        raise moving.NegotiationOutOfTurn(event=Event.ACCEPT.value)
    if is_over(own.copy.state):
        advance(own.copy.state, Event.ACCEPT)
    if own.copy.agreement is None:
        moving.check_open(own.copy.offer, now)
    return await approvals.request(tx, actor=actor, now=now, wanted=await wanted_of(tx, own))


async def let_through(tx: Tx, own: Negotiation, event: Event, *, now: dt.datetime) -> None:
    """Return if a side may say this: a buyer that binds itself needs what its chain asks for.

    :raises ApprovalRequired: if an approval is needed (and ``ApprovalPending``).
    """
    if event in BINDING:
        await approvals.let_through(
            tx, party=own.party_id, now=now, wanted=await wanted_of(tx, own)
        )


async def wanted_of(tx: Tx, own: Negotiation) -> Wanted:
    """Return what is asked approval for, where the terms on the table are to be accepted or signed."""
    product = await products.find(tx, product_id=own.product_id)
    assert product is not None, "what is negotiated about is a product"
    return Wanted(
        about=About.NEGOTIATION,
        subject_id=own.id,
        terms_sha256=terms_sha256(own.copy.offer),
        product_id=own.product_id,
        product_name=product.name,
        amount_fen=price_duty.read(own.copy.offer).amount_fen,
    )
