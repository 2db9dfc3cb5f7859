"""Tell who objects that the notice is over and the objection still holds the application up (§5.1)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.db import Tx
from catalog.notices import queries as notices
from catalog.notifications.topics import Topic
from catalog.objections import store
from catalog.objections.operations import casework
from catalog.objections.states import OPEN


async def tell_objectors(tx: Tx, *, now: dt.datetime, application_id: uuid.UUID) -> int:
    """Tell everybody whose objection to an application is open; return how many there are.

    Part of the command that ended its notice, which remembers.
    """
    notice = await notices.find_current(tx, application_id)
    assert notice is not None, "what ended was there"
    assert notice.ends_on is not None, "what ended has its last day"
    assert notice.result is not None, "what ended has its result"
    found = await store.list_of_application(tx, application_id)
    waiting = [each for each in found if each.state in OPEN and each.certificate_number is None]
    for objection in waiting:
        await casework.tell(
            tx,
            objection,
            objection.objector_party_id,
            topic=Topic.NOTICE_ENDED,
            now=now,
            application_number=notice.public_fields.application_number,
            ends_on=notice.ends_on.isoformat(),
            result=notice.result.value,
        )
    return len(waiting)
