"""Make parties, accounts and sessions straight in the database, with a password hashed once."""

from __future__ import annotations

import datetime as dt
import secrets

import msgspec

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import AccountId, PartyId, new_id, uscc_check_character
from catalog.kernel.local_time import local_date
from market.identity.bearer_secrets import secret_hash
from market.identity.lifetimes import session_ends
from market.identity.model import (
    Account,
    Capacity,
    Kind,
    OpenedSession,
    Party,
    RoleGrant,
    RoleGrantId,
    SessionId,
)
from market.identity.permissions import Role
from market.identity.registering import INSTITUTIONS
from market.identity.separation import CAPACITY_OF_ROLE
from market.identity.signing_in import actor_of
from market.identity.states import State
from market.identity.store import accounts, parties, sessions
from market.identity.store.roles import insert_grant

PASSWORD = "correct horse battery staple"
# argon2id of PASSWORD in the house's measure, so that a test need not wait for one.
PASSWORD_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$WmTVLOjB25yP6vFZCt50Ew$"
    "3QzlDRlsmyNGOD7IOp3z5jN2RfSw0wv1BvHRvJYe53c"
)
MAKER = system("maker")


class Member(msgspec.Struct, frozen=True):
    """An account that is signed in, and the actor that it is."""

    party: Party
    account: Account
    token: str
    actor: Actor


def make_uscc(number: int) -> str:
    """Return a right 统一社会信用代码 with a number of one's choice in it."""
    first = f"91460000MA{number:07d}"
    return first + uscc_check_character(first)


async def make_party(
    db: Database,
    *capacities: Capacity,
    now: dt.datetime,
    name: str = "某数据有限公司",
    state: State = State.VERIFIED,
) -> Party:
    """Return a party that is in the database."""
    party = Party(
        id=PartyId(new_id()),
        kind=Kind.LEGAL_PERSON,
        name=name,
        uscc=make_uscc(secrets.randbelow(10_000_000)),
        capacities=capacities or (Capacity.TRADER,),
        state=state,
        registered_at=now,
        verified_at=None if state is State.REGISTERED else now,
    )
    async with begin(db, MAKER) as tx:
        assert await parties.insert(tx, party)
    return party


async def make_member(
    db: Database, *roles: Role, now: dt.datetime, party: Party | None = None
) -> Member:
    """Return a signed-in account with these roles.

    Without a party it belongs to the operator or the authority, as the role asks, or to a new one.
    """
    capacities = sorted({CAPACITY_OF_ROLE[role] for role in roles} or {Capacity.TRADER})
    if party is None and INSTITUTIONS & set(capacities):
        async with begin(db, MAKER) as tx:
            party = await parties.find_by_capacity(tx, capacities[0])
    party = party or await make_party(db, *capacities, now=now)
    account = Account(
        id=AccountId(new_id()),
        party_id=party.id,
        login=f"member-{secrets.token_hex(6)}",
        display_name="成员",
        opened_at=now,
    )
    token = f"shs_{secrets.token_urlsafe(32)}"
    idle_ends_at, ends_at = session_ends(now)
    async with begin(db, MAKER) as tx:
        assert await accounts.insert(tx, account, password_hash=PASSWORD_HASH, opened_by=None)
        if await parties.find_file(tx, party.id) is None:
            await parties.insert_file(
                tx,
                party_id=party.id,
                evidence_sha256="ab" * 32,
                identity_hash=None,
                identity_masked=None,
                registered_by=account.id,
            )
        for role in roles:
            await insert_grant(
                tx,
                RoleGrant(
                    id=RoleGrantId(new_id()),
                    account_id=account.id,
                    role=role,
                    valid_from=local_date(now),
                    valid_to=None,
                    granted_by=None,
                    granted_at=now,
                ),
            )
        await sessions.insert_session(
            tx,
            OpenedSession(
                token=token,
                session_id=SessionId(new_id()),
                account_id=account.id,
                party_id=party.id,
                opened_at=now,
                idle_ends_at=idle_ends_at,
                ends_at=ends_at,
            ),
            secret_hash(token),
        )
    actor = actor_of(account.id, party.id, account.login, frozenset(roles))
    return Member(party, account, token, actor)
