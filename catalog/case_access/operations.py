"""Take a case, give it to somebody, hand it back; remember who read it (HN-26, HN-28)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.case_access import handling, store
from catalog.case_access.model import Assignment, AssignmentId, Case, CaseKind, Duty
from catalog.case_access.visibility import Sight, is_own
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, new_id

_NAMED_ANOTHER: Final = "另行指定"
_OVER: Final = "案件办结"


async def act(tx: Tx, *, actor: Actor, now: dt.datetime, case: Case, duty: Duty) -> None:
    """Let one of the staff do something of this duty: it is taken by doing it, if nobody has it.

    Part of the command that does it: that one asked for the permission and holds the case locked.
    When the command is refused, the duty was not taken either.

    :raises Missing: if the case is another operator's.
    :raises CaseHeldByAnother: if somebody else has the duty.
    :raises FourEyesRequired: if the actor had the duty that this one checks.
    """
    if actor.clearance is not Clearance.STAFF:
        return
    await _lock(tx, actor, case)
    assignments = await store.list_of_case(tx, case.id)
    handling.check_free(duty, actor.account_id, assignments)
    if handling.holder(duty, assignments) is None:
        assert actor.account_id is not None, "staff are accounts"
        handling.check_four_eyes(duty, actor.account_id, assignments)
        await _give(
            tx, actor, now, case, duty=duty, account_id=actor.account_id, event=Event.CASE_TAKEN
        )


async def take(tx: Tx, *, actor: Actor, now: dt.datetime, case: Case, duty: Duty) -> Assignment:
    """Take a duty that is due and nobody's: from now on one may read the case (领办).

    :raises NotPermitted: if the actor handles no cases.
    :raises DutyNotOfThisCase: if there is no such duty in it.
    :raises DutyNotDue: if the case has not come so far.
    :raises DutyNotOfRole: if the actor's roles do not carry it.
    :raises Missing: if the case is another operator's.
    :raises CaseTakenAlready: if the actor has it.
    :raises CaseHeldByAnother: if somebody else has it.
    :raises FourEyesRequired: if the actor had the duty that this one checks.
    """
    actor.require("case:take")
    handling.check_duty(case, duty)
    handling.check_role(duty, actor.permissions)
    await _lock(tx, actor, case)
    assignments = await store.list_of_case(tx, case.id)
    handling.check_not_taken(duty, actor.account_id, assignments)
    handling.check_four_eyes(duty, actor.account_id, assignments)
    assert actor.account_id is not None, "staff are accounts"
    return await _give(
        tx, actor, now, case, duty=duty, account_id=actor.account_id, event=Event.CASE_TAKEN
    )


async def assign(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    case: Case,
    duty: Duty,
    account_id: AccountId,
    permissions: Collection[str],
    reason: str | None,
) -> Assignment:
    """Give a duty to one of the house, as head of office; whoever had it has it no more (分派、改派).

    ``permissions`` are those of the account to which it is given.

    :raises NotPermitted: if the actor assigns no cases.
    :raises DutyNotOfThisCase: if there is no such duty in it.
    :raises DutyNotDue: if the case has not come so far.
    :raises DutyNotOfRole: if the account's roles do not carry it.
    :raises AssignmentReasonMissing: if no reason is given.
    :raises Missing: if the case is another operator's.
    :raises FourEyesRequired: if the account had the duty that this one checks.
    """
    actor.require("case:assign")
    handling.check_duty(case, duty)
    handling.check_role(duty, permissions)
    why = handling.check_reason(reason)
    await _lock(tx, actor, case)
    assignments = await store.list_of_case(tx, case.id)
    handling.check_four_eyes(duty, account_id, assignments)
    held = handling.holder(duty, assignments)
    if held is not None:
        await store.end(tx, _ended(held, actor, now, why))
    before = None if held is None else {"account_id": held.account_id}
    return await _give(
        tx,
        actor,
        now,
        case,
        duty=duty,
        account_id=account_id,
        event=Event.CASE_ASSIGNED,
        reason=why,
        before=before,
    )


async def name(
    tx: Tx, *, actor: Actor, now: dt.datetime, case: Case, duty: Duty, account_id: AccountId
) -> None:
    """Give a duty to whom a command names for it, as the start of a review names its reviewer.

    Part of that command: it asked for the permission, and names another only where it may: whoever
    had the duty in an earlier round has it no more.

    :raises FourEyesRequired: if the account had the duty that this one checks.
    """
    await store.lock_case(tx, case.id)
    assignments = await store.list_of_case(tx, case.id)
    handling.check_four_eyes(duty, account_id, assignments)
    held = handling.holder(duty, assignments)
    if held is not None and held.account_id == account_id:
        return
    if held is not None:
        await store.end(tx, _ended(held, actor, now, _NAMED_ANOTHER))
    await _give(
        tx,
        actor,
        now,
        case,
        duty=duty,
        account_id=account_id,
        event=Event.CASE_ASSIGNED,
        before=None if held is None else {"account_id": held.account_id},
    )


async def end_all(
    tx: Tx, *, actor: Actor, now: dt.datetime, case_id: uuid.UUID, reason: str
) -> None:
    """End every duty in a case that begins anew: whoever deals with it again takes it again.

    Part of the command that sends it back: that one asked for the permission and remembers.
    """
    await store.lock_case(tx, case_id)
    for assignment in await store.list_of_case(tx, case_id):
        if assignment.until is None:
            await store.end(tx, _ended(assignment, actor, now, reason))


async def end_over(tx: Tx, *, now: dt.datetime, case: Case) -> None:
    """End the duties that are not due any more, because the case is over (办结，不再查阅; HN-26, HN-28).

    Part of the command that ended it, which remembers: what follows for its handlers is the rule's.
    """
    async with beyond_own_rows(tx):  # it may be its applicant or an objector who ended it
        await store.lock_case(tx, case.id)
        for assignment in handling.over(case.due, await store.list_of_case(tx, case.id)):
            await store.end(tx, _ended(assignment, tx.actor, now, _OVER))


async def hand_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, assignment_id: uuid.UUID, reason: str
) -> Assignment:
    """Give a duty back, as whoever has it or as head of office: the case is closed to its holder.

    :raises NotPermitted: if the actor handles no cases.
    :raises Missing: if there is no such assignment, or it is somebody else's.
    :raises AssignmentReasonMissing: if no reason is given.
    :raises AssignmentEnded: if it was given back before.
    """
    actor.require("case:take")
    assignment = await store.find(tx, assignment_id)
    if assignment is None:
        raise Missing
    if assignment.account_id != actor.account_id and not actor.may("case:assign"):
        raise Missing
    await store.lock_case(tx, assignment.case_id)
    why = handling.check_reason(reason)
    handling.check_open(assignment)
    ended = _ended(assignment, actor, now, why)
    await store.end(tx, ended)
    await audit_log.append(
        tx,
        Event.CASE_HANDED_BACK,
        actor=actor,
        now=now,
        subjects=_about(assignment.case_kind, assignment.case_id, assignment.opens_application_id),
        facts={"duty": assignment.duty, "account_id": assignment.account_id},
        reason=why,
        rules=("HN-26", "HN-28"),
    )
    return ended


async def remember_reading(
    tx: Tx, *, actor: Actor, now: dt.datetime, case: Case, seen: Sight, part: str
) -> None:
    """Remember that somebody read in a case that is not its own (查阅留痕, HN-26, HN-28, A49).

    ``part`` says what of it: the whole file, a letter, one opinion.
    """
    if actor.clearance is Clearance.SYSTEM or is_own(actor, case):
        return
    await audit_log.append(
        tx,
        Event.MATERIAL_READ,
        actor=actor,
        now=now,
        subjects=_about(case.kind, case.id, case.application_id),
        facts={"clearance": actor.clearance.value, "sight": seen.value, "part": part},
        rules=("HN-26", "HN-28"),
    )


async def _lock(tx: Tx, actor: Actor, case: Case) -> None:
    if case.operator_party_id not in (None, actor.party):
        raise Missing
    await store.lock_case(tx, case.id)


async def _give(
    tx: Tx,
    actor: Actor,
    now: dt.datetime,
    case: Case,
    *,
    duty: Duty,
    account_id: AccountId,
    event: Event,
    reason: str | None = None,
    before: dict[str, AccountId] | None = None,
) -> Assignment:
    given = Assignment(
        id=AssignmentId(new_id()),
        case_kind=case.kind,
        case_id=case.id,
        opens_application_id=(
            case.application_id if case.kind in (CaseKind.OBJECTION, CaseKind.INSTRUMENT) else None
        ),
        duty=duty,
        account_id=account_id,
        operator_party_id=actor.party,
        since=now,
        assigned_by=actor.account_id,
    )
    await store.insert(tx, given)
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=_about(case.kind, case.id, given.opens_application_id),
        facts={"duty": duty, "account_id": account_id},
        before=before,
        reason=reason,
        rules=("HN-26", "HN-28"),
    )
    return given


def _ended(assignment: Assignment, actor: Actor, now: dt.datetime, reason: str) -> Assignment:
    return msgspec.structs.replace(
        assignment, until=now, ended_by=actor.account_id, end_reason=reason
    )


def _about(kind: CaseKind, case_id: uuid.UUID, application_id: uuid.UUID | None) -> list[Subject]:
    about = [Subject(kind.value, str(case_id))]
    if application_id is not None and application_id != case_id:
        about.append(Subject(CaseKind.APPLICATION.value, str(application_id)))
    return about
