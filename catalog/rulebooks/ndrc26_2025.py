"""State the national rules for public data: 公共数据资源登记管理暂行办法 (发改数据规〔2025〕26号).

Articles 7 to 20, as third parties reprint the text; in force from 2025-03-01 for five years. What it
leaves to others (the form of the code) or to nobody (when an objection is decided) stays [P].
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
    Unrenewed,
    Upheld,
    open_flag,
    open_period,
    open_text,
)
from catalog.rulebooks.steps import Step

NDRC26_2025: Final[Rulebook] = msgspec.structs.replace(
    HAINAN_2023,  # agencies, reports and prices are the province's own matter
    code="ndrc-26-2025",
    title="公共数据资源登记管理暂行办法",
    authority="国家数据局",
    effective_from=dt.date(2025, 3, 1),
    effective_until=dt.date(2030, 2, 28),  # five years
    is_offered=False,
    materials=(
        "applicant_qualification",
        "application_form",
        "product_description",
        "source_proof",
    ),
    materials_source="NDRC26-09",
    review_points=("material_completeness", "material_form"),  # 形式审核 [P]
    needs_test_record=False,
    technical_failure_stands_apart=False,
    refusal_grounds=("formal_defect", "other_statutory"),  # [P]: no list in the text
    notice_fields=("registration_type", "summary"),  # NDRC26-12
    recheck_binds=True,  # NDRC26-12: 复核，异议成立的，终止登记
    upheld_objection=Upheld.TERMINATED,
    revocation_grounds=(
        "concealment",  # 隐瞒事实、弄虚作假或提供虚假登记材料
        "forged_result",  # 擅自篡改、伪造登记结果
        "illegal_use",  # 非法使用或利用登记结果不当获利
        "other_unlawful",  # 其他违反法律法规的情况
    ),
    revocation_source="NDRC26-20",
    acceptance=Period(3, Unit.WORKING_DAYS, "NDRC26-10", "a correction restarts it"),
    acceptance_notice=Period(1, Unit.WORKING_DAYS, "[P]"),
    review=Period(20, Unit.WORKING_DAYS, "NDRC26-11", "形式审核; if unfinished, explain"),
    public_notice=Period(10, Unit.WORKING_DAYS, "NDRC26-12"),
    objection_forwarding=Period(3, Unit.DAYS, "[P]"),
    objection_response=Period(7, Unit.DAYS, "[P]"),
    cancellation=Period(10, Unit.WORKING_DAYS, "NDRC26-09"),
    needs_compliance_opinion=False,
    needs_authorisation=False,
    rights_vocabulary=(),  # a resource is registered, not a right
    notice_channels=("operator_platform",),
    validity=Period(3, Unit.YEARS, "NDRC26-15", "the term of the operation if that is shorter"),
    renewal=Renewal(
        opens_before=Period(60, Unit.DAYS, "NDRC26-15"),
        last_day_included=True,
        at_most=Period(3, Unit.YEARS, "NDRC26-15"),
        decided_within=Period(10, Unit.WORKING_DAYS, "[P]"),
        unrenewed=Unrenewed.IS_CANCELLED,
    ),
    code_scheme=CodeScheme.QUERY,
    articles={
        Step.APPLICATION: (
            "NDRC26-05",
            "NDRC26-09",
        ),
        Step.MATERIAL: ("NDRC26-09",),
        Step.CONSENT: ("NDRC26-07",),
        Step.SUBMISSION: (
            "NDRC26-07",
            "NDRC26-09",
        ),
        Step.WITHDRAWAL: (),
        Step.ACCEPTANCE: ("NDRC26-10",),
        Step.NOTIFICATION: ("NDRC26-10",),
        Step.LAPSE: ("NDRC26-10",),
        Step.REVIEW_START: ("NDRC26-11",),
        Step.OPINION: ("NDRC26-11",),
        Step.SUPPLEMENT: ("NDRC26-11",),
        Step.REVIEW: ("NDRC26-11",),
        Step.NOTICE: ("NDRC26-12",),
        Step.OBJECTION_IN_NOTICE: ("NDRC26-12",),
        Step.OBJECTION_UPHELD: ("NDRC26-12",),
        Step.OBJECTION_AFTER: ("NDRC26-09",),  # 更正登记 by an interested party
        Step.ISSUE: (
            "NDRC26-13",
            "NDRC26-15",
        ),
        Step.CHANGE: ("NDRC26-09",),
        Step.TRANSFER: (),  # the text knows none
        Step.REISSUE: ("NDRC26-09",),
    },
    open={
        "is_offered": open_flag(),
        "code_prefix": open_text("[A-Z]{2}"),
        "objection_recheck": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=90, may_be_none=True),
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
        "objection_forwarding": open_period(Unit.WORKING_DAYS, Unit.DAYS, most=30),
        "correction_window": open_period(
            Unit.WORKING_DAYS, Unit.DAYS, most=366, source="A10", may_be_none=True
        ),
        "retention": open_period(Unit.YEARS, least=20, most=100),
        "review_pauses_for_material": open_flag("A44"),
    },
    not_read=(
        "变更登记、更正登记是否公示 (article 12 shows the type of registration and exempts none; here they have no notice)",
        "登记结果查询码的编码规则 (the form of the query code, article 13)",
        "异议复核期限 (how long the re-check of an objection may take, article 12)",
    ),
)
