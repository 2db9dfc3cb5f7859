"""Say what an opinion must find: three points of the technical review (HN-13), seven of compliance.

The agency's seven are the four of HN-14 (履约能力、材料有效性、来源合法性、交易风险) and the three of
HN-05 (真实性、安全性、合规性). A result contradicts none of its findings.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.rulebook import Rulebook

TECHNICAL_POINTS: Final = HAINAN_2023.review_points
COMPLIANCE_POINTS: Final = (
    "performance_capacity",  # 履约能力
    "material_validity",  # 申请材料的有效性
    "source_legality",  # 数据来源的合法性
    "transaction_risk",  # 数据产品交易风险
    "authenticity",  # 真实性
    "security",  # 安全性
    "compliance",  # 合规性
)


class Overall(enum.StrEnum):
    """What an opinion comes to (审查结论)."""

    PASS = "pass"  # 通过  # noqa: S105
    PASS_WITH_CONDITIONS = "pass_with_conditions"  # 附条件通过 [P], compliance only  # noqa: S105
    FAIL = "fail"  # 不通过


class FindingMissing(Invalid):
    """A point that the article names was not looked at; ``points`` names all of them."""

    code = "finding_missing"


class TestRecordMissing(Invalid):
    """A technical opinion rests on a test: what was run, on which sample, with what outcome."""

    code = "test_record_missing"


class TestSampleUnknown(Invalid):
    """A test ran on a file that is not of this case, or that has another digest there."""

    code = "test_sample_unknown"


class OpinionInconsistent(Invalid):
    """The result contradicts the findings."""

    code = "opinion_inconsistent"


class ConditionsMissing(Invalid):
    """A pass with conditions names them; any other result has none."""

    code = "opinion_conditions_missing"


class ConflictNotDenied(Invalid):
    """The agency states with each opinion that it has no interest in the case (HN-05(3))."""

    code = "no_conflict_statement_missing"


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found on one point."""

    passed: bool
    remarks: str = ""
    evidence: tuple[str, ...] = ()


Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class TestRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One technical test (技术测试): what was run, on exactly which sample, what came out."""

    name: str
    environment: str
    sample_file_id: uuid.UUID  # a file of the case: the content, or a material
    sample_sha256: Sha256
    expected: str
    observed: str
    result_sha256: Sha256  # of what the test wrote


def check_technical(
    findings: Mapping[str, Finding],
    tests: Collection[TestRun],
    overall: Overall,
    rulebook: Rulebook = HAINAN_2023,
    *,
    samples: Mapping[uuid.UUID, str],
) -> None:
    """Return if the opinion of the operator's own review (技术审查意见书) is whole.

    ``samples`` are the files of the case.

    :raises FindingMissing: if one of the rulebook's points is missing (HN-13, NDA35-18).
    :raises TestRecordMissing: if no test is recorded and the rulebook asks for one, or if one does
        not say what was run and seen.
    :raises TestSampleUnknown: if a test ran on something that does not lie in the case like this.
    :raises OpinionInconsistent: if the result is not what the findings say.
    """
    _check_points(rulebook.review_points, findings)
    if not tests and rulebook.needs_test_record:
        raise TestRecordMissing
    _check_tests(tests, samples)
    if overall is Overall.PASS_WITH_CONDITIONS:
        raise OpinionInconsistent(overall=overall.value, failed_points=[])
    _check_result(findings, overall)


def check_compliance(
    findings: Mapping[str, Finding],
    overall: Overall,
    *,
    conditions: Sequence[str],
    no_conflict_of_interest: bool,
) -> None:
    """Return if a compliance opinion (合规性评估意见书) is whole.

    :raises FindingMissing: if one of the seven points is missing (HN-14, HN-05).
    :raises ConflictNotDenied: if the agency does not state its neutrality.
    :raises ConditionsMissing: if a conditional pass names none, or another result names some.
    :raises OpinionInconsistent: if the result is not what the findings say.
    """
    _check_points(COMPLIANCE_POINTS, findings)
    if not no_conflict_of_interest:
        raise ConflictNotDenied
    if bool(conditions) != (overall is Overall.PASS_WITH_CONDITIONS):
        raise ConditionsMissing(overall=overall.value)
    _check_result(findings, overall)


def _check_tests(tests: Collection[TestRun], samples: Mapping[uuid.UUID, str]) -> None:
    said = [(run.name, run.environment, run.expected, run.observed) for run in tests]
    if not all(word.strip() for words in said for word in words):
        raise TestRecordMissing
    strange = [run.name for run in tests if samples.get(run.sample_file_id) != run.sample_sha256]
    if strange:
        raise TestSampleUnknown(tests=strange)


def _check_points(points: Sequence[str], findings: Mapping[str, Finding]) -> None:
    absent = [point for point in points if point not in findings]
    if absent:
        raise FindingMissing(points=absent)


def _check_result(findings: Mapping[str, Finding], overall: Overall) -> None:
    failed = sorted(point for point, finding in findings.items() if not finding.passed)
    # A failed point and a good result contradict each other, and so do the reverse.
    if bool(failed) != (overall is Overall.FAIL):
        raise OpinionInconsistent(overall=overall.value, failed_points=failed)
