"""Lock, save and remember an incident: the first and the last step of every command on it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from market.incidents import store
from market.incidents.model import (
    Incident,
)

REPORTING: Final = "incident_report"


async def lock(tx: Tx, *, actor: Actor, incident_id: uuid.UUID) -> Incident:
    """Lock and return an incident for one who handles it.

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    """
    actor.require("incident:handle")
    incident = await store.lock(tx, incident_id)
    if incident is None:
        raise Missing
    return incident


async def save(
    tx: Tx,
    incident: Incident,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    before: Incident,
    **entry: Any,
) -> Incident:
    """Write back an incident that is held locked, and remember what happened to it."""
    await store.update(tx, incident)
    return await remember(
        tx,
        incident,
        event,
        actor=actor,
        now=now,
        before={"state": before.state.value},
        after={"state": incident.state.value},
        **entry,
    )


async def remember(
    tx: Tx, incident: Incident, event: Event, *, actor: Actor, now: dt.datetime, **entry: Any
) -> Incident:
    """Remember what happened to an incident, and return it."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("incident", str(incident.id))],
        rules=("HN-22",),
        **entry,
    )
    return incident
