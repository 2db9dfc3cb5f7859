"""What every request gets, whatever it asks for: ids, problems, strict JSON, health."""

from __future__ import annotations

import asyncpg
import pytest
from litestar import get
from litestar.testing import create_test_client

from market.http.problem import HANDLERS
from tests.api import Api, code


async def test_the_process_lives_and_can_work(api: Api) -> None:
    live, ready = await api.get("/healthz/live"), await api.get("/healthz/ready")

    assert live.status_code == 200
    assert ready.status_code == 200, ready.text
    assert ready.json()["database"] == "ok"


async def test_every_answer_carries_its_request_id(api: Api) -> None:
    named = await api.http.get("/healthz/live", headers={"x-request-id": "abc-1"})
    strange = await api.http.get("/healthz/live", headers={"x-request-id": "a b\tc"})

    assert named.headers["x-request-id"] == "abc-1"
    assert strange.headers["x-request-id"] != "a b\tc"


async def test_an_unknown_address_is_a_problem_in_the_language_asked_for(api: Api) -> None:
    chinese = await api.get("/api/v1/nothing-here")
    english = await api.http.get("/api/v1/nothing-here", headers={"accept-language": "en-GB,en"})

    assert chinese.status_code == english.status_code == 404
    assert code(chinese) == "not_found"
    assert "没有" in chinese.json()["title"]
    assert "no such thing" in english.json()["title"]
    assert english.json()["wording"]["zh"] == chinese.json()["title"]


async def test_a_method_that_is_not_served_is_a_problem_too(api: Api) -> None:
    answer = await api.http.request("PATCH", "/healthz/live")

    assert answer.status_code == 405
    assert code(answer) == "method_not_allowed"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("body", "refused_as"),
    [
        (b'{"a": 1, "a": 2}', "body_key_doubled"),
        (b"[" * 100_000, "body_too_deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "body_too_deep"),
        (b'{"a": ', "body_malformed"),
        (b'{"a": NaN}', "body_malformed"),
        (b'\xff\xfe{"a": 1}', "body_malformed"),
        (b'"' + b"x" * (1024 * 1024) + b'"', "body_too_large"),
    ],
    ids=["doubled", "brackets", "objects", "cut", "nan", "not utf-8", "large"],
)
async def test_json_that_two_readers_could_read_differently_is_refused(
    api: Api, body: bytes, refused_as: str
) -> None:
    answer = await api.http.post(
        "/api/v1/parties", content=body, headers={"content-type": "application/json"}
    )

    assert code(answer) == refused_as
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    "error", [asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError]
)
def test_a_nul_that_no_check_meets_is_the_callers_and_no_fault_of_the_service(
    error: type[Exception],
) -> None:
    @get("/")
    async def door() -> None:
        raise error

    with create_test_client([door], exception_handlers=HANDLERS) as client:
        answer = client.get("/")

    assert (answer.status_code, answer.json()["code"]) == (422, "body_invalid")
    assert answer.json()["errors"][0]["code"] == "nul_character"


async def test_a_body_of_another_type_is_refused(api: Api) -> None:
    answer = await api.http.post(
        "/api/v1/parties", content=b"<a/>", headers={"content-type": "application/xml"}
    )

    assert answer.status_code == 415
    assert code(answer) == "media_type_unsupported"


async def test_brackets_inside_a_string_are_no_depth(api: Api) -> None:
    answer = await api.http.post(
        "/api/v1/parties",
        content=b'{"name": "' + b"[" * 1000 + b'\\"{"}',
        headers={"content-type": "application/json", "idempotency-key": "k"},
    )

    assert code(answer) == "body_invalid"


async def test_a_command_without_a_key_or_with_a_bad_one_is_refused(api: Api) -> None:
    body = {
        "kind": "legal_person",
        "name": "示例公司",
        "uscc": "91110000600037341L",
        "evidence_sha256": "0" * 64,
        "login": "somebody",
        "display_name": "某人",
        "password": "a long enough passphrase",
    }

    without = await api.http.post("/api/v1/parties", json=body)
    empty = await api.http.post("/api/v1/parties", json=body, headers={"idempotency-key": ""})
    long = await api.http.post("/api/v1/parties", json=body, headers={"idempotency-key": "k" * 256})
    good = await api.http.post("/api/v1/parties", json=body, headers={"idempotency-key": "k"})

    assert code(without) == "idempotency_key_missing"
    assert code(empty) == code(long) == "idempotency_key_malformed"
    assert good.status_code == 201, good.text


async def test_an_unknown_token_is_nobody(api: Api) -> None:
    answer = await api.as_("not-a-token").get("/api/v1/me")
    without = await api.get("/api/v1/me")
    other_scheme = await api.http.get("/api/v1/me", headers={"authorization": "Basic eDp5"})

    assert {a.status_code for a in (answer, without, other_scheme)} == {401}
    assert code(answer) == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_methods_of_an_address_can_be_asked_for(api: Api) -> None:
    answer = await api.http.request("OPTIONS", "/api/v1/agency-contracts")

    assert answer.status_code == 204
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/products?form=%00",
        "/api/v1/products?supplier=a%00b",
        "/api/v1/price-list?scenario=%00",
        "/api/v1/certificates/%00",
    ],
)
async def test_an_address_with_a_nul_is_refused(api: Api, address: str) -> None:
    answer = await api.http.get(address)

    assert answer.status_code == 400
    assert code(answer) == "parameter_invalid"
