"""What every operation on a copy shares: lock it, keep what moved, remember."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.signing.canonical import canonical, sha256_hex
from market.negotiations import store
from market.negotiations.model import Copy, Exchanged, Message, Negotiation, Outcome
from market.negotiations.states import State

KIND: Final = "negotiation_message"


async def lock_own(tx: Tx, actor: Actor, negotiation_id: uuid.UUID) -> Negotiation:
    """Return a copy of one's own party, locked.

    :raises Missing: if it is unknown, or somebody else's, the other side's too.
    """
    found = (await store.lock(tx, [negotiation_id])).get(negotiation_id)
    if found is None or found.party_id != actor.party:
        raise Missing
    return found


async def keep(tx: Tx, before: Negotiation, after: Copy, *, now: dt.datetime) -> Negotiation:
    """Return the negotiation with its copy moved, stored; what is not pending any more is settled.

    What an ending came before is withdrawn, and what the other side answered has arrived.
    """
    kept = replace(before, copy=after, version=before.version + 1, updated_at=now)
    gone = {sent.id for sent in before.copy.pending} - {sent.id for sent in after.pending}
    ended = after.state is State.TERMINATED and before.copy.state is not State.TERMINATED
    await store.settle(
        tx,
        before.id,
        sorted(gone),
        Outcome.WITHDRAWN if ended else Outcome.ACKNOWLEDGED,
        now=now,
    )
    known = {sent.id for sent in before.copy.pending}
    for sent in after.pending:
        if sent.id not in known:
            await add_sent(tx, before, sent, now=now)
    await store.update(tx, kept)
    return kept


async def add_sent(tx: Tx, owner: Negotiation, message: Message, *, now: dt.datetime) -> None:
    """Keep a message that is to be sent, in the transaction that decides it (先存后发)."""
    await store.add_message(
        tx,
        owner.id,
        message,
        Exchanged(
            message=message,
            is_sent=True,
            outcome=Outcome.PENDING,
            at=now,
            next_attempt_at=now,
        ),
    )


async def remember(
    tx: Tx,
    event: Happened,
    about: Negotiation,
    *,
    message: Message,
    actor: Actor,
    now: dt.datetime,
    code: str | None = None,
) -> None:
    """Append to the audit log what was said or heard; the log binds the message by its digest."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("negotiation", str(about.id)),
            Subject("product", str(about.product_id)),
        ],
        facts={"role": about.copy.role, "message": message, "code": code},
        after={"state": about.copy.state.value, "version": about.version},
        reason=message.reason,
        rules=("QD-13", "BJ-17"),
        digests=(Digest(KIND, message.id, sha256_hex(canonical(message))),),
    )
