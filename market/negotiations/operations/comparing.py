"""Compare one's copy with the other side's, and mend it: send again, hear, or end it (对账)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from market.negotiations import moving, store
from market.negotiations.exchange import Told
from market.negotiations.model import Message, Negotiation, Reply
from market.negotiations.operations.casework import add_sent, keep, lock_own
from market.negotiations.operations.concluding import conclude_here
from market.negotiations.reconciling import Finding, Verdict, reconcile
from market.negotiations.states import Event, State, is_over

CONTRADICTION: Final = "negotiation_states_differ"


class NegotiationSideIsHere(Refused):
    """The other side's copy lives in this house: it is read, and nobody tells where it stands."""

    code = "negotiation_side_is_here"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, which message was missing, and the copy as it is now (对账结果)."""

    verdict: Verdict
    missing: Event | None
    other_state: State | None
    negotiation: Negotiation


async def compare(tx: Tx, *, actor: Actor, now: dt.datetime, negotiation_id: uuid.UUID) -> Compared:
    """Compare both sides' copies that live in this house, and do what follows from it.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises FinalizationPending: if the states contradict each other and it may be finalized.
    """
    actor.require("negotiation:conduct")
    own = await lock_own(tx, actor, negotiation_id)
    async with beyond_own_rows(tx):  # of the other side's copy one may know where it stands
        other = await store.find_other(tx, own)
        told = Told(
            pid=None if other is None else other.copy.own_pid,
            state=None if other is None else other.copy.state,
        )
        found = reconcile(own.copy, told.state)
        if found.verdict is Verdict.AWAITED and other is not None:
            for waiting in other.copy.pending:
                await store.send_again(tx, other.id, waiting.id, now=now)
    return await _mended(tx, own, told, found, actor=actor, now=now)


async def compare_with(
    tx: Tx, *, actor: Actor, now: dt.datetime, negotiation_id: uuid.UUID, told: Told
) -> Compared:
    """Compare a copy with where the other side stands in its own house, and do what follows from it.

    What is awaited from there is sent again from there: whoever said it hears no answer.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises NegotiationSideIsHere: if the other side's copy lives in this house.
    :raises FinalizationPending: if the states contradict each other and it may be finalized.
    """
    actor.require("negotiation:conduct")
    own = await lock_own(tx, actor, negotiation_id)
    async with beyond_own_rows(tx):
        if await store.find_other(tx, own) is not None:
            raise NegotiationSideIsHere
    found = reconcile(own.copy, told.state)
    compared = await _mended(tx, own, told, found, actor=actor, now=now)
    if found == Finding(Verdict.ARRIVED, Event.FINALIZE):
        # No answer will come any more that would have it kept here.
        await conclude_here(tx, compared.negotiation, actor=actor, now=now)
    return compared


async def _mended(
    tx: Tx, own: Negotiation, told: Told, found: Finding, *, actor: Actor, now: dt.datetime
) -> Compared:
    mended = await _mend(tx, own, told, found, now=now)
    await audit_log.append(
        tx,
        Happened.NEGOTIATION_COMPARED,
        actor=actor,
        now=now,
        subjects=[Subject("negotiation", str(own.id)), Subject("product", str(own.product_id))],
        facts={"verdict": found.verdict, "missing": found.missing, "other_state": told.state},
        after={"state": mended.copy.state.value, "version": mended.version},
        rules=("QD-13",),
    )
    return Compared(
        verdict=found.verdict,
        missing=found.missing,
        other_state=told.state,
        negotiation=mended,
    )


async def _mend(
    tx: Tx, own: Negotiation, told: Told, found: Finding, *, now: dt.datetime
) -> Negotiation:
    """Return the copy after what follows from the comparison."""
    copy = own.copy
    if found.verdict is Verdict.ARRIVED:
        reply = Reply(pid=told.pid, state=told.state)
        return await keep(tx, own, moving.hear(copy, copy.pending[0].id, reply), now=now)
    if found.verdict is Verdict.ENDED:
        return await keep(tx, own, moving.ended(copy), now=now)
    if found.verdict is Verdict.CONTRADICTION and not is_over(copy.state):
        message = _ending(own, CONTRADICTION)
        return await keep(tx, own, moving.send(copy, message, now=now), now=now)
    if found.verdict in (Verdict.SEND_AGAIN, Verdict.TELL_THE_END):
        await _send_again(tx, own, found, now=now)
    return own


async def _send_again(tx: Tx, own: Negotiation, found: Finding, *, now: dt.datetime) -> None:
    """Put the missing message among those that are due, as it was said the first time."""
    said = [
        kept.message
        for kept in await store.list_messages(tx, own.id)
        if kept.is_sent and kept.message.event is found.missing
    ]
    if said:
        await store.send_again(tx, own.id, said[-1].id, now=now)
    else:
        # It heard of the end and told nobody: now it tells.
        await add_sent(tx, own, _ending(own, own.copy.code), now=now)


def _ending(own: Negotiation, code: str | None) -> Message:
    copy = own.copy
    return Message(
        id=new_id().urn,
        event=Event.TERMINATE,
        sender=copy.role,
        consumer_pid=copy.consumer_pid,
        provider_pid=copy.provider_pid,
        code=code,
    )
