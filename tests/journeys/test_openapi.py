"""The description of the interface says what the interface does, and shows without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler

from market.http import answers, describe
from market.http.policy import API
from tests import contract
from tests.api import Api


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    response = await api.get("/openapi.json")
    assert response.status_code == 200
    return dict(response.json())


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def served(api: Api) -> set[tuple[str, str]]:
    return {
        (str(method), route.path_format)
        for route in api.app.litestar.routes
        for method in getattr(route, "route_handler_map", ())
    }


def schema_of(response: dict[str, Any]) -> Any:
    return response["content"]["application/json"]["schema"]


def is_said(handler: HTTPRouteHandler, status: str) -> bool:
    return status != "default" and int(status) in answers.said_by(handler).statuses


def header(operation: dict[str, Any], name: str) -> bool:
    return any(p["name"] == name for p in operation.get("parameters", ()))


async def test_the_document_has_every_route_of_the_interface_and_no_page(
    api: Api, document: dict[str, Any]
) -> None:
    assert document["openapi"].startswith("3.1")
    assert set(operations(document)) == set(API) & served(api)


async def test_security_is_the_policy_tables(document: dict[str, Any]) -> None:
    for place, operation in operations(document).items():
        rule = API[place]
        expected: list[Any] = [] if rule.permission is None else [{"bearer": []}, {"session": []}]
        assert operation["security"] == expected, place
        assert operation.get("x-permission") == rule.permission, place


async def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]

    assert len(names) == len(set(names))


async def test_every_refusal_is_a_problem_document(document: dict[str, Any]) -> None:
    handlers = describe.handlers_by_place()

    for place, operation in operations(document).items():
        for status, response in operation["responses"].items():
            if not is_said(handlers[place], status):
                name = response["$ref"].rpartition("/")[2]
                content = document["components"]["responses"][name]["content"]
                assert list(content) == ["application/problem+json"], (place, status)
    assert "code" in document["components"]["schemas"]["ProblemDocument"]["required"]


async def test_every_route_says_what_it_answers(document: dict[str, Any]) -> None:
    unsaid = []
    for place, operation in operations(document).items():
        good = [response for status, response in operation["responses"].items() if status < "3"]
        for media_type, content in (pair for r in good for pair in r["content"].items()):
            if media_type == "application/json" and not content["schema"]:
                unsaid.append(place)
        if len(good) != 1:
            unsaid.append(place)

    assert unsaid == []


async def test_what_is_made_has_its_status_and_address(document: dict[str, Any]) -> None:
    order = operations(document)["POST", "/api/v1/orders"]["responses"]
    orders = operations(document)["GET", "/api/v1/orders"]["responses"]
    product = operations(document)["PUT", "/api/v1/products/{product_id}"]["responses"]

    assert set(order["201"]["headers"]) == {"Location", "Idempotency-Replayed"}
    assert schema_of(order["201"]) == {"$ref": "#/components/schemas/Order"}
    assert schema_of(orders["200"]) == {"$ref": "#/components/schemas/Page_Order_"}
    assert set(product["200"]["headers"]) == {"ETag", "Idempotency-Replayed"}
    assert "200" not in order


async def test_what_a_handler_reads_by_itself_is_described(document: dict[str, Any]) -> None:
    upload = operations(document)["POST", "/api/v1/files"]

    assert upload["requestBody"] == {"required": True, "content": {"*/*": {}}}
    assert header(upload, "X-File-Name")
    assert header(upload, "Idempotency-Key")


async def test_a_bundle_is_asked_for_by_an_example_that_can_be_read(
    document: dict[str, Any],
) -> None:
    bundle = operations(document)["GET", "/api/v1/proof-bundles/{kind}/{identifier}"]

    shown = {each["name"]: each.get("example") for each in bundle["parameters"]}
    assert shown["kind"] == "order"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown["identifier"])
    assert list(bundle["responses"]["200"]["content"]) == ["application/zip"]


async def test_what_is_always_sent_is_required(document: dict[str, Any]) -> None:
    page = document["components"]["schemas"]["Page_Order_"]

    assert page["required"] == ["items", "next_cursor"]


def test_a_handler_that_does_not_say_what_it_answers_stops_the_description() -> None:
    @get("/mute")
    async def mute() -> None: ...

    with pytest.raises(answers.AnswerUnsaid, match="mute"):
        answers.said_by(mute)


@pytest.mark.parametrize(
    ("status", "media_type", "extra", "content", "complaint"),
    [
        (200, "application/json", {}, b'{"items": [], "next_cursor": null}', None),
        (200, "application/json", {}, b'{"items": []}', "but"),
        (200, "application/json", {}, b'{"items": [], "next_cursor": null, "more": 1}', "but"),
        (200, "application/json", {}, b'{"items": [{}], "next_cursor": null}', "required field"),
        (200, "application/json", {"etag": '"1"'}, b'{"items": [], "next_cursor": null}', "unsaid"),
        (200, "text/plain", {}, b'{"items": [], "next_cursor": null}', "sends text/plain"),
        (201, "application/json", {}, b'{"items": [], "next_cursor": null}', "not described"),
        (403, "application/json", {}, b"{}", "403 with application/json"),
        (403, "application/problem+json", {}, b"{}", "required field"),
        (418, "application/problem+json", {}, b"{}", "not described"),
    ],
)
def test_an_answer_that_is_not_as_described_is_found(
    status: int, media_type: str, extra: dict[str, str], content: bytes, complaint: str | None
) -> None:
    place = contract.find("GET", "/api/v1/orders")
    assert place is not None

    def hold() -> None:
        contract.check(place, status, {"content-type": media_type, **extra}, content)

    if complaint is None:
        hold()
    else:
        with pytest.raises(contract.ContractBroken, match=complaint):
            hold()


def test_pages_are_not_held_against_the_document() -> None:
    assert contract.find("GET", "/notices") is None
    assert contract.find("PATCH", "/api/v1/orders") is None


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    dangling = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                _, _, kind, name = reference.split("/")
                if name not in document["components"][kind]:
                    dangling.append(reference)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)

    assert dangling == []


async def test_bodies_take_no_unknown_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    open_bodies = []
    for place, operation in operations(document).items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref")
        if reference and schemas[reference.rpartition("/")[2]].get("additionalProperties", True):
            open_bodies.append(place)

    assert open_bodies == []


async def test_the_key_of_a_command_is_described_where_it_is_asked_for(
    api: Api, document: dict[str, Any]
) -> None:
    described = {place for place, o in operations(document).items() if header(o, "Idempotency-Key")}

    assert ("POST", "/api/v1/parties") in described
    assert ("POST", "/api/v1/sessions") not in described
    assert {place for place in described if not API[place].command} == set()


async def test_the_page_shows_the_document_with_nothing_from_elsewhere(api: Api) -> None:
    page = await api.get("/docs")
    script = await api.get("/docs/rapidoc-min.js")

    addresses = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert set(addresses) == {"data:,", "/docs/rapidoc-min.js", "/openapi.json"}
    assert script.headers["content-type"].startswith("text/javascript")
    assert len(script.content) > 500_000


async def test_the_script_is_the_one_that_was_vendored(api: Api) -> None:
    import hashlib
    import pathlib

    from market.http import openapi

    readme = pathlib.Path(openapi.__file__).parent / "assets" / "README.md"
    plain = await api.http.get("/docs/rapidoc-min.js", headers={"accept-encoding": "identity"})

    assert hashlib.sha256(plain.content).hexdigest() in readme.read_text("utf-8")
