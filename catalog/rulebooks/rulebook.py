"""Give the shape of a rulebook (规则集): a named period or number for everything that may differ.

``deadlines.py`` of a room says what runs from when; a rulebook says how long, by which article.
"[P]" as a source means that no text gives the number and we chose it (RULES, markers).
"""

from __future__ import annotations

import datetime as dt
import enum

import msgspec

from catalog.kernel.periods import CHOSEN, Period, Unit
from catalog.rulebooks.steps import Step


class Silence(enum.StrEnum):
    """What it means if nothing is decided in time (逾期未答复)."""

    NOTHING = "nothing"  # overdue, and decided later all the same (A12)
    ACCEPTED = "accepted"  # 视为受理, on the first working day after the period


class StopClock(enum.StrEnum):
    """What the days of the review do not count (不计入办理期限)."""

    SUPPLEMENT = "supplement"  # 补充材料
    PUBLIC_NOTICE = "public_notice"  # 公示
    OBJECTION = "objection"  # 异议处理


class CodeScheme(enum.StrEnum):
    """How registrations are numbered (登记编号规则)."""

    PROVINCE = "province"  # 登记编号 of the province's register
    NATIONAL = "national"  # 凭证编码 SJ… of 国数综政策〔2026〕35号 附件六
    QUERY = "query"  # 登记结果查询码: the national rule was not read, the pattern is ours


class Unrenewed(enum.StrEnum):
    """What becomes of a registration that was not renewed (到期未续期)."""

    LAPSES = "lapses"  # 自动失效
    IS_CANCELLED = "is_cancelled"  # 失效，由登记机构注销


class Upheld(enum.StrEnum):
    """How a registration ends to which an objection was upheld (异议成立)."""

    REFUSED = "refused"  # 不予登记
    TERMINATED = "terminated"  # 终止登记


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """When a registration may be renewed (续期): from so long before its last day, for so long."""

    opens_before: Period
    last_day_included: bool  # False: until the day before the last
    at_most: Period
    decided_within: Period
    unrenewed: Unrenewed


class Kind(enum.StrEnum):
    """What kind of value may be set."""

    PERIOD = "period"
    FLAG = "flag"
    TEXT = "text"


class Open(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a rulebook leaves a value open, and within which bounds it may be set (可设范围)."""

    kind: Kind
    source: str  # [P], or the interpretation that decides it (RULES §10)
    units: tuple[Unit, ...] = ()
    least: int = 1
    most: int = 366
    may_be_none: bool = False  # no limit
    pattern: str = ""


def open_period(
    *units: Unit, most: int, least: int = 1, source: str = CHOSEN, may_be_none: bool = False
) -> Open:
    """Return that a period may be set, in which units and between which lengths."""
    return Open(
        kind=Kind.PERIOD,
        source=source,
        units=units,
        least=least,
        most=most,
        may_be_none=may_be_none,
    )


def open_flag(source: str = CHOSEN) -> Open:
    """Return that a yes or no may be set."""
    return Open(kind=Kind.FLAG, source=source)


def open_text(pattern: str) -> Open:
    """Return that a short text may be set, of this pattern."""
    return Open(kind=Kind.TEXT, source=CHOSEN, pattern=pattern)


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
    foreign_recheck: Period  # 外部凭证复查, from the last look at its state
    product_expiry_reminder: Period  # 产品时效届满前提醒, so long before its last day (A23)

    # 第三方确权登记服务机构
    agency_cycle: Period  # 公开比选, from award to award
    agency_contract: Period  # 服务合同
    agency_evaluation: Period  # 评价并备案, from the contract's end
    agency_bid_window: Period  # 应选文件递交, from the announcement, at least
    agency_reselection: Period  # 重新比选的提醒, so long before contracts end
    agencies_take_turns: bool  # 轮流分派; False: 随机分派
    minimum_agencies: int

    # 报告, 处置
    quarterly_report: Period  # from the last day of the quarter
    promptly: Period  # 「及时」

    # 口径
    rights_vocabulary: tuple[str, ...]  # what 所有权 is made of, as certificates say it
    notice_channels: tuple[str, ...]  # 公示 stands on every one of these
    listing_requires_certificate: frozenset[str]  # origin paths that need a 凭证 to be listed
    reviews_run_in_parallel: bool
    review_pauses_for_material: bool
    change_has_public_notice: bool
    voluntary_transfer_allowed: bool
    articles: dict[Step, tuple[str, ...]]  # 依据; none where the text is silent
    open: dict[str, Open]  # what the text leaves open, by the name of the value
    # 国家规则集: what Hainan's text does not have keeps these defaults.
    silence_on_acceptance: Silence = Silence.NOTHING
    stop_clocks: tuple[StopClock, ...] = ()
    review_extension: Period | None = None  # 可延长
    notice_may_be_waived: bool = False
    objection_recheck: Period | None = None  # 公示期内异议核查
    cancellation: Period | None = None  # 注销
    transfer: Period | None = None  # 转让登记, from both signatures
    correction_unanswered_is_unfiled: bool = False  # 逾期未补正视为未提出
    needs_compliance_opinion: bool = True  # 第三方合规性评估
    needs_authorisation: bool = True  # 主管部门授权发证
    rights_are_independent: bool = False  # 三权可分属不同主体
    validity: Period | None = None  # 有效期 at most; None: as the certificate says
    renewal: Renewal | None = None
    code_scheme: CodeScheme = CodeScheme.PROVINCE
    code_region: str = "46"  # GB/T 2260: Hainan
    code_registrar: str = "0"  # the registrar's digit
    code_reserve: str = ""  # a second digit for what a month can not number; none: it waits
    code_prefix: str = "GG"  # of our own pattern for the query code [P]
    effective_until: dt.date | None = None
    is_offered: bool = False  # whether applications may be begun under it
    # 审查
    materials: tuple[str, ...] = ()  # what every application needs
    materials_source: str = ""
    review_points: tuple[str, ...] = ()  # what the registrar's own review finds
    needs_test_record: bool = True
    technical_failure_stands_apart: bool = True  # A7
    refusal_grounds: tuple[str, ...] = ()
    review_covers_everything: bool = False  # its period runs until the certificate is there
    notice_fields: tuple[str, ...] = ()  # 公示 besides the common fields
    # 异议
    recheck_binds: bool = False  # 公示期内异议: the registrar's re-check decides by itself
    upheld_objection: Upheld = Upheld.REFUSED
    objection_is_completed: bool = (
        False  # 登记后异议: what lacks is asked for, the days run from all of it
    )
    objection_may_be_admitted: bool = False  # 登记主体认可异议: put right without a second word
    outcomes_after_issue: tuple[str, ...] = ("keep", "revoke", "reissue")  # HN-20(1)
    owners_may_be_corrected: bool = True  # False: another holder is no correction
    # 登记之后
    public_data_first_under: str = ""  # 授权运营产品先在此登记
    revocation_grounds: tuple[str, ...] = ()  # 撤销 by the registrar itself
    revocation_source: str = ""
    retention: Period = Period(20, Unit.YEARS, "[P]", "at least; the text gives none")
    annual_report: str = ""  # 年度报告, month-day
    not_read: tuple[str, ...] = ()  # what could not be read in the official text
    # [P], A21: a correction of typing may do without the agency's review.
    correction_may_skip_compliance: bool = False
    # [P], HN-04: 有偿 is a principle; whether an unpaid fee stops the acceptance is not said.
    unpaid_fee_stops_acceptance: bool = False

    def cites(self, step: Step) -> tuple[str, ...]:
        """Return the articles by which a step of a registration is taken (依据)."""
        return self.articles[step]
