"""The product at a terminal: the demo, again and after a kill; what it leaves, checked and spoilt."""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import uuid
import zipfile
from typing import Any

import pytest

from market.__main__ import COMMANDS
from tests.terminal import as_owner, copied, demo, free_port, market, processes_of, start, told

KEPT = (
    "catalog.products", "catalog.applications", "catalog.certificates", "catalog.notices",
    "market.orders", "market.contracts", "market.usage_events", "market.quarterly_reports",
    "settlement.journal", "settlement.payments", "signing.keys",
    "catalog.application_consents", "catalog.objections", "catalog.changes", "catalog.timers",
    "catalog.notifications", "market.spot_checks", "market.spot_check_findings",
)  # fmt: skip
IDS = ("certificate_number", "certificate_numbers", "product_id", "order_id", "report_id")


async def counts(data_dir: pathlib.Path) -> dict[str, int]:
    found = await as_owner(data_dir, *(f"SELECT count(*) FROM {table}" for table in KEPT))
    return dict(zip(KEPT, found, strict=True))


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout.strip().splitlines()[-1]


@pytest.fixture
def data_dir(story: Any) -> pathlib.Path:
    return pathlib.Path(story["data_dir"])


@pytest.fixture
def export(story: Any) -> pathlib.Path:
    return pathlib.Path(story["export_path"])


def test_the_demo_tells_the_whole_story_and_its_evidence_is_genuine(story: Any) -> None:
    assert story["verified"] is True
    assert re.fullmatch(r"HN-[A-Z]+-2026-\d{7}[0-9A-Z]", story["certificate_number"])
    assert uuid.UUID(story["order_id"])
    assert uuid.UUID(story["report_id"])
    assert list(story)[-5:-1] == ["certificate_number", "order_id", "report_id", "export_path"]
    for act in ("HN-16", "HN-17", "BJ-17", "escrow", "metered", "quarterly report"):
        assert act in story["steps"]


def test_the_story_shows_what_follows_a_registration(story: Any) -> None:
    steps = story["steps"]

    for words in (
        "a public comparison is announced (HN-23)",
        "the joint owner consents",
        "the agency is drawn by chance",
        "its reading is the proof, and starts the days  → 2026-01-14 … 2026-01-21",
        f"⇒ {story['changed_certificate_number']}",
        "drawn by public chance (HN-21)  → 2/6",
        "verified offline: draw.json  → 真实 · genuine",
        "verified offline: case.zip  → 真实 · genuine",
        "verified offline: order.zip  → 真实 · genuine",
    ):
        assert words in steps
    assert story["changed_certificate_number"] not in story["certificate_numbers"]


@pytest.mark.parametrize(
    ("kind", "counted"),
    [("draw", "cases drawn again"), ("case_file", "deadlines counted again")],
)
def test_the_draw_and_the_case_are_checked_alone_and_a_changed_byte_is_found(
    kind: str, counted: str, story: Any, tmp_path: pathlib.Path
) -> None:
    path = pathlib.Path(story[f"{kind}_path"])
    keys = pathlib.Path(story["export_path"]) / "keys.json"
    held = path.read_bytes()
    spoilt = tmp_path / path.name
    if kind == "draw":
        spoilt.write_bytes(held.replace(b"2026-01-31", b"2026-01-30"))
    else:
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(spoilt, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b"2026-01-16", b"2026-01-15"))

    genuine = market("verify", path, "--json")
    changed = market("verify", spoilt, "--keys", keys)

    assert genuine.returncode == 0, genuine.stdout
    assert told(genuine)["counts"][counted] >= 2
    assert changed.returncode == 1
    assert last_line(changed).startswith("不符 · not genuine: ")


async def test_telling_it_again_changes_nothing(story: Any, data_dir: pathlib.Path) -> None:
    before = await counts(data_dir)

    again = demo(data_dir)

    assert {name: again[name] for name in IDS} == {name: story[name] for name in IDS}
    assert await counts(data_dir) == before
    assert (before["market.usage_events"], before["settlement.journal"]) == (4, 4)


async def test_a_story_that_is_killed_goes_on_where_it_was(
    story: Any, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    killed = tmp_path / "data"
    chance = random.Random(20260401)

    for step in (chance.randint(10, 50), chance.randint(70, 78), chance.randint(107, 110)):
        words = ("demo", "--no-serve", "--json", "--data-dir", killed, "--port", free_port())
        with start(*words) as process:
            assert process.stderr
            for line in process.stderr:
                if line.startswith(f"{step:>3} "):
                    break
            process.kill()
        assert process.returncode == -9
    outcome = demo(killed)

    assert outcome["verified"] is True
    whole = await counts(data_dir)
    assert await counts(killed) == whole
    assert processes_of(killed) == []


def test_the_export_is_genuine_and_a_changed_byte_is_named(
    export: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    result = market("verify", export)
    assert (result.returncode, last_line(result)) == (0, "真实 · genuine")

    spoilt = copied(export, tmp_path / "spoilt")
    path = spoilt / "records/journal.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    record = bytearray(base64.b64decode(rows[1]["record"]))
    record[len(record) // 2] ^= 1
    rows[1]["record"] = base64.b64encode(record).decode()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    result = market("verify", spoilt)
    assert result.returncode == 1
    assert last_line(result).startswith(f"不符 · not genuine: journal {rows[1]['id']}")


def _documents(story: Any) -> dict[str, tuple[pathlib.Path, str]]:
    export = pathlib.Path(story["export_path"])
    number, report = story["certificate_number"], story["report_id"]
    return {
        "certificate": (export / f"certificates/{number}.json", number),
        "report": (export / f"reports/{report}.json", report),
        "usage statement": (pathlib.Path(story["usage_statement_path"]), story["order_id"]),
    }


@pytest.mark.parametrize("kind", ["certificate", "report", "usage statement"])
def test_one_document_is_checked_alone_and_a_changed_byte_is_named(
    kind: str, story: Any, tmp_path: pathlib.Path
) -> None:
    path, name = _documents(story)[kind]
    result = market("verify", path)
    assert (result.returncode, last_line(result)) == (0, "真实 · genuine"), result.stdout

    held = json.loads(path.read_text("utf-8"))
    document = base64.b64decode(held["document"])
    assert b"2026" in document
    held["document"] = base64.b64encode(document.replace(b"2026", b"2027", 1)).decode()
    spoilt = tmp_path / path.name
    spoilt.write_text(json.dumps(held), "utf-8")
    keys = pathlib.Path(story["export_path"]) / "keys.json"
    result = market("verify", spoilt, "--keys", keys)
    assert result.returncode == 1
    assert last_line(result).startswith("不符 · not genuine: ")
    assert name.replace("2026", "2027", 1) in last_line(result) or name in last_line(result)


def test_the_bundle_of_the_order_tells_its_bill_in_the_language_that_is_asked_for(
    story: Any, tmp_path: pathlib.Path
) -> None:
    path = pathlib.Path(story["proof_bundle_path"])

    both, zh, en = (
        market("verify", path, *lang) for lang in ((), ("--lang", "zh"), ("--lang", "en"))
    )
    assert [last_line(said) for said in (both, zh, en)] == ["真实 · genuine", "真实", "genuine"]
    assert "bill computed again, to the fen" in en.stdout
    assert "份账单已重新计算，精确到分" in zh.stdout
    assert "账单" not in en.stdout
    spoilt = tmp_path / "order.zip"
    spoilt.write_bytes(path.read_bytes()[:-40])
    refused = market("verify", spoilt, "--json")
    assert (refused.returncode, told(refused)["fault"]) == (2, "archive_not_a_zip")


def test_what_is_no_document_can_not_be_checked(tmp_path: pathlib.Path) -> None:
    nonsense = tmp_path / "nonsense.json"
    nonsense.write_bytes(b"\x00\xffnonsense")

    for place in (nonsense, tmp_path / "nowhere", f"http://127.0.0.1:{free_port()}"):
        result = market("verify", place)
        assert result.returncode == 2
        assert last_line(result).startswith("无法读取 · unreadable:")


def test_check_holds_and_search_finds_what_the_story_left(
    story: Any, data_dir: pathlib.Path
) -> None:
    checked = market("check", "--data-dir", data_dir, "--json")
    assert checked.returncode == 0
    assert [finding["wrong"] for finding in told(checked)] == [[], [], [], []]

    found = market("search", "港口", "--data-dir", data_dir, "--json")
    assert found.returncode == 0
    assert [item["id"] for item in told(found)["items"]] == [story["product_id"]]
    nothing = market("search", "没有这样的东西", "--data-dir", data_dir)
    assert (nothing.returncode, "共 0 条" in nothing.stdout) == (1, True)
    form = told(found)["items"][0]["form"]
    assert market("search", "港口", "--form", form, "--data-dir", data_dir).returncode == 0
    refused = market("search", "--industry", "Z9", "--data-dir", data_dir)
    assert (refused.returncode, "[search_filter_unknown]" in refused.stderr) == (2, True)


async def test_a_deleted_ledger_entry_is_found_by_check_and_named_by_verify(
    data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    spoilt = copied(data_dir, tmp_path / "data")
    [entry] = await as_owner(
        spoilt,
        "DELETE FROM settlement.journal "
        "WHERE key = (SELECT max(key::text)::uuid FROM settlement.journal) RETURNING key::text",
    )

    checked = market("check", "--data-dir", spoilt)
    assert checked.returncode == 1
    assert "✗" in checked.stdout
    written = market("export", "--out", tmp_path / "out", "--data-dir", spoilt)
    assert written.returncode == 0, written.stderr
    result = market("verify", tmp_path / "out")
    assert result.returncode == 1
    assert last_line(result).startswith(f"不符 · not genuine: journal {entry}")


async def test_a_broken_log_is_exported_with_a_warning_and_the_entry_is_named(
    data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    spoilt = copied(data_dir, tmp_path / "data")
    # The new key's entry waits for its place in the log when the log is broken.
    assert market("keys", "rotate", "report", "--data-dir", spoilt).returncode == 0
    await as_owner(
        spoilt,
        "UPDATE audit_log.entries SET leaf = set_byte(leaf, 20, get_byte(leaf, 20) # 1) "
        "WHERE entry_id = (SELECT entry_id FROM audit_log.places WHERE idx = 7)",
        "UPDATE audit_log.state SET frontier = set_byte(frontier, 3, get_byte(frontier, 3) # 1)",
    )

    written = market("export", "--out", tmp_path / "out", "--data-dir", spoilt, "--json")
    assert written.returncode == 0, written.stderr
    assert "the log was not continued" in written.stderr
    assert told(written)["entries"] > 300
    result = market("verify", tmp_path / "out")
    assert result.returncode == 1
    assert last_line(result).startswith("不符 · not genuine: entry 7:")
    checked = market("check", "--data-dir", spoilt)
    assert checked.returncode == 1
    assert "entry 7:" in checked.stdout


def test_an_import_takes_the_records_and_gives_a_reason_for_every_other_line(
    data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    place = copied(data_dir, tmp_path / "data")
    record = {"id": "a:1", "title": "公共停车场信息", "source": "示例目录"}
    lines = [
        json.dumps(record, ensure_ascii=False),
        "{不是 JSON",
        json.dumps(record | {"id": "a:2", "title": " "}),
        json.dumps(record | {"id": "a:3", "colour": "red"}),
        json.dumps(record | {"id": "a:4"}),
        json.dumps(record),
    ]
    file = tmp_path / "catalogue.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join(lines).encode()))

    result = market("import", file, "--data-dir", place, "--json")

    assert result.returncode == 1
    report = told(result)
    assert (report["read"], report["imported"]) == (6, 2)
    assert [(each["line"], each["reason"]) for each in report["rejected"]] == [
        (2, "json_malformed"),
        (3, "title_missing"),
        (4, "record_invalid"),
        (6, "record_doubled"),
    ]
    file.write_text(lines[0], "utf-8")
    again = market("import", file, "--data-dir", place)
    assert again.returncode == 0
    assert "未变 unchanged 1" in again.stdout
    file.write_bytes(b"\x1f\x8bno gzip")
    assert market("import", file, "--data-dir", place).returncode == 2


def test_keys_are_listed_made_once_and_rotated(
    export: pathlib.Path, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    place = copied(data_dir, tmp_path / "data")
    assert told(market("keys", "new", "--data-dir", place, "--json")) == []
    before = {
        key["key_id"] for key in json.loads(export.joinpath("keys.json").read_bytes())["keys"]
    }

    rotated = market("keys", "rotate", "certificate", "--data-dir", place, "--json")

    new = told(rotated)["key_id"]
    after = told(market("keys", "list", "--data-dir", place, "--json"))
    assert {key["key_id"] for key in after} - before == {new}
    assert [key["valid_to"] is None for key in after if key["purpose"] == "certificate"].count(
        True
    ) == 1
    assert market("export", "--out", tmp_path / "out", "--data-dir", place).returncode == 0
    assert market("verify", tmp_path / "out").returncode == 0


def test_migrate_says_where_the_schema_stands(data_dir: pathlib.Path) -> None:
    revision = told(market("migrate", "--data-dir", data_dir, "--json"))["revision"]

    assert re.fullmatch(r"\d{4}", revision)


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["keys", "rotate"]])
def test_every_command_explains_itself_and_its_exit_codes(command: list[str]) -> None:
    helped = _in_process(*command, "--help")
    assert helped.exit_code == 0
    assert all(f"{code}" in helped.output for code in ("Exit code 0:", "1:", "2:"))

    refused = _in_process(*command, "--no-such-option")
    assert refused.exit_code == 2


def _in_process(*words: str) -> Any:
    from click.testing import CliRunner

    from market.__main__ import main

    return CliRunner().invoke(main, list(words), env={"COLUMNS": "120"})


def test_a_database_that_is_not_there_is_a_message_and_no_traceback(
    tmp_path: pathlib.Path,
) -> None:
    for url in ("postgresql://a@127.0.0.1:1/x", "mysql://x"):
        result = market("check", "--data-dir", tmp_path, env={"DATABASE_URL": url})

        assert result.returncode == 2
        assert "DATABASE_URL" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.skipif(shutil.which("script") is None, reason="needs script(1) for a terminal")
@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal(columns: int, data_dir: pathlib.Path) -> None:
    from rich.cells import cell_len

    command = f"stty cols {columns}; {sys.executable} -m market search 港口 --data-dir {data_dir}"
    shown = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, check=True
    ).stdout.decode()

    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line.rstrip("\r")) for line in shown.split("\n")]
    assert any("港口作业" in line for line in lines)
    framed = {cell_len(line) for line in lines if line.startswith(("┃", "│"))}
    assert len(framed) == 1
    assert framed.pop() <= columns
