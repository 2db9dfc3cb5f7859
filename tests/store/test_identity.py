"""Accounts in PostgreSQL: the second wall, the constraints, two at once, what is remembered."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import pathlib
import time
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC, NotPermitted
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from catalog.kernel.paging import CursorUnreadable, encode, fingerprint
from market.http.denials import DenialRecorder
from market.http.sign_in import sign_in as admit
from market.identity import queries
from market.identity.backoff import SignInFailed, TooManySignIns
from market.identity.bearer_secrets import secret_hash
from market.identity.disk import IdentityKeyUnusable, identity_key
from market.identity.model import Capacity, Founder, Kind, OpenedSession, RoleGrant, RoleGrantId
from market.identity.operations import accounts, founding, parties, roles, sessions, tokens
from market.identity.operations.founding import Institution, MarketAlreadyFounded
from market.identity.permissions import Role
from market.identity.queries import AccountMissing, PartyMissing
from market.identity.registering import PartyAlreadyRegistered
from market.identity.states import State
from market.identity.store.roles import insert_grant
from tests.makers_identity import (
    MAKER,
    PASSWORD,
    Member,
    make_member,
    make_party,
    make_uscc,
)

TENANT_TABLES = ("party_files", "accounts", "role_grants", "sessions", "api_tokens")


async def count(db: Database, who: Any, table: str) -> int:
    async with begin(db, who) as tx:
        found: int = await tx.fetch_value(f"SELECT count(*) FROM market.{table}")
    return found


async def find(db: Database, token: str, now: dt.datetime) -> Any:
    async with begin(db, PUBLIC) as tx:
        return await queries.find_actor(tx, token_sha256=secret_hash(token), now=now)


async def sign_in(
    db: Database, *, login: str, password: str, address: str, now: dt.datetime
) -> OpenedSession:
    """Sign in as a process of its own would."""
    return await admit(
        db,
        DenialRecorder(db, ManualClock(now)),
        login=login,
        password=password,
        address=address,
        request_id="r-1",
        now=now,
    )


async def failures_remembered(db: Database) -> int:
    async with begin(db, MAKER) as tx:
        found: int = await tx.fetch_value(
            "SELECT count(*) FROM audit_log.entries WHERE event = 'sign_in:failed'"
        )
    return found


@pytest.fixture
async def supplier(db: Database, now: dt.datetime) -> Member:
    return await make_member(db, Role.SUPPLIER, now=now)


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_the_second_wall_stands_even_before_the_tables_owner(
    db: Database, table: str
) -> None:
    async with begin(db, MAKER) as tx:
        row = await tx.fetch_one(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass",
            f"market.{table}",
        )

    assert row is not None
    assert tuple(row) == (True, True)


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_the_public_sees_no_account_and_a_party_only_its_own(
    db: Database, now: dt.datetime, supplier: Member, table: str
) -> None:
    buyer = await make_member(db, Role.BUYER, now=now)
    for member in (supplier, buyer):
        async with begin(db, member.actor) as tx:
            await tokens.issue_token(
                tx,
                actor=member.actor,
                now=now,
                name="归档",
                scopes=["self:read"],
                expires_at=now + dt.timedelta(days=1),
            )

    assert await count(db, PUBLIC, table) == 0
    assert await count(db, supplier.actor, table) == 1
    assert await count(db, MAKER, table) == 2


async def test_the_security_administrator_sees_accounts_and_staff_does_not(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    security = await make_member(db, Role.SECURITY_ADMINISTRATOR, now=now)
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=now, party=security.party)

    assert await count(db, security.actor, "accounts") == 3
    assert await count(db, acceptor.actor, "accounts") == 2  # the operator's own


async def test_nobody_writes_an_account_into_another_party(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    other = await make_party(db, now=now)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, supplier.actor) as tx:
            await tx.execute(
                """
                INSERT INTO market.accounts
                    (id, party_id, login, display_name, password_hash, opened_at)
                VALUES ($1, $2, 'intruder', 'x', '$argon2id$x', $3)""",
                new_id(),
                other.id,
                now,
            )


async def test_a_token_finds_its_actor_though_the_public_sees_no_session(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    found = await find(db, supplier.token, now)

    assert found == supplier.actor
    assert await find(db, "shs_unknown", now) is None


async def test_the_service_can_not_ask_for_somebodys_roles_by_itself(
    db: Database, supplier: Member
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, PUBLIC) as tx:
            await tx.fetch_value("SELECT market.roles_on($1, '2026-03-02')", supplier.account.id)


async def test_a_session_slides_with_its_use_but_is_not_written_at_every_request(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    async def ends() -> Any:
        async with begin(db, MAKER) as tx:
            return await tx.fetch_value("SELECT idle_ends_at FROM market.sessions")

    before = await ends()
    await find(db, supplier.token, now + dt.timedelta(seconds=59))
    within_a_minute = await ends()
    await find(db, supplier.token, now + dt.timedelta(seconds=60))
    after = await ends()

    assert within_a_minute == before
    assert after - before == dt.timedelta(seconds=60)


async def test_the_database_keeps_administrators_apart_too(db: Database, now: dt.datetime) -> None:
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=now)

    with pytest.raises(asyncpg.ExclusionViolationError) as refused:
        async with begin(db, MAKER) as tx:
            await insert_grant(tx, _grant(auditor, Role.SECURITY_ADMINISTRATOR, now))

    assert refused.value.constraint_name == "administrator_wears_no_other_role"


async def test_two_administrators_roles_granted_at_once_do_not_meet(
    db: Database, now: dt.datetime
) -> None:
    party = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now)
    member = await make_member(db, now=now, party=party)

    async def give(role: Role) -> None:
        async with begin(db, MAKER) as tx:
            await insert_grant(tx, _grant(member, role, now))

    results = await asyncio.gather(
        give(Role.SYSTEM_ADMINISTRATOR),
        give(Role.SECURITY_ADMINISTRATOR),
        give(Role.AUDIT_ADMINISTRATOR),
        return_exceptions=True,
    )

    refused = [r for r in results if isinstance(r, asyncpg.ExclusionViolationError)]
    assert (results.count(None), len(refused)) == (1, 2)


async def test_a_wrong_password_is_remembered_although_it_was_refused(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    with pytest.raises(SignInFailed):
        await sign_in(
            db, login=supplier.account.login, password="wrong", address="192.0.2.1", now=now
        )

    assert await failures_remembered(db) == 1


async def test_twenty_guesses_at_once_count_as_twenty(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    results = await asyncio.gather(
        *(
            sign_in(
                db, login=supplier.account.login, password="wrong", address="192.0.2.1", now=now
            )
            for _ in range(20)
        ),
        return_exceptions=True,
    )

    kinds = [type(result) for result in results]
    assert (kinds.count(SignInFailed), kinds.count(TooManySignIns)) == (5, 15)


async def test_guessing_from_one_address_locks_nobody_out_at_another(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            await sign_in(
                db, login=supplier.account.login, password="wrong", address="192.0.2.1", now=now
            )

    opened = await sign_in(
        db, login=supplier.account.login, password=PASSWORD, address="192.0.2.2", now=now
    )

    assert opened.account_id == supplier.account.id


async def test_signing_in_does_not_count_against_oneself_and_old_attempts_are_forgotten(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    for _ in range(7):
        await sign_in(
            db, login=supplier.account.login, password=PASSWORD, address="192.0.2.1", now=now
        )
    await sign_in(
        db,
        login=supplier.account.login,
        password=PASSWORD,
        address="192.0.2.1",
        now=now + dt.timedelta(minutes=16),
    )

    assert await count(db, MAKER, "sign_in_attempts") == 1


async def test_an_unknown_login_takes_as_long_as_a_wrong_password(
    db: Database, now: dt.datetime, supplier: Member
) -> None:
    async def fastest(login: str) -> float:
        times = []
        for i in range(5):
            started = time.perf_counter()
            with pytest.raises(SignInFailed):
                await sign_in(db, login=login, password="wrong", address=f"192.0.2.{i}", now=now)
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = await fastest(supplier.account.login), await fastest("nobody")

    # An answer without any hashing would be many times faster; a busy machine is not so uneven.
    assert 1 / 3 < known / unknown < 3


async def test_no_secret_is_stored(db: Database, owner_dsn: str, supplier: Member) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = [
            str(dict(row))
            for table in (*TENANT_TABLES, "sign_in_attempts")
            for row in await connection.fetch(f"SELECT * FROM market.{table}")
        ]
    finally:
        await connection.close()

    assert any(repr(hashlib.sha256(supplier.token.encode()).digest()) in row for row in rows)
    assert not any(secret in row for row in rows for secret in (supplier.token, PASSWORD))


async def test_a_market_founded_twice_at_once_is_founded_once(
    db: Database, now: dt.datetime
) -> None:
    async def found(number: int) -> None:
        async with begin(db, PUBLIC) as tx:
            await founding.found_market(
                tx,
                now=now,
                expected_secret="the secret",
                secret="the secret",
                authority=Institution("局", make_uscc(number)),
                operator=Institution("超市", make_uscc(number + 1)),
                regulator=Founder(f"regulator-{number}", "甲", PASSWORD),
                system_administrator=Founder(f"system-{number}", "乙", PASSWORD),
                security_administrator=Founder(f"security-{number}", "丙", PASSWORD),
                audit_administrator=Founder(f"audit-{number}", "丁", PASSWORD),
            )

    results = await asyncio.gather(found(10), found(20), return_exceptions=True)

    assert sorted(type(r).__name__ for r in results) == ["MarketAlreadyFounded", "NoneType"]
    assert await count(db, MAKER, "parties") == 2
    with pytest.raises(MarketAlreadyFounded):
        await found(30)


async def test_a_party_registered_twice_at_once_is_registered_once(
    db: Database, now: dt.datetime
) -> None:
    async def register(login: str) -> None:
        async with begin(db, PUBLIC) as tx:
            await parties.register_party(
                tx,
                actor=PUBLIC,
                now=now,
                kind=Kind.NATURAL_PERSON,
                name="某人",
                uscc=None,
                identity_number="11010519491231002X",
                identity_key=b"k" * 32,
                evidence_sha256="ab" * 32,
                capacities=[Capacity.TRADER],
                login=login,
                display_name="某人",
                password=PASSWORD,
            )

    results = await asyncio.gather(register("first"), register("second"), return_exceptions=True)

    assert [type(r) for r in results if r is not None] == [PartyAlreadyRegistered]


async def test_parties_are_told_by_their_ids_and_missing_ones_are_missing(
    db: Database, tx: Tx, now: dt.datetime
) -> None:
    first, second = await make_party(db, now=now), await make_party(db, now=now)

    found = await queries.get_parties(tx, [first.id, second.id, new_id()])

    assert found == {first.id: first, second.id: second}
    assert await queries.get_party(tx, first.id) == first
    with pytest.raises(PartyMissing):
        await queries.get_party(tx, new_id())


async def test_the_operator_is_found_by_its_capacity(
    db: Database, tx: Tx, now: dt.datetime
) -> None:
    before = await queries.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    operator = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now)

    assert before is None
    assert await queries.find_institution(tx, Capacity.SUPERMARKET_OPERATOR) == operator


async def test_parties_are_listed_by_state_page_by_page(db: Database, now: dt.datetime) -> None:
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=now)
    members = []
    for _ in range(3):
        party = await make_party(db, now=now, state=State.REGISTERED)
        members.append(await make_member(db, now=now, party=party))

    async with begin(db, acceptor.actor) as tx:
        first = await queries.list_parties(
            tx, viewer=acceptor.actor, state=State.REGISTERED, limit=2
        )
        second = await queries.list_parties(
            tx,
            viewer=acceptor.actor,
            state=State.REGISTERED,
            limit=2,
            cursor=first.next_cursor,
        )
        for wrong in ("nonsense", encode(fingerprint("parties", State.REGISTERED), "no id")):
            with pytest.raises(CursorUnreadable):
                await queries.list_parties(
                    tx, viewer=acceptor.actor, state=State.REGISTERED, cursor=wrong
                )

    ids = [file.party.id for file in (*first.items, *second.items)]
    assert ids == [member.party.id for member in members]
    assert second.next_cursor is None


async def test_a_job_and_the_public_are_no_account(
    db: Database, tx: Tx, now: dt.datetime, supplier: Member
) -> None:
    with pytest.raises(NotPermitted):
        queries.account_of(PUBLIC)
    with pytest.raises(NotPermitted):
        await queries.get_self(tx, viewer=PUBLIC)


async def test_what_is_not_there_is_missing(db: Database, tx: Tx, now: dt.datetime) -> None:
    who, nowhere = tx.actor, new_id()

    with pytest.raises(AccountMissing):
        await accounts.close_account(tx, actor=who, now=now, account_id=nowhere)
    with pytest.raises(AccountMissing):
        await roles.grant_role(tx, actor=who, now=now, account_id=nowhere, role=Role.BUYER)
    with pytest.raises(roles.RoleGrantMissing):
        await roles.revoke_role(tx, actor=who, now=now, grant_id=nowhere)
    with pytest.raises(PartyMissing):
        await parties.verify_party(tx, actor=who, now=now, party_id=nowhere)
    with pytest.raises(PartyMissing):
        await parties.suspend_party(tx, actor=who, now=now, party_id=nowhere, reason="试")
    with pytest.raises(sessions.SessionMissing):
        await sessions.close_session(tx, actor=who, now=now, token="none")


async def test_an_account_is_closed_once_and_gets_no_role_afterwards(
    db: Database, tx: Tx, now: dt.datetime, supplier: Member
) -> None:
    who, account_id = tx.actor, supplier.account.id
    closed = await accounts.close_account(tx, actor=who, now=now, account_id=account_id)

    assert closed.closed_at == now
    with pytest.raises(accounts.AccountAlreadyClosed):
        await accounts.close_account(tx, actor=who, now=now, account_id=account_id)
    with pytest.raises(accounts.AccountAlreadyClosed):
        await roles.grant_role(tx, actor=who, now=now, account_id=account_id, role=Role.BUYER)


async def test_a_token_is_revoked_once(db: Database, now: dt.datetime, supplier: Member) -> None:
    async with begin(db, supplier.actor) as tx:
        issued = await tokens.issue_token(
            tx,
            actor=supplier.actor,
            now=now,
            name="归档",
            scopes=["self:read"],
            expires_at=now + dt.timedelta(days=1),
        )
        token_id = issued.token.id
        await tokens.revoke_token(tx, actor=supplier.actor, now=now, token_id=token_id)

        with pytest.raises(tokens.TokenAlreadyRevoked):
            await tokens.revoke_token(tx, actor=supplier.actor, now=now, token_id=token_id)


def test_the_key_for_id_numbers_is_made_once_and_for_its_owner_alone(
    data_dir: pathlib.Path,
) -> None:
    first = identity_key(data_dir)

    (path,) = data_dir.iterdir()
    assert identity_key(data_dir) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["not hex", "abcd"])
def test_a_broken_key_for_id_numbers_is_not_replaced(data_dir: pathlib.Path, content: str) -> None:
    (data_dir / "identity_numbers.key").write_text(content)

    with pytest.raises(IdentityKeyUnusable):
        identity_key(data_dir)


def _grant(member: Member, role: Role, now: dt.datetime) -> RoleGrant:
    return RoleGrant(
        id=RoleGrantId(new_id()),
        account_id=member.account.id,
        role=role,
        valid_from=now.date(),
        valid_to=None,
        granted_by=None,
        granted_at=now,
    )
