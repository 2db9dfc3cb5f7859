"""Award a selection, or state that it failed; take the bureau's remarks (定选、失败、监督意见), HN-23."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.agency_selection import award as rules
from catalog.agency_selection import ranking, store
from catalog.agency_selection.model import Remark, RemarkKind, Selection
from catalog.agency_selection.operations import casework
from catalog.agency_selection.states import Event as Happening
from catalog.agency_selection.states import State, advance
from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning

CYCLE: Final = "agency_cycle"


async def award(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    selection_id: uuid.UUID,
    result: str,
) -> Selection:
    """Choose the best who qualify, two at least; the result is public, the next cycle runs (D8).

    Nobody picks: the winners are the first of the ranking, as many as were announced.

    :raises NotPermitted: if the actor may not run selections.
    :raises Missing: if there is no such selection of the actor's operator.
    :raises AgencySelectionEventNotAllowed: if the bids are not ranked.
    :raises FewerThanTwoAgencies: if fewer than two qualify.
    :raises ResultMissing: if everybody is told nothing.
    """
    actor.require("agency_selection:run")
    selection = await casework.lock_own(tx, actor, selection_id)
    state = advance(selection.state, Happening.AWARD)
    ranking.check_result(result)
    book = await casework.rulebook_of(tx, selection)
    chosen = ranking.winners(selection.ranking, selection.seats, book)
    awarded = msgspec.structs.replace(
        selection, state=state, winners=chosen, awarded_at=now, result=result
    )
    await store.update(tx, awarded)
    for each in await store.list_of_operator(tx, actor.party):
        with contextlib.suppress(TimerNotRunning):
            await timers.meet(
                tx, now=now, kind=CYCLE, subject_kind="agency_selection", subject_id=each.id
            )
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=CYCLE,
        subject_kind="agency_selection",
        subject_id=selection.id,
        against="supermarket_operator",
        rulebook=book.code,
        period=book.agency_cycle,
        started_on=local_date(now),
        party_id=actor.party,
    )
    await _tell_result(tx, awarded, now=now)
    await casework.remember(
        tx,
        Event.AGENCY_SELECTION_AWARDED,
        awarded,
        actor=actor,
        now=now,
        before=selection,
        facts={"winners": chosen},
        reason=result,
    )
    return awarded


async def fail(
    tx: Tx, *, actor: Actor, now: dt.datetime, selection_id: uuid.UUID, result: str
) -> Selection:
    """State that fewer than two bid or qualify; the selection is to be announced again.

    :raises NotPermitted: if the actor may not run selections.
    :raises Missing: if there is no such selection of the actor's operator.
    :raises AgencySelectionEventNotAllowed: if it can not fail as it stands.
    :raises SelectionNotFailed: if two or more bid, or qualify.
    :raises ResultMissing: if everybody is told nothing.
    """
    actor.require("agency_selection:run")
    selection = await casework.lock_own(tx, actor, selection_id)
    state = advance(selection.state, Happening.FAIL)
    ranking.check_result(result)
    if selection.state is State.OPENED:
        count = len(await casework.standing_bids(tx, selection))
    else:
        count = sum(each.is_qualified for each in selection.ranking)
    ranking.check_failed(count, await casework.rulebook_of(tx, selection))
    failed = msgspec.structs.replace(selection, state=state, failed_at=now, result=result)
    await store.update(tx, failed)
    await _tell_result(tx, failed, now=now)
    await casework.remember(
        tx,
        Event.AGENCY_SELECTION_FAILED,
        failed,
        actor=actor,
        now=now,
        before=selection,
        facts={"qualified": count},
        reason=result,
    )
    return failed


async def remark(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    kind: RemarkKind,
    text: str,
) -> Remark:
    """Comment or object, as the bureau (HN-23); while an objection stands nobody is contracted.

    :raises NotPermitted: if the actor does not supervise.
    :raises Missing: if there is no such selection.
    :raises RemarkTextMissing: if it says nothing.
    """
    actor.require("agency_selection:supervise")
    selection = await casework.lock(tx, selection_id)
    rules.check_text(text)
    made = Remark(
        id=new_id(),
        selection_id=selection.id,
        kind=kind,
        text=text,
        authority_party_id=actor.party,
        made_by=actor.account_id,
        made_at=now,
    )
    await store.insert_remark(tx, made)
    await casework.tell(
        tx,
        selection,
        Topic.AGENCY_SELECTION_REMARKED,
        to=[selection.operator_party_id],
        now=now,
        text=text,
    )
    await casework.remember(
        tx,
        Event.AGENCY_SELECTION_REMARKED,
        selection,
        actor=actor,
        now=now,
        facts={"remark_id": made.id, "kind": kind},
        reason=text,
    )
    return made


async def settle(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    remark_id: uuid.UUID,
    settlement: str,
) -> Remark:
    """Take an objection back, as the bureau, because it was settled.

    :raises NotPermitted: if the actor does not supervise.
    :raises Missing: if there is no such selection, or no such remark of the actor's bureau.
    :raises NothingToSettle: if it is a comment, or was settled before.
    :raises RemarkTextMissing: if it is not said how.
    """
    actor.require("agency_selection:supervise")
    selection = await casework.lock(tx, selection_id)
    found = await store.lock_remark(tx, remark_id)
    if (
        found is None
        or found.selection_id != selection.id
        or found.authority_party_id != actor.party
    ):
        raise Missing
    rules.check_settling(found)
    rules.check_text(settlement)
    settled = msgspec.structs.replace(found, settled_at=now, settlement=settlement)
    await store.settle_remark(tx, settled)
    await casework.remember(
        tx,
        Event.AGENCY_SELECTION_SETTLED,
        selection,
        actor=actor,
        now=now,
        facts={"remark_id": settled.id},
        reason=settlement,
    )
    return settled


async def _tell_result(tx: Tx, selection: Selection, *, now: dt.datetime) -> None:
    bids = await casework.standing_bids(tx, selection)
    authority = await casework.authority_of(tx, selection.operator_party_id, now)
    await casework.tell(
        tx,
        selection,
        Topic.AGENCY_SELECTION_RESULT,
        to=[authority, *(bid.agency_party_id for bid in bids)],
        now=now,
        result=selection.result or "",
    )
