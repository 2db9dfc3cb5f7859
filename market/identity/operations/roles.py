"""Grant and revoke a role (角色)."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import AccountId, new_id
from catalog.kernel.local_time import local_date
from market.identity.model import RoleGrant, RoleGrantId
from market.identity.operations.accounts import lock_open
from market.identity.permissions import Role
from market.identity.queries import account_of, get_party
from market.identity.separation import check_grant
from market.identity.store import roles


class RoleAlreadyRevoked(Refused):
    """The role grant was revoked before."""

    code = "role_already_revoked"


class RoleGrantMissing(Missing):
    """There is no such role grant."""


async def grant_role(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    account_id: UUID,
    role: Role,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleGrant:
    """Grant a role from a day through a day (授予角色); it works at the next request.

    :raises AccountMissing: if there is no such account.
    :raises AccountAlreadyClosed: if it is closed.
    :raises RoleNotForParty: if the role belongs to another kind of party.
    :raises AdministratorWearsNoOtherRole: if roles would meet that may not.
    """
    actor.require("role:grant")
    account = await lock_open(tx, account_id)
    party = await get_party(tx, account.party_id)
    grant = new_grant(
        account.id,
        role,
        granted_by=account_of(actor),
        now=now,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    check_grant(
        role=role,
        account_id=account.id,
        granted_by=grant.granted_by,
        capacities=party.capacities,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        held=await roles.list_grants(tx, account.id),
    )
    await give(tx, grant, actor=actor, now=now)
    return grant


async def revoke_role(tx: Tx, *, actor: Actor, now: dt.datetime, grant_id: UUID) -> RoleGrant:
    """Revoke a role grant (撤销角色); it works at the next request.

    :raises RoleGrantMissing: if there is no such grant.
    :raises RoleAlreadyRevoked: if it was revoked before.
    """
    actor.require("role:revoke")
    grant = await roles.lock_grant(tx, grant_id)
    if grant is None:
        raise RoleGrantMissing
    if grant.revoked_at is not None:
        raise RoleAlreadyRevoked(revoked_at=grant.revoked_at.isoformat())
    await roles.revoke_grant(tx, grant_id, revoked_by=account_of(actor), now=now)
    await audit_log.append(
        tx,
        Remembered.ROLE_REVOKED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(grant.account_id))],
        facts={"grant_id": str(grant.id), "role": grant.role.value},
    )
    return msgspec.structs.replace(grant, revoked_at=now)


def new_grant(
    account_id: AccountId,
    role: Role,
    *,
    granted_by: AccountId | None,
    now: dt.datetime,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleGrant:
    """Return a grant that works from today on, if no other day is named."""
    return RoleGrant(
        id=RoleGrantId(new_id()),
        account_id=account_id,
        role=role,
        valid_from=valid_from or local_date(now),
        valid_to=valid_to,
        granted_by=granted_by,
        granted_at=now,
    )


async def give(tx: Tx, grant: RoleGrant, *, actor: Actor, now: dt.datetime) -> None:
    """Store a grant that may be given, and remember it."""
    await roles.insert_grant(tx, grant)
    await audit_log.append(
        tx,
        Remembered.ROLE_GRANTED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(grant.account_id))],
        facts={
            "grant_id": str(grant.id),
            "role": grant.role.value,
            "valid_from": grant.valid_from.isoformat(),
            "valid_to": None if grant.valid_to is None else grant.valid_to.isoformat(),
        },
    )
