"""Carry messages between two sides that live in this house, and leave what never gets an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from market.contracts import operations as contracts
from market.negotiations import moving, retrying, silence, store
from market.negotiations.model import Message, Negotiation, NegotiationId, Outcome
from market.negotiations.operations.casework import keep, remember
from market.negotiations.operations.receiving import hear, receive, receive_first
from market.negotiations.states import Event

BATCH: Final = 100


class Due(msgspec.Struct, frozen=True):
    """A copy with a message to carry, and the other side's copy if there is one."""

    negotiation_id: NegotiationId
    other_id: NegotiationId | None


async def list_due(tx: Tx, *, now: dt.datetime, elsewhere: Sequence[PartyId] = ()) -> list[Due]:
    """Return what is to be carried now within this house, the longest waiting first."""
    due = await store.list_due(tx, now=now, limit=BATCH, elsewhere=elsewhere)
    return [Due(*pair) for pair in due]


async def list_due_elsewhere(
    tx: Tx, *, now: dt.datetime, parties: Sequence[PartyId]
) -> list[tuple[NegotiationId, PartyId]]:
    """Return what is to be sent now to parties that live in other houses, the longest waiting first."""
    return await store.list_due_elsewhere(tx, parties, now=now, limit=BATCH)


async def carry(tx: Tx, *, actor: Actor, now: dt.datetime, due: Due) -> bool:
    """Carry the first pending message of a copy to the other side, and its answer back.

    Both copies are locked, so that what is taken and what is heard of it are one step. Return
    whether there was one.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    ids = [due.negotiation_id] if due.other_id is None else [due.negotiation_id, due.other_id]
    held = await store.lock(tx, ids)
    own = held.get(due.negotiation_id)
    if own is None or not own.copy.pending:
        return False
    message = moving.addressed(own.copy, own.copy.pending[0])
    if due.other_id is None:
        reply = await receive_first(
            tx,
            actor=actor,
            now=now,
            sender=own.party_id,
            receiver=own.other_party_id,
            product_id=own.product_id,
            message=message,
        )
    else:
        reply = await receive(tx, actor=actor, now=now, to=held[due.other_id], message=message)
        if message.event is Event.FINALIZE and reply.is_acknowledged:
            await _conclude(tx, own, message, actor=actor, now=now)
    await hear(tx, actor=actor, now=now, of=own, message=message, reply=reply)
    return True


async def _conclude(
    tx: Tx, own: Negotiation, message: Message, *, actor: Actor, now: dt.datetime
) -> None:
    """Keep the agreement in the transaction in which the last word was taken: from now on it holds."""
    copy = own.copy
    assert copy.document is not None
    assert copy.consumer_signature is not None
    assert message.signature is not None
    await contracts.conclude(
        tx,
        actor=actor,
        now=now,
        raw=copy.document,
        buyer=own.other_party_id,
        supplier=own.party_id,
        product_id=own.product_id,
        buyer_signature=copy.consumer_signature,
        supplier_signature=message.signature,
    )


async def postpone(tx: Tx, *, actor: Actor, now: dt.datetime, due: Due) -> None:
    """Note an attempt that got no answer: the next one is later, and the last one is left.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    own = (await store.lock(tx, [due.negotiation_id])).get(due.negotiation_id)
    if own is None or not own.copy.pending:
        return
    message = own.copy.pending[0]
    kept = await store.find_message(tx, own.id, message.id)
    assert kept is not None, "what is pending is kept"
    attempts = kept.attempts + 1
    await store.count_attempt(
        tx, own.id, message.id, next_attempt_at=retrying.next_attempt_at(attempts, now)
    )
    if retrying.is_given_up(message.event, attempts):
        await store.settle(tx, own.id, [message.id], Outcome.GIVEN_UP, now=now)
        await remember(
            tx, Happened.NEGOTIATION_MESSAGE_GIVEN_UP, own, message=message, actor=actor, now=now
        )


async def list_silent(tx: Tx, *, now: dt.datetime) -> list[NegotiationId]:
    """Return the copies in which nothing has moved for too long."""
    return await store.list_silent(tx, before=now - silence.LONGEST, limit=BATCH)


async def end_silent(
    tx: Tx, *, actor: Actor, now: dt.datetime, negotiation_id: NegotiationId
) -> Negotiation | None:
    """End a negotiation for want of an answer, and tell the other side; None if something moved.

    :raises NotPermitted: if the actor carries no messages.
    """
    actor.require("negotiation:carry")
    own = (await store.lock(tx, [negotiation_id])).get(negotiation_id)
    if own is None or not silence.is_too_long(own.copy, moved_at=own.updated_at, now=now):
        return None
    message = Message(
        id=new_id().urn,
        event=Event.TERMINATE,
        sender=own.copy.role,
        consumer_pid=own.copy.consumer_pid,
        provider_pid=own.copy.provider_pid,
        code=silence.CODE,
    )
    ended = await keep(tx, own, moving.send(own.copy, message, now=now), now=now)
    await remember(
        tx,
        Happened.NEGOTIATION_MESSAGE_SENT,
        ended,
        message=message,
        actor=actor,
        now=now,
        code=silence.CODE,
    )
    return ended
