"""Order a cut-off and lift it (切断、解除, BJ-28).

Whether the actor may reach what is stopped, and who is told, decides the room of the orders.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import new_id
from market.cut_offs import lifting, store
from market.cut_offs.model import CutOff, CutOffId, Level
from market.cut_offs.states import Event, State, advance


class CutOffMissing(Missing):
    """There is no such cut-off, or none that this actor may know of."""


class CutOffStands(Refused):
    """It is cut off already."""

    code = "cut_off_stands"


async def order(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    level: Level,
    subject_id: uuid.UUID,
    reason: str,
    orders_reached: int,
    zone_id: uuid.UUID | None = None,
) -> CutOff:
    """Stop every use of a thing, from the commit on (切断).

    :raises NotPermitted: if the actor cuts nothing off.
    :raises CutOffStands: if it is stopped already.
    """
    actor.require("order:cut_off")
    if await store.is_standing(tx, level, subject_id):
        raise CutOffStands(level=level.value)
    ordered = CutOff(
        id=CutOffId(new_id()),
        level=level,
        subject_id=subject_id,
        state=State.STANDING,
        reason=reason,
        ordered_by_party_id=actor.party,
        ordered_at=now,
        orders_reached=orders_reached,
        version=1,
        zone_id=zone_id,
    )
    if not await store.insert(tx, ordered):  # another one was quicker
        raise CutOffStands(level=level.value)
    await _remember(tx, Happened.CUT_OFF_ORDERED, ordered, actor=actor, now=now, reason=reason)
    return ordered


async def lift(
    tx: Tx, *, actor: Actor, now: dt.datetime, cut_off_id: uuid.UUID, reason: str
) -> CutOff:
    """Let what was stopped go on as it stood (解除).

    :raises NotPermitted: if the actor cuts nothing off.
    :raises CutOffMissing: if there is none that the actor may know of.
    :raises CutOffOfAnother: if somebody else ordered it, and the actor is not the authority.
    :raises CutOffEventNotAllowed: if it was lifted before.
    """
    actor.require("order:cut_off")
    before = await store.lock(tx, cut_off_id)
    if before is None or not lifting.may_know(before, party=actor.party, clearance=actor.clearance):
        raise CutOffMissing
    state = advance(before.state, Event.LIFT)
    lifting.check(before, party=actor.party, clearance=actor.clearance)
    after = msgspec.structs.replace(
        before, state=state, lifted_at=now, lift_reason=reason, version=before.version + 1
    )
    await store.update(tx, after)
    await _remember(tx, Happened.CUT_OFF_LIFTED, after, actor=actor, now=now, reason=reason)
    return after


async def take_untold(
    tx: Tx, *, actor: Actor, now: dt.datetime, cut_off_id: uuid.UUID
) -> CutOff | None:
    """Return a cut-off of which nobody was told yet, marked as told; None if that was done."""
    found = await store.lock(tx, cut_off_id)
    if found is None or found.told_at is not None:
        return None
    told = msgspec.structs.replace(found, told_at=now)
    await store.mark_told(tx, told)
    await _remember(tx, Happened.CUT_OFF_TOLD, told, actor=actor, now=now)
    return told


async def _remember(
    tx: Tx, event: Happened, about: CutOff, *, actor: Actor, now: dt.datetime, reason: str = ""
) -> None:
    kind = "order" if about.level is Level.AGREEMENT else about.level.value
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("cut_off", str(about.id)), Subject(kind, str(about.subject_id))],
        facts={"level": about.level, "orders_reached": about.orders_reached},
        after={"state": about.state.value, "version": about.version},
        reason=reason or None,
        rules=("BJ-28",),
    )
