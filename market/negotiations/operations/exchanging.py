"""Exchange messages with a side that lives in another house, which has a database of its own.

Sending is two transactions with the way between them: what is pending is taken out, handed to a peer, and
what came back is heard. So a house that dies in between sends again. Each house keeps the agreement itself:
the consumer when it takes the finalization, the provider when it hears that it was taken.
"""

from __future__ import annotations

import datetime as dt

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from market.negotiations import moving, store
from market.negotiations.exchange import Asked, Envelope, Told
from market.negotiations.model import Message, Negotiation, NegotiationId, Reply, Role
from market.negotiations.operations.concluding import conclude_here
from market.negotiations.operations.receiving import hear, receive, receive_first
from market.negotiations.states import FIRST, Event


async def take_out(tx: Tx, *, actor: Actor, negotiation_id: NegotiationId) -> Envelope | None:
    """Return the message of a copy that is to be sent next, or None if there is none.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    own = (await store.lock(tx, [negotiation_id])).get(negotiation_id)
    if own is None or not own.copy.pending:
        return None
    return Envelope(
        sender=own.party_id,
        receiver=own.other_party_id,
        product_id=own.product_id,
        message=moving.addressed(own.copy, own.copy.pending[0]),
    )


async def hear_back(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    negotiation_id: NegotiationId,
    message: Message,
    reply: Reply,
) -> None:
    """Hear what came back; an answer to a message that is not pending any more changes nothing.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    own = (await store.lock(tx, [negotiation_id])).get(negotiation_id)
    if own is None or not own.copy.pending or own.copy.pending[0].id != message.id:
        return
    heard = await hear(tx, actor=actor, now=now, of=own, message=message, reply=reply)
    if message.event is Event.FINALIZE and reply.is_acknowledged:
        await conclude_here(tx, heard, actor=actor, now=now)


async def take_in(tx: Tx, *, actor: Actor, now: dt.datetime, envelope: Envelope) -> Reply:
    """Take a message that came from another house, and return what is answered to it.

    The first one makes this side's copy; the same again is answered the same again.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    message = envelope.message
    await store.take_turn(tx, _pid_of(message, message.sender) or "")
    own = await _find(tx, envelope)
    if own is None:
        if message.event not in FIRST or _pid_of(message, message.sender.other) is not None:
            tx.remember()  # nothing here knows of it
            return Reply(pid=None, state=None, code=Missing.code)
        return await receive_first(
            tx,
            actor=actor,
            now=now,
            sender=envelope.sender,
            receiver=envelope.receiver,
            product_id=envelope.product_id,
            message=message,
        )
    named = moving.addressed_to(own.copy, message)
    reply = await receive(tx, actor=actor, now=now, to=own, message=named)
    if message.event is Event.FINALIZE and reply.is_acknowledged:
        taken = (await store.lock(tx, [own.id]))[own.id]
        await conclude_here(tx, taken, actor=actor, now=now)
    return reply


async def where(tx: Tx, *, actor: Actor, asked: Asked) -> Told:
    """Return where a side's copy stands, to the other side of it and to nobody else.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    if asked.pid is None:
        found = await store.find_by_other_pid(
            tx, party=asked.of, other=asked.asks, other_pid=asked.own_pid
        )
    else:
        found = await store.find_by_pid(tx, asked.pid)
    if found is None or (found.party_id, found.other_party_id) != (asked.of, asked.asks):
        return Told(pid=None, state=None)
    return Told(pid=found.copy.own_pid, state=found.copy.state)


async def _find(tx: Tx, envelope: Envelope) -> Negotiation | None:
    """Return the receiver's copy, locked: by its own name, or else by the sender's."""
    message = envelope.message
    own_pid = _pid_of(message, message.sender.other)
    if own_pid is None:
        sender_pid = _pid_of(message, message.sender)
        found = await store.find_by_other_pid(
            tx, party=envelope.receiver, other=envelope.sender, other_pid=sender_pid or ""
        )
    else:
        found = await store.find_by_pid(tx, own_pid)
    if found is None:
        return None
    held = (await store.lock(tx, [found.id]))[found.id]
    is_theirs = (held.party_id, held.other_party_id) == (envelope.receiver, envelope.sender)
    return held if is_theirs else None


def _pid_of(message: Message, role: Role) -> str | None:
    return message.consumer_pid if role is Role.CONSUMER else message.provider_pid
