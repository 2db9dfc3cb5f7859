"""Tell who acts, and what may be known of parties and accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from uuid import UUID

from catalog.kernel import paging
from catalog.kernel.actor import Actor, NotPermitted
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import CursorUnreadable, Page
from market.identity.identity_numbers import masked_code
from market.identity.model import (
    ApiToken,
    Capacity,
    Party,
    PartyFile,
    RefusedCredential,
    Self,
)
from market.identity.permissions import Role, permissions_of
from market.identity.signing_in import actor_of
from market.identity.states import State
from market.identity.store import accounts, parties, roles, sessions, tokens


class PartyMissing(Missing):
    """There is no such party, or none that one may look at."""


class AccountMissing(Missing):
    """There is no such account."""


async def find_actor(tx: Tx, *, token_sha256: bytes, now: dt.datetime) -> Actor | None:
    """Return who holds the session or token of this hash, or None if it is not good (any more).

    Roles are those valid today in Asia/Shanghai. A token's scopes cut the permissions, never add.
    """
    found = await sessions.find_by_secret(tx, token_sha256, now=now, today=local_date(now))
    if found is None:
        return None
    return actor_of(found.account_id, found.party_id, found.login, found.roles, scopes=found.scopes)


async def find_actor_of(tx: Tx, *, account_id: UUID, now: dt.datetime) -> Actor | None:
    """Return what an account may do today, for a job that goes on with what it asked for.

    None if it was closed, or wears no role any more.
    """
    account = await accounts.find(tx, account_id)
    if account is None or account.closed_at is not None:
        return None
    today = local_date(now)
    held = frozenset(
        grant.role
        for grant in await roles.list_grants(tx, account_id)
        if grant.revoked_at is None
        and grant.valid_from <= today
        and (grant.valid_to is None or today <= grant.valid_to)
    )
    return actor_of(account.id, account.party_id, account.login, held) if held else None


async def why_refused(tx: Tx, *, token_sha256: bytes, now: dt.datetime) -> RefusedCredential:
    """Return why the session or token of this hash is not good: for the log, never for the caller."""
    return await sessions.why_refused(tx, token_sha256, now=now)


async def get_party(tx: Tx, party_id: UUID) -> Party:
    """Return what everyone may know of a party.

    :raises PartyMissing: if there is none of that id.
    """
    found = await parties.find_all(tx, [party_id])
    if not found:
        raise PartyMissing
    return found[0]


async def get_parties(tx: Tx, ids: Iterable[UUID]) -> dict[PartyId, Party]:
    """Return those of the parties that exist, by their ids."""
    return {party.id: party for party in await parties.find_all(tx, set(ids))}


async def get_masked_id(tx: Tx, party: Party) -> str:
    """Return a party's code or id number with all but its ends hidden, as certificates show it.

    A natural person's is in its file, which only those see who see all parties' files.
    """
    if party.uscc is not None:
        return masked_code(party.uscc)
    file = await parties.find_file(tx, party.id)
    assert file is not None, "who issues certificates sees every party's file"
    assert file.identity_masked is not None, "a natural person registered with an id number"
    return file.identity_masked


async def find_institution(tx: Tx, capacity: Capacity) -> Party | None:
    """Return the operator or the authority; None before the market was founded."""
    return await parties.find_by_capacity(tx, capacity)


async def list_institutions(tx: Tx, capacities: Collection[Capacity]) -> list[Party]:
    """Return the parties that have one of these capacities, by their names; for what only few have."""
    return await parties.list_by_capacities(tx, capacities)


async def find_named(tx: Tx, named: str) -> Party | None:
    """Return the party of a 统一社会信用代码 or of a whole name; None if there is none, or several."""
    found = await parties.list_named(tx, named)
    return found[0] if len(found) == 1 else None


async def list_colleagues(tx: Tx, *, viewer: Actor) -> list[AccountId]:
    """Return the open accounts of the viewer's own party."""
    return await accounts.list_open_ids(tx, viewer.party)


async def list_names_of_colleagues(tx: Tx, *, viewer: Actor) -> dict[AccountId, str]:
    """Return what the accounts of the viewer's own party are called, the closed ones too."""
    return dict(await accounts.list_names(tx, viewer.party))


async def roles_of_colleagues(
    tx: Tx, *, viewer: Actor, on: dt.date
) -> dict[AccountId, frozenset[Role]]:
    """Return which roles the open accounts of the viewer's own party wear on a day."""
    worn: dict[AccountId, set[Role]] = {}
    for account_id, role in await accounts.list_worn(tx, viewer.party, on):
        worn.setdefault(account_id, set()).add(role)
    return {account_id: frozenset(roles_worn) for account_id, roles_worn in worn.items()}


async def list_wearers(tx: Tx, *, role: Role, on: dt.date) -> list[tuple[AccountId, PartyId]]:
    """Return the open accounts that wear a role on a day, with their parties, in id order.

    For the command that draws some of them by chance; they are no secret to who runs the draw.
    """
    async with beyond_own_rows(tx):
        return await accounts.list_wearers(tx, role, on)


async def permissions_of_colleague(
    tx: Tx, *, viewer: Actor, account_id: UUID, on: dt.date
) -> frozenset[str]:
    """Return what an account of the viewer's own party may do on a day, by its roles.

    :raises AccountMissing: if the party has no such account, or it is closed.
    """
    if account_id not in await accounts.list_open_ids(tx, viewer.party):
        raise AccountMissing
    held = frozenset(
        grant.role
        for grant in await roles.list_grants(tx, account_id)
        if grant.revoked_at is None
        and grant.valid_from <= on
        and (grant.valid_to is None or on <= grant.valid_to)
    )
    return permissions_of(held)


async def get_party_file(tx: Tx, *, viewer: Actor, party_id: UUID) -> PartyFile:
    """Return a party with what it showed: one's own, or any for those who verify and supervise.

    :raises NotPermitted: if the viewer may not read parties at all.
    :raises PartyMissing: if there is none, or it is somebody else's.
    """
    viewer.require("party:read")
    own = viewer.party_id == party_id
    if not own and not viewer.may("party:verify") and Role.REGULATOR not in viewer.roles:
        raise PartyMissing
    found = await parties.find_file(tx, party_id)
    if found is None:
        raise PartyMissing
    return found


async def list_parties(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PartyFile]:
    """Return a page of parties with what they showed, for those who verify them.

    :raises NotPermitted: if the viewer verifies nobody.
    """
    viewer.require("party:verify")
    query = paging.fingerprint("parties", state)
    after = _id_after(query, cursor)
    found = await parties.list_files(
        tx, state=state, after=after, limit=paging.check_limit(limit) + 1
    )
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], paging.encode(query, str(found[limit - 1].party.id)))


async def get_self(tx: Tx, *, viewer: Actor) -> Self:
    """Return who the viewer is and what it may do.

    :raises NotPermitted: if the viewer is no account.
    """
    viewer.require("self:read")
    account_id = account_of(viewer)
    account = await accounts.find(tx, account_id)
    if account is None:
        raise AccountMissing
    return Self(
        account=account,
        party=await get_party(tx, account.party_id),
        roles=tuple(sorted(viewer.roles)),
        permissions=tuple(sorted(viewer.permissions)),
        grants=tuple(await roles.list_grants(tx, account_id)),
    )


async def list_tokens(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ApiToken]:
    """Return a page of the viewer's own tokens, without their secrets.

    :raises NotPermitted: if the viewer has no account, or came with a token itself.
    """
    viewer.require("token:manage")
    account_id = account_of(viewer)
    query = paging.fingerprint("tokens", str(account_id))
    after = _id_after(query, cursor)
    found = list(
        await tokens.list_of_account(
            tx, account_id, after=after, limit=paging.check_limit(limit) + 1
        )
    )
    return paging.page_by_id(query, found, limit)


def account_of(actor: Actor) -> AccountId:
    """Return the actor's account.

    :raises NotPermitted: if it is a job or the public.
    """
    if actor.account_id is None:
        raise NotPermitted(permission="self:read")
    return actor.account_id


def _id_after(query: str, cursor: str | None) -> UUID | None:
    position = paging.decode(query, cursor, 1)
    if position is None:
        return None
    try:
        return UUID(position[0])
    except (TypeError, ValueError, AttributeError) as error:
        raise CursorUnreadable from error
