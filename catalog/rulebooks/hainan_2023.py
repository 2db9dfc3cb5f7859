"""State Hainan's rules: 海南省数据产品超市数据产品确权登记实施细则（暂行）, 30 articles (HN-01…30).

「日」 without 「工作」 is a calendar day: the drafters use both words (A1).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.periods import Period, Unit
from catalog.rulebooks.rulebook import Rulebook, open_flag, open_period
from catalog.rulebooks.steps import Step

HAINAN_2023: Final = Rulebook(
    code="hn-2023-interim",
    title="海南省数据产品超市数据产品确权登记实施细则（暂行）",
    authority="海南省大数据管理局",
    # In force from promulgation (HN-30) in December 2023; the text gives no day. This is the day
    # on which the digest that we have of it was printed.
    effective_from=dt.date(2023, 12, 15),
    acceptance=Period(3, Unit.WORKING_DAYS, "HN-10", "from the complete submission (A6)"),
    acceptance_notice=Period(1, Unit.WORKING_DAYS, "HN-10"),
    review=Period(30, Unit.WORKING_DAYS, "HN-12", "one period for both reviews (A8)"),
    public_notice=Period(7, Unit.WORKING_DAYS, "HN-16", "from the later channel (A14)"),
    notice_interruption=Period(1, Unit.WORKING_DAYS, "[P]"),
    correction_window=None,
    issuing=None,
    objection_forwarding=Period(3, Unit.DAYS, "HN-20"),
    objection_response=Period(7, Unit.DAYS, "HN-20"),
    objection_determination=Period(15, Unit.WORKING_DAYS, "[P]", "no number in the text (A18)"),
    objection_acceptance=Period(10, Unit.WORKING_DAYS, "[P]"),
    objection_proceedings=Period(30, Unit.DAYS, "[P]"),
    new_holder_action=Period(60, Unit.DAYS, "[P]"),
    foreign_recheck=Period(90, Unit.DAYS, "[P]"),
    product_expiry_reminder=Period(30, Unit.DAYS, "[P]", "the text has no reminder (A23)"),
    agency_cycle=Period(2, Unit.YEARS, "HN-23"),
    agency_contract=Period(2, Unit.YEARS, "HN-24", "to the corresponding day (A28)"),
    agency_evaluation=Period(20, Unit.WORKING_DAYS, "[P]", "the text says: at the end (HN-24)"),
    agency_bid_window=Period(5, Unit.WORKING_DAYS, "[P]", "at least, from the announcement"),
    agency_reselection=Period(120, Unit.DAYS, "[P]", "so that contracts never lapse (HN-23)"),
    agencies_take_turns=False,  # [P]: cases are given by chance
    minimum_agencies=2,  # HN-23
    quarterly_report=Period(10, Unit.WORKING_DAYS, "[P]", "no due day in HN-21 (A29)"),
    promptly=Period(10, Unit.WORKING_DAYS, "[P]", "「及时」 without a number (A33)"),
    rights_vocabulary=("possess", "use", "benefit", "dispose"),  # HN-02(3): 占有、使用、收益、处分
    notice_channels=(
        "operator_platform",
        "authority_website",
    ),  # HN-16: 运营者平台, 省大数据管理局网站
    listing_requires_certificate=frozenset({"supermarket_resource"}),  # A46
    reviews_run_in_parallel=False,  # A8
    review_pauses_for_material=False,  # A44
    change_has_public_notice=False,  # HN-18 names no 公示 (A21)
    voluntary_transfer_allowed=False,  # HN-19 knows only legal instruments (A22)
    is_offered=True,
    materials=(
        "applicant_qualification",
        "application_form",
        "product_description",
        "source_proof",
        "authorisation_channel_proof",
        "security_compliance_statement",
    ),
    materials_source="HN-08",
    review_points=(
        "material_completeness",  # 申请材料全面性
        "material_accuracy",  # 申请材料准确性
        "technical_test_effectiveness",  # 技术测试有效性
    ),  # HN-13
    refusal_grounds=(
        "no_compliance_opinion",
        "national_core_data",
        "unlawful_acquisition",
        "source_authorisation_missing",
        "unresolved_ownership_dispute",
        "other_statutory",
    ),  # HN-15
    articles={
        Step.APPLICATION: (
            "HN-01",
            "HN-06",
        ),
        Step.MATERIAL: ("HN-08",),
        Step.CONSENT: ("HN-08",),
        Step.SUBMISSION: (
            "HN-06",
            "HN-07",
            "HN-08",
            "HN-25",
        ),
        Step.WITHDRAWAL: ("HN-04",),
        Step.ACCEPTANCE: (
            "HN-05",
            "HN-09",
            "HN-10",
        ),
        Step.NOTIFICATION: ("HN-10",),
        Step.LAPSE: ("HN-09",),
        Step.REVIEW_START: (
            "HN-05",
            "HN-11",
            "HN-12",
            "HN-28",
        ),
        Step.OPINION: (
            "HN-05",
            "HN-13",
        ),
        Step.SUPPLEMENT: ("HN-08",),
        Step.REVIEW: (
            "HN-11",
            "HN-12",
            "HN-15",
        ),
        Step.NOTICE: ("HN-16",),
        Step.OBJECTION_IN_NOTICE: ("HN-20",),
        Step.OBJECTION_UPHELD: (
            "HN-15",
            "HN-20",
        ),
        Step.OBJECTION_AFTER: ("HN-20",),
        Step.ISSUE: (
            "HN-16",
            "HN-17",
        ),
        Step.CHANGE: ("HN-18",),
        Step.TRANSFER: (
            "HN-17",
            "HN-19",
        ),
        Step.REISSUE: (
            "HN-17",
            "HN-20",
        ),
    },
    open={
        "is_offered": open_flag(),
        "notice_interruption": open_period(Unit.WORKING_DAYS, most=7),
        "correction_window": open_period(
            Unit.WORKING_DAYS, Unit.DAYS, most=366, source="A10", may_be_none=True
        ),
        "issuing": open_period(Unit.WORKING_DAYS, most=60, may_be_none=True),
        "objection_determination": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=90, source="A18"),
        "objection_acceptance": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=90),
        "objection_proceedings": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=366),
        "new_holder_action": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=366),
        "foreign_recheck": open_period(Unit.DAYS, most=366),
        "product_expiry_reminder": open_period(Unit.DAYS, most=366, source="A23"),
        "agency_bid_window": open_period(Unit.WORKING_DAYS, Unit.DAYS, least=3, most=60),
        "agency_reselection": open_period(Unit.DAYS, least=30, most=366),
        "agencies_take_turns": open_flag(),
        "agency_evaluation": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=120),
        # The next quarter is over after some sixty working days.
        "quarterly_report": open_period(Unit.WORKING_DAYS, most=60, source="A29"),
        "promptly": open_period(Unit.WORKING_DAYS, most=60, source="A33"),
        "retention": open_period(Unit.YEARS, least=20, most=100),
        "reviews_run_in_parallel": open_flag("A8"),
        "review_pauses_for_material": open_flag("A44"),
        "voluntary_transfer_allowed": open_flag("A22"),
        "correction_may_skip_compliance": open_flag("A21"),
        "unpaid_fee_stops_acceptance": open_flag(),
    },
)
