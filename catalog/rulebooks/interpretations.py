"""List what the texts leave open and how it is read here (解释事项, RULES §10): A1 to A49.

``decided_by`` names where the choice lies: a value of the rulebook that may be set, or ``None`` where the
reading is built in, and then ``why`` says why it is not a setting. The bureau interprets (HN-29).
"""

from __future__ import annotations

from typing import Final

import msgspec


class Interpretation(msgspec.Struct, frozen=True):
    """One open question, and how it is read (解释事项)."""

    id: str
    question: str
    reading: str
    decided_by: str | None = None
    why: str = ""


_CODE = "民法典对期间的规定适用 (the Civil Code says so)"
_BUILT = "改动须经立法解释并改写程序 (a change of law, not of a setting)"
_ELSEWHERE = "属于其他规则集或其他环节 (another rulebook or stage)"

INTERPRETATIONS: Final = tuple(
    Interpretation(*row)
    for row in (
        ("A1", "HN-20 的「日」是否工作日", "自然日", None, _BUILT),
        ("A2", "当日是否计入", "不计入", None, _CODE),
        ("A3", "末日为休息日", "顺延至下一工作日", None, _CODE),
        ("A4", "末日几时届满", "24 时", None, _CODE),
        ("A5", "以何为工作日", "国务院年度通知；无通知的年份暂定", None, "由导入的年度通知决定"),
        ("A6", "受理期限自何时起", "材料齐全的提交；补正后重新起算", None, _BUILT),
        ("A7", "技术审查未通过", "单列结果，不属 HN-15 的五种情形", None, _BUILT),
        ("A8", "两级审查的次序", "先技术、后合规，共用 30 个工作日", "reviews_run_in_parallel"),
        ("A9", "补正与不予受理", "两种状态", None, _BUILT),
        ("A10", "补正期限", "未设则不限", "correction_window"),
        ("A11", "能否再次要求补正", "只限新材料或先前不可见的事项", None, _BUILT),
        ("A12", "逾期未决定", "记录超期，不视为同意", None, "国家规则集另有规定"),
        ("A13", "公示内容", "只有公开字段", None, _BUILT),
        ("A14", "两渠道公示日不同", "以较晚者起算", None, _BUILT),
        ("A15", "公示期内提出异议", "公示继续，不予发证", None, _BUILT),
        ("A16", "异议有无时限", "随时可提", None, _BUILT),
        ("A17", "登记主体不反馈", "运营者径行处理", None, _BUILT),
        ("A18", "处理意见的期限", "15 个工作日", "objection_determination"),
        ("A19", "有未结订单时注销", "准许；下架，履行中的合同继续", None, _BUILT),
        ("A20", "争议冻结", "诉讼或仲裁期间冻结", None, _BUILT),
        ("A21", "变更登记的程序", "同首次登记，不公示", "correction_may_skip_compliance"),
        ("A22", "协议转让", "不办理，除非设为准许", "voluntary_transfer_allowed"),
        ("A23", "凭证有无期限", "无；产品时效届满则不再展示", None, _BUILT),
        ("A24", "合规意见书的名称", "两种名称指同一文书", None, _BUILT),
        ("A25", "凭证的名称", "凭证与证明指同一文书", None, _BUILT),
        ("A26", "登记机构是谁", "数据产品超市运营者", None, _BUILT),
        ("A27", "「两家以上」是否随时", "每次比选至少两家", None, _BUILT),
        ("A28", "「每两年」", "两次定选之间不超过 24 个月", None, _BUILT),
        ("A29", "季度报告的期限", "季度终了后 10 个工作日", "quarterly_report"),
        ("A30", "授权运营「一般为 5 年」", "以 5 年为限", None, _ELSEWHERE),
        ("A31", "「连续两次」评估", "同一运营者、同一专区的相邻两次", None, _ELSEWHERE),
        ("A32", "备案是否审批", "备案不是审批", None, _BUILT),
        ("A33", "「及时」", "10 个工作日", "promptly"),
        ("A34", "有条件无偿使用能否收费", "依各规则集", None, _ELSEWHERE),
        ("A35", "何为原始数据", "未加工；仅改格式不是加工", None, _BUILT),
        ("A36", "所有权与三权", "两套用语并存，依规则集", None, "规则集自带用语"),
        ("A37", "主管部门更名", "名称按日期记载", None, "由授权文件和规则集记载"),
        ("A38", "海南新规", "另立规则集", None, "以新的规则集加入"),
        ("A39", "平台公示能否代替主管部门网站", "不能", None, _BUILT),
        ("A40", "何时为收到通知", "阅读之时，否则送达的次一工作日", None, _BUILT),
        ("A41", "凭证签名", "Ed25519；国密另行接入", None, "由密钥管理决定"),
        ("A42", "共有", "份额为分数，合计为一", None, _BUILT),
        ("A43", "评估「较差」的标准", "由评估方案规定", None, _ELSEWHERE),
        ("A44", "补充材料期间审查是否计时", "继续计时", "review_pauses_for_material"),
        ("A45", "超市资源产品是否必须登记", "自愿；须上架或拟上架", None, _BUILT),
        ("A46", "无凭证能否上架", "超市资源不能，自有资源可以", None, "规则集记载来源种类"),
        ("A47", "运营者能否购买本专区产品", "国家规则下不能", None, _ELSEWHERE),
        ("A48", "一级原始数据能否出售", "不能", None, _BUILT),
        ("A49", "监管阅卷是否含商业秘密", "授权机关可以，每次留痕", None, _BUILT),
    )
)
