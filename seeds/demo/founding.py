"""Act one: the market is founded, people get their roles, parties are verified, the law is met."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

from seeds.demo import people
from seeds.demo.people import Organisation
from seeds.demo.registering import Parties
from seeds.demo.teller import Teller


async def found(t: Teller) -> Parties:
    """Found the market with its authority, operator and three administrators."""
    party: dict[str, str] = {}
    account: dict[str, str] = {}
    answer = await t.http.post(
        "/api/v1/foundation",
        json={
            "secret": t.bootstrap_secret,
            "authority": _institution(people.AUTHORITY),
            "operator": _institution(people.OPERATOR),
            "regulator": _founder(t, people.REGULATOR, "监管员 郑岩"),
            "system_administrator": _founder(t, people.SYSTEM_ADMINISTRATOR, "系统管理员 高翔"),
            "security_administrator": _founder(t, people.SECURITY_ADMINISTRATOR, "安全管理员 孙宁"),
            "audit_administrator": _founder(t, people.AUDIT_ADMINISTRATOR, "审计管理员 冯雪"),
        },
    )
    if answer.status_code == HTTPStatus.CONFLICT:  # the story was told before
        t.say("市场已经开办，继续 · the market is there already, going on", "")
    else:
        t.checked("found the market", answer)
        t.say("开办市场：主管部门、运营者、三员分立 · founded, three administrators apart", "")
    party["authority"] = (await t.look(people.REGULATOR, "/api/v1/me"))["party"]["id"]
    operator = await _operator_id(t)
    party["operator"] = operator
    for login, name, role in people.STAFF:
        account[login] = await _open_account(t, operator, login, name, role)
    for login, name in people.INSPECTORS:
        account[login] = await _open_account(t, party["authority"], login, name, "regulator")
    t.say("受理、技术审查、发证、审定四岗到位 · the operator's four kinds of staff", "")
    return Parties(party=party, account=account)


async def delegate(t: Teller, who: Parties) -> None:
    """Let the bureau delegate the operator (HN-05)."""
    await t.do(
        people.REGULATOR, "delegation", "POST", "/api/v1/delegations",
        {
            "operator_party_id": who.party["operator"],
            "document_number": "示例数管〔2026〕1号",
            "scope": "数据产品确权登记的受理、审查、公示与发证",
            "valid_from": "2026-01-02",
            "valid_to": "2028-12-31",
        },
    )  # fmt: skip
    t.say("主管部门授权运营者 · the bureau delegates the operator (HN-05)", "示例数管〔2026〕1号")


async def register_parties(t: Teller, who: Parties) -> None:
    """Register agencies, suppliers, the buyer, and experts; the operator verifies who they are."""
    members = (
        (people.FIRST_AGENCY, people.AGENCY_REVIEWER, "compliance_agency"),
        (people.SECOND_AGENCY, people.SECOND_REVIEWER, "compliance_agency"),
        (people.SUPPLIER, people.SUPPLIER_MEMBER, "trader"),
        (people.CO_OWNER, people.CO_OWNER_MEMBER, "trader"),
        (people.BUYER, people.BUYER_MEMBER, "trader"),
        (people.UNIVERSITY, people.EXPERTS[0][0], "trader"),
    )
    for organisation, login, capacity in members:
        made = await t.do(
            None, f"party/{organisation.key}", "POST", "/api/v1/parties",
            {
                "kind": "legal_person",
                "name": organisation.name,
                "uscc": organisation.uscc,
                "evidence_sha256": _evidence(organisation),
                "login": login,
                "display_name": f"{organisation.name} 经办人",
                "password": t.password_of(login),
                "capacities": [capacity],
            },
        )  # fmt: skip
        who.party[organisation.key] = made["party"]["id"]
        who.account[login] = made["account"]["id"]
        await t.do(
            people.ACCEPTOR, f"verify/{organisation.key}", "POST",
            f"/api/v1/parties/{made['party']['id']}/verifications",
        )  # fmt: skip
        if capacity == "compliance_agency":
            await _grant(t, made["account"]["id"], login, "agency_reviewer")
        t.say("主体注册并实名核验 · registered and verified", organisation.name)
    (first, _), *others = people.EXPERTS
    await _grant(t, who.account[first], first, "expert")
    for login, name in others:
        await _open_account(t, who.party[people.UNIVERSITY.key], login, name, "expert")


async def _open_account(t: Teller, party_id: str, login: str, name: str, role: str) -> str:
    account = await t.do(
        people.SECURITY_ADMINISTRATOR, f"account/{login}", "POST", "/api/v1/accounts",
        {
            "party_id": party_id,
            "login": login,
            "display_name": name,
            "password": t.password_of(login),
        },
    )  # fmt: skip
    await _grant(t, account["id"], login, role)
    return str(account["id"])


async def _grant(t: Teller, account_id: str, login: str, role: str) -> None:
    await t.do(
        people.SECURITY_ADMINISTRATOR, f"role/{login}/{role}", "POST", "/api/v1/role-grants",
        {"account_id": account_id, "role": role},
    )  # fmt: skip


async def _operator_id(t: Teller) -> str:
    # The system administrator is one of the operator's people.
    return str((await t.look(people.SYSTEM_ADMINISTRATOR, "/api/v1/me"))["party"]["id"])


def _institution(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "uscc": organisation.uscc,
        "evidence_sha256": _evidence(organisation),
    }


def _founder(t: Teller, login: str, name: str) -> dict[str, str]:
    return {"login": login, "display_name": name, "password": t.password_of(login)}


def _evidence(organisation: Organisation) -> str:
    return hashlib.sha256(f"{organisation.name} 登记证书（示例）".encode()).hexdigest()
