"""Take a message of the other side and answer it; hear what the other side answered.

Whoever carries the messages calls these two: our own job where both sides live here, and whatever
door the protocol gets. A message that was answered once is answered the same again.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from market.contracts import document, queries
from market.contracts import operations as contracts
from market.negotiations import moving, store
from market.negotiations.model import (
    Exchanged,
    Message,
    Negotiation,
    NegotiationId,
    Outcome,
    Reply,
    Role,
)
from market.negotiations.operations.casework import keep, remember
from market.negotiations.operations.offering import check_holds, grounds_of
from market.negotiations.states import Event


async def receive(
    tx: Tx, *, actor: Actor, now: dt.datetime, to: Negotiation, message: Message
) -> Reply:
    """Return what a side answers to a message; the caller holds its copy locked.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    known = await store.find_message(tx, to.id, message.id)
    if known is not None and not known.is_sent:
        tx.remember()  # the first time wrote the entry
        return Reply(pid=to.copy.own_pid, state=to.copy.state, code=known.code)
    check = await _check(tx, to, message, now=now)
    after, reply = moving.answer(to.copy, message, now=now, check=check)
    await _keep_received(tx, to, message, reply, now=now)
    kept = await keep(tx, to, after, now=now) if reply.is_acknowledged else to
    await remember(
        tx,
        Happened.NEGOTIATION_MESSAGE_RECEIVED
        if reply.is_acknowledged
        else Happened.NEGOTIATION_MESSAGE_REFUSED,
        kept,
        message=message,
        actor=actor,
        now=now,
        code=reply.code,
    )
    return reply


async def receive_first(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    sender: PartyId,
    receiver: PartyId,
    product_id: uuid.UUID,
    message: Message,
) -> Reply:
    """Return what a side answers to the message that begins a negotiation.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    role = message.sender.other
    negotiation_id = NegotiationId(new_id())
    try:
        offer = moving.offer_of(message)
        held = await grounds_of(
            tx,
            offer,
            product_id=product_id,
            buyer=receiver if role is Role.CONSUMER else sender,
            now=now,
        )
        held.check(offer)
        await contracts.check_succession(
            tx, offer, buyer=held.buyer, supplier=held.supplier, now=now
        )
        copy = moving.take_first(role, negotiation_id.urn, message, now=now)
    except DomainError as refusal:
        tx.remember()  # the sender's copy says what became of it
        return Reply(pid=None, state=None, code=refusal.code)
    taken = Negotiation(
        id=negotiation_id,
        party_id=receiver,
        other_party_id=sender,
        product_id=product_id,
        copy=copy,
        version=1,
        created_at=now,
        updated_at=now,
    )
    reply = Reply(pid=copy.own_pid, state=copy.state)
    await store.insert(tx, taken)
    await _keep_received(tx, taken, message, reply, now=now)
    await remember(
        tx, Happened.NEGOTIATION_MESSAGE_RECEIVED, taken, message=message, actor=actor, now=now
    )
    return reply


async def hear(
    tx: Tx, *, actor: Actor, now: dt.datetime, of: Negotiation, message: Message, reply: Reply
) -> Negotiation:
    """Return a copy after an answer to its message; the caller holds it locked.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    if reply.code is not None:
        await store.settle(tx, of.id, [message.id], Outcome.REFUSED, now=now, code=reply.code)
    after = await keep(tx, of, moving.hear(of.copy, message.id, reply), now=now)
    await remember(
        tx,
        Happened.NEGOTIATION_MESSAGE_ANSWERED,
        after,
        message=message,
        actor=actor,
        now=now,
        code=reply.code,
    )
    return after


async def _check(tx: Tx, to: Negotiation, message: Message, *, now: dt.datetime) -> moving.Check:
    """Return what says whether a message may be taken; why it may not is told when it is asked."""
    try:
        await _ask(tx, to, message, now=now)
    except DomainError as refusal:
        why = refusal

        def refuse(_: Message) -> None:
            raise why

        return refuse
    return lambda _: None


async def _ask(tx: Tx, to: Negotiation, message: Message, *, now: dt.datetime) -> None:
    """Hold what a message brings against what is known here: price, words, signature."""
    is_consumer = to.copy.role is Role.CONSUMER
    buyer = to.party_id if is_consumer else to.other_party_id
    if message.offer is not None:
        held = await grounds_of(tx, message.offer, product_id=to.product_id, buyer=buyer, now=now)
        held.check(message.offer)
        await contracts.check_succession(
            tx, message.offer, buyer=buyer, supplier=held.supplier, now=now
        )
    if message.agreement is not None and message.document is not None:
        document.check(message.document, message.agreement)
    if message.event in (Event.VERIFY, Event.FINALIZE):
        await check_holds(tx, to, message.event, now=now)
    if message.signature is not None and to.copy.document is not None:
        await queries.check_signature(
            tx, to.copy.document, party=to.other_party_id, signature=message.signature, now=now
        )


async def _keep_received(
    tx: Tx, to: Negotiation, message: Message, reply: Reply, *, now: dt.datetime
) -> None:
    outcome = Outcome.ACKNOWLEDGED if reply.is_acknowledged else Outcome.REFUSED
    await store.add_message(
        tx,
        to.id,
        message,
        Exchanged(
            message=message,
            is_sent=False,
            outcome=outcome,
            at=now,
            settled_at=now,
            code=reply.code,
        ),
    )
