"""Record misconduct of an agency, and suspend its contract where it weighs (HN-27)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.agencies import store
from catalog.agencies.conduct import check_facts
from catalog.agencies.model import AgencyContract, Measure, Misconduct, MisconductRecord
from catalog.agencies.operations.contracts import AgencyContractMissing
from catalog.agencies.states import Event as Happening
from catalog.agencies.states import advance
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    contract_id: uuid.UUID,
    misconduct: Misconduct,
    facts: str,
    measure: Measure,
) -> AgencyContract:
    """Record a case of HN-27 as operator or bureau: a mark on the contract, or its suspension.

    A suspended agency gets no new case; its open ones are given to others by the rooms that hold them, in the
    same transaction. Agency, operator and bureau are told.

    :raises NotPermitted: if the actor may not record misconduct.
    :raises AgencyContractMissing: if there is no such contract of the actor's operator or bureau.
    :raises MisconductFactsMissing: if it is not said what happened.
    :raises AgencyContractEventNotAllowed: if it is suspended already.
    """
    actor.require("agency_misconduct:record")
    found = await store.lock(tx, contract_id)
    if found is None or (
        actor.clearance is not Clearance.REGULATOR and found.operator_party_id != actor.party
    ):
        raise AgencyContractMissing
    check_facts(facts)
    happening = Happening.SUSPENDED if measure is Measure.SUSPEND else Happening.FLAGGED
    marked = msgspec.structs.replace(found, state=advance(found.state, happening))
    if measure is Measure.SUSPEND:
        marked = msgspec.structs.replace(
            marked, misconduct=misconduct, suspension_reason=facts, suspended_at=now
        )
        await store.update_state(tx, marked)
    written = MisconductRecord(
        id=new_id(),
        contract_id=found.id,
        agency_party_id=found.agency_party_id,
        misconduct=misconduct,
        facts=facts,
        measure=measure,
        recorded_by_party=actor.party,
        recorded_by=actor.account_id,
        recorded_at=now,
    )
    await store.insert_misconduct(tx, written)
    delegation = await delegations.require(tx, operator_party_id=found.operator_party_id, now=now)
    told = {found.agency_party_id, found.operator_party_id, delegation.authority_party_id}
    for party in sorted(told - {actor.party}):
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=Topic.AGENCY_MISCONDUCT_RECORDED,
            subject=Subject("agency_contract", str(found.id)),
            facts={"contract_number": found.contract_number, "facts": facts},
        )
    await audit_log.append(
        tx,
        Event.AGENCY_CONTRACT_SUSPENDED
        if measure is Measure.SUSPEND
        else Event.AGENCY_CONTRACT_FLAGGED,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_contract", str(found.id)),
            Subject("party", str(found.agency_party_id)),
        ],
        facts={"misconduct": misconduct.value, "measure": measure.value},
        before={"state": found.state.value},
        after={"state": marked.state.value},
        reason=facts,
        rules=("HN-27",),
    )
    return marked
