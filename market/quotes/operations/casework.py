"""What every operation on a quote request shares: lock it, move it, tell, remember."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.quotes import store
from market.quotes.model import QuoteRequest
from market.quotes.queries import QuoteRequestMissing
from market.quotes.states import Event, advance


async def lock(tx: Tx, request_id: uuid.UUID) -> QuoteRequest:
    """Return a request, locked: what happens to it, and a quote to it, come one after the other.

    :raises QuoteRequestMissing: if there is none that the actor may know of.
    """
    found = await store.lock(tx, request_id)
    if found is None:
        raise QuoteRequestMissing
    return found


async def lock_own(tx: Tx, actor: Actor, request_id: uuid.UUID) -> QuoteRequest:
    """Return a request of the actor's own party, locked.

    :raises QuoteRequestMissing: if it is unknown, or somebody else's.
    """
    found = await lock(tx, request_id)
    if not may_speak_for(actor, found.buyer_party_id):
        raise QuoteRequestMissing
    return found


def may_speak_for(actor: Actor, buyer: PartyId | None, *, is_asking: bool = False) -> bool:
    """Tell whether the actor acts for the buyer; the operator may ask for it, and decides nothing."""
    return actor.party == buyer or (is_asking and actor.clearance is Clearance.STAFF)


def moved(before: QuoteRequest, event: Event, *, now: dt.datetime, **changes: Any) -> QuoteRequest:
    """Return the request after an event.

    :raises QuoteRequestEventNotAllowed: if it does not happen in its state.
    """
    return replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )


async def tell(
    tx: Tx,
    topic: Topic,
    request: QuoteRequest,
    *,
    to: PartyId,
    now: dt.datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Tell a party something about a request."""
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject("quote_request", str(request.id)),
        facts={"title": request.title, **(facts or {})},
    )


async def remember(
    tx: Tx,
    event: Happened,
    request: QuoteRequest,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Mapping[str, Any] | None = None,
    reason: str | None = None,
    digests: tuple[Digest, ...] = (),
) -> None:
    """Append to the audit log what happened to a request; of a sealed quote the digest alone."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("quote_request", str(request.id)),
            Subject("demand_post", str(request.post_id)),
        ],
        facts=dict(facts or {}),
        after={"state": request.state.value, "version": request.version},
        reason=reason,
        rules=("GD-04", "BJ-17"),
        digests=digests,
    )
