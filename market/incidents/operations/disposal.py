"""Triage, contain, dismiss, explain and close an incident (研判、处置、查因、办结, HN-22(a))."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.timers import operations as timers
from market.incidents import reporting
from market.incidents.model import (
    HarmedInterest,
    Incident,
    LawField,
    Measure,
)
from market.incidents.operations import casework
from market.incidents.states import Event as Happening
from market.incidents.states import advance


async def triage(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    incident_id: uuid.UUID,
    law_field: LawField,
    harmed_interest: HarmedInterest,
) -> Incident:
    """Say into which field of law it falls and whose interest it harms (研判).

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises IncidentEventNotAllowed: if it was triaged or dismissed.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    triaged = msgspec.structs.replace(
        incident,
        state=advance(incident.state, Happening.TRIAGE),
        law_field=law_field,
        harmed_interest=harmed_interest,
    )
    return await casework.save(
        tx,
        triaged,
        Event.INCIDENT_TRIAGED,
        actor=actor,
        now=now,
        before=incident,
        facts={"law_field": law_field, "harmed_interest": harmed_interest},
    )


async def dismiss(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, reason: str
) -> Incident:
    """Say that it is no incident after all, and why; no report is owed (不构成事件).

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises IncidentTextMissing: if no reason is given.
    :raises IncidentEventNotAllowed: if it was contained, or ended.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.DISMISS)
    reporting.check_text(reason)
    dismissed = msgspec.structs.replace(incident, state=state, conclusion=reason, ended_at=now)
    await timers.cancel(
        tx,
        now=now,
        kind=casework.REPORTING,
        subject_kind="incident",
        subject_id=incident.id,
        note="dismissed",
    )
    return await casework.save(
        tx,
        dismissed,
        Event.INCIDENT_DISMISSED,
        actor=actor,
        now=now,
        before=incident,
        reason=reason,
    )


async def contain(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, measure: str
) -> Incident:
    """Record a measure that ends the harm (必要的处置措施); a further one may follow.

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises IncidentTextMissing: if nothing is said.
    :raises IncidentEventNotAllowed: if it was not triaged, or is reported already.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.CONTAIN)
    reporting.check_text(measure)
    taken = Measure(text=measure, taken_by=actor.account_id, taken_at=now)
    contained = msgspec.structs.replace(incident, state=state, measures=(*incident.measures, taken))
    return await casework.save(
        tx,
        contained,
        Event.INCIDENT_CONTAINED,
        actor=actor,
        now=now,
        before=incident,
        facts={"measure": measure},
    )


async def find_root_cause(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, root_cause: str
) -> Incident:
    """Say what was at the root of it (查明原因).

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises IncidentTextMissing: if nothing is said.
    :raises IncidentEventNotAllowed: if those whom it harms were not told, or it is found already.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.FIND_ROOT_CAUSE)
    reporting.check_text(root_cause)
    found = msgspec.structs.replace(incident, state=state, root_cause=root_cause)
    return await casework.save(
        tx,
        found,
        Event.INCIDENT_ROOT_CAUSE_FOUND,
        actor=actor,
        now=now,
        before=incident,
        facts={"root_cause": root_cause},
    )


async def close(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, conclusion: str
) -> Incident:
    """Close it when its cause is known and the authority has given its receipt (办结).

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises IncidentTextMissing: if nothing is concluded.
    :raises IncidentNotReported: if there is no receipt.
    :raises IncidentEventNotAllowed: if its cause is not known, or it ended.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.CLOSE)
    reporting.check_text(conclusion)
    reporting.check_receipt(incident)
    closed = msgspec.structs.replace(incident, state=state, conclusion=conclusion, ended_at=now)
    return await casework.save(
        tx,
        closed,
        Event.INCIDENT_CLOSED,
        actor=actor,
        now=now,
        before=incident,
        reason=conclusion,
    )
