"""A bundle of a running service is checked by its own README: Go, OpenSSL and sha256sum, nothing of ours."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from market.proof_bundles import archive
from tests.api import Api
from tests.foreign_tools import GO_LIBRARY, npm
from tests.journeys.test_proof_bundle import bundle, published, settled
from tests.makers_owned import make_owned
from tests.makers_registration import OwnKey, must


@pytest.fixture
async def unpacked(
    api: Api, db: Database, clock: ManualClock, tmp_path: pathlib.Path
) -> pathlib.Path:
    """The bundle of an order, unpacked; its parties signed by Ed25519 and SM2."""
    trade = await make_owned(api, db, clock)
    trade.buyer_key = OwnKey(Purpose.CONTRACT, Algorithm.SM2)
    must(await trade.buyer_key.register(trade.by(trade.buyer), trade.buyer.party.id))
    order = await settled(trade)
    await published(trade)
    answer = await bundle(trade, trade.buyer, f"order:{order}")
    assert answer.status_code == 200
    for name, raw in archive.unpack(answer.content).items():
        (tmp_path / name).write_bytes(raw)
    return tmp_path


def sh(folder: pathlib.Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=170
    )


def commands(folder: pathlib.Path) -> str:
    """Return what the README tells to run in its step of OpenSSL."""
    text = (folder / "README.txt").read_text("utf-8")
    step = text.split("3  签名", 1)[1].split("\n\n", 1)[0]
    return "\n".join(line for line in step.splitlines()[1:] if line.startswith("    "))


def known_to_the_log(folder: pathlib.Path) -> list[str]:
    """Return what the README's step about the entry of the log prints: two digests that were found."""
    text = (folder / "README.txt").read_text("utf-8")
    step = text.split("日志条目登记的", 1)[1].split("\n\n", 1)[0]
    lines = [line for line in step.splitlines() if line.startswith("    ")]
    return sh(folder, "\n".join(lines)).stdout.split()


def test_sha256sum_and_openssl_accept_what_is_genuine_and_nothing_else(
    unpacked: pathlib.Path,
) -> None:
    if shutil.which("openssl") is None or shutil.which("sha256sum") is None:
        pytest.skip("no openssl, or no sha256sum")
    if not sh(unpacked, "openssl version").stdout.startswith("OpenSSL 3"):
        pytest.skip("openssl is not of version 3")
    script = commands(unpacked)

    assert sh(unpacked, "sha256sum --quiet -c SHA256SUMS").returncode == 0
    accepted = sh(unpacked, script).stdout.count("Signature Verified Successfully")
    # the checkpoint, the manifest, the statement, the receipt, the certificate, the contract twice
    assert accepted == 7
    assert len(known_to_the_log(unpacked)) == 2
    for name in ("checkpoint", "manifest.json", "statement.json", "contract.json"):
        genuine = (unpacked / name).read_bytes()
        (unpacked / name).write_bytes(genuine[:20] + bytes([genuine[20] ^ 1]) + genuine[21:])
        lost = 2 if name == "contract.json" else 1
        said = sh(unpacked, script).stdout
        assert said.count("Signature Verified Successfully") == accepted - lost, name
        if name == "manifest.json":
            assert len(known_to_the_log(unpacked)) == 1
        else:
            assert sh(unpacked, "sha256sum --quiet -c SHA256SUMS").returncode == 1
        (unpacked / name).write_bytes(genuine)


def test_the_program_in_the_bundle_follows_every_proof_with_go_alone(
    unpacked: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if shutil.which("go") is None or not (GO_LIBRARY / "src/golang.org/x/mod/sumdb/note").is_dir():
        pytest.skip("no Go, or no golang.org/x/mod: apt install golang-go golang-golang-x-mod-dev")
    cache = tmp_path_factory.mktemp("go")
    built = sh(
        unpacked,
        f"GOPATH={GO_LIBRARY} GO111MODULE=off GOPROXY=off GOFLAGS= GOCACHE={cache} CGO_ENABLED=0 "
        "go build -o check check.go",
    )
    assert built.returncode == 0, built.stderr
    told = re.search(r"go run check.go '([^']+)'", (unpacked / "README.txt").read_text("utf-8"))
    assert told is not None
    key = told[1]

    genuine = sh(unpacked, f"./check '{key}'")
    assert genuine.returncode == 0, genuine.stderr
    assert "entries are under the signed checkpoint" in genuine.stdout
    assert sh(unpacked, f"./check '{key[:-4]}AAA='").returncode == 1
    for name, old, new in (
        ("leaves.jsonl", b"data:accessed", b"data:accesseD"),
        ("proofs.jsonl", b'"index":', b'"index":1'),
        ("bindings.jsonl", b"key:registered", b"key:registereD"),
        ("checkpoint", b"\n\n", b"0\n\n"),
    ):
        raw = (unpacked / name).read_bytes()
        assert old in raw
        (unpacked / name).write_bytes(raw.replace(old, new, 1))
        assert sh(unpacked, f"./check '{key}'").returncode == 1, name
        (unpacked / name).write_bytes(raw)
    lines = (unpacked / "leaves.jsonl").read_bytes().splitlines(keepends=True)
    (unpacked / "leaves.jsonl").write_bytes(b"".join(lines[1:]))
    assert sh(unpacked, f"./check '{key}'").returncode == 1


def test_jose_verifies_both_tokens_as_the_readme_says(
    unpacked: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = npm(tmp_path_factory.mktemp("npm"))
    for name in ("keys.json", "certificate.jwt", "status-list.jwt"):
        shutil.copy(unpacked / name, folder / name)
    text = (unpacked / "README.txt").read_text("utf-8")
    script = text.split("npm install jose@6 && ", 1)[1].split('\n      }"', 1)[0] + '\n      }"'

    genuine = sh(folder, script)
    assert genuine.stdout.count("signed by") == 2, genuine.stderr
    token = (folder / "status-list.jwt").read_text()
    (folder / "status-list.jwt").write_text(token[:-4] + "AAAA")
    assert sh(folder, script).returncode != 0
