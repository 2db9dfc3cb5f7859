"""Say what may come of an objection (异议处理结果): what fits its target, and when both accepted.

HN-20(1): the certificate is kept, revoked or issued anew (保留、撤销、重新发放) if both sides accept. Which of
them a rulebook has is its own value; what the registrant admits is changed or deregistered (NDA35-29).
While there is no certificate yet, keep means that the objection is dismissed and revoke that it is
upheld. That refuses the registration (HN-15(4), R4), or sends it back to be filled in anew, where
owners or content must change (A15).
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Any

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.rulebooks.rulebook import Rulebook


class Outcome(enum.StrEnum):
    """What the operator determines (异议结果, E16; dismiss and uphold while in notice)."""

    KEEP = "keep"  # 保留
    REVOKE = "revoke"  # 撤销
    REISSUE = "reissue"  # 重新发放、变更登记内容
    DEREGISTER = "deregister"  # 注销登记 (NDA35-29)
    DISMISS = "dismiss"  # 异议不成立
    UPHOLD = "uphold"  # 异议成立
    RETURN_TO_DRAFT = "return_to_draft"  # 异议成立，退回重新填报


class Side(enum.StrEnum):
    """Who accepts (当事人)."""

    OBJECTOR = "objector"  # 异议人
    REGISTRANT = "registrant"  # 登记主体


class OutcomeNotForTarget(Invalid):
    """The outcome does not fit what is objected to."""

    code = "objection_outcome_not_for_target"


class DeterminationReasonMissing(Invalid):
    """A determination gives its reasons."""

    code = "objection_reason_missing"


class ChangesUnfit(Invalid):
    """What returns to draft names what must change in it; any other outcome names nothing."""

    code = "objection_changes_unfit"


class CorrectionUnfit(Invalid):
    """What is issued anew says how it is corrected; any other outcome corrects nothing."""

    code = "objection_correction_unfit"


class AcceptanceGivenAlready(Conflict):
    """This side has answered; its answer stays."""

    code = "objection_answer_given_already"


class AcceptanceOfBothRequired(Refused):
    """The outcome is carried out only when both sides have accepted it (HN-20(1))."""

    code = "acceptance_of_both_required"


def fitting(
    rulebook: Rulebook, *, is_certified: bool, is_admitted: bool = False
) -> frozenset[Outcome]:
    """Return what may come of an objection, to a certificate by its rulebook.

    What the registrant admits does not stay as it is.
    """
    if not is_certified:
        return frozenset({Outcome.DISMISS, Outcome.UPHOLD, Outcome.RETURN_TO_DRAFT})
    known = frozenset(Outcome(each) for each in rulebook.outcomes_after_issue)
    return known - {Outcome.KEEP} if is_admitted else known


def check(
    outcome: Outcome,
    reasons: str,
    *,
    fitting: Collection[Outcome],
    must_change: Collection[Any] = (),
) -> None:
    """Return if the operator may determine this, of what fits the target.

    :raises DeterminationReasonMissing: if no reasons are given.
    :raises OutcomeNotForTarget: if it does not fit the target.
    :raises ChangesUnfit: if it lacks what must change, or names it where nothing is to change.
    """
    if not reasons.strip():
        raise DeterminationReasonMissing
    if outcome not in fitting:
        raise OutcomeNotForTarget(outcome=outcome.value, fitting=sorted(o.value for o in fitting))
    if bool(must_change) != (outcome is Outcome.RETURN_TO_DRAFT):
        raise ChangesUnfit(outcome=outcome.value)


def check_correction(outcome: Outcome, *, is_corrected: bool) -> None:
    """Return if a correction is given where, and only where, the certificate is issued anew.

    :raises CorrectionUnfit: if it lacks where it is needed, or stands where it is not.
    """
    if is_corrected != (outcome is Outcome.REISSUE):
        raise CorrectionUnfit(outcome=outcome.value)


def check_recheck(outcome: Outcome, reasons: str) -> None:
    """Return if the registrar's own re-check during the notice may come to this (核查).

    :raises DeterminationReasonMissing: if no reasons are given.
    :raises OutcomeNotForTarget: if it neither dismisses nor upholds.
    """
    if not reasons.strip():
        raise DeterminationReasonMissing
    fitting = (Outcome.DISMISS, Outcome.UPHOLD)
    if outcome not in fitting:
        raise OutcomeNotForTarget(outcome=outcome.value, fitting=[o.value for o in fitting])


def answer(answers: dict[Side, bool], side: Side, *, accepts: bool) -> dict[Side, bool]:
    """Return the answers with that of ``side``.

    :raises AcceptanceGivenAlready: if that side has answered before.
    """
    if side in answers:
        raise AcceptanceGivenAlready(side=side.value)
    return {**answers, side: accepts}


def check_carried_out(answers: dict[Side, bool]) -> None:
    """Return if the outcome may be carried out.

    :raises AcceptanceOfBothRequired: if a side has not answered, or has refused.
    """
    lacking = [side.value for side in Side if not answers.get(side, False)]
    if lacking:
        raise AcceptanceOfBothRequired(missing=lacking)


def needs_certificate(decided: Outcome) -> bool:
    """Tell whether an outcome can only be carried out on a certificate that still counts."""
    return decided in (Outcome.REVOKE, Outcome.REISSUE, Outcome.DEREGISTER)


def both_accepted(answers: dict[Side, bool]) -> bool:
    """Tell whether both sides accepted."""
    return all(answers.get(side, False) for side in Side)
