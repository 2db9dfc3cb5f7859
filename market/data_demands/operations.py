"""Take demands for open data, join those for the same thing, answer them (需求征集)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from market.data_demands import answering, store
from market.data_demands.answering import DataDemandAnswerUnfounded
from market.data_demands.model import Answered, Asked, Demand, DemandId, Receipt, Reply
from market.data_demands.queries import DataDemandMissing
from market.data_demands.states import Event, State, advance
from market.open_data import queries as open_data

TIMER: Final = "data_demand"
_RULEBOOK: Final = HAINAN_2023.code
_DAY: Final = dt.timedelta(days=1)


def digest(secret: str) -> bytes:
    """Return by what a demand is found that is looked up with its secret."""
    return hashlib.sha256(secret.encode()).digest()


async def hand_in(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, asked: Asked
) -> Receipt:
    """Take what somebody asks to be open; anybody may, and need not say who it is.

    :raises DataDemandBoxFull: if more came today than are taken.
    """
    if actor.party_id is None:
        async with beyond_own_rows(tx):
            answering.check_room(await store.count_unnamed(tx, since=now - _DAY))
    secret = secrets.token_urlsafe(18)
    demand = Demand(
        id=DemandId(new_id()),
        state=State.RECEIVED,
        party_id=actor.party_id,
        title=asked.title,
        text=asked.text,
        contact=asked.contact,
        received_at=now,
    )
    await store.insert(tx, demand, digest(secret))
    # What runs is owed by the authority, whoever asked.
    async with beyond_own_rows(tx):
        timer = await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=TIMER,
            subject_kind=TIMER,
            subject_id=demand.id,
            against="authority",
            rulebook=_RULEBOOK,
            period=answering.ANSWERED_WITHIN,
            started_on=local_date(now),
        )
    await _remember(tx, Happened.DATA_DEMAND_RECEIVED, demand, actor=actor, now=now)
    return Receipt(id=demand.id, received_at=now, answer_due_on=timer.due_on, secret=secret)


async def join(
    tx: Tx, *, actor: Actor, now: dt.datetime, demand_id: uuid.UUID, into: uuid.UUID
) -> Demand:
    """Join a demand to another one for the same thing; that one's answer is its answer.

    :raises NotPermitted: if the actor answers none.
    :raises DataDemandMissing: if one of them is unknown.
    :raises DataDemandEventNotAllowed: if it is no longer waiting, or the other one was joined.
    """
    actor.require("data_demand:answer")
    first, second = sorted((demand_id, into))  # two that are joined to each other do not wait
    locked = {each: await store.lock(tx, each) for each in (first, second)}
    before, other = locked[demand_id], locked[into]
    if before is None or other is None or demand_id == into:
        raise DataDemandMissing
    state = advance(before.state, Event.JOIN)
    if other.state is State.JOINED:
        advance(other.state, Event.JOIN)
    after = msgspec.structs.replace(before, state=state, joined_to=other.id)
    await store.update(tx, after)
    if other.state is State.ANSWERED:
        await store.count_joined(tx, other.id)
    await timers.cancel(
        tx, now=now, kind=TIMER, subject_kind=TIMER, subject_id=after.id, note="joined"
    )
    await _remember(tx, Happened.DATA_DEMAND_JOINED, after, actor=actor, now=now)
    return after


async def answer(
    tx: Tx, *, actor: Actor, now: dt.datetime, demand_id: uuid.UUID, reply: Reply
) -> Answered:
    """Answer a demand, and all that were joined to it, in words that everybody may read.

    :raises NotPermitted: if the actor answers none.
    :raises DataDemandMissing: if there is none.
    :raises DataDemandEventNotAllowed: if it was joined or answered.
    :raises DataDemandAnswerPersonal: if the answer names a person.
    :raises DataDemandAnswerUnfounded: if what is planned or open already is not named, or is not.
    """
    actor.require("data_demand:answer")
    before = await store.lock(tx, demand_id)
    if before is None:
        raise DataDemandMissing
    state = advance(before.state, Event.ANSWER)
    answering.check_reply(reply)
    if not await _is_founded(tx, reply):
        raise DataDemandAnswerUnfounded(outcome=reply.outcome.value)
    after = msgspec.structs.replace(before, state=state, answered_at=now)
    await store.update(tx, after)
    await store.put_answer(tx, after.id, reply, now=now)
    await timers.meet(tx, now=now, kind=TIMER, subject_kind=TIMER, subject_id=after.id)
    await _remember(tx, Happened.DATA_DEMAND_ANSWERED, after, actor=actor, now=now, reply=reply)
    found = await store.find_answer(tx, after.id)
    assert found is not None, "it was put there"
    return found


async def _is_founded(tx: Tx, reply: Reply) -> bool:
    if reply.plan_item_id is not None:
        return await store.is_promised(tx, reply.plan_item_id)
    if reply.product_id is not None:
        return await open_data.is_open(tx, product_id=reply.product_id)
    return True


async def _remember(
    tx: Tx,
    event: Happened,
    demand: Demand,
    *,
    actor: Actor,
    now: dt.datetime,
    reply: Reply | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("data_demand", str(demand.id))],
        facts={
            "joined_to": None if demand.joined_to is None else str(demand.joined_to),
            "outcome": None if reply is None else reply.outcome.value,
        },
        after={"state": demand.state.value},
        rules=("GD-08", "GS-3"),
    )
