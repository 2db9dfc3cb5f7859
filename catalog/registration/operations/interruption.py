"""Look after the channels of a running notice (公示中断): lost working days are given back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from catalog.notices import operations as notices
from catalog.notices.channel import Standing
from catalog.notices.states import State as NoticeState
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration.operations import casework
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers


async def record_check(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    notice_id: uuid.UUID,
    standings: Mapping[str, Standing],
) -> bool:
    """Record what was found on each channel; extend the notice when days were lost (§5.1).

    Tell False if there was nothing to do: somebody else is at it, or it does not run any more.

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if there is no such notice.
    """
    actor.require("notice:watch")
    application_id = await notices.application_of(tx, notice_id=notice_id)
    application = await casework.lock_free(tx, application_id=application_id)
    if application is None:
        return False
    before = await notices.lock(tx, notice_id=notice_id)
    if before.state is not NoticeState.RUNNING:
        return False
    after, moved = await notices.look_after(
        tx,
        now=now,
        calendar=calendar,
        rulebook=await casework.rulebook_of(tx, application),
        notice=before,
        standings=standings,
    )
    if moved is None:
        return True
    lost = after.extended_by - before.extended_by
    if lost:
        await timers.extend(
            tx,
            now=now,
            calendar=calendar,
            kind=casework.PUBLIC_NOTICE,
            subject_kind="application",
            subject_id=application.id,
            by=lost,
            note=f"notice interrupted on {moved.channel}",
        )
        assert after.ends_on is not None, "a running notice ends"
        await notifications.send(
            tx,
            now=now,
            to=after.registrant_party_id,
            topic=Topic.NOTICE_INTERRUPTED,
            subject=Subject("notice", str(after.id)),
            facts={
                "channel": moved.channel,
                "lost_working_days": lost,
                "ends_on": after.ends_on.isoformat(),
            },
        )
    await audit_log.append(
        tx,
        Event.NOTICE_INTERRUPTED if moved.up_at is None else Event.NOTICE_RESUMED,
        actor=actor,
        now=now,
        subjects=[Subject("application", str(application.id)), Subject("notice", str(after.id))],
        facts={"interruption": moved, "extended_by": lost},
        before={"ends_on": before.ends_on},
        after={"ends_on": after.ends_on},
        rules=casework.cites(application, Step.NOTICE),
    )
    return True
