"""When an agent may act, and why not; what it may then (委托书, HN-06)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from catalog.authorisation_letters import validity
from catalog.authorisation_letters.acting import PERMISSIONS, SEEING, act_for
from catalog.authorisation_letters.model import AuthorisationLetter, LetterId, Power
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from market.identity.permissions import PERMISSIONS as OF_ROLES
from market.identity.permissions import Role

PRINCIPAL, AGENT = PartyId(new_id()), PartyId(new_id())
PRODUCT = new_id()
TODAY = dt.date(2026, 3, 2)
GRANTED = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@contextlib.contextmanager
def refusal(code: str, **facts: Any) -> Iterator[None]:
    with pytest.raises(DomainError) as refused:
        yield
    assert refused.value.code == code
    assert facts.items() <= refused.value.facts.items()


def letter(*powers: Power, **changes: Any) -> AuthorisationLetter:
    values: dict[str, Any] = {
        "id": LetterId(new_id()),
        "principal_party_id": PRINCIPAL,
        "agent_party_id": AGENT,
        "powers": powers or (Power.SUBMIT,),
        "product_id": None,
        "valid_from": TODAY,
        "valid_to": TODAY,
        "file_id": new_id(),
        "sha256": "ab" * 32,
        "granted_by": None,
        "granted_at": GRANTED,
    }
    return AuthorisationLetter(**(values | changes))


YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)
EXPIRED = {"valid_from": YESTERDAY, "valid_to": YESTERDAY}
LATER = {"valid_from": TOMORROW, "valid_to": TOMORROW}
REVOKED = {"revoked_at": GRANTED, "revocation_reason": "更换"}


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ([], "authorisation_letter_missing"),
        ([letter(**EXPIRED)], "authorisation_letter_expired"),
        ([letter(**LATER)], "authorisation_letter_not_yet_valid"),
        ([letter(**REVOKED)], "authorisation_letter_revoked"),
        ([letter(**EXPIRED, **REVOKED)], "authorisation_letter_revoked"),
        ([letter(Power.DRAFT)], "authorisation_letter_out_of_scope"),
        ([letter(product_id=new_id())], "authorisation_letter_out_of_scope"),
        ([letter(**REVOKED), letter(Power.DRAFT)], "authorisation_letter_out_of_scope"),
        ([letter(**EXPIRED), letter(Power.DRAFT, **LATER)], "authorisation_letter_expired"),
        ([letter(Power.DRAFT, **EXPIRED)], "authorisation_letter_expired"),
    ],
)
def test_what_no_letter_covers_is_refused_for_the_reason_that_fits_best(
    held: list[AuthorisationLetter], code: str
) -> None:
    with refusal(code):
        validity.require(held, power=Power.SUBMIT, product_id=PRODUCT, on=TODAY)


@pytest.mark.parametrize("product", [None, PRODUCT])
def test_a_letter_covers_its_product_or_all(product: uuid.UUID | None) -> None:
    counting = letter(product_id=product)
    held = [letter(**EXPIRED), letter(Power.DRAFT), counting]

    found = validity.require(held, power=Power.SUBMIT, product_id=PRODUCT, on=TODAY)

    assert found is counting


def test_of_several_letters_the_newest_tells_why_none_counts() -> None:
    older = letter(**EXPIRED)
    newer = letter(granted_at=GRANTED + dt.timedelta(hours=1), **REVOKED)

    with refusal("authorisation_letter_revoked", revoked_at=GRANTED.isoformat()):
        validity.check_any_in_force([newer, older], TODAY)


@hypothesis.given(first=st.integers(-400, 400), length=st.integers(0, 400), revoked=st.booleans())
def test_a_letter_counts_from_its_first_day_through_its_last_unless_revoked(
    first: int, length: int, *, revoked: bool
) -> None:
    begins = TODAY + dt.timedelta(days=first)
    ends = begins + dt.timedelta(days=length)
    given = letter(valid_from=begins, valid_to=ends, **(REVOKED if revoked else {}))

    assert validity.is_in_force(given, TODAY) == (first <= 0 <= first + length and not revoked)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agent": PRINCIPAL}, "authorisation_letter_to_oneself"),
        ({"powers": ()}, "authorisation_letter_powers_missing"),
        ({"powers": (Power.DRAFT, Power.DRAFT)}, "authorisation_letter_powers_missing"),
        ({"valid_from": TOMORROW, "valid_to": TODAY}, "authorisation_letter_period_invalid"),
        ({"valid_from": YESTERDAY, "valid_to": YESTERDAY}, "authorisation_letter_period_invalid"),
    ],
)
def test_a_letter_that_can_not_be_is_refused(changes: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {
        "principal": PRINCIPAL,
        "agent": AGENT,
        "powers": (Power.DRAFT,),
        "valid_from": YESTERDAY,
        "valid_to": TODAY,
    }

    validity.check_new(**given, today=TODAY)
    with refusal(code):
        validity.check_new(**(given | changes), today=TODAY)


def test_a_letter_is_revoked_once() -> None:
    validity.check_not_revoked(letter())
    with refusal("authorisation_letter_revoked_already"):
        validity.check_not_revoked(letter(**REVOKED))


def agent(*roles: Role) -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=AGENT,
        name="agent",
        roles=frozenset(roles),
        permissions=frozenset().union(*(OF_ROLES[role] for role in roles)),
        clearance=Clearance.PARTY,
    )


def test_an_agent_has_what_its_letters_name_and_no_more_than_it_may_itself() -> None:
    acting = act_for(agent(Role.SUPPLIER), PRINCIPAL, [letter(Power.WITHDRAW)], TODAY)
    buyer = act_for(agent(Role.BUYER), PRINCIPAL, [letter(Power.WITHDRAW)], TODAY)

    assert (acting.party, acting.party_id, acting.acting_for) == (PRINCIPAL, AGENT, PRINCIPAL)
    assert acting.permissions == SEEING | {"application:withdraw"}
    assert not buyer.may("application:withdraw")
    assert acting.principal != msgspec.structs.replace(acting, acting_for=None).principal


def test_an_agent_acts_on_the_products_of_its_letters_that_count() -> None:
    other = new_id()
    held = [
        letter(Power.DRAFT, product_id=PRODUCT),
        letter(Power.SUBMIT, product_id=other),
        letter(Power.RESPOND, **REVOKED),
    ]

    some = act_for(agent(Role.SUPPLIER), PRINCIPAL, held, TODAY)
    every = act_for(agent(Role.SUPPLIER), PRINCIPAL, [*held, letter(Power.CONSENT)], TODAY)

    assert some.acting_on == {PRODUCT, other}
    assert not some.may("objection:respond")
    assert every.acting_on is None


def test_nobody_acts_without_a_letter_that_counts() -> None:
    with refusal("authorisation_letter_expired"):
        act_for(agent(Role.SUPPLIER), PRINCIPAL, [letter(**EXPIRED)], TODAY)


def test_no_power_carries_what_only_the_principal_does() -> None:
    carried = frozenset().union(*PERMISSIONS.values()) | SEEING

    assert set(PERMISSIONS) == set(Power)
    assert not carried & {
        "authorisation_letter:grant",
        "certificate:deregister",
        "application:consent",
        "objection:accept_outcome",
        "token:manage",
        "notification:read",
    }
