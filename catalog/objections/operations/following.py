"""Let open objections follow the right to the certificate that takes the old one's place (HN-19, HN-20).

An objection disputes the registered right, not a piece of paper, as a burden lies on the right. Whoever
takes the certificate over by a judgment takes it with the dispute, and is heard in it.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.certificates.model import Certificate
from catalog.certificates.operations import objections as certificates
from catalog.files import operations as files
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, store
from catalog.objections.model import Closing, Objection
from catalog.objections.operations import casework, closing
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance
from catalog.timers import queries as timers


async def follow(tx: Tx, *, now: dt.datetime, certificate_number: str) -> int:
    """Move the objections that are open against a certificate to the one that took its place.

    Part of the command that issued the new one; nothing happens if there is none. Returns how many
    are open against the new one.
    """
    async with beyond_own_rows(tx):
        waiting = await store.list_open_of_certificate(tx, certificate_number)
        if not waiting:
            return 0
        present = await certificates.hand_on(
            tx, certificate_number=certificate_number, open_objections=len(waiting)
        )
        if present is None:
            return 0
        left = 0
        for objection_id in waiting:
            left += await _follow(tx, objection_id, present, now=now)
        return left


async def _follow(
    tx: Tx, objection_id: uuid.UUID, present: Certificate, *, now: dt.datetime
) -> bool:
    """Move one objection; tell False if it is over, because the judgment gave the objector the right."""
    before = await casework.lock(tx, objection_id)
    holder = present.registrant_party_id
    is_merged = holder == before.objector_party_id
    followed = msgspec.structs.replace(
        before,
        certificate_number=present.number,
        state=before.state if is_merged else advance(before.state, Happening.FOLLOW_THE_RIGHT),
    )
    if not is_merged and holder != before.registrant_party_id:
        followed = await _change_sides(tx, before, followed, holder, now=now)
    await store.update(tx, followed)
    await casework.remember(
        tx,
        Event.OBJECTION_FOLLOWED,
        followed,
        actor=tx.actor,
        now=now,
        before=before,
        facts={"from_certificate": before.certificate_number, "registrant_party_id": holder},
    )
    if is_merged:
        await closing.close(
            tx,
            actor=tx.actor,
            now=now,
            objection=followed,
            event=Happening.MERGE,
            closing=Closing.BY_INSTRUMENT,
        )
    return not is_merged


async def _change_sides(
    tx: Tx, before: Objection, moved: Objection, holder: PartyId, *, now: dt.datetime
) -> Objection:
    """Let the new holder take the old one's place: it is forwarded to, or reads what is there.

    Whoever had not answered yet has nothing to answer any more; the new holder's days begin with
    its own receipt. What the old holder answered stands.
    """
    followed = msgspec.structs.replace(moved, registrant_party_id=holder)
    await files.end_reading(tx, party_id=before.registrant_party_id, case_id=before.id, now=now)
    if before.forwarded_at is None:
        return followed
    if before.state is not State.AWAITING_RESPONSE:
        shown = [each for each in before.evidence if not each.is_confidential]
        await casework.let_read(tx, followed, reader=holder, evidence=shown, now=now)
        await casework.tell(
            tx,
            followed,
            holder,
            topic=Topic.OBJECTION_FORWARDED,
            now=now,
            grounds="、".join(ground.value for ground in before.grounds),
        )
        return followed
    await casework.cancel_clock(tx, before, deadlines.RESPONSE, now=now)
    book = await casework.rulebook_of(tx, before)
    calendar = await timers.get_calendar(tx)
    await casework.start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=followed,
        kind=deadlines.FORWARDING,
        period=book.objection_forwarding,
        started_on=local_date(now),
    )
    return msgspec.structs.replace(
        followed,
        forward_due_on=deadlines.forward_by(local_date(now), book, calendar).last_day,
        forwarded_at=None,
        receipt=None,
        forward_notification_id=None,
        response_started_on=None,
        response_due_on=None,
    )
