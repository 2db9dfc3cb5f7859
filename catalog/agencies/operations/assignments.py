"""Give cases to agencies, take their declarations, take cases away (案件分派、利益冲突声明), HN-05(3).

``assign``, ``opine`` and ``take_away`` are parts of the commands of the rooms that hold the cases: those have
asked for the permission and remember themselves. A declaration is theirs too.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Collection
from typing import Any

import msgspec

from catalog.agencies import assigning, store
from catalog.agencies.activity import require_active, require_unsuspended
from catalog.agencies.model import AgencyAssignment, CaseKind, Ending, Method
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.rulebook import Rulebook


async def assign(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    case_kind: CaseKind,
    case_id: uuid.UUID,
    excluded: Collection[PartyId | None],
    rulebook: Rulebook,
    agency: PartyId | None = None,
    reason: str = "",
    ending: Ending = Ending.CLOSED,
) -> AgencyAssignment:
    """Give a case to an agency: to the one that is named, with a reason, else by chance or in turn.

    Who declined it, or lost it, does not get it again by the rule. Whoever has it now loses it: ``ending``.

    :raises NamingReasonMissing: if an agency is named without a reason.
    :raises AgencyContractInactive: if the named one has no contract today.
    :raises NoAgencyLeft: if nobody is left to choose from.
    """
    method = _method(agency, rulebook)
    assigning.check_reason(method, reason)
    await store.lock_assigning(tx)
    await take_away(tx, now=now, case_kind=case_kind, case_id=case_id, ending=ending)
    seed = None
    if agency is not None:
        contract = require_active(await store.list_of_agency(tx, agency), local_date(now))
    else:
        earlier = await store.list_assignments(tx, case_kind, case_id)
        out = {*excluded, *assigning.who_lost_it(earlier)}
        found = assigning.candidates(await store.list_active(tx, local_date(now)), out)
        if method is Method.RANDOM:
            seed = secrets.token_bytes(32)
            contract = assigning.by_chance(found, seed)
        else:
            contract = assigning.in_turn(found, await store.last_assigned(tx))
    given = AgencyAssignment(
        id=new_id(),
        case_kind=case_kind,
        case_id=case_id,
        agency_party_id=contract.agency_party_id,
        contract_id=contract.id,
        method=method,
        reason=reason,
        assigned_at=now,
    )
    await store.insert_assignment(tx, given)
    await notifications.send(
        tx,
        now=now,
        to=given.agency_party_id,
        topic=Topic.AGENCY_CASE_ASSIGNED,
        subject=_case(given),
        facts={"method": method.value},
    )
    await _remember(
        tx,
        Event.AGENCY_CASE_ASSIGNED,
        given,
        actor=actor,
        now=now,
        facts={"method": method, "seed": None if seed is None else seed.hex()},
        reason=reason or None,
    )
    return given


async def declare(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    case_kind: CaseKind,
    case_id: uuid.UUID,
    has_conflict: bool,
    statement: str,
) -> AgencyAssignment:
    """Record the agency's declaration on its case (利益冲突声明); with a conflict it loses the case.

    :raises CaseNotAssigned: if the case is not the actor's agency's.
    :raises ConflictDeclared: if it has declared itself.
    :raises DeclarationIncomplete: if it does not say on what it stands.
    """
    current = await store.find_current(tx, case_kind, case_id, actor.party)
    assignment = assigning.check_declaring(current, statement)
    declared = msgspec.structs.replace(
        assignment,
        declared_at=now,
        declared_by=actor.account_id,
        declaration=statement,
        ended_at=now if has_conflict else None,
        ending=Ending.CONFLICT if has_conflict else None,
    )
    await store.update_assignment(tx, declared)
    await _remember(
        tx,
        Event.AGENCY_CONFLICT_DECLARED if has_conflict else Event.AGENCY_NEUTRALITY_DECLARED,
        declared,
        actor=actor,
        now=now,
        facts={"has_conflict": has_conflict},
        reason=statement,
    )
    return declared


async def opine(
    tx: Tx, *, now: dt.datetime, case_kind: CaseKind, case_id: uuid.UUID, agency: PartyId
) -> AgencyAssignment:
    """Record that the agency gives its opinion now: when, for the evaluation of HN-24.

    A case that was given while the contract ran is finished after its end; not under a suspended one.

    :raises CaseNotAssigned: if the case is not the agency's.
    :raises ConflictUndeclared: if it has not declared itself.
    :raises AgencyContractInactive: if its contract was suspended.
    """
    current = await store.find_current(tx, case_kind, case_id, agency)
    assignment = assigning.check_opinion(current)
    contract = await store.get(tx, assignment.contract_id)
    require_unsuspended(contract, local_date(now))
    opined = msgspec.structs.replace(assignment, opined_at=assignment.opined_at or now)
    await store.update_assignment(tx, opined)
    return opined


async def take_away(
    tx: Tx,
    *,
    now: dt.datetime,
    case_kind: CaseKind,
    case_id: uuid.UUID,
    ending: Ending,
) -> AgencyAssignment | None:
    """End the assignment that a case has, if it has one; return it."""
    async with beyond_own_rows(tx):
        current = await store.find_current(tx, case_kind, case_id, None)
        if current is None:
            return None
        ended = msgspec.structs.replace(current, ended_at=now, ending=ending)
        await store.update_assignment(tx, ended)
    return ended


def _method(agency: PartyId | None, rulebook: Rulebook) -> Method:
    if agency is not None:
        return Method.NAMED
    return Method.IN_TURN if rulebook.agencies_take_turns else Method.RANDOM


def _case(assignment: AgencyAssignment) -> Subject:
    return Subject(assignment.case_kind.value, str(assignment.case_id))


async def _remember(
    tx: Tx,
    event: Event,
    assignment: AgencyAssignment,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: dict[str, Any],
    reason: str | None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            _case(assignment),
            Subject("agency_contract", str(assignment.contract_id)),
            Subject("party", str(assignment.agency_party_id)),
        ],
        facts={"assignment_id": assignment.id, **facts},
        reason=reason,
        rules=("HN-05", "HN-24"),
    )
