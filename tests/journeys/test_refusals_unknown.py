"""What nobody knows is answered alike at every address: 404, and nothing of why (HN-28)."""

from __future__ import annotations

import datetime as dt
import uuid

import httpx
import pytest

from catalog.kernel.db import Database
from market.http.policies.rule import Rule
from market.http.policy import API
from market.identity.permissions import PERMISSIONS, Role
from tests.api import Api, code
from tests.makers_identity import make_member

IDS = ("_id}", "{number}")
NAMED = {place: rule for place, rule in API.items() if any(each in place[1] for each in IDS)}
READ = [(path, rule) for (method, path), rule in NAMED.items() if method == "GET"]
# What is looked at before the id.
OTHERWISE = {
    "/api/v1/applications/{application_id}/certificates": (409, "operator_not_delegated"),
    "/api/v1/applications/{application_id}/notices": (409, "operator_not_delegated"),
    "/api/v1/foreign-certificates/{certificate_id}/recognitions": (409, "operator_not_delegated"),
    "/api/v1/foreign-certificates/{certificate_id}/verifications": (409, "operator_not_delegated"),
    "/api/v1/instruments/{instrument_id}/executions": (409, "operator_not_delegated"),
    "/api/v1/instruments/{instrument_id}/verifications": (409, "operator_not_delegated"),
    "/api/v1/objections/{objection_id}/forwardings": (409, "operator_not_delegated"),
}
# What has to be said with a question.
ASKING = {"/api/v1/products/{product_id}/price": "?price_item=call"}
TOLD = [(method, path, rule) for (method, path), rule in NAMED.items() if method != "GET"]


def _address(path: str) -> str:
    parts = [str(uuid.uuid4()) if part.endswith("_id}") else part for part in path.split("/")]
    kind = "truth_statement" if "applications" in parts else "change_application_form"
    return "/".join(parts).format(
        number="HN-QQ-2026-00000010", kind=kind, algorithm="sm2", version=1
    )


async def _admitted(api: Api, db: Database, now: dt.datetime, rule: Rule) -> Api:
    """Return the client of somebody who has the permission, and nothing else."""
    if rule.permission is None:
        return api
    role = next((role for role in Role if rule.permission in PERMISSIONS[role]), None)
    member = await make_member(db, *([role] if role else []), now=now)
    return api.as_(member.token)


@pytest.mark.parametrize(("path", "rule"), READ, ids=[path for path, _ in READ])
async def test_what_is_unknown_is_not_found(
    api: Api, db: Database, now: dt.datetime, path: str, rule: Rule
) -> None:
    who = await _admitted(api, db, now, rule)

    answer = await who.get(_address(path) + ASKING.get(path, ""))

    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert answer.json().get("facts", {}) == {}


async def test_nothing_is_done_to_what_is_unknown(api: Api, db: Database, now: dt.datetime) -> None:
    missing, others = [], {}
    for method, path, rule in TOLD:
        who = await _admitted(api, db, now, rule)
        answer: httpx.Response = await who._send(method, _address(path), None, None, {})
        told = (answer.status_code, code(answer))
        if told == (404, "not_found"):
            missing.append(path)
        elif told not in ((422, "body_invalid"), (428, "if_match_missing")):
            others[path] = told

    assert others == OTHERWISE
    assert len(missing) >= 20
