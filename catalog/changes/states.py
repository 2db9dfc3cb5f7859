"""Give the life of an application for change registration (变更登记申请): HN-18, RULES §5.2."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an application for a change stands (变更申请状态)."""

    DRAFT = "draft"  # 填报中
    SUBMITTED = "submitted"  # 已提交，待受理
    CORRECTION_REQUIRED = "correction_required"  # 一次性告知，待补正
    NOT_ACCEPTED = "not_accepted"  # 不予受理
    ACCEPTED = "accepted"  # 已受理
    UNDER_REVIEW = "under_review"  # 审查中
    REFUSED = "refused"  # 不予变更
    REVIEW_FAILED_TECHNICAL = "review_failed_technical"  # 技术审查未通过 (A7)
    REVIEW_PASSED = "review_passed"  # 审查通过，待授权发证
    ISSUANCE_AUTHORISED = "issuance_authorised"  # 已授权发证
    ISSUED = "issued"  # 已换发
    WITHDRAWN = "withdrawn"  # 已撤回
    CLOSED = "closed"  # 终止: the certificate does not count any more


class Event(enum.StrEnum):
    """What can happen to an application for a change."""

    REVISE = "revise"  # 修改填报内容
    HAND_IN_MATERIAL = "hand_in_material"  # 提交材料
    SUBMIT = "submit"  # 提交
    WITHDRAW = "withdraw"  # 撤回
    ACCEPT = "accept"  # 受理
    REQUIRE_CORRECTION = "require_correction"  # 一次性告知补正
    DECLINE_OUT_OF_SCOPE = "decline_out_of_scope"  # 不属于业务范围
    NOTIFY_DECISION = "notify_decision"  # 告知
    RESUBMIT = "resubmit"  # 全部补正
    START_REVIEW = "start_review"  # 进入审查
    RECORD_TECHNICAL_OPINION = "record_technical_opinion"  # 技术审查意见书
    RECORD_COMPLIANCE_OPINION = "record_compliance_opinion"  # 合规性评估意见书
    REPLACE_AGENCY = "replace_agency"  # 更换第三方机构
    PASS_REVIEW = "pass_review"  # 审查通过  # noqa: S105
    REFUSE = "refuse"  # 不予变更 (HN-15)
    RETURN_TECHNICAL_POINTS = "return_technical_points"  # 退回技术问题
    FAIL_TECHNICAL = "fail_technical"  # 技术审查未通过
    AUTHORISE_ISSUE = "authorise_issue"  # 授权发证
    RETURN_TO_REVIEW = "return_to_review"  # 退回复核
    ISSUE_CERTIFICATE = "issue_certificate"  # 发证
    CORRECTION_TOO_LATE = "correction_too_late"  # 逾期未补正
    CERTIFICATE_STOPS_COUNTING = "certificate_stops_counting"  # 凭证冻结、撤销、注销、转移


#: Once handed in, its number stands in the way of another; the applicant may take it back.
OPEN: Final = (
    State.DRAFT,
    State.SUBMITTED,
    State.CORRECTION_REQUIRED,
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REVIEW_PASSED,
    State.ISSUANCE_AUTHORISED,
)
FINAL: Final = frozenset(State) - frozenset(OPEN)
# A decision may be told late, when the case has already gone on.
_DECIDED: Final = (
    State.CORRECTION_REQUIRED,
    State.NOT_ACCEPTED,
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REFUSED,
    State.REVIEW_FAILED_TECHNICAL,
    State.REVIEW_PASSED,
    State.ISSUANCE_AUTHORISED,
)

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.REVISE): State.DRAFT,
    (State.DRAFT, Event.HAND_IN_MATERIAL): State.DRAFT,
    (State.DRAFT, Event.SUBMIT): State.SUBMITTED,
    **{
        (state, Event.WITHDRAW): State.WITHDRAWN
        for state in OPEN
        if state is not State.ISSUANCE_AUTHORISED
    },
    **{(state, Event.CERTIFICATE_STOPS_COUNTING): State.CLOSED for state in OPEN},
    (State.CORRECTION_REQUIRED, Event.CORRECTION_TOO_LATE): State.CLOSED,
    (State.SUBMITTED, Event.ACCEPT): State.ACCEPTED,
    (State.SUBMITTED, Event.REQUIRE_CORRECTION): State.CORRECTION_REQUIRED,
    (State.SUBMITTED, Event.DECLINE_OUT_OF_SCOPE): State.NOT_ACCEPTED,
    **{(state, Event.NOTIFY_DECISION): state for state in _DECIDED},
    (State.CORRECTION_REQUIRED, Event.REVISE): State.CORRECTION_REQUIRED,
    (State.CORRECTION_REQUIRED, Event.HAND_IN_MATERIAL): State.CORRECTION_REQUIRED,
    (State.CORRECTION_REQUIRED, Event.RESUBMIT): State.SUBMITTED,
    (State.ACCEPTED, Event.START_REVIEW): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.RECORD_TECHNICAL_OPINION): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.RECORD_COMPLIANCE_OPINION): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.REPLACE_AGENCY): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.PASS_REVIEW): State.REVIEW_PASSED,
    (State.UNDER_REVIEW, Event.REFUSE): State.REFUSED,
    (State.UNDER_REVIEW, Event.RETURN_TECHNICAL_POINTS): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.FAIL_TECHNICAL): State.REVIEW_FAILED_TECHNICAL,
    (State.REVIEW_PASSED, Event.AUTHORISE_ISSUE): State.ISSUANCE_AUTHORISED,
    (State.REVIEW_PASSED, Event.RETURN_TO_REVIEW): State.UNDER_REVIEW,
    # Where the rulebook needs no authorisation.
    (State.REVIEW_PASSED, Event.ISSUE_CERTIFICATE): State.ISSUED,
    (State.ISSUANCE_AUTHORISED, Event.ISSUE_CERTIFICATE): State.ISSUED,
}


class ChangeEventNotAllowed(Refused):
    """The life of an application for a change does not allow this."""

    code = "change_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ChangeEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ChangeEventNotAllowed(state=state.value, event=event.value) from error
