"""Every refusal at every protected route is in the log, and nothing secret with it.

Generated from the policy table, as the test of roles and routes is.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.http.policy import POLICY
from market.identity.model import Capacity
from market.identity.operations import accounts, parties
from market.identity.permissions import Role, permissions_of
from tests.api import Api, code
from tests.journeys.test_role_by_route import ask, served
from tests.makers_identity import PASSWORD, make_member, make_party

Place = tuple[str, str]


async def payloads(db: Database, *events: str) -> list[dict[str, Any]]:
    async with begin(db, system("test")) as tx:
        rows = await tx.fetch(
            """SELECT event, subjects, payload FROM audit_log.open_payloads WHERE event = ANY($1)
                ORDER BY entry_id""",
            list(events),
        )
    return [
        {"event": row["event"], "subjects": row["subjects"]} | msgspec.json.decode(row["payload"])
        for row in rows
    ]


async def everything_kept(owner_dsn: str) -> bytes:
    """Return all that the log and the counts of refusals hold."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = [
            *await connection.fetch("SELECT leaf AS kept FROM audit_log.waiting"),
            *await connection.fetch("SELECT payload AS kept FROM audit_log.entries"),
            *await connection.fetch("SELECT waiting AS kept FROM audit_log.denial_counts"),
        ]
    finally:
        await connection.close()
    return b"\n".join(row["kept"] for row in rows if row["kept"] is not None)


async def leaves_of(owner_dsn: str, event: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = await connection.fetch("SELECT leaf FROM audit_log.waiting ORDER BY id")
    finally:
        await connection.close()
    leaves = [msgspec.json.decode(row["leaf"]) for row in rows]
    return [leaf for leaf in leaves if leaf["event"] == event]


async def sign_in(api: Api, login: str, password: str) -> httpx.Response:
    return await api.post("/api/v1/sessions", {"login": login, "password": password})


def places(kept: list[dict[str, Any]]) -> dict[Place, dict[str, Any]]:
    return {(e["facts"]["method"], e["facts"]["route"]): e["facts"] for e in kept}


async def test_whoever_lacks_the_permission_of_a_route_is_remembered_at_each(
    api: Api, db: Database, now: dt.datetime
) -> None:
    party = await make_party(db, Capacity.TRADER, now=now)
    member = await make_member(db, now=now, party=party)
    may = permissions_of(frozenset())
    closed = {
        place: rule
        for place, rule in served(api)
        if rule.permission is not None and rule.permission not in may
    }

    answers = [await ask(api.as_(member.token), *place) for place in closed]

    kept = await payloads(db, "access:denied")
    assert {answer.status_code for answer in answers} == {403}
    assert set(places(kept)) == set(closed)
    assert len(kept) == len(closed) > 100
    for place, facts in places(kept).items():
        rule = closed[place]
        assert (facts["permission"], facts["relation"]) == (rule.permission, rule.relation.value)
        assert (facts["code"], facts["status"], facts["times"]) == ("permission_missing", 403, 1)
    assert {entry["actor"]["account_id"] for entry in kept} == {str(member.account.id)}
    told = {answer.headers["x-request-id"] for answer in answers}
    assert {entry["facts"]["first_request_id"] for entry in kept} == told


@pytest.mark.parametrize("role", list(Role))
async def test_whoever_asks_for_what_is_not_his_is_remembered_at_each_route(
    api: Api, db: Database, now: dt.datetime, role: Role
) -> None:
    member = await make_member(db, role, now=now)
    missing: set[Place] = set()
    for place, rule in served(api):
        if rule.permission is None:
            continue
        answer = await ask(api.as_(member.token), *place)
        if answer.status_code == 404:
            missing.add(place)

    kept = await payloads(db, "object:denied")

    assert {place for place, facts in places(kept).items() if facts["status"] == 404} == missing
    assert missing
    assert [entry["subjects"] for entry in kept if entry["subjects"]] == []
    known = {str(uuid.UUID(int=7)), "QZ-460000-2026-0000001-0"}
    for facts in places(kept).values():
        for asked in facts["asked"]:
            assert set(asked["what"].values()) <= known


async def test_nobody_is_remembered_at_each_protected_route(
    api: Api, db: Database, clock: ManualClock
) -> None:
    protected = {place for place, rule in POLICY.items() if rule.permission is not None}
    for place, rule in served(api):
        if rule.permission is not None:
            await ask(api, *place)
    clock.move_by(dt.timedelta(minutes=1))
    await api.run_jobs()

    first, rest = await payloads(db, "credential:refused")
    assert first["facts"]["why"] == rest["facts"]["why"] == "missing"
    assert first["facts"]["times"] + rest["facts"]["times"] == len(protected)
    assert len(rest["facts"]["asked"]) == 20
    assert rest["facts"]["asked_more"] == len(protected) - 21
    assert first["actor"]["account_id"] is None


async def test_a_public_route_is_nobodys_refusal(api: Api, db: Database) -> None:
    assert (await api.get(f"/api/v1/products/{uuid.uuid4()}")).status_code == 404
    assert (await api.get("/api/v1/no-such-route")).status_code == 404
    assert (await api.get("/api/v1/parties/not-an-id")).status_code == 404

    assert await payloads(db, "object:denied", "access:denied", "credential:refused") == []


async def test_a_command_that_is_refused_leaves_its_refusal_and_nothing_else(
    api: Api, db: Database, now: dt.datetime
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=now)
    other = uuid.uuid4()

    refused = await api.as_(member.token).post(f"/api/v1/orders/{other}/deliveries", {})

    (entry,) = await payloads(db, "object:denied")
    assert refused.status_code == 404
    assert entry["facts"]["asked"] == [{"what": {"order_id": str(other)}, "times": 1}]
    assert entry["facts"]["route"] == "/api/v1/orders/{order_id}/deliveries"
    async with begin(db, system("test")) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM market.answered_commands") == 0


async def test_what_can_not_be_remembered_is_answered_as_a_fault_and_not_as_a_refusal(
    api: Api, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=now)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("REVOKE INSERT ON audit_log.entries FROM market_api")
        answer = await api.as_(member.token).get("/api/v1/ledger/accounts")
    finally:
        await connection.execute("GRANT INSERT ON audit_log.entries TO market_api")
        await connection.close()

    assert (answer.status_code, code(answer)) == (503, "service_unavailable")
    assert await payloads(db, "access:denied") == []


# ── credentials ─────────────────────────────────────────────────────────────────────────────


async def test_the_log_knows_why_a_credential_is_not_good_and_the_caller_does_not(
    api: Api, db: Database, clock: ManualClock, almighty: Actor
) -> None:
    now = clock.now()
    closed, expired, shut, held = [await make_member(db, Role.SUPPLIER, now=now) for _ in range(4)]
    await api.as_(closed.token).delete("/api/v1/sessions/current")
    async with begin(db, almighty) as tx:
        await accounts.close_account(tx, actor=almighty, now=now, account_id=shut.account.id)
        await parties.suspend_party(
            tx, actor=almighty, now=now, party_id=held.party.id, reason="核查主体资格"
        )

    answers = [
        await api.as_(secret).get("/api/v1/me")
        for secret in (closed.token, shut.token, held.token, "no-secret-of-ours")
    ]
    basic = {"authorization": "Basic d2FuZw=="}
    answers.append(await api.http.get("/api/v1/me", headers=basic))
    clock.move_by(dt.timedelta(days=40))
    answers.append(await api.as_(expired.token).get("/api/v1/me"))

    kept = {
        (e["facts"]["why"], tuple(e["subjects"])) for e in await payloads(db, "credential:refused")
    }
    assert {code(answer) for answer in answers} == {"unauthenticated"}
    assert kept == {
        ("closed", (f"account:{closed.account.id}",)),
        ("party_suspended", (f"account:{held.account.id}",)),
        ("expired", (f"account:{expired.account.id}",)),
        ("unknown", ()),
        ("malformed", ()),
    }


async def test_a_failed_sign_in_tells_no_reader_of_leaves_which_names_there_are(
    api: Api, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=now)
    typed = "what-is-really-a-password"

    wrong = await sign_in(api, member.account.login, "wrong")
    unknown = await sign_in(api, typed, "wrong")

    one, other = await leaves_of(owner_dsn, "sign_in:failed")
    alone = ("id", "at", "payload_sha256")
    assert (wrong.status_code, code(wrong)) == (unknown.status_code, code(unknown))
    assert one.keys() == other.keys()
    assert {k: v for k, v in one.items() if k not in alone} == {
        k: v for k, v in other.items() if k not in alone
    }
    kept = {e["facts"]["why"]: e["facts"] for e in await payloads(db, "sign_in:failed")}
    assert set(kept) == {"password_wrong", "login_unknown"}
    known = kept["password_wrong"]["asked"][0]["what"]
    nobody = kept["login_unknown"]["asked"][0]["what"]
    assert (known["account_id"], nobody["account_id"]) == (str(member.account.id), None)
    assert typed.encode() not in await everything_kept(owner_dsn)


async def test_whoever_is_not_even_heard_any_more_is_counted(
    api: Api, db: Database, clock: ManualClock
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=clock.now())
    answers = [await sign_in(api, member.account.login, "wrong") for _ in range(9)]
    clock.move_by(dt.timedelta(minutes=1))
    await api.run_jobs()

    failed, held_off = [
        sum(e["facts"]["times"] for e in await payloads(db, event))
        for event in ("sign_in:failed", "sign_in:held_off")
    ]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 4
    assert (failed, held_off) == (5, 4)


async def test_nothing_that_is_kept_holds_a_secret(
    api: Api, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=now)
    typed = [secrets.token_urlsafe(12) for _ in range(6)]
    me = api.as_(member.token)

    await sign_in(api, typed[0], typed[1])
    await sign_in(api, member.account.login, typed[1])
    opened = (await sign_in(api, member.account.login, PASSWORD)).json()["token"]
    issued = await me.post("/api/v1/tokens", {"name": "程序", "scopes": ["order:read"]})
    await me.post("/api/v1/me/password", {"current": typed[2], "new": typed[3]})
    await api.as_(typed[4]).get("/api/v1/me")
    for secret in (typed[5], member.token, opened):
        await me.get(f"/api/v1/certificates/{secret}/encumbrances")
        await me.get("/api/v1/orders", cursor=secret)
        await me.put(f"/api/v1/applications/{uuid.uuid4()}/materials/{secret}", {})
        await me.post("/api/v1/accounts", {"login": secret, "password": secret})
        await api.as_(secret[:-1]).get("/api/v1/me")
    for place, rule in served(api):
        if rule.permission is not None:
            await ask(me, *place)

    kept = await everything_kept(owner_dsn)
    hidden = [*typed, PASSWORD, member.token, opened]
    hidden += [v for v in issued.json().values() if isinstance(v, str) and len(v) > 40]
    assert [secret for secret in hidden if secret.encode() in kept] == []
