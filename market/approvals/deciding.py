"""Move an approval from step to step: approve, reject, skip, let it expire, take it back, use it.

Nobody decides what he asked for, and nobody twice. A step at which there is nobody else is skipped,
and says why; but what nobody approved at any step is not approved.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from msgspec.structs import replace

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId
from market.approvals.chain import Colleagues, approvers
from market.approvals.model import (
    Approval,
    ApprovalId,
    Outcome,
    SkipReason,
    Step,
    Taken,
    Verdict,
    Wanted,
)
from market.approvals.states import Event, State, advance

_OUTCOMES: Final = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.REJECT: Outcome.REJECTED,
    Verdict.SKIP: Outcome.SKIPPED,
}


class ApprovalWithoutApprover(Refused):
    """Every step would be skipped: nobody but the one who asks could approve."""

    code = "approval_without_approver"


class ApprovalOfAnother(Refused):
    """It is somebody else's to decide, or to take back."""

    code = "approval_not_yours_to_decide"


class ApprovalStepOver(Refused):
    """The time of the step is over."""

    code = "approval_step_over"


class ApprovalReasonMissing(Invalid):
    """Whoever rejects or skips says why."""

    code = "approval_reason_missing"


def begin(
    wanted: Wanted,
    steps: tuple[Step, ...],
    *,
    approval_id: ApprovalId,
    party: PartyId,
    by: AccountId,
    colleagues: Colleagues,
    now: dt.datetime,
) -> Approval:
    """Return an approval at the first step at which there is somebody.

    :raises ApprovalWithoutApprover: if there is none.
    """
    begun = Approval(
        id=approval_id,
        party_id=party,
        requested_by=by,
        wanted=wanted,
        state=State.PENDING,
        steps=tuple(Taken(step=step) for step in steps),
        version=1,
        created_at=now,
        updated_at=now,
    )
    return _opened(begun, colleagues, now)


def decide(
    approval: Approval,
    verdict: Verdict,
    *,
    by: AccountId,
    may_skip: bool,
    reason: str,
    colleagues: Colleagues,
    now: dt.datetime,
) -> Approval:
    """Return the approval after what was decided at its open step.

    :raises ApprovalEventNotAllowed: if no step is open any more.
    :raises ApprovalStepOver: if the time of the step is over, to the second.
    :raises ApprovalOfAnother: if it is not this account's to decide.
    :raises ApprovalReasonMissing: if it is rejected or skipped, and nothing says why.
    :raises ApprovalWithoutApprover: if by skipping the last step nobody would have approved.
    """
    advance(approval.state, Event.REJECT if verdict is Verdict.REJECT else Event.PASS)
    waiting = approval.open_step
    assert waiting is not None, "what is pending has an open step"
    if is_over(approval, now):
        raise ApprovalStepOver(step=waiting.step.name)
    if verdict not in open_verdicts(
        approval, by=by, may_skip=may_skip, colleagues=colleagues, now=now
    ):
        raise ApprovalOfAnother(step=waiting.step.name)
    if verdict is not Verdict.APPROVE and not reason.strip():
        raise ApprovalReasonMissing
    settled = replace(
        waiting,
        outcome=_OUTCOMES[verdict],
        by=by,
        reason=reason.strip() or None,
        settled_at=now,
        skipped_because=SkipReason.APPROVER_ABSENT if verdict is Verdict.SKIP else None,
    )
    after = _with(approval, waiting, settled)
    if verdict is Verdict.REJECT:
        return replace(after, state=advance(after.state, Event.REJECT))
    return _opened(after, colleagues, now)


def open_verdicts(
    approval: Approval,
    *,
    by: AccountId,
    may_skip: bool,
    colleagues: Colleagues,
    now: dt.datetime,
) -> list[Verdict]:
    """Return what an account may decide at the open step now."""
    waiting = approval.open_step
    if waiting is None or is_over(approval, now):
        return []
    if by == approval.requested_by or by in decided(approval):
        return []
    # Whoever is there is not absent: he approves or rejects. Another skips for him.
    if by in approvers(waiting.step, colleagues):
        return [Verdict.APPROVE, Verdict.REJECT]
    return [Verdict.SKIP] if may_skip else []


def expire(approval: Approval, now: dt.datetime) -> Approval:
    """Return the approval after the time of its open step was over (逾期).

    :raises ApprovalEventNotAllowed: if no step is open any more.
    """
    state = advance(approval.state, Event.EXPIRE)
    waiting = approval.open_step
    assert waiting is not None, "what is pending has an open step"
    late = replace(waiting, outcome=Outcome.EXPIRED, settled_at=now)
    return replace(_with(approval, waiting, late), state=state)


def withdraw(approval: Approval, *, by: AccountId) -> Approval:
    """Return the approval taken back, by who asked for it or who approved it (撤回).

    :raises ApprovalEventNotAllowed: if it is over, or was used.
    :raises ApprovalOfAnother: if it is somebody else's.
    """
    state = advance(approval.state, Event.WITHDRAW)
    if by != approval.requested_by and by not in decided(approval):
        raise ApprovalOfAnother(step="")
    return replace(approval, state=state)


def use(approval: Approval) -> Approval:
    """Return the approval used: what it was for was said.

    :raises ApprovalEventNotAllowed: if it is not approved.
    """
    state = advance(approval.state, Event.USE)
    return replace(approval, state=state)


def is_over(approval: Approval, now: dt.datetime) -> bool:
    """Tell whether the time of the open step is over, noted or not."""
    return approval.due_at is not None and now >= approval.due_at


def decided(approval: Approval) -> frozenset[AccountId]:
    """Return who has approved at a step."""
    return frozenset(
        taken.by
        for taken in approval.steps
        if taken.outcome is Outcome.APPROVED and taken.by is not None
    )


def _opened(approval: Approval, colleagues: Colleagues, now: dt.datetime) -> Approval:
    """Return the approval at the next step at which there is somebody, or approved."""
    waiting = next((taken for taken in approval.steps if taken.outcome is None), None)
    if waiting is None:
        if not decided(approval):
            raise ApprovalWithoutApprover
        return replace(approval, state=advance(approval.state, Event.APPROVE))
    because = _skipped_because(approval, waiting.step, colleagues)
    if because is None:
        due_at = now + dt.timedelta(hours=waiting.step.within_hours)
        return _with(approval, waiting, replace(waiting, opened_at=now, due_at=due_at))
    skipped = replace(
        waiting,
        opened_at=now,
        outcome=Outcome.SKIPPED,
        skipped_because=because,
        settled_at=now,
    )
    return _opened(_with(approval, waiting, skipped), colleagues, now)


def _skipped_because(approval: Approval, step: Step, colleagues: Colleagues) -> SkipReason | None:
    there = approvers(step, colleagues)
    if there - decided(approval) - {approval.requested_by}:
        return None
    if approval.requested_by in there:
        return SkipReason.APPROVER_IS_REQUESTER
    return SkipReason.APPROVER_DECIDED_BEFORE if there else SkipReason.APPROVER_ABSENT


def _with(approval: Approval, before: Taken, after: Taken) -> Approval:
    place = approval.steps.index(before)
    steps = (*approval.steps[:place], after, *approval.steps[place + 1 :])
    return replace(approval, steps=steps)
