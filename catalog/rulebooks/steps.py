"""Name the steps of a registration for which each rulebook names its own articles (登记环节与条文)."""

from __future__ import annotations

import enum


class Step(enum.StrEnum):
    """A step of a registration, as the audit log says under which articles it was taken."""

    APPLICATION = "application"  # 填写申请
    MATERIAL = "material"  # 申请材料
    CONSENT = "consent"  # 共同所有者、权利主体同意
    SUBMISSION = "submission"  # 提交
    WITHDRAWAL = "withdrawal"  # 撤回
    ACCEPTANCE = "acceptance"  # 受理
    NOTIFICATION = "notification"  # 告知
    LAPSE = "lapse"  # 逾期未补正
    REVIEW_START = "review_start"  # 交付审查
    OPINION = "opinion"  # 登记机构审查意见
    SUPPLEMENT = "supplement"  # 补充材料
    REVIEW = "review"  # 审查结论
    NOTICE = "notice"  # 公示
    OBJECTION_IN_NOTICE = "objection_in_notice"  # 登记前的异议
    OBJECTION_UPHELD = "objection_upheld"  # 登记前异议成立
    OBJECTION_AFTER = "objection_after"  # 登记后的异议
    ISSUE = "issue"  # 发证
    CHANGE = "change"  # 变更登记、更正登记
    TRANSFER = "transfer"  # 转移登记、转让登记
    REISSUE = "reissue"  # 重新发放、更正后换发
