"""Write a yearly plan, publish it, add to it, say what became of what it promised (年度计划)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing, Refused, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from market.open_data import queries as open_data
from market.open_plans import planning, queries, store
from market.open_plans.model import (
    Draft,
    Item,
    ItemId,
    Plan,
    PlanFile,
    PlanId,
    Postponement,
    Promise,
)
from market.open_plans.queries import OpenPlanMissing
from market.open_plans.states import Event, State, advance

TIMER: Final = "open_plan"
_RULEBOOK: Final = HAINAN_2023.code
BATCH: Final = 100


class OpenPlanPublished(Conflict):
    """The plan of the year is published; it grows, and what it promised is opened or postponed."""

    code = "open_plan_published"


class OpenPlanEmpty(Invalid):
    """A plan that is published promises something."""

    code = "open_plan_empty"


class OpenPlanProductNotOpen(Refused):
    """A promise is kept by a product that is open data; this one is not."""

    code = "open_plan_product_not_open"


class OpenPlanItemMissing(Missing):
    """No published plan has such a promise."""

    code = "not_found"


async def write(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    year: int,
    draft: Draft,
    expected_version: int | None = None,
) -> PlanFile:
    """Write the plan of a year, or write it anew as long as it is not published.

    ``expected_version`` is the one that was read, 0 if there was none; None writes over any.

    :raises NotPermitted: if the actor plans nothing.
    :raises OpenPlanPublished: if it is published.
    :raises VersionStale: if it was changed since ``expected_version``.
    """
    actor.require("open_plan:write")
    before = await store.lock(tx, year)
    plan = Plan(
        id=PlanId(new_id()),
        year=year,
        title=draft.title,
        text=draft.text,
        version=1,
        updated_at=now,
        due_on=planning.plan_due_on(year),
    )
    if before is not None:
        if before.published_at is not None:
            raise OpenPlanPublished
        if expected_version not in (None, before.version):
            raise VersionStale(version=before.version)
        plan = msgspec.structs.replace(
            plan, id=before.id, version=before.version + 1, due_on=before.due_on
        )
        await store.update(tx, plan)
    elif not await store.insert(tx, plan):
        raise OpenPlanPublished  # somebody else began it this moment
    items = [_item(plan, number, said) for number, said in enumerate(draft.items, 1)]
    await store.put_items(tx, plan.id, items)
    await _remember(tx, Happened.OPEN_PLAN_WRITTEN, plan, actor=actor, now=now)
    return await queries.get(tx, year=year, now=now)


async def publish(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    year: int,
    expected_version: int | None = None,
) -> PlanFile:
    """Publish the plan of a year; its clock is met, and that of the next year's begins (D18).

    ``expected_version`` is the draft that was read; None publishes any.

    :raises NotPermitted: if the actor plans nothing.
    :raises OpenPlanMissing: if there is none.
    :raises OpenPlanPublished: if it is published.
    :raises VersionStale: if the draft was changed since ``expected_version``.
    :raises OpenPlanEmpty: if it promises nothing.
    """
    actor.require("open_plan:write")
    before = await _lock(tx, year)
    if before.published_at is not None:
        raise OpenPlanPublished
    if expected_version not in (None, before.version):
        raise VersionStale(version=before.version)
    if not await store.list_items(tx, before.id):
        raise OpenPlanEmpty
    after = msgspec.structs.replace(
        before, version=before.version + 1, updated_at=now, published_at=now
    )
    await store.update(tx, after)
    if await timers.was_started(tx, kind=TIMER, subject_kind=TIMER, subject_id=after.id):
        await timers.meet(tx, now=now, kind=TIMER, subject_kind=TIMER, subject_id=after.id)
    await _begin_next(tx, after, now=now, calendar=calendar)
    await _remember(tx, Happened.OPEN_PLAN_PUBLISHED, after, actor=actor, now=now)
    return await queries.get(tx, year=year, now=now)


async def add(tx: Tx, *, actor: Actor, now: dt.datetime, year: int, promise: Promise) -> PlanFile:
    """Add a promise to a published plan: it grows through the year (动态更新).

    :raises NotPermitted: if the actor plans nothing.
    :raises OpenPlanMissing: if no plan of that year is published.
    """
    actor.require("open_plan:write")
    plan = await _lock(tx, year)
    if plan.published_at is None:
        raise OpenPlanMissing
    number = 1 + len(await store.list_items(tx, plan.id))
    item = _item(plan, number, promise)
    await store.insert_item(tx, item)
    await _remember_item(tx, Happened.OPEN_PLAN_ITEM_ADDED, item, actor=actor, now=now)
    return await queries.get(tx, year=year, now=now)


async def keep(
    tx: Tx, *, actor: Actor, now: dt.datetime, item_id: uuid.UUID, product_id: uuid.UUID
) -> Item:
    """Say by which product a promise is kept: one that is open data.

    :raises NotPermitted: if the actor plans nothing.
    :raises OpenPlanItemMissing: if no published plan has it.
    :raises OpenPlanItemEventNotAllowed: if it is kept already.
    :raises OpenPlanProductNotOpen: if the product is not open.
    """
    actor.require("open_plan:write")
    before = await _lock_item(tx, item_id)
    state = advance(before.state, Event.OPEN)
    if not await open_data.is_open(tx, product_id=product_id):
        raise OpenPlanProductNotOpen
    after = msgspec.structs.replace(before, state=state, product_id=product_id, opened_at=now)
    await store.update_item(tx, after)
    await _remember_item(tx, Happened.OPEN_PLAN_ITEM_OPENED, after, actor=actor, now=now)
    return after


async def postpone(
    tx: Tx, *, actor: Actor, now: dt.datetime, item_id: uuid.UUID, until: Postponement
) -> Item:
    """Put off what was promised, with a reason that everybody reads.

    :raises NotPermitted: if the actor plans nothing.
    :raises OpenPlanItemMissing: if no published plan has it.
    :raises OpenPlanItemEventNotAllowed: if it is kept already.
    :raises OpenPlanPostponedBackwards: if it would not be due later.
    """
    actor.require("open_plan:write")
    before = await _lock_item(tx, item_id)
    state = advance(before.state, Event.POSTPONE)
    planning.check_later(before, due_year=until.due_year, due_quarter=until.due_quarter)
    after = msgspec.structs.replace(
        before,
        state=state,
        due_year=until.due_year,
        due_quarter=until.due_quarter,
        reason=until.reason,
    )
    await store.update_item(tx, after)
    await _remember_item(tx, Happened.OPEN_PLAN_ITEM_POSTPONED, after, actor=actor, now=now)
    return after


async def tell_overdue(tx: Tx, *, actor: Actor, now: dt.datetime) -> int:
    """Tell once, for each last day, what was promised and is not open; return how much there was.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("open_plan:tell")
    late = await store.lock_overdue(tx, today=local_date(now), limit=BATCH)
    for item in late:
        day = planning.last_day(item.due_year, item.due_quarter)
        told = msgspec.structs.replace(item, overdue_told_for=day)
        await store.update_item(tx, told)
        await _remember_item(tx, Happened.OPEN_PLAN_ITEM_OVERDUE, told, actor=actor, now=now)
    return len(late)


async def _begin_next(tx: Tx, plan: Plan, *, now: dt.datetime, calendar: Calendar) -> None:
    following = Plan(
        id=PlanId(new_id()),
        year=plan.year + 1,
        title=f"{plan.year + 1}年公共数据开放计划",
        text="",
        version=1,
        updated_at=now,
        due_on=planning.plan_due_on(plan.year + 1),
    )
    if await store.insert(tx, following):
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=TIMER,
            subject_kind=TIMER,
            subject_id=following.id,
            against="authority",
            rulebook=_RULEBOOK,
            period=planning.YEARLY,
            started_on=planning.plan_due_on(plan.year),
        )


def _item(plan: Plan, number: int, said: Promise) -> Item:
    return Item(
        id=ItemId(new_id()),
        plan_id=plan.id,
        number=number,
        department=said.department,
        title=said.title,
        field=said.field,
        due_year=plan.year,
        due_quarter=said.due_quarter,
        state=State.PLANNED,
    )


async def _lock(tx: Tx, year: int) -> Plan:
    plan = await store.lock(tx, year)
    if plan is None:
        raise OpenPlanMissing
    return plan


async def _lock_item(tx: Tx, item_id: uuid.UUID) -> Item:
    item = await store.lock_item(tx, item_id)
    if item is None:
        raise OpenPlanItemMissing
    return item


async def _remember(tx: Tx, event: Happened, plan: Plan, *, actor: Actor, now: dt.datetime) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("open_plan", str(plan.id))],
        facts={"year": plan.year, "version": plan.version},
        after={"title": plan.title, "text": plan.text},
        rules=("GD-08",),
    )


async def _remember_item(
    tx: Tx, event: Happened, item: Item, *, actor: Actor, now: dt.datetime
) -> None:
    subjects = [Subject("open_plan", str(item.plan_id))]
    if item.product_id is not None:
        subjects.append(Subject("product", str(item.product_id)))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts={
            "number": item.number,
            "department": item.department,
            "title": item.title,
            "due": f"{item.due_year} Q{item.due_quarter}",
        },
        after={"state": item.state.value},
        reason=item.reason,
        rules=("GD-08",),
    )
