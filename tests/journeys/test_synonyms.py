"""The operator keeps the table of words for one thing, over HTTP and at a terminal (同义词维护)."""

from __future__ import annotations

import json
import pathlib

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import OPERATOR_STAFF, Role
from seeds.synonyms import read_groups
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.stages import staged
from tests.store.test_search import import_records
from tests.terminal import Run

WORDS = {"words": ["船舶锚地", "驻泊点"], "reason": "行业用语"}

# Whoever keeps the books of the house has nothing to do with its words.
PROPOSERS = OPERATOR_STAFF - {Role.OPERATOR_FINANCE}


@staged
async def head(api: Api, db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.OPERATOR_HEAD, now=clock.now())


async def test_a_proposal_is_confirmed_found_by_and_removed(
    api: Api, db: Database, clock: ManualClock, head: Member
) -> None:
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())
    await import_records(db, clock.now(), [("1", "驻泊点剩余位", "各驻泊点", "海南", "csv")])
    editor = api.as_(head.token)

    proposed = (await api.as_(acceptor.token).post("/api/v1/synonym-proposals", WORDS)).json()
    assert (await api.get("/api/v1/products", q="船舶锚地")).json()["total"] == 0
    path = f"/api/v1/synonyms/{proposed['id']}"
    decided = await editor.post(f"{path}/decisions", {"is_confirmed": True, "reason": "属实"})
    assert decided.json()["state"] == "in_force"

    (hit,) = (await api.get("/api/v1/products", q="船舶锚地")).json()["items"]
    assert (hit["why"][0]["word"], hit["why"][0]["by"]) == ("船舶锚地", "驻泊点")

    assert (await editor.post(f"{path}/removals", {"reason": "有误"})).status_code == 200
    assert (await api.get("/api/v1/products", q="船舶锚地")).json()["total"] == 0
    again = await editor.post(f"{path}/removals", {"reason": "有误"})
    assert (again.status_code, code(again)) == (409, "synonym_event_not_allowed")
    told = await editor.get("/api/v1/synonym-changes", group_id=proposed["id"])
    assert [each["state"] for each in told.json()["items"]] == ["removed", "in_force", "proposed"]
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    entries = await api.as_(auditor.token).find_in_log(
        subject_kind="synonym_group", subject_id=proposed["id"]
    )
    assert {each["event"] for each in entries} == {
        "synonyms:proposed", "synonyms:added", "synonyms:removed",
    }  # fmt: skip


async def test_who_edits_who_proposes_and_who_only_looks(
    api: Api, db: Database, clock: ManualClock
) -> None:
    for role in Role:
        member = api.as_((await make_member(db, role, now=clock.now())).token)
        edits = role in (Role.OPERATOR_HEAD, Role.OPERATOR_TECHNICAL_REVIEWER)
        words = {"words": [f"甲{role.value}", f"乙{role.value}"], "reason": "用语"}

        proposed = await member.post("/api/v1/synonym-proposals", words)
        added = await member.post("/api/v1/synonyms", words)
        waiting = await member.get("/api/v1/synonyms", status="proposed")

        assert (proposed.status_code == 201) == (role in PROPOSERS), role
        assert (added.status_code == 201) == edits, role
        reads = role in PROPOSERS or role is Role.REGULATOR
        assert (waiting.status_code == 200) == reads, role
        assert (await member.get("/api/v1/synonyms")).status_code == 200


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["公交"], "synonym_group_too_small"),
        (["公交", "的"], "synonym_word_empty"),
        (["圖書館", "图书馆"], "synonym_says_the_same"),
        (["公交", "巴士"], "synonym_group_known"),
        (["公交", "长" * 41], "synonym_word_too_long"),
        ([f"词{n}号" for n in range(13)], "synonym_group_too_large"),
        (["公交", "公\x00车"], "text_unreadable"),
        (["公交", "公\n车"], "synonym_word_unreadable"),
    ],
)
async def test_what_is_no_group_is_refused_and_changes_nothing(
    api: Api, head: Member, words: list[str], refusal: str
) -> None:
    before = (await api.get("/api/v1/synonym-table")).json()
    editor = api.as_(head.token)

    for path, body in (
        ("synonyms", {"words": words}),
        ("synonym-proposals", {"words": words}),
        ("synonym-imports", {"groups": [["船舶锚地", "驻泊点"], words]}),
    ):
        if path == "synonym-imports" and refusal == "synonym_group_known":
            continue
        refused = await editor.post(f"/api/v1/{path}", body | {"reason": "用语"})
        assert code(refused) == refusal, path

    assert (await api.get("/api/v1/synonym-table")).json() == before
    assert (await editor.get("/api/v1/synonyms", status="proposed")).json()["items"] == []


async def test_an_unknown_group_is_missing(api: Api, head: Member) -> None:
    nowhere = "/api/v1/synonyms/01890000-0000-7000-8000-000000000000"
    editor = api.as_(head.token)

    assert (await editor.post(f"{nowhere}/removals", {"reason": "无"})).status_code == 404
    body = {"is_confirmed": True, "reason": "无"}
    assert (await editor.post(f"{nowhere}/decisions", body)).status_code == 404


async def test_a_list_is_exported_and_imported_elsewhere(api: Api, head: Member) -> None:
    editor = api.as_(head.token)
    table = (await api.get("/api/v1/synonym-table")).json()
    assert len(table["groups"]) == len(read_groups())

    body = {"groups": [*table["groups"], WORDS["words"]], "reason": "年度修订"}
    came = (await editor.post("/api/v1/synonym-imports", body)).json()

    assert (came["added"], came["known"]) == (1, len(table["groups"]))
    assert (await api.get("/api/v1/synonym-table")).json()["version"] == table["version"] + 1


async def test_the_table_is_kept_at_a_terminal(
    head: Member, run: Run, tmp_path: pathlib.Path
) -> None:
    call = ("search", "synonyms")
    added = await run(head, *call, "add", "船舶锚地", "驻泊点", "--reason", "用语", "--json")
    assert added.returncode == 0, added.stderr
    proposed = await run(head, *call, "add", "甲乙", "丙丁", "--reason", "用语", "--propose")
    assert "proposed" in proposed.stdout

    listed = await run(head, *call, "list", "--word", "驻泊点")
    identifier = json.loads(added.stdout)["id"]
    assert listed.stdout == f"{identifier}  船舶锚地、驻泊点\n"
    everything = json.loads((await run(head, *call, "list", "--json")).stdout)
    assert len(everything) == len(read_groups()) + 1

    exported = await run(head, *call, "export")
    file = tmp_path / "synonyms.toml"
    file.write_text(exported.stdout, "utf-8")
    gone = await run(head, *call, "remove", identifier, "--reason", "试")
    assert "removed" in gone.stdout
    came = await run(head, *call, "import", file, "--reason", "恢复")
    assert "新增 1 组" in came.stdout

    refused = await run(head, *call, "add", "公交", "巴士", "--reason", "用语")
    assert (refused.returncode, "synonym_group_known" in refused.stderr) == (1, True)
    file.write_text("groups = 3 [", "utf-8")
    assert (await run(head, *call, "import", file, "--reason", "恢复")).returncode == 2
