"""Who acts, for whom, and under which number."""

from __future__ import annotations

import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, Clearance, NotPermitted, system
from catalog.kernel.ids import AccountId, PartyId, is_uscc, new_id, uscc_check_character

GENUINE = "91350100M000100Y43"  # the example in GB 32100-2015 itself
FIRST = "91460000MA0000001"


def test_a_job_may_do_exactly_what_is_named() -> None:
    job = system("release-escrow", "escrow:release")

    job.require("escrow:release")

    assert job.may("escrow:release")
    assert not job.may("escrow:refund")
    assert (job.name, job.clearance) == ("system:release-escrow", Clearance.SYSTEM)
    with pytest.raises(NotPermitted) as refused:
        job.require("escrow:refund")
    assert refused.value.code == "permission_missing"
    assert refused.value.facts == {"permission": "escrow:refund"}


def test_an_agent_speaks_for_its_principal() -> None:
    own, principal = PartyId(new_id()), PartyId(new_id())
    alone = msgspec.structs.replace(PUBLIC, party_id=own)
    agent = msgspec.structs.replace(alone, acting_for=principal)

    assert (alone.party, agent.party) == (own, principal)


@pytest.mark.parametrize("clearance", Clearance)
def test_staff_the_regulator_and_the_service_see_all_and_nobody_else(clearance: Clearance) -> None:
    actor = msgspec.structs.replace(PUBLIC, clearance=clearance)

    assert actor.sees_all is (clearance in {"staff", "regulator", "system"})


def test_who_belongs_to_no_party_speaks_for_none() -> None:
    with pytest.raises(NotPermitted) as refused:
        _ = PUBLIC.party

    assert refused.value.facts == {"permission": "party:act"}


def test_ids_sort_by_the_time_of_their_making() -> None:
    made = [new_id() for _ in range(100)]

    assert sorted(made) == made
    assert {id_.version for id_ in made} == {7}


@pytest.mark.parametrize(
    "code",
    [GENUINE, FIRST + uscc_check_character(FIRST)],
)
def test_a_right_credit_code_is_one(code: str) -> None:
    assert is_uscc(code)
    for wrong in "0123456789ABCDEFGHJKLMNPQRTUWXY".replace(code[17], ""):
        assert not is_uscc(code[:17] + wrong)


@pytest.mark.parametrize("code", ["", "9135", GENUINE + "0", "I" + GENUINE[1:], GENUINE.lower()])
def test_what_has_another_length_or_alphabet_is_no_credit_code(code: str) -> None:
    assert not is_uscc(code)


def test_a_check_character_stands_after_seventeen() -> None:
    with pytest.raises(ValueError, match="17"):
        uscc_check_character("9135")


def test_a_principal_is_the_account_or_else_the_name() -> None:
    account_id = AccountId(new_id())
    member = msgspec.structs.replace(PUBLIC, account_id=account_id)

    assert member.principal == str(account_id)
    assert PUBLIC.principal == "public"
    assert system("health").principal == "system:health"
