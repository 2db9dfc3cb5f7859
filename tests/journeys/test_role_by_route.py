"""Every role at every route of the policy table: nobody gets in where the table does not say so.

Generated from the table. One who lacks the permission is refused before anything is looked at; one
who has it gets any answer but 401 and 403 — mostly that the empty body or the made-up id is wrong.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import httpx
import pytest

from catalog.kernel.db import Database
from market.http.policies.rule import Rule
from market.http.policy import PAGES, POLICY
from market.identity.model import Capacity
from market.identity.permissions import PERMISSIONS, Role, permissions_of
from tests.api import Api
from tests.makers_identity import make_member, make_party

EXAMPLES = {
    "number": "QZ-460000-2026-0000001-0",
    "kind": "truth_statement",
    "channel": "sandbox",
    "reference": "unknown-reference",
    "key_id": "0123456789abcdef",
    "index": "0",
    "path": "0/000",
    "year": "2026",
}
# What ends the session with which the test asks is asked last.
LAST = (("POST", "/sign-out"), ("DELETE", "/api/v1/sessions/current"))


def address(path: str) -> str:
    """Return a path with plausible values in it."""
    return re.sub(r"\{(\w+)\}", lambda m: EXAMPLES.get(m[1], str(uuid.UUID(int=7))), path)


def served(api: Api) -> list[tuple[tuple[str, str], Rule]]:
    """Return the rules whose routes the service has: all, since it would not start otherwise."""
    there = {
        (str(method), route.path_format)
        for route in api.app.litestar.routes
        for method in getattr(route, "route_handler_map", ())
    }
    rules = [(place, rule) for place, rule in POLICY.items() if place in there]
    return sorted(rules, key=lambda item: LAST.index(item[0]) if item[0] in LAST else -1)


async def ask(api: Api, method: str, path: str) -> httpx.Response:
    """Send the emptiest request that reaches the route's own checks."""
    headers = {"idempotency-key": uuid.uuid4().hex, "if-match": '"1"'}
    if api.token:
        headers["authorization"] = f"Bearer {api.token}"
    body: dict[str, Any] = {}
    if method != "GET":
        body = {"data": {}} if (method, path) in PAGES else {"json": {}}
    return await api.http.request(method, address(path), headers=headers, **body)


def told(response: httpx.Response) -> str:
    """Return the status and the code of an answer."""
    is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
    return f"{response.status_code} {response.json()['code'] if is_problem else ''}"


async def wrong_answers(api: Api, permissions: frozenset[str]) -> dict[str, str]:
    """Return every route that lets somebody with these permissions in or out against the table."""
    found = {}
    for (method, path), rule in served(api):
        response = await ask(api, method, path)
        refused = response.status_code in (401, 403)
        may = rule.permission is None or rule.permission in permissions
        if refused is may or response.status_code >= 500:
            found[f"{method} {path}"] = told(response)
    return found


async def test_the_public_is_asked_to_sign_in_wherever_a_permission_is_needed(api: Api) -> None:
    statuses = {}
    for (method, path), rule in served(api):
        response = await ask(api, method, path)
        to_sign_in = response.headers.get("location", "").startswith("/sign-in")
        asked = response.status_code == 401 or ((method, path) in PAGES and to_sign_in)
        if asked is (rule.permission is None) or response.status_code in (403, 500):
            statuses[f"{method} {path}"] = told(response)

    assert statuses == {}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_gets_in_exactly_where_the_table_says(
    api: Api, db: Database, now: dt.datetime, role: Role
) -> None:
    member = await make_member(db, role, now=now)

    wrong = await wrong_answers(api.as_(member.token), PERMISSIONS[role])

    assert wrong == {}


async def test_a_member_without_a_role_gets_in_only_where_every_member_does(
    api: Api, db: Database, now: dt.datetime
) -> None:
    party = await make_party(db, Capacity.TRADER, now=now)
    member = await make_member(db, now=now, party=party)

    wrong = await wrong_answers(api.as_(member.token), permissions_of(frozenset()))

    assert wrong == {}


def test_every_permission_of_a_route_is_some_roles() -> None:
    asked = {rule.permission for rule in POLICY.values() if rule.permission}
    held = frozenset[str]().union(*PERMISSIONS.values())

    assert asked - held == set()
