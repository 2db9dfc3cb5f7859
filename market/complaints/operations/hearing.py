"""Hear both sides before a complaint is decided (陈述、申辩): each states its position once, in time."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.signing.canonical import sha256_hex
from market.complaints import filing, handling, store
from market.complaints.model import Complaint, Position
from market.complaints.operations import casework
from market.complaints.queries import ComplaintMissing
from market.complaints.redaction import is_told
from market.orders.queries import OrderMissing


def until(now: dt.datetime, calendar: Calendar) -> dt.datetime:
    """Return until when who is complained of is heard that is told of it now."""
    return deadline(filing.HEARD_WITHIN, local_date(now), calendar).ends_at


async def state(
    tx: Tx, *, actor: Actor, now: dt.datetime, complaint_id: uuid.UUID, text: str
) -> Complaint:
    """State one's position on a complaint, as one of the two, once (陈述).

    :raises NotPermitted: if the actor speaks for no party.
    :raises ComplaintMissing: if it is neither of the two, or was not told of it.
    :raises HearingOver: if the days are over, or it is decided.
    :raises PositionStatedBefore: if this side has stated its position.
    :raises ComplaintReasonMissing: if nothing is said.
    """
    actor.require("complaint:state")
    async with beyond_own_rows(tx):
        before = await store.lock(tx, complaint_id)
    if before is None or actor.party not in (before.complainant_party_id, before.against_party_id):
        raise ComplaintMissing
    if actor.party == before.against_party_id and not is_told(before):
        raise ComplaintMissing
    return await _keep(tx, before, text, actor=actor, now=now)


async def state_on_dispute(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, text: str
) -> Complaint:
    """State one's position on a disputed delivery, of which both know, as one of the two, once.

    :raises NotPermitted: if the actor speaks for no party.
    :raises OrderMissing: if nothing is disputed that the actor may know of.
    :raises HearingOver: if the days are over (and the others of ``state``).
    """
    actor.require("complaint:state")
    async with beyond_own_rows(tx):
        before = await store.find_of_dispute(tx, order_id)
    if before is None or actor.party not in (before.complainant_party_id, before.against_party_id):
        raise OrderMissing
    return await _keep(tx, before, text, actor=actor, now=now)


async def _keep(
    tx: Tx, before: Complaint, text: str, *, actor: Actor, now: dt.datetime
) -> Complaint:
    is_complainant = actor.party == before.complainant_party_id
    handling.check_reason(text)
    handling.check_position(before, by_complainant=is_complainant, now=now)
    position = Position(by_complainant=is_complainant, text=text, stated_at=now)
    after = msgspec.structs.replace(before, positions=(*before.positions, position))
    async with beyond_own_rows(tx):
        await store.update(tx, after)
    return await casework.remember(
        tx,
        after,
        Event.COMPLAINT_POSITION_STATED,
        actor=actor,
        now=now,
        facts={"by_complainant": is_complainant},
        digests=[Digest("complaint_position", str(after.id), sha256_hex(text.encode()))],
    )
