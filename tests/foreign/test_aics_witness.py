"""A witness, a feeder and a verifier not written here: they agree with ours, and refuse with it."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import httpx
import pytest

from catalog.audit_log.checkpoint import VerifierKey
from catalog.witnessing import disk
from catalog.witnessing.cosignature import parse_witness_vkey
from catalog.witnessing.disk import Witness
from catalog.witnessing.operations import read_answer
from catalog.witnessing.policy import check, parse_policy
from catalog.witnessing.request import AddCheckpoint
from market.channels.witnesses import Witnesses, WitnessHolds, WitnessRefused
from tests.exports import small_market
from tests.witness_network import Served, free_port, running
from tests.witnessed_log import LOG_KEY, ORIGIN, MemoryLog

PINNED = pathlib.Path(__file__).with_name("aics.txt")
LOG = MemoryLog(300)
REWRITTEN = MemoryLog(300, changed=7)


@pytest.fixture(scope="module")
def aics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which ``python -m aics_witness`` and ``aics_tlog`` are found."""
    needs = tuple(int(part) for part in importlib.metadata.version("cryptography").split(".")[:2])
    if needs < (50, 0):
        pytest.skip("aics-witness wants cryptography 50")
    place = tmp_path_factory.mktemp("aics")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary"]
    command += [":all:", "--ignore-requires-python", "--disable-pip-version-check"]
    command += ["--require-hashes", "--target", str(place), "--requirement", str(PINNED)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    except subprocess.TimeoutExpired:
        pytest.skip("the registry did not answer in time")
    if done.returncode != 0:
        pytest.skip(f"{PINNED.name} could not be installed: {done.stderr.strip()[-300:]}")
    return {**os.environ, "PYTHONPATH": str(place)}


def python(
    aics: dict[str, str], *arguments: object, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=aics,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# ── their witness, our log ──────────────────────────────────────────────────────────────────


async def test_their_witness_cosigns_our_log_and_refuses_what_was_rewritten_forked_or_cut(
    aics: dict[str, str], tmp_path: pathlib.Path
) -> None:
    port = free_port()
    config = ("-m", "aics_witness", "init", "--config", tmp_path / "w.json")
    made = python(aics, *config, "--name", "w.example/foreign", "--listen", f"127.0.0.1:{port}")
    assert made.returncode == 0, made.stderr
    vkey = next(word for word in made.stdout.split() if word.startswith("w.example/foreign+"))
    added = python(
        aics, "-m", "aics_witness", "add-log", "--config", tmp_path / "w.json",
        "--origin", ORIGIN, "--vkey", LOG_KEY,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    url = f"http://127.0.0.1:{port}"
    policy = parse_policy(f"log {LOG_KEY}\nwitness w {vkey} {url}\nquorum w\n".encode())
    command = [sys.executable, "-m", "aics_witness", "serve", "--config", str(tmp_path / "w.json")]

    with running(command, url, tmp_path / "log", env=aics):
        async with httpx.AsyncClient(trust_env=False) as client:
            ours = Witnesses(policy, client)
            for old, new in ((0, 3), (3, 100), (100, 100), (100, 256)):
                answer = await ours.ask(url, LOG.request(old, new))
                line, _ = read_answer(LOG.note(new), policy.witnesses[0], answer)
                assert check(policy, LOG.note(new) + line).checkpoint.size == new
            with pytest.raises(WitnessHolds) as held:
                await ours.ask(url, LOG.request(100, 300))
            assert held.value.size == 256
            for request, status in (
                (REWRITTEN.request(256, 300), 422),
                (AddCheckpoint(256, (), REWRITTEN.note(256)), 422),
                (AddCheckpoint(256, (), LOG.note(255)), 400),
                (AddCheckpoint(256, (), LOG.note(300).replace(b"\n300\n", b"\n299\n")), 403),
            ):
                with pytest.raises(WitnessRefused) as refused:
                    await ours.ask(url, request)
                assert refused.value.status == status
    kept = python(aics, "-m", "aics_witness", "evidence", "--config", tmp_path / "w.json")
    assert len(json.loads(kept.stdout)) >= 2


# ── their feeder, our witness ───────────────────────────────────────────────────────────────

FEED = """
import base64, json, sys
from aics_witness.feeder import FeederError, WitnessClient, WitnessRejected
told = json.load(sys.stdin)
came = []
with WitnessClient(told["url"], told["vkey"], max_attempts=3) as client:
    for each in told["notes"]:
        proofs = {tuple(key): value for key, value in each["proofs"]}
        def proof(old, new):
            return [base64.b64decode(one) for one in proofs[old, new]]
        try:
            came.append(client.submit(each["note"], proof, old_size=each.get("old")))
        except WitnessRejected as refused:
            came.append(refused.status)
        except FeederError as error:
            came.append(type(error).__name__)
print(json.dumps(came))
"""


def fed(log: MemoryLog, size: int, *olds: int) -> dict[str, Any]:
    return {
        "note": log.note(size).decode(),
        "proofs": [
            ((old, size), [base64.b64encode(each).decode() for each in log.consistency(old, size)])
            for old in olds
        ],
    }


def test_their_feeder_is_cosigned_by_our_witness_and_refused_where_it_lies(
    aics: dict[str, str], tmp_path: pathlib.Path
) -> None:
    key, *_ = disk.create(tmp_path / "w", "w.example/ours")
    Witness(tmp_path / "w").add_log(LOG_KEY)
    stranger = MemoryLog(5, origin="other.example/log")
    served = Served(tmp_path / "w")
    with served.running():
        Witness(tmp_path / "w").add_checkpoint(LOG.request(0, 10).body(), at_now())
        notes = [
            fed(LOG, 100, 10),  # it begins at 0, is told 10, and goes on from there
            fed(LOG, 256, 100),
            fed(LOG, 256),
            fed(REWRITTEN, 300, 256),
            {**fed(REWRITTEN, 256), "old": 256},
            fed(LOG, 200),
            fed(stranger, 5),
            fed(LOG, 300, 256),
        ]
        told = {"url": served.url, "vkey": str(key), "notes": notes}
        done = python(aics, "-c", FEED, text=json.dumps(told))

    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    assert [isinstance(each, str) and each.startswith("— ") for each in came] == [
        True, True, True, False, False, False, False, True,
    ]  # fmt: skip
    assert came[3:7] == [422, 422, "WitnessAhead", 404]


def at_now() -> Any:
    from catalog.kernel.clock import SystemClock

    return SystemClock().now()


# ── their verifier, our witnessed checkpoint and our tiles ──────────────────────────────────


def test_their_verifier_demands_the_cosignature_and_finds_it_in_ours_alone(
    aics: dict[str, str], tmp_path: pathlib.Path
) -> None:
    key, *_ = disk.create(tmp_path / "w", "w.example/ours")
    witness = Witness(tmp_path / "w")
    witness.add_log(LOG_KEY)
    line = witness.add_checkpoint(LOG.request(0, 256).body(), at_now()).encode()
    note = tmp_path / "note"

    def accepts(raw: bytes) -> bool:
        note.write_bytes(raw)
        done = python(
            aics, "-m", "aics_tlog", "verify-checkpoint", "--note", note, "--origin", ORIGIN,
            "--log-key", LOG_KEY, "--witness-key", key, "--quorum", "1", "--max-age", "600",
        )  # fmt: skip
        return done.returncode == 0

    assert parse_witness_vkey(str(key)) == key
    assert accepts(LOG.note(256) + line)
    assert not accepts(LOG.note(256))
    assert not accepts(LOG.note(255) + line)
    assert not accepts((LOG.note(256) + line)[:-10] + b"\n")


def test_their_verifier_finds_entries_in_our_tiles_and_sees_a_changed_one(
    aics: dict[str, str], tmp_path: pathlib.Path
) -> None:
    market = small_market(300, with_report=False)
    files = market.export().files
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    leaf = tmp_path / "leaf"

    def accepts(index: int, content: bytes, key: VerifierKey) -> bool:
        leaf.write_bytes(content)
        done = python(
            aics, "-m", "aics_tlog", "verify-inclusion", "--tiles", tmp_path, "--origin",
            market.log_key.name, "--log-key", key, "--index", index, "--leaf", leaf,
        )  # fmt: skip
        return done.returncode == 0

    for index in (0, 255, 256, 299):
        assert accepts(index, market.leaves[index], market.log_key)
        assert not accepts(index, market.leaves[index] + b" ", market.log_key)
    assert not accepts(7, market.leaves[8], market.log_key)
    assert not accepts(7, market.leaves[7], LOG_KEY)
