"""Lock, write back and remember a spot check; tell who has to know of it (抽查通知)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.identity import queries as identity
from market.identity.model import Capacity
from market.spot_checks import store
from market.spot_checks.model import SpotCheck


async def lock(tx: Tx, spot_check_id: uuid.UUID) -> SpotCheck:
    """Lock and return a spot check.

    :raises Missing: if there is none that the actor may see.
    """
    check = await store.lock(tx, spot_check_id)
    if check is None:
        raise Missing
    return check


async def save(
    tx: Tx,
    check: SpotCheck,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    before: SpotCheck,
    facts: Any,
    reason: str | None = None,
) -> SpotCheck:
    """Write a spot check back, and remember what happened to it."""
    await store.update(tx, check)
    await remember(
        tx, event, check, actor=actor, now=now, facts=facts, before=before, reason=reason
    )
    return check


async def operator_of(tx: Tx, accepted_by: PartyId | None) -> PartyId | None:
    """Return whose the case is: the operator that accepted it, else the one that there is."""
    if accepted_by is not None:
        return accepted_by
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    return None if operator is None else operator.id


async def tell(
    tx: Tx, check: SpotCheck, topic: Topic, *, to: PartyId, now: dt.datetime, **facts: object
) -> str:
    """Tell a party of a spot check in this transaction; return the message's id, for the entry."""
    sent = await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject("spot_check", str(check.id)),
        facts={"title": check.title, **facts},
    )
    return str(sent.id)


async def remember(
    tx: Tx,
    event: Event,
    check: SpotCheck,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any,
    before: SpotCheck | None = None,
    reason: str | None = None,
    also: Sequence[Subject] = (),
    digests: Sequence[Digest] = (),
) -> EntryId:
    """Remember what happened to a spot check."""
    return (
        await audit_log.append(
            tx,
            event,
            actor=actor,
            now=now,
            subjects=[Subject("spot_check", str(check.id)), *also],
            facts=facts,
            before=None if before is None else {"state": before.state.value},
            after={"state": check.state.value},
            reason=reason,
            rules=("HN-21",),
            digests=digests,
        )
    ).id
