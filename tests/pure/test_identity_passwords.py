"""Passwords: which are taken, and how they are hashed."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.actor import Actor
from catalog.kernel.ids import AccountId, PartyId, new_id
from market.identity.common_passwords import COMMON_PASSWORDS
from market.identity.hashing import DECOY, hash_password, matches
from market.identity.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    PasswordHoldsLogin,
    PasswordLengthOutOfRange,
    PasswordTooCommon,
    check_password,
)
from market.identity.permissions import Role
from market.identity.signing_in import (
    Attempt,
    Credentials,
    WhyNot,
    actor_of,
    checked,
    committed,
)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "春江潮水连海平，海上明月共潮生", "x7!kQ2#mP9zL"]
)
def test_a_long_password_of_whatever_characters_is_taken(password: str) -> None:
    assert check_password(password, login="someone")


@given(st.text(max_size=MIN_LENGTH - 1, alphabet="abcdefghij"))
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordLengthOutOfRange):
        check_password(password, login="someone")


def test_a_password_of_the_greatest_length_is_taken_and_one_more_is_not() -> None:
    longest = ("abcdefgh" * MAX_LENGTH)[:MAX_LENGTH]

    assert check_password(longest, login="someone") == longest
    with pytest.raises(PasswordLengthOutOfRange):
        check_password(longest + "a", login="someone")


@pytest.mark.parametrize("password", ["Password1234", "aaaaaaaaaaaaaa", "abababababab"])
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_password(password, login="someone")


def test_the_list_holds_only_what_its_length_does_not_refuse_already() -> None:
    assert {p for p in COMMON_PASSWORDS if len(p) < MIN_LENGTH or p != p.casefold()} == set()


def test_a_password_with_the_login_in_it_is_refused() -> None:
    with pytest.raises(PasswordHoldsLogin):
        check_password("hello Wang.Fang hello", login="wang.fang")


def test_two_ways_to_type_the_same_are_the_same() -> None:
    composed, wide = check_password("caf\u00e9 au lait!", login="x1x"), "ｃａｆe\u0301 au lait!"

    assert check_password(wide, login="x1x") == composed


def test_a_hash_fits_its_password_alone_and_has_the_measure_of_the_house() -> None:
    hashed = hash_password("correct horse battery")

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(hashed, "correct horse battery")
    assert not matches(hashed, "correct horse batterY")
    assert not matches("no hash at all", "correct horse battery")


def test_the_decoy_costs_as_much_as_a_real_hash_and_fits_nothing() -> None:
    assert DECOY.split("$")[:4] == hash_password("correct horse battery").split("$")[:4]
    assert not matches(DECOY, "correct horse battery")


def test_who_signs_in_is_there_may_and_has_the_password() -> None:
    there = Credentials(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        login="wang.fang",
        password_hash=hash_password("correct horse battery"),
        may_sign_in=True,
        roles=frozenset({Role.SUPPLIER}),
    )
    closed = msgspec.structs.replace(there, may_sign_in=False)

    def enter(credentials: Credentials | None, password: str) -> Actor | WhyNot:
        return checked(Attempt(new_id(), "wang.fang", "192.0.2.1", credentials), password)

    who = enter(there, "correct horse battery")
    assert isinstance(who, Actor)
    assert (who.account_id, who.roles) == (there.account_id, frozenset({"supplier"}))
    assert enter(there, "another password") is WhyNot.PASSWORD_WRONG
    assert enter(closed, "correct horse battery") is WhyNot.ACCOUNT_CLOSED
    assert enter(None, "correct horse battery") is WhyNot.LOGIN_UNKNOWN


def test_what_was_typed_is_committed_to_and_not_told() -> None:
    once, again = committed("correct horse battery"), committed("correct horse battery")

    assert once != again
    assert "horse" not in repr(once)
    assert (
        hashlib.sha256(bytes.fromhex(once["salt"]) + b"correct horse battery").hexdigest()
        == once["sha256"]
    )


def test_scopes_cut_what_an_account_may_and_add_nothing() -> None:
    who = actor_of(
        AccountId(new_id()),
        PartyId(new_id()),
        "wang.fang",
        frozenset({Role.BUYER}),
        scopes=frozenset({"order:read", "role:grant"}),
    )

    assert who.permissions == {"order:read"}
