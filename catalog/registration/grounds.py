"""List the grounds on which registration is refused (不予办理登记, HN-15): a closed list, R1 to R5.

Every ground has facts that must be recorded with it. "The technical review failed" is not among
them; that is a result of its own (A7).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.registration.findings import Overall
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.rulebook import Rulebook


class Ground(enum.StrEnum):
    """Why registration is refused (不予登记情形, E11)."""

    NO_COMPLIANCE_OPINION = "no_compliance_opinion"  # R1 未获得合规性评估意见书
    NATIONAL_CORE_DATA = "national_core_data"  # R2 国家核心数据
    UNLAWFUL_ACQUISITION = "unlawful_acquisition"  # R3a 获取方式违反法律、行政法规
    SOURCE_AUTHORISATION_MISSING = "source_authorisation_missing"  # R3b 未获得来源方授权
    UNRESOLVED_OWNERSHIP_DISPUTE = "unresolved_ownership_dispute"  # R4 权属争议
    OTHER_STATUTORY = "other_statutory"  # R5 法律、法规规定的其他情形
    HARMS_SECURITY_OR_INTEREST = "harms_security_or_interest"  # 危害国家安全、公共利益 (NDA35-22)
    CONCEALMENT_OR_FALSE_PROOF = "concealment_or_false_proof"  # 隐瞒事实、虚假证明 (NDA35-22)
    FORMAL_DEFECT = "formal_defect"  # 形式审核未通过 (NDRC26-11)


CORE_DATA_CATEGORIES: Final = (
    "national_security",  # 国家安全
    "economic_lifeline",  # 国民经济命脉
    "important_livelihood",  # 重要民生
    "major_public_interest",  # 重大公共利益
)


class RefusalGroundMissing(Invalid):
    """A refusal names at least one ground of HN-15."""

    code = "refusal_ground_missing"


class GroundNotInRulebook(Invalid):
    """The rulebook of the case knows no such ground: its list is closed."""

    code = "refusal_ground_not_in_rulebook"


class ReviewResultNotProvided(Invalid):
    """The rulebook of the case knows no such result of a review."""

    code = "review_result_not_provided"


class GroundFactMissing(Invalid):
    """A ground lacks a fact that must be recorded with it."""

    code = "ground_fact_missing"


class GroundNotMet(Refused):
    """The ground is named, but the file says otherwise."""

    code = "ground_not_met"


class BothOpinionsRequired(Refused):
    """A review passes only with the technical and the compliance opinion (HN-11)."""

    code = "both_opinions_required"


class NoComplianceOpinion(Refused):
    """The compliance opinion is negative, which counts as none (HN-15(1), R1)."""

    code = "refusal_no_compliance_opinion"


class TechnicalReviewNotPassed(Refused):
    """The technical opinion is negative."""

    code = "technical_review_not_passed"


class NationalCoreData(Refused):
    """The product contains national core data (HN-15(2), R2)."""

    code = "refusal_national_core_data"


class UnresolvedOwnershipDispute(Refused):
    """Somebody disputes the ownership, and that is not settled (HN-15(4), R4)."""

    code = "refusal_unresolved_ownership_dispute"


class TechnicalReviewNotFailed(Refused):
    """The technical review can fail only with a negative technical opinion."""

    code = "technical_review_not_failed"


class RefusalGround(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One ground as it is recorded: what, on which facts, with what proof."""

    ground: Ground
    facts: str
    category: str = ""  # R2: one of the four
    law: str = ""  # R3a: the provision that was broken
    source_id: str = ""  # R3b: which source
    case_reference: str = ""  # R4: the objection or case
    legal_citation: str = ""  # R5


class ReviewFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says when the review is decided."""

    technical: Overall | None
    compliance: Overall | None
    contains_national_core_data: bool
    has_open_dispute: bool
    rulebook: Rulebook = HAINAN_2023


_NEEDED_FACT: Final = {
    Ground.UNLAWFUL_ACQUISITION: "law",
    Ground.SOURCE_AUTHORISATION_MISSING: "source_id",
    Ground.UNRESOLVED_OWNERSHIP_DISPUTE: "case_reference",
    Ground.OTHER_STATUTORY: "legal_citation",
}


def check_refusal(grounds: Sequence[RefusalGround], facts: ReviewFacts) -> None:
    """Return if registration may be refused on these grounds.

    :raises RefusalGroundMissing: if none is named.
    :raises GroundNotInRulebook: if one is none of the rulebook's.
    :raises GroundFactMissing: if one lacks its facts.
    :raises GroundNotMet: if R1 is named although there is a positive compliance opinion.
    """
    if not grounds:
        raise RefusalGroundMissing
    for ground in grounds:
        if ground.ground.value not in facts.rulebook.refusal_grounds:
            raise GroundNotInRulebook(
                ground=ground.ground.value, known=list(facts.rulebook.refusal_grounds)
            )
        lacking = missing_fact(ground)
        if lacking is not None:
            raise GroundFactMissing(ground=ground.ground.value, missing=lacking)
        if ground.ground is Ground.NO_COMPLIANCE_OPINION and _is_positive(facts.compliance):
            raise GroundNotMet(ground=ground.ground.value)


def missing_fact(ground: RefusalGround) -> str | None:
    """Return the name of the first fact that ``ground`` lacks, None if it has all."""
    if not ground.facts.strip():
        return "facts"
    if ground.ground is Ground.NATIONAL_CORE_DATA:
        return None if ground.category in CORE_DATA_CATEGORIES else "category"
    needed = _NEEDED_FACT.get(ground.ground)
    if needed is not None and not str(getattr(ground, needed)).strip():
        return needed
    return None


def check_pass(facts: ReviewFacts) -> None:
    """Return if the review may pass: both opinions good, and none of R1 to R4 in sight.

    :raises BothOpinionsRequired: if an opinion is not there yet.
    :raises TechnicalReviewNotPassed: if the technical one is negative.
    :raises NoComplianceOpinion: if the compliance one is negative.
    :raises NationalCoreData: if the product was declared to contain national core data.
    :raises UnresolvedOwnershipDispute: if an objection is open.
    """
    absent = [
        name
        for name, opinion in (("technical", facts.technical), ("compliance", facts.compliance))
        if opinion is None and (name == "technical" or facts.rulebook.needs_compliance_opinion)
    ]
    if absent:
        raise BothOpinionsRequired(missing=absent)
    if facts.technical is not Overall.PASS:
        raise TechnicalReviewNotPassed
    if facts.rulebook.needs_compliance_opinion and not _is_positive(facts.compliance):
        raise NoComplianceOpinion
    if facts.contains_national_core_data:
        raise NationalCoreData
    if facts.has_open_dispute:
        raise UnresolvedOwnershipDispute


def check_technical_failure(facts: ReviewFacts) -> None:
    """Return if the technical review may be returned or failed (A7).

    :raises ReviewResultNotProvided: if the rulebook knows the two only as a refusal.
    :raises TechnicalReviewNotFailed: if there is no negative technical opinion.
    """
    if not facts.rulebook.technical_failure_stands_apart:
        raise ReviewResultNotProvided(rulebook=facts.rulebook.code)
    if facts.technical is not Overall.FAIL:
        raise TechnicalReviewNotFailed


def _is_positive(opinion: Overall | None) -> bool:
    return opinion in (Overall.PASS, Overall.PASS_WITH_CONDITIONS)
