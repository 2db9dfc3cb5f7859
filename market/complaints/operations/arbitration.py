"""Refer a complaint to arbitration, and record what was awarded (转仲裁、登记裁决)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.certificates.basis import InstrumentKind
from catalog.instruments import queries as instruments
from catalog.instruments.states import State as InstrumentState
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing, Refused
from catalog.notifications.topics import Topic
from market.complaints import handling, store
from market.complaints.model import Award, Basis, Complaint, Referral
from market.complaints.operations import casework
from market.complaints.queries import ComplaintMissing
from market.complaints.states import Event as Happening
from market.complaints.states import advance


class AwardNotInForce(Refused):
    """The instrument is no award on this product, or was not verified yet (§5.4)."""

    code = "complaint_award_not_in_force"


async def refer(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    complaint_id: uuid.UUID,
    institution: str,
    case_number: str,
    basis: Basis,
) -> Complaint:
    """Refer a decided complaint to arbitration, as one of the two, by agreement or by law.

    :raises NotPermitted: if the actor speaks for no party.
    :raises ComplaintMissing: if it is neither of the two.
    :raises ComplaintReasonMissing: if the institution or the number of its case is not named.
    :raises ComplaintEventNotAllowed: if it is not decided, or lies with the authority.
    """
    actor.require("complaint:appeal")
    async with beyond_own_rows(tx):
        before = await store.lock(tx, complaint_id)
    if (
        before is None
        or before.accepted_at is None
        or actor.party not in (before.complainant_party_id, before.against_party_id)
    ):
        raise ComplaintMissing
    state = advance(before.state, Happening.REFER_TO_ARBITRATION)
    handling.check_reason(institution)
    handling.check_reason(case_number)
    after = msgspec.structs.replace(
        before,
        state=state,
        referral=Referral(
            by_complainant=actor.party == before.complainant_party_id,
            institution=institution,
            case_number=case_number,
            basis=basis,
            referred_at=now,
        ),
    )
    async with beyond_own_rows(tx):
        await store.update(tx, after)
    await casework.stop_clocks(tx, after, now=now, note="referred to arbitration")
    await casework.tell_both(tx, after, Topic.COMPLAINT_REFERRED, now=now, institution=institution)
    return await casework.remember(
        tx,
        after,
        Event.COMPLAINT_REFERRED,
        actor=actor,
        now=now,
        facts={"institution": institution, "case_number": case_number, "basis": basis},
        before={"state": before.state.value},
    )


async def record_award(
    tx: Tx, *, actor: Actor, now: dt.datetime, complaint_id: uuid.UUID, award: Award
) -> Complaint:
    """Record what was awarded: what moves a registration is an instrument of the register (§5.4).

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintEventNotAllowed: if it is not in arbitration.
    :raises AwardUnclear: if the award is not named, or named twice.
    :raises Missing: if there is no such instrument.
    :raises AwardNotInForce: if the instrument is no award on this product, or not in force.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    state = advance(before.state, Happening.RECORD_AWARD)
    handling.check_award(award)
    if award.instrument_id is not None:
        await _check_in_force(tx, before, award.instrument_id)
    assert before.referral is not None, "what is in arbitration was referred to it"
    after = msgspec.structs.replace(
        before, state=state, referral=msgspec.structs.replace(before.referral, award=award)
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_AWARD_RECORDED,
        actor=actor,
        now=now,
        before=before,
        facts={
            "instrument_id": award.instrument_id,
            "issuing_body": award.issuing_body,
            "document_number": award.document_number,
        },
    )


async def _check_in_force(tx: Tx, complaint: Complaint, instrument_id: uuid.UUID) -> None:
    found = await instruments.find(tx, instrument_id=instrument_id)
    if found is None:
        raise Missing
    is_in_force = found.state in (InstrumentState.EFFECTIVE, InstrumentState.APPLIED)
    is_about_it = found.product_id == complaint.product_id
    if found.kind is not InstrumentKind.AWARD or not is_about_it or not is_in_force:
        raise AwardNotInForce(state=found.state.value)
