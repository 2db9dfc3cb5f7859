"""Keep apart what one person may not hold together (三权分立), and roles in their own house.

An administrator of the system, of security or of audit wears no other role at the same time
(GB/T 22239-2019 8.1.4.2 d). The database refuses it too (``administrator_wears_no_other_role``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId
from market.identity.model import Capacity, RoleGrant
from market.identity.permissions import ADMINISTRATORS, OPERATOR_STAFF, Role


class AdministratorWearsNoOtherRole(Refused):
    """Two administrators' roles, or one and another role, would meet in one person."""

    code = "administrator_wears_no_other_role"


class RoleNotForParty(Refused):
    """The role belongs to another kind of party: staff to the operator, say."""

    code = "role_not_for_party"


class RoleAlreadyGranted(Refused):
    """The account wears the role already on one of these days."""

    code = "role_already_granted"


class RoleGrantedToOneself(Refused):
    """Nobody gives a role to himself."""

    code = "role_granted_to_oneself"


class RolePeriodBackwards(Invalid):
    """The last day lies before the first."""

    code = "role_period_backwards"


# HN-05: the operator's people accept, review, issue and adjudicate; the bureau's supervise; the
# agency's give the compliance opinion. Suppliers and buyers are the traders; an expert comes from
# outside of operator, bureau and agencies too.
CAPACITY_OF_ROLE: Final[dict[Role, Capacity]] = {
    Role.SUPPLIER: Capacity.TRADER,
    Role.BUYER: Capacity.TRADER,
    Role.BUYER_APPROVER: Capacity.TRADER,
    Role.EXPERT: Capacity.TRADER,
    Role.AGENCY_REVIEWER: Capacity.COMPLIANCE_AGENCY,
    Role.REGULATOR: Capacity.PROVINCIAL_AUTHORITY,
    Role.OTHER_REGULATOR: Capacity.OTHER_REGULATOR,
    **dict.fromkeys(OPERATOR_STAFF | ADMINISTRATORS, Capacity.SUPERMARKET_OPERATOR),
}


def check_grant(
    *,
    role: Role,
    account_id: AccountId,
    granted_by: AccountId | None,
    capacities: Iterable[Capacity],
    valid_from: dt.date,
    valid_to: dt.date | None,
    held: Iterable[RoleGrant],
) -> None:
    """Return if the account may wear ``role`` through these days, given the grants it ``held``.

    :raises RolePeriodBackwards: if the period ends before it begins.
    :raises RoleGrantedToOneself: if granter and grantee are the same.
    :raises RoleNotForParty: if the account's party has not the capacity for the role.
    :raises RoleAlreadyGranted: if the role is worn on one of these days already.
    :raises AdministratorWearsNoOtherRole: if roles would meet that may not.
    """
    if valid_to is not None and valid_to < valid_from:
        raise RolePeriodBackwards(valid_from=valid_from.isoformat(), valid_to=valid_to.isoformat())
    if account_id == granted_by:
        raise RoleGrantedToOneself(role=role.value)
    if CAPACITY_OF_ROLE[role] not in capacities:
        raise RoleNotForParty(role=role.value, capacity=CAPACITY_OF_ROLE[role].value)
    for other in held:
        if other.revoked_at is not None or not _meet(other, valid_from, valid_to):
            continue
        if other.role is role:
            raise RoleAlreadyGranted(role=role.value, grant_id=str(other.id))
        if {role, other.role} & ADMINISTRATORS:
            raise AdministratorWearsNoOtherRole(role=role.value, held=other.role.value)


def _meet(grant: RoleGrant, first: dt.date, last: dt.date | None) -> bool:
    begins_in_time = last is None or grant.valid_from <= last
    ends_too_late = grant.valid_to is None or grant.valid_to >= first
    return begins_in_time and ends_too_late
