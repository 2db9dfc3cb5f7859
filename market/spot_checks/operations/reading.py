"""Read a spot check, and remember it when it is not one's own (查阅留痕, HN-21, HN-26, HN-28, A49).

Which cases were drawn, and what was found of them, is as confidential as the cases. A check's own people
are who planned it and who were drawn to inspect; everybody else who may read it leaves a trace.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.spot_checks import queries, store
from market.spot_checks.model import DrawRecord, Finding, SpotCheck


async def open_check(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID
) -> SpotCheck:
    """Return a spot check with everything that stands in it.

    :raises NotPermitted: if the actor supervises nothing.
    :raises Missing: if there is none that it may see.
    """
    check = await queries.get(tx, viewer=actor, spot_check_id=spot_check_id)
    await _remember(tx, actor, now, check, part="check")
    return check


async def open_findings(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID
) -> list[Finding]:
    """Return what was found, in the order in which it was.

    :raises NotPermitted: if the actor supervises nothing.
    :raises Missing: if there is no such check that it may see.
    """
    check = await queries.get(tx, viewer=actor, spot_check_id=spot_check_id)
    await _remember(tx, actor, now, check, part="findings")
    return await queries.list_findings(tx, viewer=actor, spot_check_id=check.id)


async def open_draw(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID
) -> DrawRecord:
    """Return the record of a draw; once it is published it is everybody's, and nothing is remembered.

    :raises Missing: if there is none that the actor may see.
    """
    record = await queries.get_draw(tx, spot_check_id=spot_check_id, viewer=actor)
    check = await store.find(tx, spot_check_id)
    if check is not None and check.published_at is None:
        await _remember(tx, actor, now, check, part="draw")
    return record


async def open_of_finding(
    tx: Tx, *, actor: Actor, now: dt.datetime, finding_id: uuid.UUID
) -> SpotCheck:
    """Return the spot check to which a finding belongs, for whoever has to put it right.

    :raises NotPermitted: if the actor supervises nothing.
    :raises Missing: if there is no such finding that it may see.
    """
    check = await queries.get_of_finding(tx, viewer=actor, finding_id=finding_id)
    await _remember(tx, actor, now, check, part="findings")
    return check


async def _remember(tx: Tx, actor: Actor, now: dt.datetime, check: SpotCheck, *, part: str) -> None:
    if actor.account_id == check.planned_by or str(actor.account_id) in check.inspectors:
        return
    await audit_log.append(
        tx,
        Event.MATERIAL_READ,
        actor=actor,
        now=now,
        subjects=[Subject("spot_check", str(check.id))],
        facts={"clearance": actor.clearance.value, "sight": "full", "part": part},
        rules=("HN-21", "HN-26", "HN-28"),
    )
