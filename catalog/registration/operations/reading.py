"""Read an application, and remember it when it is not one's own (查阅留痕, HN-26, HN-28, A49)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.registration import queries
from catalog.registration.model import ApplicationFile


async def open_file(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID
) -> ApplicationFile:
    """Return an application with all that belongs to it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, application_id=application_id)
    own = {found.application.applicant_party_id, found.application.agent_party_id}
    if actor.party not in own:
        await audit_log.append(
            tx,
            Event.MATERIAL_READ,
            actor=actor,
            now=now,
            subjects=[Subject("application", str(application_id))],
            facts={"clearance": actor.clearance.value},
            rules=("HN-26", "HN-28"),
        )
    return found
