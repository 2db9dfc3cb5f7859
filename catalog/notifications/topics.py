"""Name what parties are told about (通知事项): one enum; the words stand in ``texts.toml``."""

from __future__ import annotations

import enum


class Topic(enum.StrEnum):
    """One kind of message. The value is a key of ``texts.toml`` and never changes its meaning."""

    # this room's own
    CONTACT_CODE = "contact_code"  # 联系方式核验码; goes out only, never into the inbox

    # public notices
    NOTICE_POSTED = "notice_posted"  # 公示开始
    NOTICE_INTERRUPTED = "notice_interrupted"  # 公示中断、顺延
    NOTICE_ENDED = "notice_ended"  # 公示期满

    # changes of a certificate
    CERTIFICATE_CHANGED = "certificate_changed"  # 所购产品的凭证已变更

    # agreements
    AGREEMENT_END_PROPOSED = "agreement_end_proposed"  # 对方提出解除协议
    AGREEMENT_GOES_ON = "agreement_goes_on"  # 不解除，协议继续
    AGREEMENT_ENDED = "agreement_ended"  # 协议已解除
    AGREEMENT_SUCCEEDED = "agreement_succeeded"  # 协议已被代替

    # what related parties deal in
    RELATED_DEALING_FOUND = "related_dealing_found"  # 关联交易待复核
    RELATED_DEALING_RELEASED = "related_dealing_released"  # 关联交易予以放行
    RELATED_DEALING_REFUSED = "related_dealing_refused"  # 关联交易不予放行

    # approvals inside an organisation
    APPROVAL_WANTED = "approval_wanted"  # 待内部审批
    APPROVAL_DECIDED = "approval_decided"  # 内部审批已有结果

    # third-party agencies
    AGENCY_SELECTION_ANNOUNCED = "agency_selection_announced"  # 比选公告
    AGENCY_BIDS_OPENED = "agency_bids_opened"  # 应选文件已开启
    AGENCY_PANEL_SEATED = "agency_panel_seated"  # 被抽取为评审专家
    AGENCY_SELECTION_RESULT = "agency_selection_result"  # 比选结果
    AGENCY_RESELECTION_DUE = "agency_reselection_due"  # 合同将到期，应重新比选
    AGENCY_CASE_ASSIGNED = "agency_case_assigned"  # 案件分派
    AGENCY_CASE_DECLINED = "agency_case_declined"  # 机构声明利益冲突
    AGENCY_MISCONDUCT_RECORDED = "agency_misconduct_recorded"  # 不当行为
    AGENCY_EVALUATION_FILED = "agency_evaluation_filed"  # 履约评价已报备案
    AGENCY_SELECTION_REMARKED = "agency_selection_remarked"  # 主管部门对比选的意见

    # first registration
    OWNER_NAMED = "owner_named"  # 列为共同所有者，请确认
    RIGHT_HOLDER_NAMED = "right_holder_named"  # 列为权利主体，请确认
    OWNER_CONSENT_RECORDED = "owner_consent_recorded"  # 书面同意已提交
    OWNER_CONSENT_WITHDRAWN = "owner_consent_withdrawn"  # 共同所有者撤回同意
    APPLICATION_RECEIVED = "application_received"  # 已收到申请（收件回执）
    APPLICATION_ACCEPTED = "application_accepted"  # 受理
    CORRECTION_REQUIRED = "correction_required"  # 一次性告知补正
    APPLICATION_NOT_ACCEPTED = "application_not_accepted"  # 不予受理
    APPLICATION_RETURNED_TO_DRAFT = "application_returned_to_draft"  # 异议成立，退回重填
    APPLICATION_WITHDRAWN = "application_withdrawn"  # 申请撤回，告知第三方机构
    APPLICATION_LAPSED = "application_lapsed"  # 逾期未补正
    CERTIFICATE_REQUEST_DECIDED = "certificate_request_decided"  # 续期、注销申请的结果
    REVIEW_EXTENDED = "review_extended"  # 延长办理期限
    MATERIAL_REQUESTED = "material_requested"  # 补充材料
    REVIEW_PASSED = "review_passed"  # 审查通过
    REGISTRATION_REFUSED = "registration_refused"  # 不予办理登记
    TECHNICAL_REVIEW_FAILED = "technical_review_failed"  # 技术审查未通过
    TECHNICAL_POINTS_RETURNED = "technical_points_returned"  # 退回技术问题
    ISSUANCE_RETURNED = "issuance_returned"  # 退回复核或重新公示

    # to the bureau
    ONE_TIME_NOTICE_OVERRIDDEN = "one_time_notice_overridden"  # 再次要求补正
    INCIDENT_REPORTED = "incident_reported"  # 监控事件报告
    NATIONAL_CORE_DATA_FOUND = "national_core_data_found"  # 国家核心数据
    NEW_HOLDER_INACTIVE = "new_holder_inactive"  # 新权利主体逾期未办

    # the catalogue
    SAVED_SEARCH_MATCHED = "saved_search_matched"  # 保存的检索有新产品

    # incidents
    INCIDENT_AFFECTS_YOU = "incident_affects_you"  # 告知受影响方

    # objections and instruments
    OBJECTION_RECEIVED = "objection_received"  # 已收到异议（收件回执）
    OBJECTION_INCOMPLETE = "objection_incomplete"  # 异议材料不齐，请补齐
    OBJECTION_ADMITTED = "objection_admitted"  # 登记主体认可异议
    OBJECTION_FORWARDED = "objection_forwarded"  # 异议转送登记主体
    OBJECTION_ANSWERED = "objection_answered"  # 登记主体已反馈
    OBJECTION_DETERMINED = "objection_determined"  # 处理意见
    OBJECTION_UNRESOLVED = "objection_unresolved"  # 未达成一致，可起诉或仲裁
    OBJECTION_CLOSED = "objection_closed"  # 异议办结
    NEW_HOLDER_INVITED = "new_holder_invited"  # 请新权利主体办理
    CERTIFICATE_ISSUED = "certificate_issued"  # 发证
    CERTIFICATE_MOVED = "certificate_moved"  # 凭证状态变化，告知登记主体和权利负担的权利人
    TRANSFER_SIGNED = "transfer_signed"  # 转让协议已由一方签署
    FOREIGN_CERTIFICATE_MOVED = "foreign_certificate_moved"  # 外部凭证状态变化
    ENCUMBRANCE_ENTERED = "encumbrance_entered"  # 权利负担登记
    ENCUMBRANCE_RELEASED = "encumbrance_released"  # 权利负担解除
    PRODUCT_EXPIRING = "product_expiring"  # 产品时效即将届满，提醒登记主体
    PRODUCT_EXPIRED = "product_expired"  # 产品时效已届满，告知登记主体
    PURCHASE_EXPIRED = "purchase_expired"  # 所购产品时效已届满，告知买方
    CONSENT_ENDED = "consent_ended"  # 个人授权已撤回或到期，告知提供方和接收方
    CONSENT_NARROWED = "consent_narrowed"  # 个人授权范围已缩小，告知提供方和接收方
    DESTRUCTION_DUE = "destruction_due"  # 使用已结束，请销毁数据并提交销毁说明
    DESTRUCTION_REMINDED = "destruction_reminded"  # 销毁说明即将到期，提醒买方
    DESTRUCTION_OVERDUE = "destruction_overdue"  # 销毁说明逾期，告知买方和供方
    USAGE_BALANCE_LOW = "usage_balance_low"  # 按量计费余额偏低，告知买方
    USAGE_IN_ARREARS = "usage_in_arrears"  # 余额用尽或欠费，限期补缴
    USAGE_SUSPENDED = "usage_suspended"  # 逾期未补缴，已停用，告知买方和供方
    USAGE_RESUMED = "usage_resumed"  # 已补足，恢复使用
    USAGE_OWED = "usage_owed"  # 订单已结束，欠费未清
    PURCHASE_CUT_OFF = "purchase_cut_off"  # 所购产品的使用已被切断，告知买方
    CERTIFICATE_ENDED = "certificate_ended"  # 凭证状态变化，告知买方

    # spot checks
    SPOT_CHECK_BEGUN = "spot_check_begun"  # 抽查开始，告知运营者
    SPOT_CHECK_OF_OWN_CASE = "spot_check_of_own_case"  # 本人申请被抽查
    SPOT_CHECK_TO_RECTIFY = "spot_check_to_rectify"  # 责令整改

    # complaints
    COMPLAINT_ACCEPTED = "complaint_accepted"  # 投诉受理
    COMPLAINT_REDIRECTED = "complaint_redirected"  # 投诉转办
    COMPLAINT_DECLINED = "complaint_declined"  # 投诉不予受理
    COMPLAINT_AGAINST_YOU = "complaint_against_you"  # 您被投诉
    COMPLAINT_MEASURE_TAKEN = "complaint_measure_taken"  # 临时措施，告知被投诉方
    COMPLAINT_RESOLVED = "complaint_resolved"  # 处理决定
    COMPLAINT_APPEALED = "complaint_appealed"  # 申请复核
    COMPLAINT_REVIEWED = "complaint_reviewed"  # 复核决定
    COMPLAINT_REFERRED = "complaint_referred"  # 转仲裁
    COMPLAINT_CLOSED = "complaint_closed"  # 投诉办结

    # webhooks
    WEBHOOK_DISABLED = "webhook_disabled"  # 回调地址长期失败，已停用

    # credit
    CREDIT_ACT_FOUND = "credit_act_found"  # 失信行为认定
    CREDIT_OBJECTION_ANSWERED = "credit_objection_answered"  # 信用异议处理
    CREDIT_PUNISHED = "credit_punished"  # 失信惩戒
    CREDIT_REPAIRED = "credit_repaired"  # 信用修复
    CREDIT_REWARDED = "credit_rewarded"  # 守信激励

    # offers
    LISTING_RETURNED = "listing_returned"  # 上架申请退回补齐
    OFFER_STOPPED = "offer_stopped"  # 产品暂停或下架，告知买方

    # auctions
    AUCTION_ANNOUNCED = "auction_announced"  # 竞价公告已发布，告知供方
    AUCTION_OUTBID = "auction_outbid"  # 您的出价已被超过
    AUCTION_CLOSED = "auction_closed"  # 竞价截止：请交出开标密钥、公开保留价
    AUCTION_DECIDED = "auction_decided"  # 竞价结果已公布
    AUCTION_TO_AWARD = "auction_to_award"  # 请供方确认成交
    AUCTION_WON = "auction_won"  # 您已竞得，请按期下单
    AWARD_OBJECTED = "award_objected"  # 竞价结果有人提出异议，暂停成交
    AWARD_OBJECTION_DECIDED = "award_objection_decided"  # 成交异议已处理
    AUCTION_ENDED = "auction_ended"  # 竞价流拍、撤销或作废
    DEPOSIT_RETURNED = "deposit_returned"  # 保证金已退还
    DEPOSIT_FORFEITED = "deposit_forfeited"  # 保证金不予退还，告知双方

    # prices
    PRICE_INQUIRED = "price_inquired"  # 价格问询：限期答复
    PRICE_CORRECTION_ORDERED = "price_correction_ordered"  # 责令改正价格
    INVOICE_REQUESTED = "invoice_requested"  # 对方申请开票
    INVOICE_ANSWERED = "invoice_answered"  # 发票已开具、未予开具、作废或红冲
    REVENUE_AGREEMENT_PROPOSED = "revenue_agreement_proposed"  # 请确认收益分配约定
    REVENUE_AGREEMENT_DECLINED = "revenue_agreement_declined"  # 收益分配约定未获同意
    REVENUE_AGREEMENT_CONCLUDED = "revenue_agreement_concluded"  # 收益分配约定已生效
    REVENUE_AGREEMENT_ENDED = "revenue_agreement_ended"  # 收益分配约定已终止
    ALLOWED_REVENUE_TAKEN = "allowed_revenue_taken"  # 准许收入预警
    PUBLIC_DATA_REPORT_DRAWN_UP = "public_data_report_drawn_up"  # 年度报告已出具
    PUBLIC_DATA_REPORT_DUE = "public_data_report_due"  # 年度报告待披露，告知运营机构
    FEES_TO_ADJUST = "fees_to_adjust"  # 复核偏离：调整收费
    PRICE_ABOVE_NEW_CEILING = "price_above_new_ceiling"  # 价格超出新上限

    # quality issues
    QUALITY_ISSUE_REPORTED = "quality_issue_reported"  # 质量问题已报告：告知供方
    QUALITY_ISSUE_ASSIGNED = "quality_issue_assigned"  # 质量问题交办：限期处理
    QUALITY_ISSUE_FED_BACK = "quality_issue_fed_back"  # 质量问题已反馈

    # demands
    DEMAND_POST_PUBLISHED = "demand_post_published"  # 需求已发布
    DEMAND_POST_REJECTED = "demand_post_rejected"  # 需求未予发布
    DEMAND_POST_MATCHED = "demand_post_matched"  # 有需求与您的产品匹配
    DEMAND_MATCH_ACCEPTED = "demand_match_accepted"  # 对方有意向
    DEMAND_POST_WENT_ON = "demand_post_went_on"  # 磋商未成，需求继续
    DEMAND_POST_EXPIRED = "demand_post_expired"  # 需求已到期
    QUOTE_INVITED = "quote_invited"  # 受邀报价
    QUOTES_OPENED = "quotes_opened"  # 报价已开启
    QUOTE_REQUEST_LAPSED = "quote_request_lapsed"  # 期满无报价
    QUOTE_ACCEPTED = "quote_accepted"  # 报价被选定
    QUOTE_NOT_ACCEPTED = "quote_not_accepted"  # 报价未被选定
    QUOTES_DECLINED = "quotes_declined"  # 均未选定
    QUOTE_REQUEST_ENDED = "quote_request_ended"  # 询价已撤回
