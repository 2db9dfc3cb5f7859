"""Say something: ask, offer, accept, agree, verify, finalize, end. It is kept before it is sent."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
from msgspec.structs import replace

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from catalog.signing.model import Signature
from market.contracts import document, queries
from market.contracts import operations as contracts
from market.contracts.policy import PolicyOffer, agreement_of
from market.contracts.terms import TermsWanted
from market.identity import queries as identity
from market.negotiations import moving, store
from market.negotiations.model import Message, Negotiation, NegotiationId, Role
from market.negotiations.operations import approving
from market.negotiations.operations.casework import add_sent, keep, lock_own, remember
from market.negotiations.operations.offering import check_holds, grounds, grounds_of
from market.negotiations.states import FIRST, Event


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says in a negotiation that is there."""

    event: Event
    terms: TermsWanted | None = None  # of a request or an offer
    signature: Signature | None = None  # of a verification or finalization
    code: str | None = None  # of an ending
    reason: str | None = None


async def begin(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    product_id: uuid.UUID,
    wanted: TermsWanted,
    consumer_party_id: uuid.UUID | None = None,
) -> Negotiation:
    """Begin a negotiation: with a request of the buyer, or an offer of the supplier to a buyer.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises ProductMissing: if a supplier offers what is not its own.
    :raises ProductNotListed: if the product is not on offer (and the others of ``buying.py``).
    :raises OfferPriceNotFiled: if the price is not the filed one (and the others of ``terms.py``).
    """
    actor.require("negotiation:conduct")
    is_offered = consumer_party_id is not None
    buyer = actor.party if consumer_party_id is None else PartyId(consumer_party_id)
    if is_offered:
        product = await products.find(tx, product_id=product_id)
        if product is None or product.supplier_party_id != actor.party:
            raise ProductMissing
    held = await grounds(
        tx,
        product_id=product_id,
        buyer=buyer,
        use_category=wanted.use_category,
        special_price_id=wanted.special_price_id,
        now=now,
    )
    offer = held.write(wanted)
    await contracts.check_succession(tx, offer, buyer=buyer, supplier=held.supplier, now=now)
    role = Role.PROVIDER if is_offered else Role.CONSUMER
    negotiation_id = NegotiationId(new_id())
    message = Message(
        id=new_id().urn,
        event=Event.OFFER if is_offered else Event.REQUEST,
        sender=role,
        consumer_pid=None if is_offered else negotiation_id.urn,
        provider_pid=negotiation_id.urn if is_offered else None,
        offer=offer,
    )
    begun = Negotiation(
        id=negotiation_id,
        party_id=actor.party,
        other_party_id=buyer if is_offered else held.supplier,
        product_id=product_id,
        copy=moving.begin(role, negotiation_id.urn, message, now=now),
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, begun)
    await add_sent(tx, begun, message, now=now)
    await remember(
        tx, Happened.NEGOTIATION_MESSAGE_SENT, begun, message=message, actor=actor, now=now
    )
    return begun


async def say(
    tx: Tx, *, actor: Actor, now: dt.datetime, negotiation_id: uuid.UUID, said: Said
) -> Negotiation:
    """Say the next thing in a negotiation of one's own.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises NegotiationOutOfTurn: if that is the other side's to say.
    :raises NegotiationEventNotAllowed: if it is not the time for it.
    :raises NegotiationMessagePending: if what was said last has no answer yet.
    :raises FinalizationPending: if it would end what may be finalized.
    :raises OfferExpired: if the offer is over.
    :raises ContractSignatureInvalid: if the signature is not over the agreement's bytes (and the
        others of ``contracts.check_signature``).
    :raises SuccessionWrong: if the agreement that is followed can not be.
    :raises ApprovalRequired: if the buyer's own chain asks for an approval (and ``ApprovalPending``).
    :raises ProductNotListed: if the product is not on offer any more (``buying.py``).
    :raises AgreementOver: if what would be signed is over already.
    :raises OfferPriceNotFiled: if the price is not the filed one (and the others of ``terms.py``).
    """
    actor.require("negotiation:conduct")
    before = await lock_own(tx, actor, negotiation_id)
    # Whose turn it is comes first: who may not speak is told nothing of prices.
    moving.check_turn(before.copy, said.event)
    message = await _message(tx, before, said, now=now)
    moved = moving.send(before.copy, message, now=now)
    # Last, so that an organisation's own delay never hides that the offer is over.
    await approving.let_through(tx, before, message.event, now=now)
    after = await keep(tx, before, moved, now=now)
    await remember(
        tx,
        Happened.NEGOTIATION_MESSAGE_SENT,
        after,
        message=message,
        actor=actor,
        now=now,
        code=said.code,
    )
    return after


async def _message(tx: Tx, before: Negotiation, said: Said, *, now: dt.datetime) -> Message:
    copy = before.copy
    message = Message(
        id=new_id().urn,
        event=said.event,
        sender=copy.role,
        consumer_pid=copy.consumer_pid,
        provider_pid=copy.provider_pid,
        code=said.code,
        reason=said.reason,
    )
    if said.event in FIRST and said.terms is None:
        raise moving.OfferMissing(missing="terms")
    if said.terms is not None:
        held = await grounds(
            tx,
            product_id=before.product_id,
            buyer=_buyer(before),
            use_category=said.terms.use_category,
            special_price_id=said.terms.special_price_id,
            now=now,
        )
        offer = held.write(said.terms)
        await _check_succession(tx, before, offer, now=now)
        return replace(message, offer=offer)
    if said.event in (Event.ACCEPT, Event.AGREE):
        held = await grounds_of(
            tx, copy.offer, product_id=before.product_id, buyer=_buyer(before), now=now
        )
        held.check(copy.offer)
        await _check_succession(tx, before, copy.offer, now=now)
    if said.event is Event.AGREE:
        return await _agreement(tx, before, message, now=now)
    if said.event in (Event.VERIFY, Event.FINALIZE):
        await check_holds(tx, before, said.event, now=now)
    if said.signature is not None and copy.document is not None:
        await queries.check_signature(
            tx, copy.document, party=before.party_id, signature=said.signature, now=now
        )
        return replace(message, signature=said.signature)
    return message


async def _agreement(tx: Tx, before: Negotiation, message: Message, *, now: dt.datetime) -> Message:
    """Return the message that agrees to the offer on the table, with words and terms to be signed."""
    agreed = agreement_of(
        before.copy.offer,
        agreement_id=new_id(),
        assigner=before.party_id.urn,
        assignee=before.other_party_id.urn,
        now=now,
    )
    names = await identity.get_parties(tx, [before.party_id, before.other_party_id])
    product = await products.find(tx, product_id=before.product_id)
    assert product is not None, "what is on offer is a product"
    raw = document.write(
        agreed,
        supplier=names[before.party_id].name,
        buyer=names[before.other_party_id].name,
        product=product.name,
    )
    return replace(message, agreement=agreed, document=raw)


async def _check_succession(
    tx: Tx, before: Negotiation, offer: PolicyOffer, *, now: dt.datetime
) -> None:
    is_consumer = before.copy.role is Role.CONSUMER
    own, other = before.party_id, before.other_party_id
    await contracts.check_succession(
        tx,
        offer,
        buyer=own if is_consumer else other,
        supplier=other if is_consumer else own,
        now=now,
    )


def _buyer(of: Negotiation) -> PartyId:
    return of.party_id if of.copy.role is Role.CONSUMER else of.other_party_id
