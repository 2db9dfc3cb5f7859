"""Find an incident, and lock its evidence at once (发现、固定证据, HN-22(a))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegation_queries
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as timers
from market.incidents import reporting, store
from market.incidents.model import (
    Evidence,
    EvidenceFile,
    Incident,
    IncidentId,
    LawField,
    Source,
)
from market.incidents.operations import casework
from market.incidents.states import State

_ENTRIES_MAX: Final = 1_000


async def detect(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    law_field: LawField,
    description: str,
    subjects: Sequence[str] = (),
    file_ids: Sequence[uuid.UUID] = (),
) -> Incident:
    """Record what somebody of the operator's staff found, and lock its evidence (发现、固定证据).

    ``subjects`` are what it is about, ``kind:id`` as in the audit log. The operator owes the
    authority a report from today, promptly (及时, A33).

    :raises NotPermitted: if the actor finds none.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises IncidentTextMissing: if nothing is said.
    :raises FileMissing: if one of the files is not there for the actor.
    """
    actor.require("incident:detect")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    reporting.check_text(description)
    held = [await files.get(tx, viewer=actor, file_id=each) for each in file_ids]
    incident = Incident(
        id=IncidentId(new_id()),
        operator_party_id=actor.party,
        source=Source.PEOPLE,
        key=f"people:{new_id()}",
        law_field=law_field,
        harmed_interest=None,
        description=description,
        subjects=tuple(sorted(set(subjects))),
        evidence=await _evidence(
            tx, actor, subjects, [EvidenceFile(f.id, f.sha256, f.file_name) for f in held]
        ),
        state=State.DETECTED,
        detected_by=actor.account_id,
        detected_at=now,
    )
    return await _open(tx, actor, now, calendar, incident)


async def detect_by_itself(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    source: Source,
    key: str,
    law_field: LawField,
    description: str,
    subjects: Sequence[str] = (),
    entries: Sequence[uuid.UUID] = (),
    altered: Sequence[EvidenceFile] = (),
) -> Incident | None:
    """Record what the house itself found, once per ``key``; None if it is known or nobody's.

    ``entries`` are those of the audit log that show it, besides those about its subjects.

    :raises NotPermitted: if the actor is not what watches.
    """
    actor.require("incident:detect")
    await store.lock_key(tx, key)
    if await store.is_known(tx, key):
        return None
    in_force = await delegation_queries.find_in_force(tx, on=local_date(now))
    if not in_force:
        return None
    incident = Incident(
        id=IncidentId(new_id()),
        operator_party_id=in_force[0].operator_party_id,
        source=source,
        key=key,
        law_field=law_field,
        harmed_interest=None,
        description=description,
        subjects=tuple(sorted(set(subjects))),
        evidence=await _evidence(tx, actor, subjects, altered, entries),
        state=State.DETECTED,
        detected_by=None,
        detected_at=now,
    )
    return await _open(tx, actor, now, calendar, incident)


async def _evidence(
    tx: Tx,
    actor: Actor,
    subjects: Sequence[str],
    held: Sequence[EvidenceFile],
    entries: Sequence[uuid.UUID] = (),
) -> Evidence:
    """Return what is locked: the signed log as it stands, the entries in it, the files' digests."""
    published = await log.find_checkpoint(tx)
    about = await log.list_entries_about_any(tx, actor, subjects, limit=_ENTRIES_MAX)
    return Evidence(
        log_size=0 if published is None else published.size,
        log_root=None if published is None else bytes(published.root).hex(),
        entries=tuple(sorted({*entries, *(each.id for each in about)})),
        files=tuple(held),
    )


async def _open(
    tx: Tx, actor: Actor, now: dt.datetime, calendar: Calendar, incident: Incident
) -> Incident:
    await store.insert(tx, incident)
    today = local_date(now)
    book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=today)
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=casework.REPORTING,
        subject_kind="incident",
        subject_id=incident.id,
        against="supermarket_operator",
        rulebook=book.code,
        period=book.promptly,
        started_on=today,
        party_id=incident.operator_party_id,
    )
    return await casework.remember(
        tx,
        incident,
        Event.INCIDENT_DETECTED,
        actor=actor,
        now=now,
        facts={
            "law_field": incident.law_field,
            "source": incident.source,
            "description": incident.description,
            "subjects": incident.subjects,
            "log_size": incident.evidence.log_size,
            "log_root": incident.evidence.log_root,
        },
        digests=[
            Digest("incident_evidence", str(incident.id), sha256_hex(canonical(incident.evidence)))
        ],
    )
