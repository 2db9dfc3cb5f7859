"""What of a certificate may be changed, by which materials, under which conditions (HN-18)."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import msgspec
import pytest

from catalog.certificates.format import (
    Authorisation,
    CertificateDocument,
    CertifiedOwner,
    NoticeRun,
)
from catalog.certificates.states import Event as OfCertificate
from catalog.certificates.states import State as CertificateState
from catalog.changes import content, correcting, eligibility, materials, review
from catalog.changes.content import WantedContent
from catalog.changes.materials import ChangeMaterialKind
from catalog.changes.model import ChangeId, ChangeMaterial, Kind
from catalog.changes.states import TRANSITIONS, ChangeEventNotAllowed, Event, State, advance
from catalog.kernel.local_time import SHANGHAI
from catalog.products.model import Form, Scenario
from catalog.registration.completeness import MaterialMissing
from catalog.registration.findings import Overall
from catalog.registration.grounds import (
    BothOpinionsRequired,
    NationalCoreData,
    ReviewFacts,
    TechnicalReviewNotPassed,
)
from catalog.rulebooks import registry
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.rulebook import Rulebook
from seeds.workdays import load_calendar
from tests.makers_products import make_description

CALENDAR = load_calendar()
DOCUMENT = CertificateDocument(
    product_name="潮汐表",
    owners=(CertifiedOwner(name="甲公司", kind="legal_person", id_masked="9146***", share="1"),),
    product_form="dataset",
    product_validity={"from": "2026-01-01", "update_cycle": "daily"},
    scenarios=({"code": "shipping", "description": "航运"},),
    registration_number="HN-QQ-2026-0000001X",
    type="shushi-certificate-v1",
    certificate_version=1,
    registration_type="initial",
    issued_at="2026-03-02T09:00:00+08:00",
    issuer="运营者",
    authorised_by=Authorisation(authority="局", authorisation_number="1", sha256="00"),
    ruleset="hn-2023-interim",
    rights=("use",),
    rights_vocabulary="hn-2023-interim",
    content_fingerprint="00",
    application_number="SQ-2026-000001",
    product_id="p",
    notice=NoticeRun(starts_on="2026-03-02", ends_on="2026-03-11", urls=()),
    technical_opinion_sha256="00",
    compliance_opinion_sha256="00",
    agency_name="机构",
    agency_party_id="a",
    verification_url="https://example.org",
)


def test_only_what_is_otherwise_is_a_difference() -> None:
    wanted = WantedContent(
        name="潮汐表", valid_to=dt.date(2030, 12, 31), scenarios=(Scenario("port", "港口"),)
    )

    found = content.differences(DOCUMENT, wanted)

    assert [(each.field, each.before) for each in found] == [
        ("scenarios", [{"code": "shipping", "description": "航运"}]),
        ("valid_to", None),
    ]
    assert content.told_to_buyers(found) == ("scenarios", "valid_to")


def test_a_new_name_alone_is_not_what_buyers_are_told_of() -> None:
    found = content.differences(DOCUMENT, WantedContent(name="新潮汐表"))

    assert content.told_to_buyers(found) == ()


def test_an_application_that_wants_nothing_otherwise_is_empty() -> None:
    with pytest.raises(content.ChangeEmpty):
        content.differences(DOCUMENT, WantedContent(name="潮汐表"))
    with pytest.raises(content.ChangeEmpty):
        content.differences(DOCUMENT, WantedContent())


def test_the_owner_is_not_changed_by_a_change() -> None:
    content.check_owners_stay(names_owners=False)
    with pytest.raises(content.OwnerChangeNotAChange):
        content.check_owners_stay(names_owners=True)


def test_the_new_certificate_says_the_new_and_keeps_the_rest() -> None:
    wanted = WantedContent(form=Form.OTHER_TRADABLE, form_description="图集", valid_from=None)

    said = content.restated(DOCUMENT, wanted)

    assert said == {
        "product_name": "潮汐表",
        "product_form": "other_tradable",
        "scenarios": ({"code": "shipping", "description": "航运"},),
        "product_validity": {"update_cycle": "daily"},
    }


def test_the_description_follows_and_keeps_what_was_not_asked_for() -> None:
    before = make_description()

    after = content.applied(before, WantedContent(name="新名称", valid_to=None))

    assert after == msgspec.structs.replace(before, name="新名称", valid_to=None)


def test_the_dossier_says_what_is_to_be_otherwise_and_how_the_form_is_described() -> None:
    wanted = WantedContent(name="新潮汐表", form_description="图集")
    found = content.differences(DOCUMENT, wanted)

    taken = materials.take(
        certificate_number="n",
        form={"reason": "更名"},
        content=content.as_parts(found, wanted),
        materials={ChangeMaterialKind.CHANGE_PROOF: {"version": 1}},
    )

    assert taken.parts == {
        "certificate:number": "n",
        "form:reason": "更名",
        "content:name": "新潮汐表",
        "content:form_description": "图集",
        "material:change_proof": {"version": 1},
    }
    plain = WantedContent(name="新潮汐表")
    assert content.as_parts(found, plain) == {"content:name": "新潮汐表"}


def test_two_materials_are_always_needed_and_the_third_when_asked_for() -> None:
    always = set(materials.ALWAYS)
    asked = ["material:registry_required_other"]

    materials.check(always, asked_for=(), reason="更名")
    materials.check(set(ChangeMaterialKind), asked_for=asked, reason="更名")
    with pytest.raises(MaterialMissing) as one:
        materials.check(always, asked_for=asked, reason="更名")
    with pytest.raises(MaterialMissing) as both:
        materials.check((), asked_for=(), reason="更名")
    with pytest.raises(materials.ChangeReasonMissing):
        materials.check(always, asked_for=(), reason="  ")

    assert one.value.facts["kinds"] == ["registry_required_other"]
    assert both.value.facts == {
        "kinds": ["change_application_form", "change_proof"],
        "rules": ["HN-18"],
    }


@pytest.mark.parametrize("state", list(CertificateState))
def test_only_a_certificate_that_counts_is_changed(state: CertificateState) -> None:
    if state is CertificateState.ACTIVE:
        eligibility.check_active("n", state, OfCertificate.APPLY_CHANGE)
        return
    for event in (
        OfCertificate.APPLY_CHANGE,
        OfCertificate.APPROVE_CHANGE,
        OfCertificate.REFUSE_CHANGE,
    ):
        with pytest.raises(eligibility.ChangeOnInactiveCertificate) as refused:
            eligibility.check_active("n", state, event)
        assert refused.value.facts == {"number": "n", "state": state.value}


def test_promptly_is_ten_working_days_and_skips_the_spring_festival() -> None:
    until = eligibility.prompt_until(
        dt.date(2026, 2, 12),
        today=dt.date(2026, 4, 1),
        period=HAINAN_2023.promptly,
        calendar=CALENDAR,
    )

    # 2026: 15–23 February off, Saturdays 14 and 28 February worked.
    assert until == dt.date(2026, 3, 4)
    with pytest.raises(eligibility.OccurredInTheFuture):
        eligibility.prompt_until(
            dt.date(2026, 4, 2),
            today=dt.date(2026, 4, 1),
            period=HAINAN_2023.promptly,
            calendar=CALENDAR,
        )


def test_only_a_correction_skips_the_agency_and_only_if_the_rules_let_it() -> None:
    assert HAINAN_2023.correction_may_skip_compliance is False
    review.check_skip(Kind.CORRECTION, is_allowed=True)
    for kind, is_allowed in ((Kind.CORRECTION, False), (Kind.CHANGE, True)):
        with pytest.raises(review.ComplianceReviewNeeded):
            review.check_skip(kind, is_allowed=is_allowed)


def facts(**changes: object) -> ReviewFacts:
    plain = ReviewFacts(
        technical=Overall.PASS,
        compliance=None,
        contains_national_core_data=False,
        has_open_dispute=False,
    )
    return msgspec.structs.replace(plain, **changes)


def test_a_skipped_compliance_review_stands_in_the_way_of_nothing_else_does() -> None:
    review.check_pass(facts(), compliance_is_skipped=True)
    review.check_pass(facts(compliance=Overall.PASS), compliance_is_skipped=False)
    with pytest.raises(BothOpinionsRequired):
        review.check_pass(facts(), compliance_is_skipped=False)
    with pytest.raises(TechnicalReviewNotPassed):
        review.check_pass(facts(technical=Overall.FAIL), compliance_is_skipped=True)
    with pytest.raises(NationalCoreData):
        review.check_pass(facts(contains_national_core_data=True), compliance_is_skipped=True)


def test_the_newest_version_of_a_material_counts_in_whatever_order_they_come() -> None:
    def handed_in(kind: ChangeMaterialKind, version: int) -> ChangeMaterial:
        return ChangeMaterial(
            id=uuid.uuid4(),
            change_id=ChangeId(uuid.uuid4()),
            kind=kind,
            version=version,
            file_id=uuid.uuid4(),
            sha256="ab" * 32,
            handed_in_by=None,
            handed_in_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        )

    newest = handed_in(ChangeMaterialKind.CHANGE_PROOF, 2)
    form = handed_in(ChangeMaterialKind.CHANGE_APPLICATION_FORM, 1)

    found = materials.current([newest, handed_in(ChangeMaterialKind.CHANGE_PROOF, 1), form])

    assert found == {newest.kind: newest, form.kind: form}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_change_moves_only_as_the_table_says(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(ChangeEventNotAllowed):
            advance(state, event)


@pytest.mark.parametrize("rulebook", list(registry.RULEBOOKS.values()), ids=lambda book: book.code)
def test_the_bureau_authorises_a_change_only_where_the_rulebook_asks_for_it(
    rulebook: Rulebook,
) -> None:
    if rulebook.needs_authorisation:
        eligibility.check_authorisable(rulebook)
        return
    with pytest.raises(eligibility.AuthorisationNotNeeded) as refused:
        eligibility.check_authorisable(rulebook)
    assert refused.value.facts == {"rulebook": rulebook.code}


def test_silence_accepts_under_one_rulebook_only() -> None:
    assert registry.accepting_by_silence() == [NDA35_2026.code]


def test_corrections_come_too_late_with_the_first_second_after_their_last_day() -> None:
    asked = dt.datetime(2026, 9, 1, 9, tzinfo=dt.UTC)
    last = dt.datetime(2026, 10, 8, tzinfo=SHANGHAI)  # thirty days end in the holiday, with the 8th
    ends = last + dt.timedelta(days=1)

    def late(now: dt.datetime, rulebook: Rulebook = NDA35_2026) -> bool:
        return correcting.is_late(asked, now, rulebook, CALENDAR)

    assert not late(ends - dt.timedelta(seconds=1))
    assert late(ends)
    assert not late(ends + dt.timedelta(days=365), HAINAN_2023)  # no limit (A10)


def test_a_provisional_last_day_ends_no_correction() -> None:
    asked = dt.datetime(2026, 12, 10, tzinfo=dt.UTC)

    assert not correcting.is_late(
        asked, dt.datetime(2027, 3, 1, tzinfo=dt.UTC), NDA35_2026, CALENDAR
    )
