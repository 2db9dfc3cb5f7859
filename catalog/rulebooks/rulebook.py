"""Give the shape of a rulebook (规则集): a named period or number for everything that may differ.

``deadlines.py`` of a room says what runs from when; a rulebook says how long, by which article.
"[P]" as a source means that no text gives the number and we chose it (RULES, markers).
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.periods import Period


class Rulebook(msgspec.Struct, frozen=True, kw_only=True):
    """One set of rules in force somewhere from some day (规则集)."""

    code: str
    title: str
    authority: str  # 主管部门, as the text names it; names change later (A37)
    effective_from: dt.date

    # 受理, 审查, 公示
    acceptance: Period  # 受理意见, from the complete submission
    acceptance_notice: Period  # 告知, from the decision
    review: Period  # 技术性审查 + 合规性审查 together, from acceptance
    public_notice: Period  # 公示, from the day on which all channels are up
    notice_interruption: Period  # a channel away for longer than this extends the notice
    correction_window: Period | None  # 补正期限; None: no limit (A10)
    issuing: Period | None  # 发证, from the authorisation; None: no limit in the text

    # 异议
    objection_forwarding: Period  # the registrant is told, from receipt of the objection
    objection_response: Period  # 反馈说明, from receipt of the notification
    objection_determination: Period  # 处理意见, from the answer or its time running out
    objection_acceptance: Period  # both sides accept the outcome, from the determination
    objection_proceedings: Period  # a case number is shown, from the failure to agree
    new_holder_action: Period  # 新权利主体 acts, from the instrument's verification

    # 第三方确权登记服务机构
    agency_cycle: Period  # 公开比选, from award to award
    agency_contract: Period  # 服务合同
    agency_evaluation: Period  # 评价并备案, from the contract's end
    minimum_agencies: int

    # 报告, 备案, 处置
    quarterly_report: Period  # from the last day of the quarter
    pricing_filing: Period  # 定价备案, from the setting of the price
    filing_recording: Period  # 予以备案, from the filing
    pricing_inquiry_reply: Period  # from the supervisor's question
    promptly: Period  # 「及时」

    # 口径
    rights_vocabulary: tuple[str, ...]  # what 所有权 is made of, as certificates say it
    notice_channels: tuple[str, ...]  # 公示 stands on every one of these
    listing_requires_certificate: frozenset[str]  # origin paths that need a 凭证 to be listed
    reviews_run_in_parallel: bool
    review_pauses_for_material: bool
    change_has_public_notice: bool
    voluntary_transfer_allowed: bool
