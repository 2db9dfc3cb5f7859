"""Record what came of a batch, and make an incident of what is not as it was kept (复核)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from market.incidents.model import EvidenceFile, LawField, Source
from market.incidents.operations import detection
from market.retention import queries, store
from market.retention.model import Batch, Kind, Recheck, Wrong


class RecheckOvertaken(Conflict):
    """Somebody else recorded this batch meanwhile."""

    code = "recheck_overtaken"


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    batch: Batch,
    position: str | None,
    is_last: bool,
    checked_count: int,
    wrong: Sequence[Wrong],
) -> Recheck:
    """Record a batch that was checked; each thing that is wrong becomes an incident, once.

    :raises NotPermitted: if the actor checks nothing again.
    :raises RecheckOvertaken: if the batch was recorded meanwhile.
    """
    actor.require("retention:recheck")
    await store.lock(tx)
    if await queries.next_batch(tx, viewer=actor, kind=batch.kind) != batch:
        raise RecheckOvertaken
    recheck = Recheck(
        id=new_id(),
        kind=batch.kind,
        round=batch.round,
        position=position,
        is_last=is_last,
        checked_count=checked_count,
        wrong=tuple(wrong),
        checked_at=now,
    )
    await store.insert(tx, recheck)
    await audit_log.append(
        tx,
        Event.RETENTION_RECHECKED,
        actor=actor,
        now=now,
        subjects=[
            Subject("recheck", str(recheck.id)),
            *dict.fromkeys(Subject(_noun(batch.kind, each), each.id) for each in wrong),
        ],
        facts={
            "kind": batch.kind,
            "round": batch.round,
            "position": position,
            "is_last": is_last,
            "checked_count": checked_count,
            "wrong": recheck.wrong,
        },
        rules=("HN-20", "HN-22"),
    )
    for each in wrong:
        await _raise_incident(tx, actor, now, calendar, kind=batch.kind, wrong=each)
    return recheck


async def _raise_incident(
    tx: Tx, actor: Actor, now: dt.datetime, calendar: Calendar, *, kind: Kind, wrong: Wrong
) -> None:
    altered = []
    if kind is Kind.FILES:
        altered = [EvidenceFile(uuid.UUID(wrong.id), wrong.sha256, wrong.name)]
    await detection.detect_by_itself(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        source=Source.RETAINED_FILE_ALTERED,
        key=f"recheck:{kind.value}:{wrong.id}",
        law_field=LawField.DATA_SECURITY,
        description=f"留存复核：{wrong.name} {wrong.reason}",
        subjects=[f"{_noun(kind, wrong)}:{wrong.id}"],
        altered=altered,
    )


def _noun(kind: Kind, wrong: Wrong) -> str:
    """Return the word under which the log knows what is wrong; a document says itself what it is."""
    if kind is Kind.DOCUMENTS:
        return wrong.name
    return "file" if kind is Kind.FILES else "certificate"
