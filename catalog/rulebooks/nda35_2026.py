"""State the national rules for data rights: 数据产权登记工作指引（试行） (国数综政策〔2026〕35号).

Articles 7 to 36, as indexes and third parties reprint them; the day it takes effect is theirs. Three
rights — 持有权, 使用权, 经营权 — stand side by side and may have different holders (article 21).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.periods import Period, Unit
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.rulebook import (
    CodeScheme,
    Renewal,
    Rulebook,
    Silence,
    StopClock,
    Unrenewed,
    open_flag,
    open_period,
    open_text,
)
from catalog.rulebooks.steps import Step

NDA35_2026: Final[Rulebook] = msgspec.structs.replace(
    HAINAN_2023,  # agencies, reports and prices are the province's own matter
    code="nda-35-2026",
    title="数据产权登记工作指引（试行）",
    authority="国家数据局",
    effective_from=dt.date(2026, 7, 1),
    is_offered=False,
    materials=(
        "applicant_qualification",
        "application_form",
        "product_description",
        "source_proof",
    ),
    materials_source="NDA35-33",
    review_points=(
        "description_accuracy",  # 数据描述准确性
        "source_compliance",  # 数据来源合规性
        "rights_clarity",  # 数据产权明确性
    ),  # NDA35-18 … 21
    needs_test_record=False,
    technical_failure_stands_apart=False,
    refusal_grounds=(
        "harms_security_or_interest",
        "unlawful_acquisition",
        "unresolved_ownership_dispute",
        "concealment_or_false_proof",
        "other_statutory",
    ),  # NDA35-22
    review_covers_everything=True,
    notice_fields=("summary", "restrictions", "rights"),  # NDA35-24
    recheck_binds=True,
    objection_is_completed=True,  # NDA35-29: 审查异议材料是否齐全
    objection_may_be_admitted=True,  # NDA35-29: 认可异议内容的，变更登记内容或注销登记
    outcomes_after_issue=("keep", "deregister", "reissue"),  # NDA35-29, NDA35-37(3)
    voluntary_transfer_allowed=True,  # NDA35-34: 转让登记
    transfer=Period(10, Unit.WORKING_DAYS, "NDA35-28"),
    owners_may_be_corrected=False,  # NDA35-35: 不涉及权利主体变更
    public_data_first_under="ndrc-26-2025",  # NDA35-15
    acceptance=Period(3, Unit.WORKING_DAYS, "NDA35-17"),
    acceptance_notice=Period(1, Unit.WORKING_DAYS, "[P]"),
    silence_on_acceptance=Silence.ACCEPTED,
    correction_window=Period(30, Unit.DAYS, "[P]", "the registrar sets it (NDA35-17)"),
    correction_unanswered_is_unfiled=True,
    review=Period(10, Unit.WORKING_DAYS, "NDA35-28", "everything, from acceptance"),
    review_extension=Period(10, Unit.WORKING_DAYS, "NDA35-28"),
    stop_clocks=tuple(StopClock),
    review_pauses_for_material=True,
    public_notice=Period(5, Unit.WORKING_DAYS, "NDA35-24"),
    notice_may_be_waived=True,
    objection_recheck=Period(10, Unit.WORKING_DAYS, "NDA35-25"),
    objection_forwarding=Period(5, Unit.WORKING_DAYS, "NDA35-29", "after registration"),
    objection_response=Period(7, Unit.DAYS, "[P]"),
    needs_compliance_opinion=False,
    needs_authorisation=False,
    rights_vocabulary=("hold", "use", "operate"),
    rights_are_independent=True,
    notice_channels=("national_system",),  # NDA35-24
    validity=Period(5, Unit.YEARS, "NDA35-26", "at most, from the deposit"),
    renewal=Renewal(
        opens_before=Period(6, Unit.MONTHS, "NDA35-36"),
        last_day_included=False,
        at_most=Period(5, Unit.YEARS, "NDA35-26"),
        decided_within=Period(10, Unit.WORKING_DAYS, "NDA35-28"),
        unrenewed=Unrenewed.LAPSES,
    ),
    code_scheme=CodeScheme.NATIONAL,
    articles={
        Step.APPLICATION: (
            "NDA35-14",
            "NDA35-16",
        ),
        Step.MATERIAL: (
            "NDA35-16",
            "NDA35-33",
        ),
        Step.CONSENT: ("NDA35-21",),
        Step.SUBMISSION: (
            "NDA35-14",
            "NDA35-15",
        ),
        Step.WITHDRAWAL: ("NDA35-16",),
        Step.ACCEPTANCE: ("NDA35-17",),
        Step.NOTIFICATION: ("NDA35-17",),
        Step.LAPSE: ("NDA35-17",),
        Step.REVIEW_START: (
            "NDA35-18",
            "NDA35-28",
        ),
        Step.OPINION: (
            "NDA35-18",
            "NDA35-19",
            "NDA35-20",
            "NDA35-21",
        ),
        Step.SUPPLEMENT: ("NDA35-28",),
        Step.REVIEW: (
            "NDA35-18",
            "NDA35-22",
            "NDA35-28",
        ),
        Step.NOTICE: ("NDA35-24",),
        Step.OBJECTION_IN_NOTICE: ("NDA35-25",),
        Step.OBJECTION_UPHELD: (
            "NDA35-22",
            "NDA35-25",
        ),
        Step.OBJECTION_AFTER: (
            "NDA35-29",
            "NDA35-37",
        ),
        Step.ISSUE: ("NDA35-26",),
        Step.CHANGE: ("NDA35-35",),
        Step.TRANSFER: ("NDA35-34",),
        Step.REISSUE: (
            "NDA35-27",
            "NDA35-29",
        ),
    },
    # Article 17 gives a period for corrections and article 28 stops the clock: neither is ours to drop.
    open={
        "is_offered": open_flag(),
        "code_region": open_text("[0-9]{2}"),
        "code_registrar": open_text("[0-9]"),
        "code_reserve": open_text("[0-9]?"),
        "acceptance_notice": open_period(Unit.WORKING_DAYS, most=10),
        "notice_interruption": open_period(Unit.WORKING_DAYS, most=7),
        "issuing": open_period(Unit.WORKING_DAYS, most=60, may_be_none=True),
        "objection_response": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=60),
        "objection_determination": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=90),
        "objection_acceptance": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=90),
        "objection_proceedings": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=366),
        "new_holder_action": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=366),
        "product_expiry_reminder": open_period(Unit.DAYS, most=366, source="A23"),
        "unpaid_fee_stops_acceptance": open_flag(),
        "correction_window": open_period(Unit.WORKING_DAYS, Unit.DAYS, least=5, most=90),
        "retention": open_period(Unit.YEARS, least=20, most=100),
    },
    retention=Period(20, Unit.YEARS, "NDA35-10"),
    annual_report="03-31",  # NDA35-11
    not_read=(
        "变更、续期、转让登记是否公示 (articles 14 and 24 exempt no type of registration; here these have no notice)",
        "施行日期 (the day it takes effect stands in indexes only)",
        "补正期限的上限 (whether the period for corrections has a limit, article 17)",
        "附件六以外的编码细则 (what a registrar's digit stands for)",
    ),
)
