"""Go's ``sumdb/note`` and ``sumdb/tlog`` read our notes, cosignatures, proofs and logs."""

from __future__ import annotations

import base64
import pathlib

import pytest

from catalog.witnessing.log_proof import LogProof
from tests.exports import small_market
from tests.foreign_tools import accepts, go_program
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

LOG = MemoryLog(300)
AT = 1_772_413_323


@pytest.fixture(scope="module")
def gocheck(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The small Go program beside this file, built without any network."""
    return go_program(tmp_path_factory.mktemp("go"))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_go_opens_our_note_with_both_cosignatures_and_no_other_note(
    gocheck: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    first, second, absent = (MemoryWitness(f"w.example/{name}") for name in ("1", "2", "3"))
    note = LOG.note(300)
    witnessed = note + first.line(note, AT) + second.line(note, AT)
    path = tmp_path / "note"
    path.write_bytes(witnessed)

    assert accepts(gocheck, "open", path, LOG_KEY, first.key, second.key)
    assert accepts(gocheck, "open", path, LOG_KEY)
    assert not accepts(gocheck, "open", path, LOG_KEY, absent.key)
    other = MemoryLog(301).note(301)
    for wrong in (
        note + first.line(other, AT),
        witnessed.replace(b"\n300\n", b"\n301\n"),
        witnessed.replace(first.line(note, AT)[-20:-4], first.line(note, AT + 1)[-20:-4]),
        witnessed[: len(note)] + first.line(note, AT)[:-8] + b"\n",
    ):
        path.write_bytes(wrong)
        assert not accepts(gocheck, "open", path, LOG_KEY, first.key)


def test_go_follows_our_proofs_and_no_others(gocheck: pathlib.Path, tmp_path: pathlib.Path) -> None:
    witness = MemoryWitness("w.example/1")
    note = LOG.note(300) + witness.line(LOG.note(300), AT)
    file, leaf = tmp_path / "tlog-proof", tmp_path / "leaf"
    for index in (0, 137, 256, 299):
        proof = LogProof(index, LOG.inclusion(index, 300), note, b"extra" if index else None)
        file.write_bytes(proof.text())
        leaf.write_bytes(LOG.leaves[index])
        assert accepts(gocheck, "proof", file, leaf, LOG_KEY, witness.key)

        leaf.write_bytes(LOG.leaves[index] + b"!")
        assert not accepts(gocheck, "proof", file, leaf, LOG_KEY, witness.key)
        leaf.write_bytes(LOG.leaves[index])
        file.write_bytes(LogProof(index, proof.hashes[:-1], note).text())
        assert not accepts(gocheck, "proof", file, leaf, LOG_KEY, witness.key)
        moved = LogProof((index + 1) % 300, proof.hashes, note)
        file.write_bytes(moved.text())
        assert not accepts(gocheck, "proof", file, leaf, LOG_KEY, witness.key)


def test_go_sees_that_our_log_grew_and_that_a_rewritten_one_did_not(
    gocheck: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    old, new, proof = tmp_path / "old", tmp_path / "new", tmp_path / "proof"

    def write(log: MemoryLog, before: int, after: int) -> None:
        old.write_bytes(LOG.note(before))
        new.write_bytes(log.note(after))
        lines = (base64.b64encode(each) + b"\n" for each in log.consistency(before, after))
        proof.write_bytes(b"".join(lines))

    for before in (1, 2, 100, 255, 256, 299):
        write(LOG, before, 300)
        assert accepts(gocheck, "grown", old, new, proof, LOG_KEY)
        write(MemoryLog(300, changed=before - 1), before, 300)
        assert not accepts(gocheck, "grown", old, new, proof, LOG_KEY)


def test_go_replays_our_export_and_finds_every_changed_byte(
    gocheck: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    market = small_market(300, with_report=False)
    for name, content in market.export().files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    assert accepts(gocheck, "audit", tmp_path, market.log_key)
    assert not accepts(gocheck, "audit", tmp_path, LOG_KEY)
    for name, at in (
        ("tile/entries/000", 40),
        ("tile/entries/000", 0),
        ("tile/entries/001.p/44", -1),
        ("checkpoint", 20),
    ):
        path = tmp_path / name
        genuine = path.read_bytes()
        path.write_bytes(flipped(genuine, at % len(genuine)))
        assert not accepts(gocheck, "audit", tmp_path, market.log_key), (name, at)
        path.write_bytes(genuine)
    (tmp_path / "tile/entries/001.p/44").write_bytes(b"")
    assert not accepts(gocheck, "audit", tmp_path, market.log_key)
