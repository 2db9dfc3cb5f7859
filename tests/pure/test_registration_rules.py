"""What an application must state and contain, who reviews it, and when it may be refused."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.periods import Deadline
from catalog.products.model import AcquisitionMethod, DataNature, Product, Source
from catalog.registration import (
    acceptance,
    completeness,
    dossier,
    findings,
    grounds,
    issuance,
    neutrality,
    opinions,
    ownership,
    signatures,
    submission,
)
from catalog.registration.acceptance import CorrectionItem, Dossier
from catalog.registration.completeness import MaterialKind, Situation
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS, Finding, Overall
from catalog.registration.grounds import Ground, RefusalGround, ReviewFacts
from catalog.registration.issuance import NoticeRecord
from catalog.registration.model import (
    ApplicationForm,
    ApplicationId,
    ComplianceOpinionDocument,
    Material,
)
from catalog.registration.ownership import Owner
from catalog.registration.submission import PriorRegistration, Statement
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.registry import RULEBOOKS
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import canonical, framed
from catalog.signing.model import KeyId, PublicKey, Signature, key_id_of
from catalog.signing.purposes import Purpose
from tests.makers_products import make_description, make_product

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
ME = PartyId(new_id())


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def owner(top: int, bottom: int, party: PartyId | None = None) -> Owner:
    return Owner(party or PartyId(new_id()), "某公司", "legal_person", top, bottom)


# ── ownership ───────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_shares_cut_from_one_whole_always_make_it_again(parts: list[int]) -> None:
    whole = sum(parts)
    owners = [owner(part, whole, ME if i == 0 else None) for i, part in enumerate(parts)]

    ownership.check(owners, ME)

    assert sum(o.share for o in owners) == Fraction(1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 50))
def test_shares_of_a_larger_whole_never_do(parts: list[int], rest: int) -> None:
    whole = sum(parts) + rest
    owners = [owner(part, whole, ME if i == 0 else None) for i, part in enumerate(parts)]

    with refusal("owner_shares_not_one"):
        ownership.check(owners, ME)


@pytest.mark.parametrize(("top", "bottom"), [(0, 1), (-1, 2), (3, 2), (1, 0)])
def test_a_share_is_above_zero_and_at_most_one(top: int, bottom: int) -> None:
    with refusal("owner_share_malformed"):
        ownership.check([owner(top, bottom, ME)], ME)


def test_nobody_owns_it_twice_or_without_the_applicant() -> None:
    with refusal("owner_named_twice"):
        ownership.check([owner(1, 2, ME), owner(1, 2, ME)], ME)
    with refusal("applicant_not_owner"):
        ownership.check([owner(1, 1)], ME)
    with refusal("owner_shares_not_one"):
        ownership.check([], ME)


def test_a_share_is_written_as_a_reduced_fraction() -> None:
    assert (owner(1, 1).share_text, owner(2, 6).share_text) == ("1", "1/3")


# ── materials ───────────────────────────────────────────────────────────────────────────────


def test_what_is_needed_depends_on_the_situation_and_is_told_at_once() -> None:
    plain = completeness.requirements(Situation())
    everything = completeness.requirements(
        Situation(
            owner_count=2,
            is_first_registration=False,
            files_through_agent=True,
            agency_asked_for_more=True,
        )
    )

    assert len(plain) == 7
    assert {r.kind for r in everything} == set(MaterialKind)


def test_all_that_is_missing_is_named() -> None:
    needed = completeness.requirements(Situation())
    some = {MaterialKind.APPLICATION_FORM: None}

    with refusal("material_missing") as refused:
        completeness.check(needed, some)

    assert len(refused.value.facts["kinds"]) == 6
    assert refused.value.facts["rules"] == ["HN-08", "HN-25"]
    completeness.check(needed, {r.kind: None for r in needed})


def test_a_waiver_counts_only_where_one_is_possible() -> None:
    own = completeness.requirements(Situation(every_source_is_own=True))
    foreign = completeness.requirements(Situation())
    handed_in: dict[MaterialKind, str | None] = {r.kind: None for r in own}
    handed_in[MaterialKind.AUTHORISATION_CHANNEL_PROOF] = "全部来源为自有"

    completeness.check(own, handed_in)
    assert completeness.missing(foreign, handed_in) == (MaterialKind.AUTHORISATION_CHANNEL_PROOF,)


def test_a_waiver_has_a_reason_and_waives_nothing_that_is_needed() -> None:
    channel = MaterialKind.AUTHORISATION_CHANNEL_PROOF
    own = Situation(every_source_is_own=True)

    completeness.check_waiver(channel, "全部来源为自有", own)
    completeness.check_waiver(MaterialKind.JOINT_OWNERSHIP_SHARES, "独有", own)
    with refusal("not_applicable_reason_missing"):
        completeness.check_waiver(channel, " ", own)
    with refusal("material_not_waivable"):
        completeness.check_waiver(channel, "不想交", Situation())


# ── the submission ──────────────────────────────────────────────────────────────────────────


def statement(**changes: Any) -> Statement:
    values: dict[str, Any] = {
        "is_first_registration": True,
        "prior_registrations": (),
        "files_through_agent": False,
        "truth_confirmed": True,
        "is_of_supermarket_resource": False,
        "listing_intended_on": None,
        "certificate_fields": {"product_name": True},
    }
    return Statement(**(values | changes))


PRIOR = PriorRegistration("某登记中心", "X-1", dt.date(2025, 1, 1))
PROVEN: dict[MaterialKind, str | None] = {MaterialKind.PRIOR_REGISTRATION_PROOF: None}


@pytest.mark.parametrize(
    ("changes", "handed_in", "code"),
    [
        ({"truth_confirmed": False}, {}, "truth_statement_missing"),
        ({"is_first_registration": None}, {}, "first_registration_unanswered"),
        ({"is_first_registration": False}, PROVEN, "prior_registration_evidence_missing"),
        (
            {"is_first_registration": False, "prior_registrations": (PRIOR,)},
            {},
            "prior_registration_evidence_missing",
        ),
        ({"files_through_agent": True}, {}, "authorisation_letter_missing"),
        (
            {"is_of_supermarket_resource": True},
            {},
            "listing_required_for_supermarket_resource",
        ),
        ({"certificate_fields": {"owners": False}}, {}, "certificate_field_missing"),
    ],
)
def test_what_is_not_stated_is_refused(
    changes: dict[str, Any], handed_in: dict[MaterialKind, str | None], code: str
) -> None:
    with refusal(code):
        submission.check(statement(**changes), handed_in)


def test_what_is_stated_and_proven_is_let_through() -> None:
    submission.check(statement(), {})
    submission.check(statement(is_first_registration=False, prior_registrations=(PRIOR,)), PROVEN)
    submission.check(statement(files_through_agent=True), {MaterialKind.AUTHORISATION_LETTER: None})
    submission.check(
        statement(is_of_supermarket_resource=True, listing_intended_on=dt.date(2026, 6, 1)), {}
    )


# ── the dossier ─────────────────────────────────────────────────────────────────────────────


def material(kind: MaterialKind, version: int, **changes: Any) -> Material:
    values: dict[str, Any] = {
        "id": new_id(),
        "application_id": ApplicationId(new_id()),
        "kind": kind,
        "version": version,
        "file_id": new_id(),
        "sha256": "ab" * 32,
        "not_applicable_reason": None,
        "handed_in_by": None,
        "handed_in_at": NOW,
    }
    return Material(**(values | changes))


def test_the_newest_version_of_a_material_counts_in_whatever_order_they_come() -> None:
    kind = MaterialKind.SOURCE_PROOF
    old, new = material(kind, 1), material(kind, 2)

    assert dossier.current([old, new]) == dossier.current([new, old]) == {kind: new}
    assert dossier.handed_in({kind: new}) == {kind: None}


def test_a_field_that_came_later_is_in_a_dossier_where_it_says_something() -> None:
    silent = make_description()
    told = msgspec.structs.replace(silent, resource_code="460100/000123", in_authorized_scope=True)

    before, after = (
        dossier.take(make_product(), each, ApplicationForm(owners=(owner(1, 1, ME),)), {})
        for each in (silent, told)
    )

    assert "product:open_attribute" not in before.parts.keys() | after.parts.keys()
    assert after.parts.keys() - before.parts.keys() == {
        "product:resource_code",
        "product:in_authorized_scope",
    }


def test_a_dossier_changes_where_something_was_changed_and_nowhere_else() -> None:
    product: Product = make_product()
    description = make_description()
    form = ApplicationForm(owners=(owner(1, 1, ME),))
    before = dossier.take(product, description, form, {})
    after = dossier.take(
        product,
        make_description(name="新名称"),
        form,
        {MaterialKind.SOURCE_PROOF: material(MaterialKind.SOURCE_PROOF, 1)},
    )

    changed = acceptance.changed_targets(before, after)

    assert changed == {"product:name", "material:source_proof"}
    assert before.parts.keys() <= dossier.TARGETS
    assert dossier.digest(before) != dossier.digest(after)
    assert dossier.digest(before) == dossier.digest(dossier.take(product, description, form, {}))


def test_what_a_notice_shows_comes_from_the_dossier() -> None:
    description = make_description(valid_from=dt.date(2026, 5, 14))
    form = ApplicationForm(owners=(owner(1, 1, ME),))
    parts = dossier.take(make_product(), description, form, {}).parts

    shown = dossier.public_facts(parts, "SQ-2026-000001", HAINAN_2023)

    assert shown["owner_names"] == ["某公司"]
    assert shown["validity"] == {"from": "2026-05-14", "update_cycle": "irregular"}


@pytest.mark.parametrize(("required", "own"), [(True, False), (False, True)])
def test_a_source_that_needs_authorisation_is_not_ones_own(*, required: bool, own: bool) -> None:
    source = Source(
        source_id="s",
        name="来源",
        holder="某公司",
        nature=DataNature.ENTERPRISE,
        acquisition_method=AcquisitionMethod.PURCHASE,
        authorisation_required=required,
    )
    description = make_description(sources=(source,))

    found = dossier.situation(
        description, ApplicationForm(), HAINAN_2023, files_through_agent=False
    )

    assert found.every_source_is_own is own
    stated = dossier.statement(
        description, ApplicationForm(), files_through_agent=False, truth_confirmed=True
    )
    assert stated.certificate_fields["owners"] is False


# ── the one-time notice ─────────────────────────────────────────────────────────────────────

ITEM = CorrectionItem("material:source_proof", "缺盖章", "补盖章")
KNOWN = frozenset({"material:source_proof", "form:owners"})


def test_the_first_list_may_name_anything_that_there_is() -> None:
    found = acceptance.check_list(
        [ITEM], known_targets=KNOWN, new_since_last_list=None, override_reason=None
    )

    assert found == ()


@pytest.mark.parametrize(
    ("items", "new", "reason", "code"),
    [
        ([], None, None, "correction_list_empty"),
        ([CorrectionItem("form:poem", "", "")], None, None, "correction_target_unknown"),
        ([ITEM], frozenset({"form:owners"}), None, "one_time_notice_violation"),
        ([ITEM], frozenset({"form:owners"}), " ", "one_time_notice_violation"),
    ],
)
def test_a_list_that_may_not_be_is_refused(
    items: list[CorrectionItem], new: frozenset[str] | None, reason: str | None, code: str
) -> None:
    with refusal(code):
        acceptance.check_list(
            items, known_targets=KNOWN, new_since_last_list=new, override_reason=reason
        )


def test_an_exception_is_let_through_by_its_reason_and_is_named() -> None:
    found = acceptance.check_list(
        [ITEM, CorrectionItem("form:owners", "份额有误", "改正")],
        known_targets=KNOWN,
        new_since_last_list=frozenset({"form:owners"}),
        override_reason="系统故障",
    )

    assert found == ("material:source_proof",)


def test_all_that_was_listed_comes_back() -> None:
    acceptance.check_resubmission([ITEM], {ITEM.target})
    with refusal("correction_incomplete"):
        acceptance.check_resubmission([ITEM], set())


def test_a_decline_has_its_reasons() -> None:
    acceptance.check_decline(["不属于业务范围"])
    with refusal("acceptance_reason_missing"):
        acceptance.check_decline([" "])


def test_a_target_that_vanished_has_changed() -> None:
    assert acceptance.changed_targets(Dossier({"a": 1}), Dossier({})) == {"a"}


# ── opinions ────────────────────────────────────────────────────────────────────────────────

GOOD, BAD = Finding(passed=True), Finding(passed=False)
SAMPLE = new_id()
SAMPLES = {SAMPLE: "ab" * 32}
RUN = findings.TestRun(
    name="抽样",
    environment="隔离测试环境",
    sample_file_id=SAMPLE,
    sample_sha256="ab" * 32,
    expected="一致",
    observed="一致",
    result_sha256="cd" * 32,
)


def check_technical(points: Any, tests: Any, overall: Overall) -> None:
    findings.check_technical(points, tests, overall, samples=SAMPLES)


def test_a_technical_opinion_is_whole_tested_and_consistent() -> None:
    points = dict.fromkeys(TECHNICAL_POINTS, GOOD)

    check_technical(points, [RUN], Overall.PASS)
    check_technical(points | {TECHNICAL_POINTS[0]: BAD}, [RUN], Overall.FAIL)
    with refusal("finding_missing"):
        check_technical({}, [RUN], Overall.PASS)
    with refusal("test_record_missing"):
        check_technical(points, [], Overall.PASS)
    with refusal("opinion_inconsistent"):
        check_technical(points, [RUN], Overall.FAIL)
    with refusal("opinion_inconsistent"):
        check_technical(points | {TECHNICAL_POINTS[0]: BAD}, [RUN], Overall.PASS)
    with refusal("opinion_inconsistent"):
        check_technical(points, [RUN], Overall.PASS_WITH_CONDITIONS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "test_record_missing"),
        ({"environment": ""}, "test_record_missing"),
        ({"observed": ""}, "test_record_missing"),
        ({"sample_file_id": new_id()}, "test_sample_unknown"),
        ({"sample_sha256": "cd" * 32}, "test_sample_unknown"),
    ],
)
def test_a_test_says_what_ran_on_which_file_of_the_case(changes: dict[str, Any], code: str) -> None:
    run = msgspec.structs.replace(RUN, **changes)

    with refusal(code):
        check_technical(dict.fromkeys(TECHNICAL_POINTS, GOOD), [RUN, run], Overall.PASS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"findings": {}}, "finding_missing"),
        ({"no_conflict_of_interest": False}, "no_conflict_statement_missing"),
        ({"conditions": ("定期复核",)}, "opinion_conditions_missing"),
        ({"overall": Overall.PASS_WITH_CONDITIONS}, "opinion_conditions_missing"),
        ({"overall": Overall.FAIL}, "opinion_inconsistent"),
    ],
)
def test_a_compliance_opinion_that_is_not_whole_is_refused(
    changes: dict[str, Any], code: str
) -> None:
    values: dict[str, Any] = {
        "findings": dict.fromkeys(COMPLIANCE_POINTS, GOOD),
        "overall": Overall.PASS,
        "conditions": (),
        "no_conflict_of_interest": True,
    } | changes

    with refusal(code):
        findings.check_compliance(values.pop("findings"), values.pop("overall"), **values)


def test_a_conditional_pass_names_its_conditions() -> None:
    findings.check_compliance(
        dict.fromkeys(COMPLIANCE_POINTS, GOOD),
        Overall.PASS_WITH_CONDITIONS,
        conditions=("定期复核",),
        no_conflict_of_interest=True,
    )


def test_the_reviewers_are_neutral_and_assigned() -> None:
    agency, account = PartyId(new_id()), AccountId(new_id())

    neutrality.check_agency(agency, {ME, None})
    neutrality.check_reviewer(account, AccountId(new_id()))
    neutrality.check_is_assigned(account=account, party=ME, assigned=account, operator=ME)
    with refusal("conflict_of_interest"):
        neutrality.check_agency(agency, {agency})
    with refusal("reviewer_is_acceptor"):
        neutrality.check_reviewer(account, account)
    with refusal("reviewer_not_operator_staff"):
        neutrality.check_is_assigned(account=account, party=agency, assigned=account, operator=ME)
    with refusal("reviewer_not_assigned"):
        neutrality.check_is_assigned(account=None, party=ME, assigned=account, operator=ME)


def test_a_signed_document_is_readable_and_about_this_case() -> None:
    application_id, agency = new_id(), new_id()
    document = ComplianceOpinionDocument(
        application_id=application_id,
        dossier_sha256="ab" * 32,
        agency_party_id=agency,
        reviewers=("王合规",),
        no_conflict_of_interest=True,
        findings={},
        overall=Overall.PASS,
    )

    read = opinions.read(canonical(document), ComplianceOpinionDocument)

    assert read == document
    opinions.check_case(
        read, application_id=application_id, dossier_sha256="ab" * 32, agency_party_id=agency
    )
    with refusal("signed_for_another_case"):
        opinions.check_case(read, application_id=application_id, dossier_sha256="cd" * 32)
    with refusal("signed_document_unreadable"):
        opinions.read(b"{}", ComplianceOpinionDocument)


def test_an_opinion_is_given_once_a_round_and_in_order() -> None:
    opinions.check_not_given({1}, 2)
    opinions.check_order(has_technical=False, in_parallel=True)
    opinions.check_order(has_technical=True, in_parallel=False)
    with refusal("opinion_immutable"):
        opinions.check_not_given({1, 2}, 2)
    with refusal("technical_opinion_first"):
        opinions.check_order(has_technical=False, in_parallel=False)


# ── signatures ──────────────────────────────────────────────────────────────────────────────

_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_PUBLIC = _PRIVATE.public_key().public_bytes_raw()


def own_key(purpose: Purpose, **changes: Any) -> PublicKey:
    values: dict[str, Any] = {
        "key_id": key_id_of(_PUBLIC),
        "purpose": purpose,
        "public_key": _PUBLIC,
        "valid_from": NOW,
        "holder_party_id": ME,
    }
    return PublicKey(**(values | changes))


def sealed(purpose: Purpose, document: bytes) -> Signature:
    return Signature(KeyId(key_id_of(_PUBLIC)), _PRIVATE.sign(framed(purpose, document)))


@pytest.mark.parametrize(
    ("key", "signed", "reason"),
    [
        (own_key(Purpose.OPINION), b"words", None),
        (None, b"words", "key_not_of_this_party"),
        (
            own_key(Purpose.OPINION, holder_party_id=PartyId(new_id())),
            b"words",
            "key_not_of_this_party",
        ),
        (own_key(Purpose.CONTRACT), b"words", "key_for_another_purpose"),
        (own_key(Purpose.OPINION, revoked_at=NOW), b"words", "key_not_valid"),
        (own_key(Purpose.OPINION), b"other words", "signature_does_not_match"),
        (
            own_key(Purpose.OPINION, algorithm=Algorithm.ML_DSA_44),
            b"words",
            "algorithm_not_of_the_key",
        ),
    ],
)
def test_a_signature_counts_if_key_holder_purpose_time_and_bytes_fit(
    key: PublicKey | None, signed: bytes, reason: str | None
) -> None:
    signature = sealed(Purpose.OPINION, signed)

    assert signatures.why_not(key, Purpose.OPINION, ME, b"words", signature, now=NOW) == reason
    if reason is None:
        signatures.check_opinion(key, ME, b"words", signature, NOW)
    else:
        with refusal("opinion_signature_invalid"):
            signatures.check_opinion(key, ME, b"words", signature, NOW)


def test_the_bureaus_authorisation_has_a_key_of_its_own() -> None:
    signature = sealed(Purpose.AUTHORISATION, b"words")

    signatures.check_authorisation(own_key(Purpose.AUTHORISATION), ME, b"words", signature, NOW)
    with refusal("authorisation_signature_invalid"):
        signatures.check_authorisation(own_key(Purpose.OPINION), ME, b"words", signature, NOW)


# ── the decision ────────────────────────────────────────────────────────────────────────────


def facts(**changes: Any) -> ReviewFacts:
    values: dict[str, Any] = {
        "technical": Overall.PASS,
        "compliance": Overall.PASS,
        "contains_national_core_data": False,
        "has_open_dispute": False,
    }
    return ReviewFacts(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"technical": None}, "both_opinions_required"),
        ({"compliance": None}, "both_opinions_required"),
        ({"technical": Overall.FAIL}, "technical_review_not_passed"),
        ({"compliance": Overall.FAIL}, "refusal_no_compliance_opinion"),
        ({"contains_national_core_data": True}, "refusal_national_core_data"),
        ({"has_open_dispute": True}, "refusal_unresolved_ownership_dispute"),
    ],
)
def test_a_review_does_not_pass_with_a_ground_in_sight(changes: dict[str, Any], code: str) -> None:
    with refusal(code):
        grounds.check_pass(facts(**changes))


def test_a_review_passes_with_conditions_too() -> None:
    grounds.check_pass(facts())
    grounds.check_pass(facts(compliance=Overall.PASS_WITH_CONDITIONS))


WHOLE = {
    Ground.NO_COMPLIANCE_OPINION: {},
    Ground.NATIONAL_CORE_DATA: {"category": "national_security"},
    Ground.UNLAWFUL_ACQUISITION: {"law": "某法第一条"},
    Ground.SOURCE_AUTHORISATION_MISSING: {"source_id": "s1"},
    Ground.UNRESOLVED_OWNERSHIP_DISPUTE: {"case_reference": "（2026）民初1号"},
    Ground.OTHER_STATUTORY: {"legal_citation": "某条例第三条"},
    Ground.HARMS_SECURITY_OR_INTEREST: {},
    Ground.CONCEALMENT_OR_FALSE_PROOF: {},
    Ground.FORMAL_DEFECT: {},
}


@pytest.mark.parametrize("ground", Ground)
def test_every_ground_needs_its_facts(ground: Ground) -> None:
    whole = RefusalGround(ground=ground, facts="事实", **WHOLE[ground])

    book = next(b for b in RULEBOOKS.values() if ground.value in b.refusal_grounds)
    grounds.check_refusal([whole], facts(compliance=None, rulebook=book))
    assert grounds.missing_fact(RefusalGround(ground=ground, facts=" ")) == "facts"
    for strange in RULEBOOKS.values():
        if ground.value not in strange.refusal_grounds:
            with refusal("refusal_ground_not_in_rulebook"):
                grounds.check_refusal([whole], facts(compliance=None, rulebook=strange))
    for name in WHOLE[ground]:
        bare = RefusalGround(ground=ground, facts="事实")
        with refusal("ground_fact_missing") as refused:
            grounds.check_refusal([bare], facts(rulebook=book))
        assert refused.value.facts == {"ground": ground.value, "missing": name}


def test_a_refusal_has_a_ground_that_the_file_bears_out() -> None:
    with refusal("refusal_ground_missing"):
        grounds.check_refusal([], facts())
    with refusal("ground_not_met"):
        grounds.check_refusal(
            [RefusalGround(ground=Ground.NO_COMPLIANCE_OPINION, facts="没有意见")], facts()
        )


def test_the_technical_review_fails_only_on_a_negative_opinion() -> None:
    grounds.check_technical_failure(facts(technical=Overall.FAIL))
    with refusal("technical_review_not_failed"):
        grounds.check_technical_failure(facts())


# ── the issue ───────────────────────────────────────────────────────────────────────────────

LAST_DAY = dt.date(2026, 3, 11)
END = Deadline(LAST_DAY, provisional=False)


def record(**changes: Any) -> NoticeRecord:
    values: dict[str, Any] = {"missing_channels": (), "ends": END, "open_objections": 0}
    return NoticeRecord(**(values | changes))


def test_the_notice_is_over_with_its_last_second_and_not_before() -> None:
    second = dt.timedelta(seconds=1)

    assert not issuance.is_over(END, END.ends_at - second)
    assert issuance.is_over(END, END.ends_at)
    assert not issuance.is_over(Deadline(LAST_DAY, provisional=True), END.ends_at + second)


@pytest.mark.parametrize(
    ("changes", "before_the_end", "authorised", "code"),
    [
        ({"ends": None, "missing_channels": ("a",)}, False, True, "notice_channel_missing"),
        ({}, True, True, "notice_period_running"),
        ({"open_objections": 1}, False, True, "objection_open"),
        ({}, False, False, "issuance_not_authorised"),
    ],
)
def test_nothing_is_issued_too_early_objected_to_or_unauthorised(
    changes: dict[str, Any], *, before_the_end: bool, authorised: bool, code: str
) -> None:
    now = END.ends_at - dt.timedelta(seconds=before_the_end)

    with refusal(code):
        issuance.check_issue(record(**changes), now, is_authorised=authorised)


def test_what_ran_its_time_and_is_authorised_is_issued() -> None:
    issuance.check_issue(record(), END.ends_at, is_authorised=True)
