"""Investigate, hold the evidence, freeze meanwhile what does harm (调查、固定证据、临时措施)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.notifications.topics import Topic
from catalog.signing.canonical import canonical, sha256_hex
from market.complaints import handling
from market.complaints.model import Complaint, Measure, MeasureKind
from market.complaints.operations import casework
from market.complaints.states import Event as Happening
from market.complaints.states import advance
from market.incidents.model import Evidence
from market.listings import operations as listings
from market.orders.operations import holding, stopping

_ENTRIES_MAX: Final = 1_000
# The measure is the complaint's: who handles it needs no second office for what is frozen.
_FOR_MEASURES: Final = frozenset({"listing:suspend", "order:cut_off", "payout:hold"})


async def investigate(
    tx: Tx, *, actor: Actor, now: dt.datetime, complaint_id: uuid.UUID
) -> Complaint:
    """Begin to investigate, or take it over from a colleague; the evidence is held from now on.

    What is held are the signed size and root of the log, the entries about the thing, and the files;
    until the complaint is closed its case counts as kept, however old it is (``market/retention``).

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintOfOtherHouse: if the other house handles it.
    :raises ComplaintEventNotAllowed: if it was not taken, or is decided.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    handling.check_house(before, is_authority=casework.is_authority(actor))
    state = advance(before.state, Happening.INVESTIGATE)
    evidence = before.evidence or await _evidence(tx, actor, before)
    after = msgspec.structs.replace(
        before,
        state=state,
        handler_account_id=actor.account_id,
        handler_party_id=actor.party,
        evidence=evidence,
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_INVESTIGATED,
        actor=actor,
        now=now,
        before=before,
        facts={"log_size": evidence.log_size, "log_root": evidence.log_root},
        digests=[
            Digest("complaint_evidence", str(after.id), sha256_hex(canonical(evidence))),
        ],
    )


async def freeze(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    complaint_id: uuid.UUID,
    kind: MeasureKind,
    target_id: uuid.UUID,
    risk: str,
) -> Complaint:
    """Freeze a listing, the keys of an order, or its payment, at once (临时措施).

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintEventNotAllowed: if it is not being investigated.
    :raises ComplaintReasonMissing: if nobody says what the risk is.
    :raises MeasureStands: if it is frozen by this complaint already.
    :raises ListingMissing: and the other refusals of what is frozen: it has to be there and to run.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    state = advance(before.state, Happening.INTERIM_MEASURE)
    handling.check_reason(risk)
    handling.check_not_frozen(before, kind, target_id)
    reason = f"complaint {before.number}: {risk}"
    able = _able(actor)
    if kind is MeasureKind.FREEZE_LISTING:
        await listings.suspend(tx, actor=able, now=now, listing_id=target_id, reason=reason)
    elif kind is MeasureKind.FREEZE_KEYS:
        await stopping.cut_off(
            tx, actor=able, now=now, order_id=target_id, reason=reason, for_good=False
        )
    else:
        await holding.hold(tx, actor=able, now=now, order_id=target_id, reason=reason)
    measure = Measure(
        kind=kind, target_id=target_id, risk=risk, taken_by=actor.account_id, taken_at=now
    )
    after = msgspec.structs.replace(before, state=state, measures=(*before.measures, measure))
    await casework.tell_who_is_complained_of(
        tx, after, Topic.COMPLAINT_MEASURE_TAKEN, now=now, risk=risk
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_MEASURE_TAKEN,
        actor=actor,
        now=now,
        before=before,
        facts={"measure": kind, "target_id": target_id},
        reason=risk,
    )


async def lift(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    complaint_id: uuid.UUID,
    kind: MeasureKind,
    target_id: uuid.UUID,
    reason: str,
    restores: bool,
) -> Complaint:
    """Lift what was frozen; unless ``restores``, the thing stays as another decision left it.

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintEventNotAllowed: if nothing can be frozen by it any more.
    :raises MeasureUnknown: if this is not frozen by it.
    :raises ComplaintReasonMissing: if nobody says why.
    :raises ListingNotEligible: and the other refusals of what is to go on.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    state = advance(before.state, Happening.LIFT_MEASURE)
    handling.check_reason(reason)
    standing = handling.find_standing(before, kind, target_id)
    able = _able(actor)
    if kind is MeasureKind.FREEZE_PAYMENT:
        await holding.lift(tx, actor=able, now=now, order_id=target_id, reason=reason)
    elif restores and kind is MeasureKind.FREEZE_LISTING:
        await listings.resume(tx, actor=able, now=now, listing_id=target_id)
    elif restores:
        await stopping.resume(tx, actor=able, now=now, order_id=target_id, reason=reason)
    lifted = msgspec.structs.replace(
        standing, lifted_at=now, lifted_because=reason, is_restored=restores
    )
    after = msgspec.structs.replace(
        before,
        state=state,
        measures=tuple(lifted if each is standing else each for each in before.measures),
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_MEASURE_LIFTED,
        actor=actor,
        now=now,
        before=before,
        facts={"measure": kind, "target_id": target_id, "restores": restores},
        reason=reason,
    )


def _able(actor: Actor) -> Actor:
    return msgspec.structs.replace(actor, permissions=actor.permissions | _FOR_MEASURES)


async def _evidence(tx: Tx, actor: Actor, complaint: Complaint) -> Evidence:
    """Return what is held: the signed log as it stands, the entries in it, the files' digests."""
    published = await log.find_checkpoint(tx)
    subjects = [f"complaint:{complaint.id}", f"party:{complaint.against_party_id}"]
    subjects += [f"{complaint.about.value}:{complaint.about_id}"] if complaint.about_id else []
    subjects += [f"product:{complaint.product_id}"] if complaint.product_id else []
    about = await log.list_entries_about_any(tx, actor, subjects, limit=_ENTRIES_MAX)
    return Evidence(
        log_size=0 if published is None else published.size,
        log_root=None if published is None else bytes(published.root).hex(),
        entries=tuple(sorted(each.id for each in about)),
        files=complaint.files,
    )
