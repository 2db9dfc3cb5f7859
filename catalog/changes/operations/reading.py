"""Read a change, and remember it when it is not one's own (查阅留痕, HN-26, HN-28, A49)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.changes import queries
from catalog.changes.model import ChangeFile
from catalog.changes.operations.casework import SUBJECT
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx


async def open_file(tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID) -> ChangeFile:
    """Return a change with all that belongs to it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, change_id=change_id)
    if actor.party not in {found.change.registrant_party_id, found.change.agent_party_id}:
        await audit_log.append(
            tx,
            Event.MATERIAL_READ,
            actor=actor,
            now=now,
            subjects=[Subject(SUBJECT, str(change_id))],
            facts={"clearance": actor.clearance.value},
            rules=("HN-26", "HN-28"),
        )
    return found
