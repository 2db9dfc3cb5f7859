"""Which joint owners have consented, and to what (共同所有者同意, HN-08(7), A42)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.registration import consents, dossier
from catalog.registration.acceptance import Dossier
from catalog.registration.consents import Basis, Consent
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed

APPLICANT, SECOND, THIRD = (PartyId(new_id()) for _ in range(3))
OWNERS = tuple(
    Owner(party_id=party, name=name, kind="legal_person", share_denominator=3)
    for party, name in ((APPLICANT, "甲"), (SECOND, "乙"), (THIRD, "丙"))
)
OTHERS = consents.consenting(OWNERS, (), APPLICANT)
NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
THIS, THAT = "ab" * 32, "cd" * 32


def consent(owner: PartyId, content: str = THIS, **changes: Any) -> Consent:
    values: dict[str, Any] = {
        "id": new_id(),
        "application_id": new_id(),
        "owner_party_id": owner,
        "basis": Basis.OWN_ACCOUNT,
        "content_sha256": content,
        "file_id": None,
        "file_sha256": None,
        "given_by": None,
        "given_at": NOW,
    }
    return Consent(**(values | changes))


WITHDRAWN = {"withdrawn_at": NOW, "withdrawal_reason": "份额有误"}


def test_all_owners_but_the_applicant_consent() -> None:
    assert [owner.name for owner in OTHERS] == ["乙", "丙"]
    consents.check_all(OTHERS, [consent(SECOND), consent(THIRD)], THIS)
    consents.check_all((), [], THIS)


def test_who_holds_a_right_by_itself_consents_once_and_an_applicant_not_at_all() -> None:
    rights = tuple(
        RightClaimed(right=right, party_id=party, name=name, kind="legal_person")
        for right, party, name in (
            ("hold", APPLICANT, "甲"),
            ("use", THIRD, "丙"),
            ("operate", THIRD, "丙"),
        )
    )

    assert consents.consenting(OWNERS, rights, APPLICANT) == OTHERS
    assert consents.consenting(OWNERS[:1], rights, APPLICANT) == (rights[1],)
    assert consents.consenting((), rights[:1], APPLICANT) == ()


@pytest.mark.parametrize(
    ("given", "lacking", "void"),
    [
        ([], ["乙", "丙"], []),
        ([consent(SECOND)], ["丙"], []),
        ([consent(SECOND), consent(THIRD, THAT)], ["丙"], ["丙"]),
        ([consent(SECOND, **WITHDRAWN), consent(THIRD)], ["乙"], []),
        ([consent(APPLICANT), consent(SECOND)], ["丙"], []),
    ],
)
def test_who_has_not_consented_to_exactly_this_is_named(
    given: list[Consent], lacking: list[str], void: list[str]
) -> None:
    with pytest.raises(DomainError) as refused:
        consents.check_all(OTHERS, given, THIS)

    assert refused.value.code == "owner_consent_missing"
    assert refused.value.facts == {"owners": lacking, "void": void}


@pytest.mark.parametrize(
    ("named", "given", "code"),
    [
        (THAT, [], "owner_consent_to_other_content"),
        (THIS, [consent(SECOND)], "owner_consent_given_already"),
    ],
)
def test_a_consent_is_to_what_stands_there_and_given_once(
    named: str, given: list[Consent], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        consents.check_new(SECOND, given, named_sha256=named, content_sha256=THIS)

    assert refused.value.code == code


def test_a_consent_that_was_taken_back_or_is_another_owners_stands_in_nobodys_way() -> None:
    given = [consent(SECOND, **WITHDRAWN), consent(THIRD), consent(SECOND, THAT)]

    consents.check_new(SECOND, given, named_sha256=THIS, content_sha256=THIS)


def test_only_what_stands_is_taken_back() -> None:
    old, new = consent(SECOND, **WITHDRAWN), consent(SECOND, THAT)

    assert consents.of_owner(SECOND, [old, new, consent(THIRD)]) == (new,)
    with pytest.raises(DomainError) as refused:
        consents.of_owner(SECOND, [old, consent(THIRD)])
    assert refused.value.code == "owner_consent_not_given"


def test_who_acts_for_the_applicant_is_not_what_owners_consent_to() -> None:
    content = {"product:name": "指数", "form:owners": [1]}
    with_letter = content | {"material:authorisation_letter": {"sha256": THIS}}

    same = dossier.consented_digest(Dossier(with_letter))

    assert same == dossier.consented_digest(Dossier(content)) == dossier.digest(Dossier(content))
    assert same != dossier.consented_digest(Dossier(content | {"form:owners": [2]}))
