"""Announce a public comparison (比选公告), HN-23."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from catalog.agency_selection import announcing, store
from catalog.agency_selection.model import Criterion, Qualification, Selection, SelectionId
from catalog.agency_selection.operations import casework
from catalog.agency_selection.states import State
from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import end_of_day, local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning

RESELECTION: Final = "agency_reselection"


async def announce(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    selection_number: str,
    title: str,
    criteria: tuple[Criterion, ...],
    qualifications: tuple[Qualification, ...],
    bids_until: dt.date,
    panel_size: int,
    seats: int,
    follows: uuid.UUID | None = None,
) -> Selection:
    """Announce a selection to everybody; the bureau is told. Nothing of it is changed afterwards.

    :raises NotPermitted: if the actor may not run selections.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises AnnouncementIncomplete: if criteria, qualifications or seats are not as they must be.
    :raises BidWindowTooShort: if the bids may not come in long enough.
    :raises SelectionNumberUsed: if the number was used before.
    :raises Missing: if the one that it follows is not a failed one of the actor's operator.
    """
    actor.require("agency_selection:run")
    authority = await casework.authority_of(tx, actor.party, now)
    book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=local_date(now))
    announcing.check_announcement(
        title=title,
        criteria=criteria,
        qualifications=qualifications,
        panel_size=panel_size,
        seats=seats,
        rulebook=book,
    )
    announcing.check_days(local_date(now), bids_until, book, calendar)
    await store.lock_operator(tx, actor.party)
    before = await store.list_of_operator(tx, actor.party)
    announcing.check_beside(before, selection_number=selection_number, follows=follows)
    selection = Selection(
        id=SelectionId(new_id()),
        selection_number=selection_number,
        title=title,
        operator_party_id=actor.party,
        rulebook=book.code,
        state=State.OPEN,
        criteria=criteria,
        qualifications=qualifications,
        panel_size=panel_size,
        seats=seats,
        announced_at=now,
        announced_by=actor.account_id,
        bids_until=bids_until,
        closes_at=end_of_day(bids_until),
        follows=None if follows is None else SelectionId(follows),
    )
    await store.insert(tx, selection)
    await _end_reminders(tx, before, now=now)
    await casework.tell(
        tx,
        selection,
        Topic.AGENCY_SELECTION_ANNOUNCED,
        to=[authority],
        now=now,
        bids_until=bids_until.isoformat(),
    )
    await _remember(tx, selection, actor=actor, now=now)
    return selection


async def _end_reminders(tx: Tx, before: Sequence[Selection], *, now: dt.datetime) -> None:
    """End the reminder that agencies are to be chosen again, which at most the newest award has."""
    for each in before:
        with contextlib.suppress(TimerNotRunning):
            await timers.meet(
                tx,
                now=now,
                kind=RESELECTION,
                subject_kind="agency_selection",
                subject_id=each.id,
            )


async def _remember(tx: Tx, selection: Selection, *, actor: Actor, now: dt.datetime) -> None:
    await casework.remember(
        tx,
        Event.AGENCY_SELECTION_ANNOUNCED,
        selection,
        actor=actor,
        now=now,
        facts={
            "selection_number": selection.selection_number,
            "criteria": selection.criteria,
            "qualifications": selection.qualifications,
            "bids_until": selection.bids_until,
            "panel_size": selection.panel_size,
            "seats": selection.seats,
            "follows": selection.follows,
        },
    )
