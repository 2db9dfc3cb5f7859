"""Say who may have which duty in a case (经办): one at a time, and nobody checks what is his own [P].

The texts ask for the operator's own staff (HN-05(2)) and bind them to secrecy (HN-26, HN-28); that a
duty is one account's and is taken before the case is read is how we keep it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from catalog.case_access.model import Assignment, Case, CaseKind, Duty
from catalog.kernel.errors import Conflict, Forbidden, Invalid, Refused
from catalog.kernel.ids import AccountId

#: Which duties there are in which kind of case.
DUTIES: Final = {
    CaseKind.APPLICATION: frozenset(
        {Duty.ACCEPTANCE, Duty.TECHNICAL_REVIEW, Duty.DECISION, Duty.ISSUANCE}
    ),
    CaseKind.CHANGE: frozenset(
        {Duty.ACCEPTANCE, Duty.TECHNICAL_REVIEW, Duty.DECISION, Duty.ISSUANCE}
    ),
    CaseKind.OBJECTION: frozenset({Duty.ADJUDICATION}),
    CaseKind.INSTRUMENT: frozenset({Duty.CHECK, Duty.VERIFICATION, Duty.EXECUTION}),
    CaseKind.FOREIGN_CERTIFICATE: frozenset({Duty.FOREIGN_CHECK, Duty.FOREIGN_VERIFICATION}),
}
#: Which permission whoever has the duty needs: the same as for what is done in it.
PERMISSION: Final = {
    Duty.ACCEPTANCE: "application:accept",
    Duty.TECHNICAL_REVIEW: "technical_opinion:record",
    Duty.DECISION: "review:decide",
    Duty.ISSUANCE: "certificate:issue",
    Duty.ADJUDICATION: "objection:decide",
    Duty.CHECK: "instrument:verify",
    Duty.VERIFICATION: "instrument:verify",
    Duty.EXECUTION: "instrument:apply",
    Duty.FOREIGN_CHECK: "foreign_certificate:verify",
    Duty.FOREIGN_VERIFICATION: "foreign_certificate:verify",
}
#: Four eyes [P]: who had the one duty in a case never has the other.
APART: Final = (
    frozenset({Duty.ACCEPTANCE, Duty.TECHNICAL_REVIEW}),
    frozenset({Duty.CHECK, Duty.VERIFICATION}),
    frozenset({Duty.FOREIGN_CHECK, Duty.FOREIGN_VERIFICATION}),
)


class DutyNotOfThisCase(Invalid):
    """There is no such duty in a case of this kind."""

    code = "duty_not_of_this_case"


class DutyNotDue(Refused):
    """The case has not come so far that this duty is anybody's yet, so nobody need read it."""

    code = "duty_not_due"


class DutyNotOfRole(Forbidden):
    """The account's roles do not carry what is done in this duty."""

    code = "duty_not_of_role"


class CaseHeldByAnother(Conflict):
    """Somebody else has this duty; only a head of office gives it to another, with a reason."""

    code = "case_held_by_another"


class CaseTakenAlready(Conflict):
    """The account has this duty."""

    code = "case_taken_already"


class FourEyesRequired(Refused):
    """The account had a duty in this case that the other one checks."""

    code = "four_eyes_required"


class AssignmentReasonMissing(Invalid):
    """Whoever takes a duty from somebody, or gives it back, says why."""

    code = "assignment_reason_missing"


class AssignmentEnded(Refused):
    """The duty was given back or given to another before."""

    code = "assignment_ended"


def check_duty(case: Case, duty: Duty) -> None:
    """Return if there is such a duty in the case, and it is somebody's by now.

    :raises DutyNotOfThisCase: if there is none.
    :raises DutyNotDue: if the case has not come so far.
    """
    if duty not in DUTIES[case.kind]:
        raise DutyNotOfThisCase(duty=duty.value, case_kind=case.kind.value)
    if duty not in case.due:
        raise DutyNotDue(duty=duty.value)


def check_role(duty: Duty, permissions: Collection[str]) -> None:
    """Return if one with these permissions may have the duty.

    :raises DutyNotOfRole: if not.
    """
    if PERMISSION[duty] not in permissions:
        raise DutyNotOfRole(duty=duty.value, permission=PERMISSION[duty])


def holder(duty: Duty, assignments: Collection[Assignment]) -> Assignment | None:
    """Return who has the duty today, or None."""
    for assignment in assignments:
        if assignment.duty is duty and assignment.until is None:
            return assignment
    return None


def check_free(duty: Duty, account: AccountId | None, assignments: Collection[Assignment]) -> None:
    """Return if nobody else has the duty.

    :raises CaseHeldByAnother: if somebody has.
    """
    held = holder(duty, assignments)
    if held is not None and held.account_id != account:
        raise CaseHeldByAnother(duty=duty.value)


def check_not_taken(
    duty: Duty, account: AccountId | None, assignments: Collection[Assignment]
) -> None:
    """Return if nobody has the duty.

    :raises CaseTakenAlready: if the account itself has.
    :raises CaseHeldByAnother: if somebody else has.
    """
    held = holder(duty, assignments)
    if held is not None and held.account_id == account:
        raise CaseTakenAlready(duty=duty.value)
    check_free(duty, account, assignments)


def check_four_eyes(
    duty: Duty, account: AccountId | None, assignments: Collection[Assignment]
) -> None:
    """Return if the account never had the duty that this one checks, nor the other way round.

    :raises FourEyesRequired: if it had.
    """
    had = {each.duty for each in assignments if each.account_id == account}
    for pair in APART:
        if duty in pair and had & (pair - {duty}):
            raise FourEyesRequired(duty=duty.value)


def check_reason(reason: str | None) -> str:
    """Return the reason that is given.

    :raises AssignmentReasonMissing: if none is.
    """
    if reason is None or not reason.strip():
        raise AssignmentReasonMissing
    return reason


def over(due: Collection[Duty], assignments: Collection[Assignment]) -> list[Assignment]:
    """Return the duties that are somebody's and not due any more: they end with the case [P].

    HN-28 opens a case to who is assigned to it, which nobody is for good; whoever needs it again for
    a duty that is still due takes it again, and that is remembered.
    """
    return [each for each in assignments if each.until is None and each.duty not in due]


def check_open(assignment: Assignment) -> None:
    """Return if the duty is still the account's.

    :raises AssignmentEnded: if it was given back or given to another.
    """
    if assignment.until is not None:
        raise AssignmentEnded
