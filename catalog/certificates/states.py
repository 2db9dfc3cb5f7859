"""Give the life of a certificate (凭证状态): RULES §5.2, E13."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Whether a certificate counts, and if not, why."""

    ACTIVE = "active"  # 有效
    FROZEN = "frozen"  # 争议冻结 (A20)
    SUPERSEDED = "superseded"  # 已变更
    TRANSFERRED = "transferred"  # 已转移
    DEREGISTERED = "deregistered"  # 已注销
    REVOKED = "revoked"  # 已撤销
    LAPSED = "lapsed"  # 期满失效: only where a registration has a term


class Event(enum.StrEnum):
    """What can happen to a certificate after it was issued."""

    APPLY_CHANGE = "apply_change"  # 申请变更登记: the old one counts meanwhile
    APPROVE_CHANGE = "approve_change"  # 变更登记办结，换发
    REFUSE_CHANGE = "refuse_change"  # 变更登记不予办理
    DEREGISTER = "deregister"  # 登记主体申请注销 (HN-19)
    TRANSFER = "transfer"  # 转移登记
    DEREGISTER_BY_NEW_HOLDER = "deregister_by_new_holder"  # 新权利主体注销
    DEREGISTER_NO_HOLDER = "deregister_no_holder"  # 无新权利主体，运营者注销
    FREEZE = "freeze"  # 冻结
    UNFREEZE = "unfreeze"  # 解除冻结
    REVOKE = "revoke"  # 撤销
    REISSUE = "reissue"  # 重新发放
    RENEW = "renew"  # 续期，换发
    LAPSE = "lapse"  # 期满未续，自动失效
    CANCEL_LAPSED = "cancel_lapsed"  # 失效后由登记机构注销 (NDRC26-15)
    DEREGISTER_BY_OBJECTION = "deregister_by_objection"  # 按照异议处理结果注销 (NDA35-37)
    END_PRODUCT_VALIDITY = "end_product_validity"  # 产品时效届满: the certificate stays (A23)


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.ACTIVE, Event.APPLY_CHANGE): State.ACTIVE,
    (State.ACTIVE, Event.APPROVE_CHANGE): State.SUPERSEDED,
    (State.ACTIVE, Event.REFUSE_CHANGE): State.ACTIVE,
    (State.ACTIVE, Event.DEREGISTER): State.DEREGISTERED,
    (State.ACTIVE, Event.TRANSFER): State.TRANSFERRED,
    (State.FROZEN, Event.TRANSFER): State.TRANSFERRED,
    (State.ACTIVE, Event.DEREGISTER_BY_NEW_HOLDER): State.DEREGISTERED,
    (State.FROZEN, Event.DEREGISTER_BY_NEW_HOLDER): State.DEREGISTERED,
    (State.ACTIVE, Event.DEREGISTER_NO_HOLDER): State.DEREGISTERED,
    (State.FROZEN, Event.DEREGISTER_NO_HOLDER): State.DEREGISTERED,
    (State.ACTIVE, Event.FREEZE): State.FROZEN,
    (State.FROZEN, Event.UNFREEZE): State.ACTIVE,
    (State.ACTIVE, Event.REVOKE): State.REVOKED,
    (State.FROZEN, Event.REVOKE): State.REVOKED,
    (State.ACTIVE, Event.REISSUE): State.SUPERSEDED,
    (State.FROZEN, Event.REISSUE): State.SUPERSEDED,
    (State.ACTIVE, Event.END_PRODUCT_VALIDITY): State.ACTIVE,
    (State.ACTIVE, Event.DEREGISTER_BY_OBJECTION): State.DEREGISTERED,
    (State.FROZEN, Event.DEREGISTER_BY_OBJECTION): State.DEREGISTERED,
    (State.ACTIVE, Event.RENEW): State.SUPERSEDED,
    (State.ACTIVE, Event.LAPSE): State.LAPSED,
    (State.FROZEN, Event.LAPSE): State.LAPSED,
    (State.LAPSED, Event.CANCEL_LAPSED): State.DEREGISTERED,
}


class CertificateEventNotAllowed(Refused):
    """The certificate's life does not allow this."""

    code = "certificate_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises CertificateEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise CertificateEventNotAllowed(state=state.value, event=event.value) from error
