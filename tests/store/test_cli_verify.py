"""``market verify`` and the exporter, as a person uses them: exit codes and the last line."""

from __future__ import annotations

import base64
import datetime as dt
import pathlib

import msgspec
import pytest
from click.testing import CliRunner, Result

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database
from market.cli.export import write_export
from market.cli.verify import verify
from tests.exports import Export, small_market
from tests.log_of_tests import ORIGIN, TestLog

MARKET = small_market(40, with_report=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verify, list(arguments))


def last_line(result: Result) -> str:
    return str(result.output.strip().splitlines()[-1])


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    export: Export = MARKET.export()
    for name, content in export.files.items():
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "export"


def test_a_genuine_export_ends_with_0_and_says_so(directory: pathlib.Path) -> None:
    result = run(str(directory), "--vkey", str(MARKET.log_key))

    assert result.exit_code == 0
    assert last_line(result) == "真实 · genuine"


def test_a_changed_export_ends_with_1_and_the_last_line_names_the_entry(
    directory: pathlib.Path,
) -> None:
    path = directory / "tile/entries/000.p/40"
    path.write_bytes(path.read_bytes().replace(b"order:paid", b"order:Paid"))

    result = run(str(directory))

    assert result.exit_code == 1
    assert last_line(result) == (
        "不符 · not genuine: entry 13: its bytes do not have the hash that its tile holds"
    )
    told = msgspec.json.decode(run(str(directory), "--json").output)
    assert told["first_bad"]["id"] == "13"


def test_a_certificate_of_an_export_is_checked_alone(directory: pathlib.Path) -> None:
    path = directory / "certificates/HN-DPR-2026-0001.json"

    assert run(str(path)).exit_code == 0

    held = msgspec.json.decode(path.read_bytes())
    document = base64.b64decode(held["document"]).replace("企业".encode(), "个人".encode())
    held["document"] = base64.b64encode(document).decode()
    path.write_bytes(msgspec.json.encode(held))
    result = run(str(path), "--keys", str(directory / "keys.json"))
    assert result.exit_code == 1
    assert last_line(result).startswith("不符 · not genuine: certificate HN-DPR-2026-0001:")


def test_a_certificate_signed_with_a_strange_key_is_not_genuine(directory: pathlib.Path) -> None:
    path = directory / "certificates/HN-DPR-2026-0001.json"
    held = msgspec.json.decode(path.read_bytes())
    held["signature"]["key_id"] = MARKET.keys[2].key_id  # the report key
    path.write_bytes(msgspec.json.encode(held))

    result = run(str(path))

    assert result.exit_code == 1
    assert "is not one of the service's for this" in last_line(result)


def test_a_document_whose_object_is_not_encoded_is_checked_by_its_canonical_form(
    directory: pathlib.Path,
) -> None:
    path = directory / "certificates/HN-DPR-2026-0001.json"
    held = msgspec.json.decode(path.read_bytes())
    held["document"] = msgspec.json.decode(base64.b64decode(held["document"]))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(held), indent=4))

    assert run(str(path)).exit_code == 0


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (None, []),
        (b"no json", []),
        (b"{}", []),
        (b'{"type":"invoice","document":{},"signature":{"key_id":"x","value":""}}', []),
        (b'{"type":"report","document":"%%","signature":{"key_id":"x","value":""}}', []),
        (b'{"type":"report","document":9999999999999999999,"signature":{"key_id":"x","value":""}}', []),
        (b'{"type":"report","document":1e400,"signature":{"key_id":"x","value":""}}', []),
        (b'{"type":"report","document":{},"signature":{"key_id":"x","value":""}}', []),
        (b"{}", ["--vkey", "nonsense"]),
        (b'{"type":"report","document":{},"signature":{"key_id":"x","value":""}}',
         ["--keys", "nowhere.json"]),
    ],
)  # fmt: skip
def test_what_can_not_be_checked_ends_with_2(
    tmp_path: pathlib.Path, content: bytes | None, arguments: list[str]
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)

    result = run(str(path), *arguments)

    assert result.exit_code == 2
    assert last_line(result).startswith("无法读取 · unreadable:")
    assert msgspec.json.decode(run(str(path), *arguments, "--json").output)["genuine"] is None


def test_an_empty_directory_and_a_silent_server_end_with_2(tmp_path: pathlib.Path) -> None:
    assert run(str(tmp_path)).exit_code == 2
    assert run("http://127.0.0.1:9/log/checkpoint").exit_code == 2


async def test_an_export_of_a_database_is_genuine_with_and_without_its_payloads(
    db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime, tmp_path: pathlib.Path
) -> None:
    log = TestLog(db, almighty, data_dir)
    await log.append_many(now, 20)
    await log.run(now)

    for name, payloads in (("with", True), ("without", False)):
        await write_export(
            db,
            tmp_path / name,
            now=now,
            origin=ORIGIN,
            signer_journal=log.journal.path,
            payloads=payloads,
        )
        result = run(str(tmp_path / name), "--vkey", str(log.signer.key))
        assert (result.exit_code, last_line(result)) == (0, "真实 · genuine"), result.output

    assert "海南" not in (tmp_path / "without/payloads.jsonl").read_text()
    assert (tmp_path / "with/payloads.jsonl").stat().st_size > 0
    for path in (tmp_path / "with", *(tmp_path / "with").rglob("*")):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), path
