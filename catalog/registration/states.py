"""Give the life of an application for first registration (首次登记申请): RULES §5.1, E46."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an application stands (申请状态)."""

    DRAFT = "draft"  # 填报中
    SUBMITTED = "submitted"  # 已提交，待受理
    CORRECTION_REQUIRED = "correction_required"  # 一次性告知，待补正
    NOT_ACCEPTED = "not_accepted"  # 不予受理
    ACCEPTED = "accepted"  # 已受理
    UNDER_REVIEW = "under_review"  # 审查中
    REFUSED = "refused"  # 不予办理登记
    REVIEW_FAILED_TECHNICAL = "review_failed_technical"  # 技术审查未通过 (A7)
    REVIEW_PASSED = "review_passed"  # 审查通过
    IN_PUBLIC_NOTICE = "in_public_notice"  # 公示中
    OBJECTION_HOLD = "objection_hold"  # 异议处理中
    AWAITING_ISSUANCE_AUTHORISATION = "awaiting_issuance_authorisation"  # 待授权发证
    ISSUANCE_AUTHORISED = "issuance_authorised"  # 已授权发证
    ISSUED = "issued"  # 已发证
    WITHDRAWN = "withdrawn"  # 已撤回
    LAPSED = "lapsed"  # 逾期未补正
    READY_TO_ISSUE = "ready_to_issue"  # 待发证: where no authorisation is needed
    UNFILED = "unfiled"  # 逾期未补正，视为未提出申请 (NDA35-17)
    TERMINATED = "terminated"  # 异议属实，终止登记 (NDRC26-12)


class Event(enum.StrEnum):
    """What can happen to an application."""

    REVISE = "revise"  # 修改填报内容
    HAND_IN_MATERIAL = "hand_in_material"  # 提交材料
    SUBMIT = "submit"  # 提交
    WITHDRAW = "withdraw"  # 撤回 (自愿, HN-04)
    ACCEPT = "accept"  # 受理
    REQUIRE_CORRECTION = "require_correction"  # 一次性告知补正
    DECLINE_OUT_OF_SCOPE = "decline_out_of_scope"  # 不属于业务范围
    NOTIFY_DECISION = "notify_decision"  # 告知
    RESUBMIT = "resubmit"  # 全部补正
    PARTIAL_RESUBMIT = "partial_resubmit"  # 部分补正: nothing moves
    LAPSE = "lapse"  # 逾期未补正
    DEEM_UNFILED = "deem_unfiled"  # 逾期未补正，视为未提出
    ACCEPT_BY_SILENCE = "accept_by_silence"  # 逾期未答复，视为受理 (NDA35-17)
    EXTEND_REVIEW = "extend_review"  # 延长办理期限 (NDA35-28)
    START_REVIEW = "start_review"  # 进入审查
    RECORD_TECHNICAL_OPINION = "record_technical_opinion"  # 技术审查意见书
    RECORD_COMPLIANCE_OPINION = "record_compliance_opinion"  # 合规性评估意见书
    REQUEST_MORE_MATERIAL = "request_more_material"  # 其他必要材料 (HN-08(8))
    SUPPLEMENT = "supplement"  # 补充材料
    REPLACE_AGENCY = "replace_agency"  # 更换第三方机构
    PASS_REVIEW = "pass_review"  # 审查通过  # noqa: S105
    REFUSE = "refuse"  # 不予办理登记 (HN-15)
    RETURN_TECHNICAL_POINTS = "return_technical_points"  # 退回技术问题
    FAIL_TECHNICAL = "fail_technical"  # 技术审查未通过
    PUBLISH_NOTICE = "publish_notice"  # 公示: both channels are up
    WAIVE_NOTICE = "waive_notice"  # 免予公示 (NDA35-24)
    INTERRUPT_NOTICE = "interrupt_notice"  # 公示渠道中断
    OBJECT = "object"  # 提出异议
    END_NOTICE = "end_notice"  # 公示期满无异议
    END_NOTICE_READY = "end_notice_ready"  # 公示期满无异议，待发证
    END_NOTICE_OBJECTED = "end_notice_objected"  # 公示期满，异议未结
    OBJECTIONS_DISMISSED = "objections_dismissed"  # 异议均已办结，维持
    CLEAR_HOLD = "clear_hold"  # 异议均已办结或有生效法律文书，待发证
    OBJECTION_TERMINATES = "objection_terminates"  # 异议属实，终止登记
    OBJECTION_UPHELD = "objection_upheld"  # 异议成立
    RETURN_TO_DRAFT = "return_to_draft"  # 异议成立，所有者或内容须重填
    REFER_TO_COURT = "refer_to_court"  # 诉讼或仲裁 (HN-20(2))
    INSTRUMENT_CLEARS = "instrument_clears"  # 生效法律文书支持登记
    INSTRUMENT_BARS = "instrument_bars"  # 生效法律文书不支持登记
    AUTHORISE_ISSUE = "authorise_issue"  # 授权发证
    RETURN_TO_REVIEW = "return_to_review"  # 退回复核
    RETURN_TO_NOTICE = "return_to_notice"  # 退回重新公示
    ISSUE_CERTIFICATE = "issue_certificate"  # 发证
    GIVE_CONSENT = "give_consent"  # 共同所有者同意 (A42)
    WITHDRAW_CONSENT = "withdraw_consent"  # 共同所有者撤回同意


_WITHDRAWABLE: Final = (
    State.DRAFT,
    State.SUBMITTED,
    State.CORRECTION_REQUIRED,
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REVIEW_PASSED,
    State.IN_PUBLIC_NOTICE,
    State.OBJECTION_HOLD,  # "default: stay, applicant may withdraw" (row refer_to_court)
)
# A decision may be told late, when the case has already gone on.
_DECIDED: Final = (
    State.SUBMITTED,  # corrected before the letter with the list was out
    State.CORRECTION_REQUIRED,
    State.NOT_ACCEPTED,
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REFUSED,
    State.REVIEW_FAILED_TECHNICAL,
    State.REVIEW_PASSED,
    State.IN_PUBLIC_NOTICE,
    State.OBJECTION_HOLD,
    State.AWAITING_ISSUANCE_AUTHORISATION,
    State.ISSUANCE_AUTHORISED,
    State.READY_TO_ISSUE,
)
# An objection does not stop the notice (A15); after it, it blocks the issue all the same (A16).
# One that was filed then may be decided while the application goes its whole way once more.
_OBJECTABLE: Final = (
    State.IN_PUBLIC_NOTICE,
    State.OBJECTION_HOLD,
    State.AWAITING_ISSUANCE_AUTHORISATION,
    State.ISSUANCE_AUTHORISED,
    State.READY_TO_ISSUE,
)
# All of the case is under way until the certificate is there (NDA35-28).
_UNDER_WAY: Final = (
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REVIEW_PASSED,
    State.IN_PUBLIC_NOTICE,
    State.OBJECTION_HOLD,
    State.READY_TO_ISSUE,
)

_LIVE: Final = (
    State.DRAFT,
    State.SUBMITTED,
    State.CORRECTION_REQUIRED,
    State.ACCEPTED,
    State.UNDER_REVIEW,
    State.REVIEW_PASSED,
    *_OBJECTABLE,
)

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.REVISE): State.DRAFT,
    (State.DRAFT, Event.HAND_IN_MATERIAL): State.DRAFT,
    (State.DRAFT, Event.SUBMIT): State.SUBMITTED,
    **{(state, Event.WITHDRAW): State.WITHDRAWN for state in _WITHDRAWABLE},
    (State.SUBMITTED, Event.ACCEPT): State.ACCEPTED,
    (State.SUBMITTED, Event.ACCEPT_BY_SILENCE): State.ACCEPTED,
    (State.SUBMITTED, Event.REQUIRE_CORRECTION): State.CORRECTION_REQUIRED,
    (State.SUBMITTED, Event.DECLINE_OUT_OF_SCOPE): State.NOT_ACCEPTED,
    **{(state, Event.NOTIFY_DECISION): state for state in _DECIDED},
    (State.CORRECTION_REQUIRED, Event.REVISE): State.CORRECTION_REQUIRED,
    (State.CORRECTION_REQUIRED, Event.HAND_IN_MATERIAL): State.CORRECTION_REQUIRED,
    (State.CORRECTION_REQUIRED, Event.RESUBMIT): State.SUBMITTED,
    (State.CORRECTION_REQUIRED, Event.PARTIAL_RESUBMIT): State.CORRECTION_REQUIRED,
    (State.CORRECTION_REQUIRED, Event.LAPSE): State.LAPSED,
    (State.CORRECTION_REQUIRED, Event.DEEM_UNFILED): State.UNFILED,
    **{(state, Event.EXTEND_REVIEW): state for state in _UNDER_WAY},
    (State.ACCEPTED, Event.START_REVIEW): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.RECORD_TECHNICAL_OPINION): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.RECORD_COMPLIANCE_OPINION): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.REQUEST_MORE_MATERIAL): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.SUPPLEMENT): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.REPLACE_AGENCY): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.PASS_REVIEW): State.REVIEW_PASSED,
    (State.UNDER_REVIEW, Event.REFUSE): State.REFUSED,
    (State.UNDER_REVIEW, Event.RETURN_TECHNICAL_POINTS): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Event.FAIL_TECHNICAL): State.REVIEW_FAILED_TECHNICAL,
    (State.REVIEW_PASSED, Event.PUBLISH_NOTICE): State.IN_PUBLIC_NOTICE,
    (State.REVIEW_PASSED, Event.WAIVE_NOTICE): State.READY_TO_ISSUE,
    (State.IN_PUBLIC_NOTICE, Event.INTERRUPT_NOTICE): State.IN_PUBLIC_NOTICE,
    **{(state, Event.OBJECT): state for state in _OBJECTABLE},
    **{(state, Event.OBJECTION_UPHELD): State.REFUSED for state in _LIVE},
    **{(state, Event.OBJECTION_TERMINATES): State.TERMINATED for state in _LIVE},
    **{(state, Event.RETURN_TO_DRAFT): State.DRAFT for state in _LIVE},
    **{(state, Event.OBJECTIONS_DISMISSED): state for state in _LIVE},
    (State.IN_PUBLIC_NOTICE, Event.END_NOTICE_READY): State.READY_TO_ISSUE,
    (State.OBJECTION_HOLD, Event.CLEAR_HOLD): State.READY_TO_ISSUE,
    (State.READY_TO_ISSUE, Event.ISSUE_CERTIFICATE): State.ISSUED,
    **{(state, Event.GIVE_CONSENT): state for state in _LIVE},
    **{(state, Event.WITHDRAW_CONSENT): state for state in _LIVE},
    (State.IN_PUBLIC_NOTICE, Event.END_NOTICE): State.AWAITING_ISSUANCE_AUTHORISATION,
    (State.IN_PUBLIC_NOTICE, Event.END_NOTICE_OBJECTED): State.OBJECTION_HOLD,
    (State.OBJECTION_HOLD, Event.OBJECTIONS_DISMISSED): State.AWAITING_ISSUANCE_AUTHORISATION,
    (State.OBJECTION_HOLD, Event.REFER_TO_COURT): State.OBJECTION_HOLD,
    (State.OBJECTION_HOLD, Event.INSTRUMENT_CLEARS): State.AWAITING_ISSUANCE_AUTHORISATION,
    (State.OBJECTION_HOLD, Event.INSTRUMENT_BARS): State.REFUSED,
    (State.AWAITING_ISSUANCE_AUTHORISATION, Event.AUTHORISE_ISSUE): State.ISSUANCE_AUTHORISED,
    (State.AWAITING_ISSUANCE_AUTHORISATION, Event.RETURN_TO_REVIEW): State.UNDER_REVIEW,
    (State.AWAITING_ISSUANCE_AUTHORISATION, Event.RETURN_TO_NOTICE): State.IN_PUBLIC_NOTICE,
    (State.ISSUANCE_AUTHORISED, Event.ISSUE_CERTIFICATE): State.ISSUED,
}

#: From here nothing leads on; the product may be applied for afresh.
FINAL: Final = frozenset(
    {
        State.NOT_ACCEPTED,
        State.REFUSED,
        State.REVIEW_FAILED_TECHNICAL,
        State.ISSUED,
        State.WITHDRAWN,
        State.LAPSED,
        State.UNFILED,
        State.TERMINATED,
    }
)


class ApplicationEventNotAllowed(Refused):
    """The application's life does not allow this."""

    code = "registration_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ApplicationEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ApplicationEventNotAllowed(state=state.value, event=event.value) from error
