"""The story of accounts through HTTP: found, register, verify, grant, sign in, revoke (BJ-18)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.ids import uscc_check_character
from tests.api import Api, code

SECRET = "the secret that founds a market"
PASSWORD = "correct horse battery staple"
EVIDENCE = "ab" * 32
PERSON = "11010519491231002X"


def uscc(number: int) -> str:
    first = f"91460000MA{number:07d}"
    return first + uscc_check_character(first)


def founder(login: str) -> dict[str, str]:
    return {"login": login, "display_name": login.title(), "password": PASSWORD}


def foundation(**changes: Any) -> dict[str, Any]:
    return {
        "secret": SECRET,
        "authority": {"name": "海南省大数据管理局", "uscc": uscc(1)},
        "operator": {"name": "海南数据产品超市运营有限公司", "uscc": uscc(2)},
        "regulator": founder("regulator"),
        "system_administrator": founder("sysadmin"),
        "security_administrator": founder("secadmin"),
        "audit_administrator": founder("auditor"),
        **changes,
    }


def registration(number: int, login: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "legal_person",
        "name": f"第{number}号数据有限公司",
        "uscc": uscc(number),
        "evidence_sha256": EVIDENCE,
        "login": login,
        "display_name": "经办人",
        "password": PASSWORD,
        **changes,
    }


async def sign_in(api: Api, login: str, password: str = PASSWORD) -> Api:
    response = await api.post("/api/v1/sessions", {"login": login, "password": password})
    assert response.status_code == 201, response.text
    return api.as_(response.json()["token"])


@pytest.fixture
async def founded(api: Api) -> dict[str, str]:
    response = await api.post("/api/v1/foundation", foundation())
    assert response.status_code == 201, response.text
    return dict(response.json())


async def open_staff(api: Api, founded: dict[str, str], login: str, role: str) -> dict[str, str]:
    security = await sign_in(api, "secadmin")
    account = await security.post(
        "/api/v1/accounts",
        {
            "party_id": founded["operator_party_id"],
            "login": login,
            "display_name": "工作人员",
            "password": PASSWORD,
        },
    )
    assert account.status_code == 201, account.text
    grant = await security.post(
        "/api/v1/role-grants", {"account_id": account.json()["id"], "role": role}
    )
    assert grant.status_code == 201, grant.text
    return {"account_id": account.json()["id"], "grant_id": grant.json()["id"]}


async def test_a_market_is_founded_once_and_only_with_its_secret(api: Api) -> None:
    wrong = await api.post("/api/v1/foundation", foundation(secret="guessed"))
    first = await api.post("/api/v1/foundation", foundation())
    second = await api.post("/api/v1/foundation", foundation())

    assert (wrong.status_code, code(wrong)) == (403, "foundation_secret_wrong")
    assert first.status_code == 201
    assert (second.status_code, code(second)) == (409, "market_already_founded")


async def test_each_founder_gets_in_with_its_own_role_and_no_other(
    api: Api, founded: dict[str, str]
) -> None:
    roles = {}
    for login in ("regulator", "sysadmin", "secadmin", "auditor"):
        me = await (await sign_in(api, login)).get("/api/v1/me")
        roles[login] = me.json()["roles"]

    assert roles == {
        "regulator": ["regulator"],
        "sysadmin": ["system_administrator"],
        "secadmin": ["security_administrator"],
        "auditor": ["audit_administrator"],
    }


async def test_a_party_trades_from_its_verification_on(api: Api, founded: dict[str, str]) -> None:
    await open_staff(api, founded, "acceptor", "operator_acceptor")
    made = await api.post("/api/v1/parties", registration(10, "supplier-10"))
    party_id = made.json()["party"]["id"]
    supplier = await sign_in(api, "supplier-10")
    before = (await supplier.get("/api/v1/me")).json()

    acceptor = await sign_in(api, "acceptor")
    verified = await acceptor.post(f"/api/v1/parties/{party_id}/verifications")
    again = await acceptor.post(f"/api/v1/parties/{party_id}/verifications")

    after = (await supplier.get("/api/v1/me")).json()
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1/parties/{party_id}"
    assert before["roles"] == []
    assert verified.status_code == 200
    assert verified.json()["party"]["state"] == "verified"
    assert code(again) == "party_event_not_allowed"
    assert after["roles"] == ["buyer", "supplier"]


async def test_a_party_is_registered_once_and_a_login_taken_once(api: Api) -> None:
    await api.post("/api/v1/parties", registration(10, "first"))

    same_party = await api.post("/api/v1/parties", registration(10, "second"))
    same_login = await api.post("/api/v1/parties", registration(11, "first"))

    assert (same_party.status_code, code(same_party)) == (409, "party_already_registered")
    assert (same_login.status_code, code(same_login)) == (409, "login_taken")


async def test_the_same_registration_sent_twice_makes_one_party(api: Api) -> None:
    first = await api.post("/api/v1/parties", registration(10, "first"), key="one-key")
    again = await api.post("/api/v1/parties", registration(10, "first"), key="one-key")
    other = await api.post("/api/v1/parties", registration(11, "other"), key="one-key")

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert code(other) == "idempotency_key_reused"


async def test_an_id_number_is_never_shown_and_finds_the_same_person_again(
    api: Api, founded: dict[str, str]
) -> None:
    person = {"kind": "natural_person", "uscc": None, "identity_number": PERSON}
    await api.post("/api/v1/parties", registration(10, "person", **person))
    again = await api.post("/api/v1/parties", registration(10, "person-2", **person))

    own = await sign_in(api, "person")
    party_id = (await own.get("/api/v1/me")).json()["party"]["id"]
    shown = await own.get(f"/api/v1/parties/{party_id}")

    assert code(again) == "party_already_registered"
    assert shown.json()["identity_masked"] == "110*************2X"
    assert PERSON not in shown.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"uscc": uscc(10)[:-1] + "0"}, "uscc_malformed"),
        ({"uscc": None}, "uscc_malformed"),
        ({"evidence_sha256": "no digest"}, "evidence_hash_malformed"),
        ({"password": "short"}, "password_length_out_of_range"),
        ({"password": "password1234"}, "password_too_common"),
        ({"password": "party-ten is my login"}, "password_holds_login"),
        ({"login": "Upper Case"}, "login_malformed"),
        ({"name": "  "}, "name_malformed"),
        ({"capacities": ["supermarket_operator"]}, "capacity_not_open"),
        ({"identity_number": PERSON}, "identity_number_not_wanted"),
        ({"kind": "natural_person"}, "uscc_not_for_natural_person"),
        ({"kind": "natural_person", "uscc": None}, "identity_number_missing"),
        (
            {"kind": "natural_person", "uscc": None, "identity_number": "110105194912310021"},
            "identity_number_malformed",
        ),
        ({"kind": "natural_person", "capacities": ["compliance_agency"]}, "person_is_no_agency"),
        ({"unknown": 1}, "body_invalid"),
    ],
)
async def test_a_registration_with_a_fault_is_refused_by_its_name(
    api: Api, changes: dict[str, Any], expected: str
) -> None:
    body = {**registration(10, "party-ten"), **changes}

    response = await api.post("/api/v1/parties", body)

    assert code(response) == expected


async def test_a_wrong_login_and_a_wrong_password_get_the_same_answer(
    api: Api, founded: dict[str, str]
) -> None:
    nobody = await api.post("/api/v1/sessions", {"login": "nobody", "password": PASSWORD})
    wrong = await api.post("/api/v1/sessions", {"login": "auditor", "password": "wrong password"})
    broken = await api.post("/api/v1/sessions", {"login": "a\u0000b", "password": PASSWORD})

    for response in (nobody, wrong, broken):
        body = {k: v for k, v in response.json().items() if k != "request_id"}
        assert response.status_code == 401
        assert body == {k: v for k, v in nobody.json().items() if k != "request_id"}


async def test_five_failures_make_one_wait_a_quarter_of_an_hour(
    api: Api, clock: ManualClock, founded: dict[str, str]
) -> None:
    for _ in range(5):
        failed = await api.post("/api/v1/sessions", {"login": "auditor", "password": "wrong one"})
        assert code(failed) == "sign_in_failed"

    right = {"login": "auditor", "password": PASSWORD}
    paused = await api.post("/api/v1/sessions", right)
    clock.move_by(dt.timedelta(minutes=15))
    heard = await api.post("/api/v1/sessions", right)

    assert (paused.status_code, code(paused)) == (429, "too_many_sign_ins")
    assert paused.json()["facts"]["retry_after_seconds"] == 900
    assert paused.headers["retry-after"] == "900"
    assert heard.status_code == 201


async def test_a_session_ends_when_it_is_not_used_and_after_half_a_day(
    api: Api, clock: ManualClock, founded: dict[str, str]
) -> None:
    used = await sign_in(api, "auditor")
    unused = await sign_in(api, "auditor")

    statuses = []
    for _ in range(36):
        clock.move_by(dt.timedelta(minutes=20))
        statuses.append((await used.get("/api/v1/me")).status_code)

    assert (await unused.get("/api/v1/me")).status_code == 401
    assert statuses == [200] * 35 + [401]  # 35 × 20 min are less than 12 h, 36 × 20 min are 12 h


async def test_a_closed_session_does_not_open_anything(api: Api, founded: dict[str, str]) -> None:
    auditor = await sign_in(api, "auditor")

    closed = await auditor.delete("/api/v1/sessions/current")

    assert closed.status_code == 200
    assert (await auditor.get("/api/v1/me")).status_code == 401


async def test_a_revoked_role_is_gone_at_the_next_request(
    api: Api, founded: dict[str, str]
) -> None:
    staff = await open_staff(api, founded, "acceptor", "operator_acceptor")
    acceptor = await sign_in(api, "acceptor")
    security = await sign_in(api, "secadmin")
    before = await acceptor.get("/api/v1/parties")

    revoked = await security.post(f"/api/v1/role-grants/{staff['grant_id']}/revocations")
    again = await security.post(f"/api/v1/role-grants/{staff['grant_id']}/revocations")

    after = await acceptor.get("/api/v1/parties")
    assert before.status_code == 200
    assert revoked.status_code == 200
    assert code(again) == "role_already_revoked"
    assert (after.status_code, code(after)) == (403, "permission_missing")


async def test_a_role_begins_and_ends_on_its_days(
    api: Api, clock: ManualClock, founded: dict[str, str]
) -> None:
    staff = await open_staff(api, founded, "reviewer", "operator_technical_reviewer")
    security = await sign_in(api, "secadmin")
    await security.post(
        "/api/v1/role-grants",
        {
            "account_id": staff["account_id"],
            "role": "operator_acceptor",
            "valid_from": "2026-03-03",
            "valid_to": "2026-03-03",
        },
    )

    statuses = []
    for _ in range(3):  # 2, 3 and 4 March
        reviewer = await sign_in(api, "reviewer")
        statuses.append((await reviewer.get("/api/v1/parties")).status_code)
        clock.move_by(dt.timedelta(days=1))

    assert statuses == [403, 200, 403]


async def test_a_closed_account_and_a_suspended_party_are_out_at_the_next_request(
    api: Api, founded: dict[str, str]
) -> None:
    staff = await open_staff(api, founded, "acceptor", "operator_acceptor")
    acceptor = await sign_in(api, "acceptor")
    made = await api.post("/api/v1/parties", registration(10, "supplier-10"))
    supplier = await sign_in(api, "supplier-10")
    security = await sign_in(api, "secadmin")

    closed = await security.post(f"/api/v1/accounts/{staff['account_id']}/closures")
    suspended = await security.post(
        f"/api/v1/parties/{made.json()['party']['id']}/suspensions", {"reason": "资质证明过期"}
    )

    assert closed.status_code == 200
    assert suspended.status_code == 200
    assert (await acceptor.get("/api/v1/me")).status_code == 401
    assert (await supplier.get("/api/v1/me")).status_code == 401
    outside = await api.post("/api/v1/sessions", {"login": "supplier-10", "password": PASSWORD})
    assert code(outside) == "sign_in_failed"


async def test_a_token_does_its_scope_until_it_is_revoked_or_over(
    api: Api, clock: ManualClock, founded: dict[str, str]
) -> None:
    auditor = await sign_in(api, "auditor")
    expires_at = (clock.now() + dt.timedelta(days=1)).isoformat()
    wanted = {"name": "日志归档", "scopes": ["self:read"], "expires_at": expires_at}

    first = (await auditor.post("/api/v1/tokens", wanted)).json()
    second = (await auditor.post("/api/v1/tokens", wanted)).json()
    token, other = api.as_(first["secret"]), api.as_(second["secret"])
    in_scope = await token.get("/api/v1/me")
    beyond = await token.get("/api/v1/tokens")
    listed = await auditor.get("/api/v1/tokens", limit=1)
    await auditor.post(f"/api/v1/tokens/{first['token']['id']}/revocations")
    revoked = await token.get("/api/v1/me")
    clock.move_by(dt.timedelta(days=1))
    over = await other.get("/api/v1/me")

    assert in_scope.json()["permissions"] == ["self:read"]
    assert (beyond.status_code, code(beyond)) == (403, "permission_missing")
    assert listed.json()["items"][0]["id"] == first["token"]["id"]
    assert listed.json()["next_cursor"]
    assert "secret" not in listed.text
    assert (revoked.status_code, over.status_code) == (401, 401)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scopes": []}, "token_without_scope"),
        ({"scopes": ["role:grant"]}, "token_scope_not_allowed"),
        ({"scopes": ["token:manage"]}, "token_scope_not_allowed"),
        ({"expires_at": "2027-03-03T09:00:00+08:00"}, "token_expiry_out_of_range"),
        ({"expires_at": "2026-03-02T08:00:00+08:00"}, "token_expiry_out_of_range"),
    ],
)
async def test_a_token_is_less_than_its_account_and_ends_within_a_year(
    api: Api, founded: dict[str, str], changes: dict[str, Any], expected: str
) -> None:
    auditor = await sign_in(api, "auditor")

    response = await auditor.post(
        "/api/v1/tokens",
        {
            "name": "归档",
            "scopes": ["self:read"],
            "expires_at": "2026-06-01T00:00:00+08:00",
            **changes,
        },
    )

    assert code(response) == expected


async def test_a_token_asked_for_twice_is_made_once_and_told_once(
    api: Api, clock: ManualClock, founded: dict[str, str]
) -> None:
    auditor = await sign_in(api, "auditor")
    expires_at = (clock.now() + dt.timedelta(days=1)).isoformat()
    wanted = {"name": "日志归档", "scopes": ["self:read"], "expires_at": expires_at}

    first = await auditor.post("/api/v1/tokens", wanted, key="once")
    again = await auditor.post("/api/v1/tokens", wanted, key="once")
    another = await auditor.post("/api/v1/tokens", wanted | {"name": "另一个"}, key="once")

    assert first.status_code == 201
    assert (again.status_code, code(again)) == (409, "answer_not_kept")
    assert (another.status_code, code(another)) == (422, "idempotency_key_reused")
    assert len((await auditor.get("/api/v1/tokens")).json()["items"]) == 1


async def test_somebody_elses_party_and_token_are_as_unknown_ones(
    api: Api, founded: dict[str, str]
) -> None:
    await api.post("/api/v1/parties", registration(10, "one"))
    other = await api.post("/api/v1/parties", registration(11, "two"))
    one = await sign_in(api, "one")
    auditor = await sign_in(api, "auditor")
    token = await auditor.post(
        "/api/v1/tokens",
        {"name": "归档", "scopes": ["self:read"], "expires_at": "2026-06-01T00:00:00+08:00"},
    )

    foreign = await one.get(f"/api/v1/parties/{other.json()['party']['id']}")
    unknown = await one.get("/api/v1/parties/00000000-0000-7000-8000-000000000000")
    taken = await one.post(f"/api/v1/tokens/{token.json()['token']['id']}/revocations")

    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    assert {k: v for k, v in foreign.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }
    assert (taken.status_code, code(taken)) == (404, "not_found")


async def test_a_new_password_works_and_closes_all_other_sessions(
    api: Api, founded: dict[str, str]
) -> None:
    here, elsewhere = await sign_in(api, "auditor"), await sign_in(api, "auditor")

    wrong = await here.post(
        "/api/v1/me/password", {"current": "not the password", "new": PASSWORD + "!"}
    )
    changed = await here.post("/api/v1/me/password", {"current": PASSWORD, "new": PASSWORD + "!"})

    assert (wrong.status_code, code(wrong)) == (409, "password_wrong")
    assert changed.status_code == 200
    assert (await here.get("/api/v1/me")).status_code == 200
    assert (await elsewhere.get("/api/v1/me")).status_code == 401
    await sign_in(api, "auditor", PASSWORD + "!")


@pytest.mark.parametrize(
    ("role", "party", "expected"),
    [
        ("audit_administrator", "staff", "administrator_wears_no_other_role"),
        ("operator_acceptor", "staff", "role_already_granted"),
        ("regulator", "staff", "role_not_for_party"),
        ("supplier", "staff", "role_not_for_party"),
        ("operator_issuer", "self", "role_granted_to_oneself"),
        ("operator_issuer", "auditor", "administrator_wears_no_other_role"),
    ],
)
async def test_roles_that_do_not_belong_together_are_not_granted(
    api: Api, founded: dict[str, str], role: str, party: str, expected: str
) -> None:
    staff = await open_staff(api, founded, "acceptor", "operator_acceptor")
    account = {
        "staff": staff["account_id"],
        "self": founded["security_administrator_account_id"],
        "auditor": founded["audit_administrator_account_id"],
    }[party]
    security = await sign_in(api, "secadmin")

    refused = await security.post("/api/v1/role-grants", {"account_id": account, "role": role})

    assert (refused.status_code, code(refused)) == (409, expected)


async def test_institutions_and_the_own_account_are_kept(api: Api, founded: dict[str, str]) -> None:
    await open_staff(api, founded, "acceptor", "operator_acceptor")
    security, acceptor = await sign_in(api, "secadmin"), await sign_in(api, "acceptor")
    operator, own = founded["operator_party_id"], founded["security_administrator_account_id"]

    suspended = await security.post(f"/api/v1/parties/{operator}/suspensions", {"reason": "试"})
    closed = await security.post(f"/api/v1/accounts/{own}/closures")
    verified = await acceptor.post(f"/api/v1/parties/{operator}/verifications")

    assert code(suspended) == "institution_not_suspendable"
    assert code(closed) == "own_account_not_closable"
    assert code(verified) == "own_party_not_verifiable"
