"""Lock, save, remember and tell: what every command on a complaint does."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.model import PUBLIC, Timer
from market.complaints import handling, store
from market.complaints.model import SUBJECT, Complaint, House
from market.complaints.queries import ComplaintMissing
from market.identity import queries as identity
from market.identity.model import Capacity
from market.identity.permissions import Role

TRIAGE: Final = "complaint_triage"
RESOLUTION: Final = "complaint_resolution"
APPEAL: Final = "complaint_appeal"
REVIEW: Final = "complaint_review"
_RULEBOOK: Final = HAINAN_2023.code


def is_authority(actor: Actor) -> bool:
    """Tell whether the actor is of the authority."""
    return Role.REGULATOR in actor.roles


async def lock(tx: Tx, *, actor: Actor, complaint_id: uuid.UUID) -> Complaint:
    """Lock and return a complaint for one who handles it, and is neither of the two.

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if its party complains or is complained of.
    """
    actor.require("complaint:handle")
    found = await store.lock(tx, complaint_id)
    if found is None:
        raise ComplaintMissing
    handling.check_neutral(found, actor.party)
    return found


async def save(
    tx: Tx,
    complaint: Complaint,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    before: Complaint,
    **entry: Any,
) -> Complaint:
    """Write back a complaint that is held locked, and remember what happened to it."""
    await store.update(tx, complaint)
    return await remember(
        tx,
        complaint,
        event,
        actor=actor,
        now=now,
        before={"state": before.state.value},
        **entry,
    )


async def remember(
    tx: Tx,
    complaint: Complaint,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: dict[str, Any] | None = None,
    digests: list[Digest] | None = None,
    **entry: Any,
) -> Complaint:
    """Remember what happened to a complaint, and return it.

    The leaf names the complaint alone: leaves are public, and what is complained of is not yet.
    """
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject(SUBJECT, str(complaint.id))],
        facts={
            "number": complaint.number,
            "kind": complaint.kind,
            "house": complaint.house,
            "about": complaint.about,
            "about_id": complaint.about_id,
            "against_party_id": complaint.against_party_id,
            "told": facts,
        },
        after={"state": complaint.state.value},
        rules=("QD-S2", "PIR-1"),
        digests=digests or [],
        **entry,
    )
    return complaint


async def start_clock(
    tx: Tx,
    complaint: Complaint,
    kind: str,
    *,
    period: Period,
    now: dt.datetime,
    calendar: Calendar,
    house: House | None,
) -> Timer:
    """Start a clock of a complaint: against a house, or (None) one that runs for both parties."""
    owing = None
    if house is House.OPERATOR:
        owing = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    # What runs is owed by a house, whoever acted.
    async with beyond_own_rows(tx):
        return await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=kind,
            subject_kind=SUBJECT,
            subject_id=complaint.id,
            against=PUBLIC if house is None else house.value,
            rulebook=_RULEBOOK,
            period=period,
            started_on=local_date(now),
            party_id=None if owing is None else owing.id,
        )


async def meet_clock(tx: Tx, complaint: Complaint, kind: str, *, now: dt.datetime) -> None:
    """Record that what was due is done."""
    await timers.meet(tx, now=now, kind=kind, subject_kind=SUBJECT, subject_id=complaint.id)


async def stop_clocks(tx: Tx, complaint: Complaint, *, now: dt.datetime, note: str) -> None:
    """Stop every clock that still runs."""
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind=SUBJECT, subject_id=complaint.id, note=note
        )


async def tell_complainant(
    tx: Tx, complaint: Complaint, topic: Topic, *, now: dt.datetime, **facts: Any
) -> None:
    """Tell who complained, if it said who it is; whoever did not, looks up."""
    if complaint.complainant_party_id is not None:
        await _tell(tx, complaint, topic, to=complaint.complainant_party_id, now=now, facts=facts)


async def tell_who_is_complained_of(
    tx: Tx, complaint: Complaint, topic: Topic, *, now: dt.datetime, **facts: Any
) -> None:
    """Tell who is complained of."""
    await _tell(tx, complaint, topic, to=complaint.against_party_id, now=now, facts=facts)


async def tell_both(
    tx: Tx, complaint: Complaint, topic: Topic, *, now: dt.datetime, **facts: Any
) -> None:
    """Tell both, as far as they are known and were told of it before."""
    await tell_complainant(tx, complaint, topic, now=now, **facts)
    if complaint.accepted_at is not None:
        await tell_who_is_complained_of(tx, complaint, topic, now=now, **facts)


async def tell_authority(
    tx: Tx, complaint: Complaint, topic: Topic, *, now: dt.datetime, **facts: Any
) -> None:
    """Tell the authority."""
    authority = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    if authority is not None:
        await _tell(tx, complaint, topic, to=authority.id, now=now, facts=facts)


async def _tell(
    tx: Tx, complaint: Complaint, topic: Topic, *, to: PartyId, now: dt.datetime, facts: Any
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject(SUBJECT, str(complaint.id)),
        facts={"number": complaint.number} | facts,
    )
