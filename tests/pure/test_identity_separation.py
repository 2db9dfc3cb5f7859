"""Which roles meet in one account, and which may not."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from catalog.kernel.actor import Clearance
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, new_id
from market.identity.model import Capacity, RoleGrant, RoleGrantId
from market.identity.permissions import (
    ADMINISTRATORS,
    OPERATOR_STAFF,
    PERMISSIONS,
    Role,
    clearance_of,
    permissions_of,
)
from market.identity.separation import (
    CAPACITY_OF_ROLE,
    AdministratorWearsNoOtherRole,
    RoleAlreadyGranted,
    RoleGrantedToOneself,
    RoleNotForParty,
    RolePeriodBackwards,
    check_grant,
)

ACCOUNT, GRANTER = AccountId(new_id()), AccountId(new_id())
NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
MARCH = (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


def held(role: Role, first: dt.date, last: dt.date | None, *, revoked: bool = False) -> RoleGrant:
    return RoleGrant(
        id=RoleGrantId(new_id()),
        account_id=ACCOUNT,
        role=role,
        valid_from=first,
        valid_to=last,
        granted_by=GRANTER,
        granted_at=NOW,
        revoked_at=NOW if revoked else None,
    )


def grant(
    role: Role,
    *others: RoleGrant,
    first: dt.date = MARCH[0],
    last: dt.date | None = None,
    by: AccountId = GRANTER,
    capacities: tuple[Capacity, ...] = tuple(Capacity),
) -> None:
    check_grant(
        role=role,
        account_id=ACCOUNT,
        granted_by=by,
        capacities=capacities,
        valid_from=first,
        valid_to=last,
        held=others,
    )


@pytest.mark.parametrize(("role", "other"), list(itertools.permutations(Role, 2)))
def test_an_administrator_wears_no_other_role_and_everybody_else_may(
    role: Role, other: Role
) -> None:
    if {role, other} & ADMINISTRATORS:
        with pytest.raises(AdministratorWearsNoOtherRole):
            grant(role, held(other, MARCH[0], None))
    else:
        grant(role, held(other, MARCH[0], None))


@pytest.mark.parametrize(
    ("first", "last", "meets"),
    [
        (dt.date(2026, 2, 1), dt.date(2026, 2, 28), False),
        (dt.date(2026, 2, 1), dt.date(2026, 3, 1), True),
        (dt.date(2026, 3, 31), None, True),
        (dt.date(2026, 4, 1), None, False),
        (dt.date(2026, 2, 1), None, True),
    ],
)
def test_roles_meet_when_their_days_do_the_last_day_included(
    first: dt.date, last: dt.date | None, *, meets: bool
) -> None:
    other = held(Role.AUDIT_ADMINISTRATOR, *MARCH)

    try:
        grant(Role.SYSTEM_ADMINISTRATOR, other, first=first, last=last)
    except AdministratorWearsNoOtherRole:
        assert meets
    else:
        assert not meets


def test_a_role_that_was_revoked_is_in_nobodys_way() -> None:
    grant(Role.SYSTEM_ADMINISTRATOR, held(Role.SYSTEM_ADMINISTRATOR, *MARCH, revoked=True))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_for_one_capacity_only(role: Role) -> None:
    for capacity in Capacity:
        if capacity is CAPACITY_OF_ROLE[role]:
            grant(role, capacities=(capacity,))
        else:
            with pytest.raises(RoleNotForParty):
                grant(role, capacities=(capacity,))


@pytest.mark.parametrize(
    ("refusal", "arguments"),
    [
        (RolePeriodBackwards, {"first": MARCH[1], "last": MARCH[0]}),
        (RoleGrantedToOneself, {"by": ACCOUNT}),
    ],
)
def test_a_grant_with_a_fault_is_refused_by_its_name(
    refusal: type[DomainError], arguments: dict[str, object]
) -> None:
    with pytest.raises(refusal):
        grant(Role.BUYER, **arguments)  # type: ignore[arg-type]


def test_a_role_is_not_granted_twice_for_the_same_days() -> None:
    with pytest.raises(RoleAlreadyGranted):
        grant(Role.BUYER, held(Role.BUYER, *MARCH), first=MARCH[1])


def test_nobody_both_grants_roles_and_reads_the_log() -> None:
    for first, second in itertools.combinations(ADMINISTRATORS, 2):
        common = PERMISSIONS[first] & PERMISSIONS[second]
        # What one of them proposes to destroy another confirms, and the third looks on.
        assert common == permissions_of(frozenset()) | {"key_destruction:read"}


def test_an_account_may_do_what_each_of_its_roles_may() -> None:
    both = permissions_of(frozenset({Role.SUPPLIER, Role.BUYER}))

    assert both == PERMISSIONS[Role.SUPPLIER] | PERMISSIONS[Role.BUYER]


@pytest.mark.parametrize("role", list(Role))
def test_the_second_wall_opens_as_far_as_the_role_needs(role: Role) -> None:
    expected = Clearance.PARTY
    if role in (Role.REGULATOR, Role.OTHER_REGULATOR):
        expected = Clearance.REGULATOR
    elif role in OPERATOR_STAFF:
        expected = Clearance.STAFF
    elif role is Role.SECURITY_ADMINISTRATOR:
        expected = Clearance.ADMINISTRATOR
    elif role is Role.AUDIT_ADMINISTRATOR:
        expected = Clearance.AUDITOR

    assert clearance_of(frozenset({role})) is expected
