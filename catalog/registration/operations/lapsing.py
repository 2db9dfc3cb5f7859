"""Let an application lapse whose corrections did not come in the days set for them (逾期未补正, A10).

Under 国数综政策〔2026〕35号 第十七条 it counts as never filed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.notifications.topics import Topic
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import State
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers

CORRECTION: Final = "correction"


async def lapse(tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID) -> bool:
    """Close an application that was not corrected in time; the product may be applied for afresh.

    Tell False if there was nothing to do.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("application:lapse")
    application = await casework.lock_free(tx, application_id=application_id)
    if application is None or application.state is not State.CORRECTION_REQUIRED:
        return False
    book = await casework.rulebook_of(tx, application)
    unfiled = book.correction_unanswered_is_unfiled
    lapsed = await casework.move(
        tx,
        application=application,
        event=Happening.DEEM_UNFILED if unfiled else Happening.LAPSE,
        now=now,
    )
    if unfiled:
        await fees.drop(
            tx, now=now, application_kind=ApplicationKind.FIRST, subject_id=application.id
        )
    await timers.cancel_all(
        tx, now=now, subject_kind="application", subject_id=application.id, note="lapsed"
    )
    await casework.send_applicant(
        tx,
        lapsed,
        now=now,
        topic=Topic.APPLICATION_LAPSED,
        facts={"application_number": application.application_number},
    )
    await audit_log.append(
        tx,
        Event.APPLICATION_LAPSED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        before={"state": application.state.value},
        after={"state": lapsed.state.value},
        rules=casework.cites(application, Step.LAPSE),
    )
    await casework.end_handling(tx, application=lapsed, now=now)
    return True
