"""Letters of refusal, material asked for during the review, and files locked away."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.files import reading
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.registration import letter, supplements
from catalog.registration.grounds import Ground, RefusalGround
from catalog.registration.model import (
    Application,
    ApplicationForm,
    ApplicationId,
    ReviewDecision,
    ReviewResult,
)
from catalog.registration.states import State
from catalog.registration.supplements import MaterialRequest, Supplement
from catalog.rulebooks.hainan_2023 import HAINAN_2023

NOW = dt.datetime(2026, 3, 2, 17, tzinfo=dt.UTC)  # the third of March in Shanghai


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def make_application() -> Application:
    return Application(
        id=ApplicationId(new_id()),
        application_number="SQ-2026-000001",
        product_id=new_id(),
        applicant_party_id=PartyId(new_id()),
        agent_party_id=None,
        filed_by=None,
        operator_party_id=None,
        rulebook=HAINAN_2023.code,
        state=State.REFUSED,
        form=ApplicationForm(),
        version=3,
        submission_no=1,
        dossier_sha256="ab" * 32,
        acceptor_account_id=None,
        technical_reviewer_account_id=None,
        agency_party_id=None,
        agency_contract_id=None,
        technical_round=1,
        compliance_round=1,
        open_objections=0,
        created_at=NOW,
        submitted_at=NOW,
        accepted_at=NOW,
        updated_at=NOW,
    )


def test_a_case_goes_by_the_rules_of_its_filing_and_a_draft_by_those_of_its_beginning() -> None:
    begun = make_application()
    filed = msgspec.structs.replace(begun, filed_on=dt.date(2026, 3, 9))

    assert begun.ruled_on == dt.date(2026, 3, 3)
    assert filed.ruled_on == dt.date(2026, 3, 9)


def make_decision(result: ReviewResult, *grounds: RefusalGround) -> ReviewDecision:
    return ReviewDecision(
        id=new_id(),
        application_id=ApplicationId(new_id()),
        result=result,
        grounds=grounds,
        reasons="详见审查意见",
        technical_opinion_id=None,
        compliance_opinion_id=None,
        decided_by=None,
        decided_at=NOW,
    )


@pytest.mark.parametrize("ground", Ground)
def test_a_letter_tells_every_ground_in_the_words_of_the_article(ground: Ground) -> None:
    decision = make_decision(
        ReviewResult.REFUSE, RefusalGround(ground, "事实", law="数据安全法第二十一条")
    )

    written = letter.write(make_application(), decision, HAINAN_2023)

    (told,) = written.grounds
    assert (told.ground, told.title) == (ground.value, letter.GROUNDS[ground])
    assert (told.facts, told.evidence) == ("事实", "数据安全法第二十一条")
    assert (written.title, written.decided_on) == ("不予办理登记决定书", "2026-03-03")
    assert written.remedies


def test_a_failed_technical_review_is_told_apart_from_a_refusal() -> None:
    written = letter.write(
        make_application(), make_decision(ReviewResult.FAIL_TECHNICAL), HAINAN_2023
    )

    assert (written.title, written.grounds) == ("技术审查未通过告知书", ())


@pytest.mark.parametrize(
    ("items", "reason"), [((), "核实来源"), (("采集合同",), " "), (("采集合同", " "), "核实来源")]
)
def test_whoever_asks_says_for_what_and_why(items: tuple[str, ...], reason: str) -> None:
    supplements.check_request(("采集合同",), "核实来源")
    with refusal("material_request_empty"):
        supplements.check_request(items, reason)


def test_all_that_was_asked_for_is_answered_by_a_file_or_a_word() -> None:
    asked = MaterialRequest(
        id=new_id(),
        application_id=new_id(),
        items=("采集合同", "授权书", "说明"),
        reason="核实来源",
        asked_by=None,
        asked_at=NOW,
    )
    whole = (
        Supplement("采集合同", file_id=new_id()),
        Supplement("授权书", remark="不适用：自有设备采集"),
        Supplement("说明", file_id=new_id()),
    )

    supplements.check_answer(asked, whole)
    with refusal("supplement_incomplete") as refused:
        supplements.check_answer(asked, [whole[0], Supplement("授权书", remark=" ")])
    assert refused.value.facts["items"] == ["授权书", "说明"]


@pytest.mark.parametrize("clearance", Clearance)
def test_what_was_locked_away_is_opened_by_the_regulator_alone(clearance: Clearance) -> None:
    reader = Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        name="reader",
        roles=frozenset(),
        permissions=frozenset(),
        clearance=clearance,
    )

    reading.check_not_locked_away(reader, is_quarantined=False)
    if clearance is Clearance.REGULATOR:
        reading.check_not_locked_away(reader, is_quarantined=True)
    else:
        with refusal("file_quarantined"):
            reading.check_not_locked_away(reader, is_quarantined=True)


def test_a_letter_reads_back_as_it_was_written() -> None:
    written = letter.write(
        make_application(),
        make_decision(
            ReviewResult.REFUSE, RefusalGround(Ground.NO_COMPLIANCE_OPINION, "未出具意见书")
        ),
        HAINAN_2023,
    )

    assert msgspec.json.decode(msgspec.json.encode(written), type=letter.RefusalLetter) == written
