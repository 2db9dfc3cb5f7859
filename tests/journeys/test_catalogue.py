"""Upload, describe, attach and search over HTTP; delegate and contract; each with its refusals."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations import publishing as products
from market.identity.model import Capacity
from market.identity.permissions import Role
from market.jobs import loop
from market.settings import Settings
from tests.api import Api, code
from tests.makers_agencies import hold_selection, make_bidder
from tests.makers_identity import Member, make_member, make_party
from tests.makers_products import make_description

CONTENT = "﻿hour,risk\r\n0,1\r\n".encode()


def body(**changes: Any) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(make_description())
    return described | changes


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def stranger(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def regulator(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.REGULATOR, now=clock.now())


@pytest.fixture
async def issuer(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.OPERATOR_ISSUER, now=clock.now())


async def show(db: Database, clock: ManualClock, product_id: str) -> None:
    async with begin(db, system("test")) as tx:
        await products.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product_id), is_public=True
        )


async def test_a_product_is_uploaded_described_attached_and_found(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)

    file = (await mine.upload(CONTENT, "港口指数.csv", "text/csv")).json()
    described = await mine.post("/api/v1/products", body())
    product = described.json()
    attached = await mine.post(
        f"/api/v1/products/{product['id']}/contents", {"file_id": file["id"]}
    )

    assert described.status_code == 201
    assert described.headers["location"] == f"/api/v1/products/{product['id']}"
    assert described.headers["etag"] == '"1"'
    assert attached.json()["sha256"] == file["sha256"]
    assert (await api.get(f"/api/v1/products/{product['id']}")).status_code == 404
    own = (await mine.get("/api/v1/my/products")).json()["items"]
    assert [item["id"] for item in own] == [product["id"]]

    await show(db, clock, product["id"])
    (hit,) = (await api.get("/api/v1/products", q="港口 雷电", limit=5)).json()["items"]
    public = await api.get(f"/api/v1/products/{product['id']}")
    assert hit["id"] == product["id"]
    assert hit["supplier"] == supplier.party.name
    assert public.headers["etag"] == '"1"'
    assert public.json()["description"]["sources"][0]["holder"] == ""
    assert public.json()["contents"][0]["size_bytes"] == len(CONTENT)
    assert public.json()["certified"] is None


async def test_content_comes_back_as_it_was_safely_named(api: Api, supplier: Member) -> None:
    mine = api.as_(supplier.token)
    file = (await mine.upload(CONTENT, "港口指数.csv", "text/csv")).json()

    metadata = await mine.get(f"/api/v1/files/{file['id']}")
    content = await mine.get(f"/api/v1/files/{file['id']}/content")

    assert metadata.json() == file
    assert content.content == CONTENT
    assert content.headers["content-type"].startswith("text/csv")
    assert "filename*=UTF-8''%E6%B8%AF" in content.headers["content-disposition"]
    assert content.headers["content-disposition"].startswith("attachment;")
    assert content.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in content.headers["content-security-policy"]


async def test_json_of_any_size_and_shape_is_a_file_like_any_other(
    api: Api, supplier: Member
) -> None:
    content = b'{"a":1,"a":2,' + b" " * 1_500_000 + b"not even json"

    answer = await api.as_(supplier.token).upload(content, "x.json", "application/json")

    assert answer.status_code == 201
    assert answer.json()["size_bytes"] == len(content)


async def test_a_repeated_upload_is_answered_once_and_another_is_refused(
    api: Api, supplier: Member
) -> None:
    headers = {
        "authorization": f"Bearer {supplier.token}",
        "idempotency-key": "one",
        "x-file-name": "a.csv",
        "content-type": "text/csv",
    }

    first = await api.http.post("/api/v1/files", content=CONTENT, headers=headers)
    again = await api.http.post("/api/v1/files", content=CONTENT, headers=headers)
    other = await api.http.post(
        "/api/v1/files", content=CONTENT, headers=headers | {"x-file-name": "b.csv"}
    )

    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422


async def test_a_stranger_gets_the_same_404_for_a_foreign_and_an_unknown_file(
    api: Api, supplier: Member, stranger: Member
) -> None:
    file = (await api.as_(supplier.token).upload(CONTENT, "a.csv", "text/csv")).json()
    other = api.as_(stranger.token)

    for file_id in (file["id"], str(uuid.uuid4())):
        for path in (f"/api/v1/files/{file_id}", f"/api/v1/files/{file_id}/content"):
            answer = await other.get(path)
            assert (answer.status_code, code(answer)) == (404, "not_found")
    product = (await other.post("/api/v1/products", body())).json()
    attached = await other.post(
        f"/api/v1/products/{product['id']}/contents", {"file_id": file["id"]}
    )
    assert attached.status_code == 404


async def test_a_file_that_lies_in_no_case_is_nobody_elses_and_who_asks_is_remembered(
    api: Api, db: Database, clock: ManualClock, supplier: Member, regulator: Member
) -> None:
    file = (await api.as_(supplier.token).upload(CONTENT, "a.csv", "text/csv")).json()

    answer = await api.as_(regulator.token).get(f"/api/v1/files/{file['id']}/content")

    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    entries = await api.as_(auditor.token).find_in_log(subject_kind="file", subject_id=file["id"])
    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert "material:denied" in {entry["event"] for entry in entries}


async def test_a_file_that_is_too_large_empty_or_nameless_is_refused(
    api: Api, supplier: Member, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = api.as_(supplier.token)
    small = msgspec.structs.replace(mine.context.settings, max_upload_bytes=10)
    monkeypatch.setattr(mine.context, "settings", small)

    async def unannounced() -> Any:
        for _ in range(3):
            yield b"12345"

    headers = {
        "authorization": f"Bearer {supplier.token}",
        "idempotency-key": "k",
        "x-file-name": "a.csv",
    }
    announced = await mine.upload(b"x" * 11, "a.csv", "text/csv")
    streamed = await api.http.post("/api/v1/files", content=unannounced(), headers=headers)
    empty = await mine.upload(b"", "a.csv", "text/csv")
    nameless = await mine.upload(b"x", "..", "text/csv")
    typeless = await mine.upload(b"x", "a.csv", "text")

    assert (announced.status_code, code(announced)) == (413, "file_too_large")
    assert (streamed.status_code, code(streamed)) == (413, "file_too_large")
    assert code(empty) == "file_empty"
    assert code(nameless) == "file_name_invalid"
    assert code(typeless) == "file_media_type_invalid"
    assert [p for p in small.files_dir.rglob("*") if p.is_file()] == []


async def test_altered_bytes_are_not_handed_out(
    api: Api, supplier: Member, settings: Settings
) -> None:
    mine = api.as_(supplier.token)
    file = (await mine.upload(CONTENT, "a.csv", "text/csv")).json()
    path = settings.files_dir / file["sha256"][:2] / file["sha256"]
    path.write_bytes(CONTENT.replace(b"1", b"2"))

    answer = await mine.get(f"/api/v1/files/{file['id']}/content")

    assert (answer.status_code, code(answer)) == (409, "file_content_altered")


async def test_what_a_description_lacks_is_named(api: Api, supplier: Member) -> None:
    mine = api.as_(supplier.token)
    for changes, refusal in (
        ({"processing_statement": ""}, "product_not_processed"),
        ({"metering_unit": None}, "metering_unit_missing"),
        ({"data_nature": "public"}, "catalog_attribute_missing"),
        ({"data_nature": None}, "data_nature_missing"),
        ({"form": "other_tradable"}, "form_description_missing"),
        ({"origin_path": "supermarket_resource"}, "source_resource_missing"),
        ({"name": "a\u0000b"}, "text_unreadable"),
        ({"colour": "red"}, "body_invalid"),
        ({"form": "table"}, "body_invalid"),
        ({"name": ""}, "body_invalid"),
        ({"industry_section": "Z"}, "body_invalid"),
    ):
        answer = await mine.post("/api/v1/products", body(**changes))
        assert (answer.status_code, code(answer)) == (422, refusal), changes
    draft = await mine.http.post(
        "/api/v1/products?draft=true",
        json=body(processing_statement=""),
        headers={"authorization": f"Bearer {supplier.token}", "idempotency-key": "d"},
    )
    assert draft.json()["state"] == "draft"


async def test_a_stale_or_missing_version_changes_nothing(
    api: Api, supplier: Member, stranger: Member
) -> None:
    mine = api.as_(supplier.token)
    product = (await mine.post("/api/v1/products", body())).json()
    path = f"/api/v1/products/{product['id']}"

    missing = await mine.put(path, body(name="新名"))
    changed = await mine.put(path, body(name="新名"), if_match='"1"')
    stale = await mine.put(path, body(name="更新的名"), if_match='"1"')
    foreign = await api.as_(stranger.token).put(path, body(), if_match='"2"')

    assert (missing.status_code, code(missing)) == (428, "if_match_missing")
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (stale.status_code, code(stale)) == (412, "version_stale")
    assert foreign.status_code == 404
    assert (await mine.get(path)).json()["name"] == "新名"


async def test_a_product_that_is_taken_back_stays_so(api: Api, supplier: Member) -> None:
    mine = api.as_(supplier.token)
    product = (await mine.post("/api/v1/products", body())).json()
    path = f"/api/v1/products/{product['id']}/withdrawals"

    assert (await mine.post(path, {"reason": "停产"})).json()["state"] == "withdrawn"
    assert code(await mine.post(path, {"reason": "停产"})) == "product_event_not_allowed"


async def test_questions_that_are_none_are_refused_by_code(api: Api) -> None:
    for params, status, refusal in (
        ({"q": "x" * 10_000}, 422, "search_question_too_long"),
        ({"q": "a\x07b"}, 422, "search_question_unreadable"),
        ({"q": "a\x00b"}, 400, "parameter_invalid"),  # no address of a program holds a NUL
        ({"limit": 101}, 400, "limit_out_of_range"),
        ({"limit": 0}, 400, "limit_out_of_range"),
        ({"cursor": "nonsense"}, 400, "cursor_unreadable"),
    ):
        answer = await api.get("/api/v1/products", **params)
        assert (answer.status_code, code(answer)) == (status, refusal), params
    assert (await api.get("/api/v1/products", q="没有这样的东西")).json()["items"] == []


async def test_filters_narrow_to_a_branch_and_unknown_values_are_refused_by_field(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    described = body(
        industry_section="G",
        industry_division="55",
        region_code="4601",
        delivery_modes=["api_call"],
    )
    made = await api.as_(supplier.token).post("/api/v1/products", described)
    await show(db, clock, made.json()["id"])

    for params in ({"industry": "G"}, {"region_code": "46", "delivery": "api_call"}):
        found = (await api.get("/api/v1/products", **params)).json()
        assert [hit["id"] for hit in found["items"]] == [made.json()["id"]], params
    found = (await api.get("/api/v1/products", industry="G")).json()
    assert found["facets"]["industry"] == [{"value": "55", "count": 1}]
    for field, value in (("industry", "C9"), ("region_code", "9999"), ("delivery", "pigeon")):
        refused = await api.get("/api/v1/products", **{field: value})
        assert (refused.status_code, code(refused)) == (422, "search_filter_unknown")
        assert refused.json()["errors"][0]["pointer"] == f"/{field}"


async def test_the_bureau_delegates_and_the_operator_contracts_an_agency(
    api: Api, db: Database, clock: ManualClock, regulator: Member, issuer: Member
) -> None:
    bureau, operator = api.as_(regulator.token), api.as_(issuer.token)
    agency = await make_party(db, Capacity.COMPLIANCE_AGENCY, now=clock.now())
    contract = {
        "agency_party_id": str(agency.id),
        "selection_id": str(uuid.uuid4()),
        "contract_number": "合同1",
        "starts_on": "2026-03-02",
    }
    delegation = {
        "operator_party_id": str(issuer.party.id),
        "document_number": "授权〔2026〕001号",
        "scope": "确权登记全流程",
        "valid_from": "2026-01-01",
    }

    too_early = await operator.post("/api/v1/agency-contracts", contract)
    wrong_party = await bureau.post(
        "/api/v1/delegations", delegation | {"operator_party_id": str(agency.id)}
    )
    delegated = await bureau.post("/api/v1/delegations", delegation)
    twice = await bureau.post("/api/v1/delegations", delegation)
    unknown = await operator.post("/api/v1/agency-contracts", contract)
    won = await hold_selection(
        db,
        operator=issuer.actor,
        agencies=[make_bidder(agency.id), make_bidder()],
        now=clock.now() - dt.timedelta(days=30),
        sign=lambda: loop._sequence(api.context),
    )
    signed = await operator.post(
        "/api/v1/agency-contracts", contract | {"selection_id": str(won.id)}
    )

    assert (too_early.status_code, code(too_early)) == (409, "operator_not_delegated")
    assert (wrong_party.status_code, code(wrong_party)) == (422, "party_unsuitable")
    assert delegated.status_code == 201
    assert (unknown.status_code, code(unknown)) == (404, "not_found")
    assert (twice.status_code, code(twice)) == (409, "delegation_overlaps")
    assert signed.json()["ends_on"] == "2028-03-02"

    suspension = {
        "misconduct": "information_leak", "facts": "泄露登记信息", "measure": "suspend"
    }  # fmt: skip
    path = f"/api/v1/agency-contracts/{signed.json()['id']}/misconducts"
    assert (await operator.post(path, suspension)).json()["state"] == "suspended"
    assert code(await operator.post(path, suspension)) == "agency_contract_event_not_allowed"
    ended = await bureau.post(
        f"/api/v1/delegations/{delegated.json()['id']}/endings", {"reason": "运营者更换"}
    )
    assert ended.json()["ended_on"] == "2026-03-02"
    listed = (await bureau.get("/api/v1/agency-contracts")).json()["items"]
    assert [item["state"] for item in listed] == ["suspended"]
    assert len((await bureau.get("/api/v1/delegations")).json()["items"]) == 1
