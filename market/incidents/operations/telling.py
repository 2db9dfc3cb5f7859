"""Report an incident to the authority, get its receipt, tell those whom it harms (HN-22(a))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from market.identity import queries as identity
from market.incidents import reporting, store
from market.incidents.model import (
    Incident,
)
from market.incidents.operations import casework
from market.incidents.states import Event as Happening
from market.incidents.states import advance


async def report(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, signer: Signer
) -> Incident:
    """Report it to the authority that delegates, signed (向监管部门报告); its timer is met.

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises IncidentEventNotAllowed: if it was not contained, or is reported already.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.REPORT)
    delegation = await delegations.require(
        tx, operator_party_id=incident.operator_party_id, now=now
    )
    authority = delegation.authority_party_id
    document = canonical(reporting.document(incident, authority=authority, now=now))
    seal = signer.seal(document)
    reported = msgspec.structs.replace(
        incident,
        state=state,
        report=document,
        report_sha256=sha256_hex(document),
        report_key_id=seal.key_id,
        report_signature=seal.value,
        reported_to_party_id=authority,
        reported_at=now,
    )
    await timers.meet(
        tx, now=now, kind=casework.REPORTING, subject_kind="incident", subject_id=incident.id
    )
    await notifications.send(
        tx,
        now=now,
        to=authority,
        topic=Topic.INCIDENT_REPORTED,
        subject=Subject("incident", str(incident.id)),
        facts={"law_field": incident.law_field.value, "detected_at": incident.detected_at},
    )
    return await casework.save(
        tx,
        reported,
        Event.INCIDENT_REPORTED,
        actor=actor,
        now=now,
        before=incident,
        facts={"law_field": incident.law_field, "key_id": seal.key_id},
        digests=[Digest("incident_report", str(incident.id), sha256_hex(document))],
    )


async def acknowledge(
    tx: Tx, *, actor: Actor, now: dt.datetime, incident_id: uuid.UUID, receipt_number: str
) -> Incident:
    """Give the authority's receipt for the report (回执).

    :raises NotPermitted: if the actor is no authority.
    :raises Missing: if there is no such incident that was reported to it.
    :raises IncidentTextMissing: if the receipt has no number.
    :raises IncidentAcknowledgedAlready: if it was given before.
    :raises IncidentEventNotAllowed: if it was not reported.
    """
    actor.require("incident:acknowledge")
    incident = await store.lock(tx, incident_id)
    if incident is None:
        raise Missing
    state = advance(incident.state, Happening.ACKNOWLEDGE)
    if incident.reported_to_party_id != actor.party:
        raise Missing
    reporting.check_text(receipt_number)
    reporting.check_no_receipt(incident)
    received = msgspec.structs.replace(
        incident, state=state, receipt_number=receipt_number, receipt_at=now
    )
    return await casework.save(
        tx,
        received,
        Event.INCIDENT_ACKNOWLEDGED,
        actor=actor,
        now=now,
        before=incident,
        facts={"receipt_number": receipt_number},
    )


async def notify_affected(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    incident_id: uuid.UUID,
    parties: Sequence[PartyId],
    remark: str,
) -> Incident:
    """Tell those whom it harms, or say why it harms nobody (告知受影响方).

    ``remark`` is what they are told.

    :raises NotPermitted: if the actor handles none.
    :raises Missing: if there is no such incident or party.
    :raises AffectedMissing: if nobody is named and nothing is said.
    :raises IncidentEventNotAllowed: if it was not reported, or they were told.
    """
    incident = await casework.lock(tx, actor=actor, incident_id=incident_id)
    state = advance(incident.state, Happening.NOTIFY_AFFECTED)
    reporting.check_affected(parties, remark)
    for party in parties:
        await identity.get_party(tx, party)
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=Topic.INCIDENT_AFFECTS_YOU,
            subject=Subject("incident", str(incident.id)),
            facts={"remark": remark.strip() or "—", "detected_at": incident.detected_at},
        )
    notified = msgspec.structs.replace(
        incident,
        state=state,
        affected_party_ids=tuple(parties),
        affected_remark=remark,
        affected_notified_at=now,
    )
    return await casework.save(
        tx,
        notified,
        Event.INCIDENT_AFFECTED_NOTIFIED,
        actor=actor,
        now=now,
        before=incident,
        facts={"parties": parties, "remark": remark},
    )
