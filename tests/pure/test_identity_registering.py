"""What a party shows to be registered; id numbers; who may be suspended or verified."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id, uscc_check_character
from market.identity import registering as rules
from market.identity.identity_numbers import (
    IdentityNumberMalformed,
    check_identity_number,
    keyed_hash,
    masked,
    masked_code,
)
from market.identity.model import Capacity, Kind

USCC = "91460000MA5T00001" + uscc_check_character("91460000MA5T00001")
ORGANISATION: dict[str, Any] = {
    "kind": Kind.LEGAL_PERSON,
    "uscc": USCC,
    "has_identity_number": False,
    "evidence_sha256": "0f" * 32,
    "capacities": [Capacity.TRADER],
}
PERSON = ORGANISATION | {
    "kind": Kind.NATURAL_PERSON,
    "uscc": None,
    "has_identity_number": True,
}


@pytest.mark.parametrize(
    "shown",
    [
        ORGANISATION,
        PERSON,
        ORGANISATION | {"kind": Kind.UNINCORPORATED_ORGANISATION},
        ORGANISATION | {"capacities": [Capacity.COMPLIANCE_AGENCY]},
    ],
)
def test_a_party_that_shows_what_its_kind_has_is_registered(shown: dict[str, Any]) -> None:
    rules.check_registration(**shown)


@pytest.mark.parametrize(
    ("shown", "refusal"),
    [
        (ORGANISATION | {"capacities": []}, rules.CapacityNotOpen),
        (ORGANISATION | {"capacities": [Capacity.PROVINCIAL_AUTHORITY]}, rules.CapacityNotOpen),
        (ORGANISATION | {"evidence_sha256": "0F" * 32}, rules.EvidenceHashMalformed),
        (ORGANISATION | {"uscc": None}, rules.UsccMalformed),
        (ORGANISATION | {"uscc": USCC[::-1]}, rules.UsccMalformed),
        (ORGANISATION | {"has_identity_number": True}, rules.IdentityNumberNotWanted),
        (PERSON | {"uscc": USCC}, rules.UsccNotForNaturalPerson),
        (PERSON | {"has_identity_number": False}, rules.IdentityNumberMissing),
        (PERSON | {"capacities": [Capacity.COMPLIANCE_AGENCY]}, rules.PersonIsNoAgency),
    ],
)
def test_a_party_that_shows_something_else_is_refused_by_its_name(
    shown: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        rules.check_registration(**shown)


@pytest.mark.parametrize("login", ["abc", "wang.fang", "a_b-c@example.cn", "a" * 64])
def test_a_plain_login_is_taken(login: str) -> None:
    assert rules.check_login(login) == login


@pytest.mark.parametrize("login", ["ab", "a" * 65, "Abc", ".abc", "abc.", "a b c", "登录名", ""])
def test_a_login_that_two_could_read_as_one_is_refused(login: str) -> None:
    with pytest.raises(rules.LoginMalformed):
        rules.check_login(login)


def test_a_name_loses_the_blanks_around_it() -> None:
    assert rules.check_name(" 某公司 ") == "某公司"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\u202eb", "名" * 201])
def test_a_name_that_can_not_be_read_is_refused(name: str) -> None:
    with pytest.raises(rules.NameMalformed):
        rules.check_name(name)


def test_nobody_verifies_his_own_party() -> None:
    party, other = PartyId(new_id()), PartyId(new_id())

    rules.check_verifier(party, other)
    with pytest.raises(rules.OwnPartyNotVerifiable):
        rules.check_verifier(party, party)


@pytest.mark.parametrize("capacity", list(Capacity))
def test_traders_and_agencies_are_suspended_and_institutions_are_not(capacity: Capacity) -> None:
    if capacity in rules.INSTITUTIONS:
        with pytest.raises(rules.InstitutionNotSuspendable):
            rules.check_suspension([capacity])
    else:
        rules.check_suspension([capacity])


@pytest.mark.parametrize("number", ["11010519491231002X", " 11010519491231002x "])
def test_a_right_id_number_is_taken(number: str) -> None:
    assert check_identity_number(number) == "11010519491231002X"


@pytest.mark.parametrize(
    "number",
    ["110105194912310021", "11010519491331002X", "1101051949123100", "0" * 18, "", "１" * 18],
)
def test_a_wrong_id_number_is_refused_and_not_repeated(number: str) -> None:
    with pytest.raises(IdentityNumberMalformed) as refused:
        check_identity_number(number)

    assert refused.value.facts == {}


def test_a_hidden_id_number_shows_its_ends_alone() -> None:
    assert masked("11010519491231002X") == "110*************2X"
    assert masked_code("91460000MA5TTTT00X") == "9146**********T00X"


def test_a_keyed_hash_depends_on_the_key() -> None:
    number = "11010519491231002X"

    assert keyed_hash(b"a" * 32, number) == keyed_hash(b"a" * 32, number)
    assert keyed_hash(b"a" * 32, number) != keyed_hash(b"b" * 32, number)
