"""Do what days bring about: prices begin and end, and are held under a ceiling that began (生效、失效)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.pricing import ceilings, deadlines, store
from market.pricing.model import Ceiling, Filing, FilingId
from market.pricing.operations.casework import (
    lock,
    move,
    remember,
    start_clock,
    stop_clocks,
)
from market.pricing.states import HOLDING, Event, allows


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[FilingId]:
    """Return filings whose first day has come or whose last day is over."""
    today = local_date(now)
    begin_ = await store.find_due_to_begin(tx, today=today, limit=limit)
    return begin_ + await store.find_due_to_end(tx, today=today, limit=limit)


async def take_turn(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, filing_id: FilingId
) -> Filing | None:
    """Let a filing begin or end, if its day has come and nobody else did it meanwhile.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("pricing:turn")
    before = await lock(tx, filing_id)
    today = local_date(now)
    if store.is_to_begin(before) and before.terms.effective_from <= today:
        return await begin(tx, before, actor=actor, now=now, calendar=calendar)
    ends = before.terms.effective_to
    if before.state in HOLDING and ends is not None and ends < today:
        after = await move(tx, before, Event.EXPIRE, now=now)
        await stop_clocks(tx, after, now=now, note="expired")
        await remember(tx, Happened.PRICING_EXPIRED, after, actor=actor, now=now)
        return after
    return None


async def begin(
    tx: Tx, before: Filing, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Filing:
    """Let prices take effect in the place of those before them; a part of another command.

    Above a ceiling that was laid down meanwhile they do not begin: they are a draft again.
    """
    await store.take_turns(tx, before.product_id)
    laid_down = await store.list_ceilings(tx, before.product_id)
    over = ceilings.fault(before.terms, local_date(now), laid_down)
    if over is not None:
        return await to_draft(
            tx,
            before,
            Event.REJECT_OVER_CEILING,
            missing=(over,),
            actor=actor,
            now=now,
            calendar=calendar,
        )
    for earlier in await store.lock_replaced(tx, before):
        # The old price holds until the new one does, and not a moment longer (§6.1 amend).
        replaced = await move(tx, earlier, Event.SUPERSEDE, now=now)
        await stop_clocks(tx, replaced, now=now, note="superseded")
        await remember(tx, Happened.PRICING_SUPERSEDED, replaced, actor=actor, now=now)
    effective = await move(tx, before, Event.TAKE_EFFECT, now=now)
    await remember(tx, Happened.PRICING_EFFECTIVE, effective, actor=actor, now=now)
    return effective


async def to_draft(
    tx: Tx,
    before: Filing,
    event: Event,
    *,
    missing: tuple[str, ...],
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> Filing:
    """Make a filing a draft again that says what is wrong; its clock begins anew; a part of a command."""
    returned = await move(tx, before, event, now=now, returned_for=missing)
    await stop_clocks(tx, returned, now=now, note=event.value)
    await start_clock(
        tx,
        returned,
        deadlines.FILING,
        period=deadlines.FILED_WITHIN,
        against=deadlines.SUPPLIER,
        now=now,
        calendar=calendar,
    )
    await remember(tx, Happened.PRICING_RETURNED, returned, actor=actor, now=now)
    return returned


async def hold_under(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, product_id: uuid.UUID
) -> list[Filing]:
    """Stop what is above the ceilings in force today, and tell its supplier; a part of a command.

    Prices in effect no longer count for new orders (running ones keep theirs); what was only filed
    or recorded is a draft again.
    """
    laid_down = await store.list_ceilings(tx, product_id)
    held = []
    for before in await store.lock_of_product(tx, product_id):
        on = max(before.terms.effective_from, local_date(now))
        over = ceilings.fault(before.terms, on, laid_down)
        if over is None:
            continue
        if allows(before.state, Event.REJECT_OVER_CEILING):
            held.append(
                await to_draft(
                    tx,
                    before,
                    Event.REJECT_OVER_CEILING,
                    missing=(over,),
                    actor=actor,
                    now=now,
                    calendar=calendar,
                )
            )
        elif allows(before.state, Event.CHANGE_CEILING):
            held.append(
                await _stop_above(tx, before, actor=actor, now=now, calendar=calendar, over=over)
            )
    return held


async def list_ceilings_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return ceilings whose first day has come and under which nothing was held yet."""
    return await store.find_ceilings_due(tx, today=local_date(now), limit=limit)


async def apply_ceiling(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, ceiling_id: uuid.UUID
) -> Ceiling | None:
    """Hold the filings of its product under a ceiling that begins, once.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("pricing:turn")
    ceiling = await store.lock_ceiling(tx, ceiling_id)
    if ceiling is None or ceiling.applied_at is not None:
        return None
    applied = msgspec.structs.replace(ceiling, applied_at=now)
    await store.mark_applied(tx, applied)
    await hold_under(tx, actor=actor, now=now, calendar=calendar, product_id=ceiling.product_id)
    return applied


async def _stop_above(
    tx: Tx, before: Filing, *, actor: Actor, now: dt.datetime, calendar: Calendar, over: str
) -> Filing:
    stopped = await move(tx, before, Event.CHANGE_CEILING, now=now, returned_for=(over,))
    await stop_clocks(tx, stopped, now=now, note="ceiling_changed")
    timer = await start_clock(
        tx,
        stopped,
        deadlines.FILING,
        period=deadlines.FILED_WITHIN,
        against=deadlines.SUPPLIER,
        now=now,
        calendar=calendar,
    )
    await notifications.send(
        tx,
        now=now,
        to=stopped.supplier_party_id,
        topic=Topic.PRICE_ABOVE_NEW_CEILING,
        subject=Subject(deadlines.SUBJECT, str(stopped.id)),
        facts={
            "filing_number": stopped.filing_number,
            "due_on": timer.due_on.isoformat(),
        },
    )
    await remember(tx, Happened.PRICING_NON_COMPLIANT, stopped, actor=actor, now=now)
    return stopped
