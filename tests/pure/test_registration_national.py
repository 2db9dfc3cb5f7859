"""What the national rulebooks want otherwise: independent rights, no agency, a notice that may be waived."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.periods import Deadline
from catalog.notices.publicity import only_public
from catalog.objections import deadlines, outcome
from catalog.objections.outcome import Outcome
from catalog.products.model import AiShare
from catalog.registration import (
    acceptance,
    completeness,
    dossier,
    findings,
    grounds,
    issuance,
    neutrality,
    rights,
)
from catalog.registration.findings import Finding, Overall
from catalog.registration.grounds import ReviewFacts
from catalog.registration.issuance import NoticeRecord
from catalog.registration.model import ApplicationForm
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.ndrc26_2025 import NDRC26_2025
from catalog.rulebooks.registry import RULEBOOKS
from catalog.rulebooks.rulebook import Rulebook
from tests.makers_products import make_description, make_product

ME, OTHER = PartyId(new_id()), PartyId(new_id())


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def claim(right: str, party: PartyId = ME) -> RightClaimed:
    return RightClaimed(right, party, "某公司", "legal_person")


def test_three_rights_may_have_three_holders() -> None:
    rights.check([claim("hold"), claim("use", OTHER), claim("operate", OTHER)], NDA35_2026)
    rights.check([claim("operate")], NDA35_2026)
    rights.check([], HAINAN_2023)
    assert rights.told([claim("hold")]) == ("hold: 某公司",)


@pytest.mark.parametrize(
    ("claimed", "rulebook", "code"),
    [
        ([], NDA35_2026, "rights_missing"),
        ([claim("possess")], NDA35_2026, "right_unknown"),
        ([claim("use"), claim("use", OTHER)], NDA35_2026, "right_named_twice"),
        ([claim("use")], HAINAN_2023, "right_unknown"),  # there ownership is one
        ([claim("use")], NDRC26_2025, "right_unknown"),
    ],
)
def test_rights_are_named_once_each_and_only_where_they_stand_by_themselves(
    claimed: list[RightClaimed], rulebook: Rulebook, code: str
) -> None:
    with refusal(code):
        rights.check(claimed, rulebook)


def test_an_agency_is_named_only_where_its_opinion_is_needed() -> None:
    for agency, needed in ((ME, True), (None, True), (None, False)):
        neutrality.check_named(agency, needed=needed)
    with refusal("review_agency_not_needed"):
        neutrality.check_named(ME, needed=False)


SAMPLE = new_id()
SAMPLES = {SAMPLE: "ab" * 32}
RUN = findings.TestRun(
    name="核对",
    environment="隔离测试环境",
    sample_file_id=SAMPLE,
    sample_sha256="ab" * 32,
    expected="一致",
    observed="一致",
    result_sha256="cd" * 32,
)


@pytest.mark.parametrize("rulebook", RULEBOOKS.values(), ids=RULEBOOKS)
def test_a_review_finds_the_points_of_its_rulebook(rulebook: Rulebook) -> None:
    points = {point: Finding(passed=True) for point in rulebook.review_points}
    tests = [RUN] if rulebook.needs_test_record else []

    findings.check_technical(points, tests, Overall.PASS, rulebook, samples=SAMPLES)

    points.popitem()
    with refusal("finding_missing"):
        findings.check_technical(points, tests, Overall.PASS, rulebook, samples=SAMPLES)


def facts(**changes: Any) -> ReviewFacts:
    values: dict[str, Any] = {
        "technical": Overall.PASS,
        "compliance": None,
        "contains_national_core_data": False,
        "has_open_dispute": False,
        "rulebook": NDA35_2026,
    }
    return ReviewFacts(**(values | changes))


def test_a_review_without_an_agency_passes_on_the_registrar_s_own_opinion() -> None:
    grounds.check_pass(facts())
    with refusal("both_opinions_required"):
        grounds.check_pass(facts(technical=None))
    with refusal("both_opinions_required"):
        grounds.check_pass(facts(rulebook=HAINAN_2023))
    with refusal("technical_review_not_passed"):
        grounds.check_pass(facts(technical=Overall.FAIL))


def test_a_failed_technical_review_stands_apart_only_in_hainan() -> None:
    with refusal("review_result_not_provided"):
        grounds.check_technical_failure(facts(technical=Overall.FAIL))


def test_corrections_after_their_days_are_nothing_where_the_text_says_never_filed() -> None:
    acceptance.check_not_unfiled(NDA35_2026, is_late=False)
    acceptance.check_not_unfiled(HAINAN_2023, is_late=True)
    with refusal("correction_too_late"):
        acceptance.check_not_unfiled(NDA35_2026, is_late=True)


def test_a_notice_is_waived_only_nationally_before_it_is_posted_and_with_a_reason() -> None:
    issuance.check_waiver(NDA35_2026, "涉及商业秘密", is_posted=False)
    with refusal("notice_not_waivable"):
        issuance.check_waiver(HAINAN_2023, "涉及商业秘密", is_posted=False)
    with refusal("notice_not_waivable"):
        issuance.check_waiver(NDA35_2026, "涉及商业秘密", is_posted=True)
    with refusal("notice_waiver_reason_missing"):
        issuance.check_waiver(NDA35_2026, " ", is_posted=False)


def test_a_waived_notice_still_waits_for_whoever_objects() -> None:
    now = Deadline(dt.date(2026, 8, 3), provisional=False).ends_at
    record = NoticeRecord(missing_channels=(), ends=None, open_objections=0, is_waived=True)

    issuance.check_issue(record, now, is_authorised=True)
    with refusal("objection_open"):
        issuance.check_issue(
            NoticeRecord(missing_channels=(), ends=None, open_objections=1, is_waived=True),
            now,
            is_authorised=True,
        )


@pytest.mark.parametrize(
    ("rulebook", "more"),
    [
        (HAINAN_2023, set()),
        (NDRC26_2025, {"registration_type", "summary"}),
        (NDA35_2026, {"summary", "restrictions", "rights"}),
    ],
)
def test_a_notice_shows_what_its_rulebook_names_and_nothing_besides(
    rulebook: Rulebook, more: set[str]
) -> None:
    form = ApplicationForm(
        owners=(Owner(ME, "某公司", "legal_person"),),
        rights=(claim("use"),),
        restrictions="不得转授权",
    )
    parts = dossier.take(make_product(), make_description(), form, {}).parts
    assert dossier.ai_share(parts) == ""
    made = make_description(ai_generated=AiShare.PARTLY)
    assert dossier.ai_share(dossier.take(make_product(), made, form, {}).parts) == "partly"

    shown = dossier.public_facts(parts, "SQ-2026-000001", rulebook)

    common = set(dossier.public_facts(parts, "SQ-2026-000001", HAINAN_2023))
    assert set(shown) - common == more
    fields = only_public(shown)
    assert (fields.rights == ("use: 某公司",)) is ("rights" in more)


@pytest.mark.parametrize("rulebook", RULEBOOKS.values(), ids=RULEBOOKS)
def test_what_must_be_handed_in_stands_with_the_rulebook_s_article(rulebook: Rulebook) -> None:
    situation = dossier.situation(
        make_description(), ApplicationForm(), rulebook, files_through_agent=False
    )

    needed = completeness.requirements(situation)

    always = [each.kind.value for each in needed if each.rule == rulebook.materials_source]
    assert always == list(rulebook.materials)
    assert needed[-1].kind is completeness.MaterialKind.TRUTH_STATEMENT


def test_a_re_check_upholds_or_dismisses_with_reasons_and_nothing_else() -> None:
    outcome.check_recheck(Outcome.UPHOLD, "属实")
    outcome.check_recheck(Outcome.DISMISS, "不属实")
    with refusal("objection_reason_missing"):
        outcome.check_recheck(Outcome.UPHOLD, " ")
    for other in (Outcome.KEEP, Outcome.RETURN_TO_DRAFT):
        with refusal("objection_outcome_not_for_target"):
            outcome.check_recheck(other, "理由")


def test_the_registrar_s_own_re_check_ends_an_objection_in_national_notices_only() -> None:
    assert deadlines.is_rechecked(NDA35_2026, in_notice=True)
    assert deadlines.is_rechecked(NDRC26_2025, in_notice=True)
    assert not deadlines.is_rechecked(NDA35_2026, in_notice=False)
    assert not deadlines.is_rechecked(HAINAN_2023, in_notice=True)
