"""Keep the drills of the emergency plan (应急演练, HN-22(b))."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from market.incidents import reporting, store
from market.incidents.model import (
    Drill,
)


async def record_drill(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    held_on: dt.date,
    scenario: str,
    findings: str,
    improvements: str,
) -> Drill:
    """Record a drill of the emergency plan (应急演练, HN-22(b)).

    :raises NotPermitted: if the actor handles no incidents.
    :raises IncidentTextMissing: if it is not said what was practised and what was found.
    """
    actor.require("incident:handle")
    reporting.check_text(scenario)
    reporting.check_text(findings)
    drill = Drill(
        id=new_id(),
        operator_party_id=actor.party,
        held_on=held_on,
        scenario=scenario,
        findings=findings,
        improvements=improvements,
        recorded_by=actor.account_id,
        recorded_at=now,
    )
    await store.insert_drill(tx, drill)
    await audit_log.append(
        tx,
        Event.DRILL_RECORDED,
        actor=actor,
        now=now,
        subjects=[Subject("drill", str(drill.id))],
        facts={"held_on": held_on, "scenario": scenario},
        rules=("HN-22",),
    )
    return drill
