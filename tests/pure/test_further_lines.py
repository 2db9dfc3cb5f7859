"""The log's further signature lines: ML-DSA-44 as C2SP has it, and SM2, each by a key of its own."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import pathlib
import shutil
import struct
import subprocess

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.audit_log import further_lines
from catalog.audit_log.checkpoint import (
    NoteMalformed,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
)
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.further_lines import FurtherKey, further_keys, is_good, lines_of
from catalog.audit_log.merkle import Hash
from catalog.audit_log.verdict import Findings
from catalog.signing import verifier
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.sm2 import Sm2Unavailable
from tests.log_of_tests import ORIGIN, further_signer_of, log_signer_of_all

LOG = log_signer_of_all()
NOW = dt.datetime.fromtimestamp(1_800_000_000, dt.UTC)
ROOT = Hash(bytes(range(32)))
NOTE = LOG.note(3, ROOT, previous=2, now=NOW)
KEYS = tuple(FurtherKey(ORIGIN, each.algorithm, each.public_key) for each in LOG.further)
ML_DSA_44, SM2 = KEYS
VECTOR = msgspec.json.decode(pathlib.Path("tests/vectors/checkpoint_lines.json").read_bytes())


def row(of: Algorithm, **changes: object) -> KeyRow:
    signer = further_signer_of(of)
    made = KeyRow(
        key_id=signer.key_id,
        purpose="checkpoint",
        algorithm=of.value,
        public_key=signer.public_key,
        valid_from="2026-01-01T00:00:00.000000Z",
    )
    return msgspec.structs.replace(made, **changes)


def checked(note: bytes, keys: tuple[FurtherKey, ...] = KEYS) -> Findings:
    found = Findings()
    further_lines.check(found, note, keys, "3")
    return found


def test_who_knows_only_ed25519_opens_a_checkpoint_with_further_lines() -> None:
    opened = open_checkpoint(NOTE, LOG.key)

    assert opened is not None
    assert (opened.size, opened.root, opened.previous) == (3, ROOT, 2)
    assert len(parse_note(NOTE).signatures) == 3


def test_every_line_whose_key_is_known_is_checked_and_counted() -> None:
    assert checked(NOTE).counts == {
        "checkpoint lines of ml-dsa-44": 1,
        "checkpoint lines of sm2": 1,
    }
    assert checked(NOTE, (SM2,)).counts == {"checkpoint lines of sm2": 1}
    assert checked(NOTE, ()).counts == {}


def test_ml_dsa_44_signs_the_structure_of_c2sp() -> None:
    (line,) = [line for key, line in lines_of(parse_note(NOTE), (ML_DSA_44,))]
    origin = ORIGIN.encode()
    signed = (
        b"subtree/v1\n\0"
        + struct.pack(">B", len(origin)) + origin
        + struct.pack(">Q", 1_800_000_000)
        + struct.pack(">B", len(origin)) + origin
        + struct.pack(">QQ", 0, 3)
        + ROOT
    )  # fmt: skip

    MLDSA44PublicKey.from_public_bytes(ML_DSA_44.public_key).verify(line.value[8:], signed)

    name = origin + b"\n\x06" + ML_DSA_44.public_key
    assert line.note_id == hashlib.sha256(name).digest()[:4]
    assert line.value[:8] == struct.pack(">Q", 1_800_000_000)
    assert len(line.value) == 8 + 2420


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
def test_openssl_verifies_the_line_of_sm2_over_the_text_of_the_note(tmp_path: pathlib.Path) -> None:
    note = parse_note(NOTE)
    (line,) = [line for key, line in lines_of(note, (SM2,))]
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + SM2.public_key
    (tmp_path / "key.der").write_bytes(spki)
    (tmp_path / "text").write_bytes(note.text.encode())
    (tmp_path / "value").write_bytes(line.value)

    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der",
         "-rawin", "-digest", "sm3", "-in", "text", "-sigfile", "value",
         "-pkeyopt", "distid:1234567812345678"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 7))
def test_no_flipped_bit_of_a_note_leaves_both_lines_good(place: int, bit: int) -> None:
    changed = bytearray(NOTE)
    changed[place % len(NOTE)] ^= 1 << bit

    try:
        opened = open_checkpoint(bytes(changed), LOG.key)
    except NoteMalformed:
        return
    found = checked(bytes(changed))

    # Who knows Ed25519 only sees the text; the other lines are those of their own keys or unknown.
    assert opened is None or found.problems or len(found.counts) < 2


def test_a_line_over_another_tree_is_named() -> None:
    other = LOG.note(4, ROOT, previous=2)
    text, _, lines = NOTE.decode().partition("\n\n")
    moved = other.decode().partition("\n\n")[0] + "\n\n" + lines

    found = checked(moved.encode())

    assert [bad.reason for bad in found.problems] == [
        "its line of ml-dsa-44 is not of the log's key",
        "its line of sm2 is not of the log's key",
    ]
    assert text


def test_a_time_that_can_not_be_is_no_signature() -> None:
    note = parse_note(NOTE)
    ((_, line),) = lines_of(note, (ML_DSA_44,))
    late = msgspec.structs.replace(line, value=b"\xff" + line.value[1:])

    assert not is_good(note, parse_checkpoint(note.text), ML_DSA_44, late)


def test_what_is_no_note_is_left_to_who_opens_it() -> None:
    found = checked(b"no note")
    further_lines.note_missing(found, b"no note", KEYS)

    assert (found.problems, found.notes, found.counts) == ([], [], {})


def test_a_line_that_is_missing_is_noted_if_its_key_could_sign() -> None:
    alone = "".join(NOTE.decode().splitlines(keepends=True)[:-2]).encode()
    ended = msgspec.structs.replace(SM2, is_current=False)

    found = Findings()
    further_lines.note_missing(found, alone, (ML_DSA_44, ended))
    further_lines.note_missing(found, NOTE, KEYS)

    assert found.notes == [
        f"the newest checkpoint has no line of ml-dsa-44 {ML_DSA_44.note_id.hex()}"
    ]


def test_the_logs_further_keys_are_found_among_the_published_ones() -> None:
    rows = [
        row(Algorithm.ML_DSA_44),
        row(Algorithm.SM2, valid_to="2026-06-01T00:00:00.000000Z"),
        row(Algorithm.SM2, revoked_at="2026-06-01T00:00:00.000000Z"),
        row(Algorithm.SM2, purpose="contract"),
        row(Algorithm.SM2, holder_party_id="somebody"),
        row(Algorithm.SM2, algorithm="rsa"),
        row(Algorithm.SM2, algorithm="ed25519"),
    ]

    found = further_keys(Keys(None, rows), ORIGIN)

    assert [(key.algorithm, key.is_current) for key in found] == [
        (Algorithm.ML_DSA_44, True),
        (Algorithm.SM2, False),
        (Algorithm.SM2, False),
    ]
    assert further_keys(None, ORIGIN) == further_keys(Keys(None, rows), "x" * 256) == ()


def test_a_machine_that_knows_no_sm2_says_that_it_checked_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: bytes) -> bool:
        raise Sm2Unavailable(reason="no OpenSSL")

    monkeypatch.setattr(verifier.sm2, "verify", refuse)

    assert checked(NOTE).counts == {
        "checkpoint lines of ml-dsa-44": 1,
        "checkpoint lines of sm2 that this machine can not check": 1,
    }


def test_the_vector_is_verified_by_ours_and_with_nothing_of_ours() -> None:
    note = VECTOR["checkpoint"].encode()
    keys = further_keys(msgspec.convert(VECTOR["keys"], Keys), ORIGIN)
    ml_dsa_44 = base64.b64decode(VECTOR["ml-dsa-44"]["public_key"])

    MLDSA44PublicKey.from_public_bytes(ml_dsa_44).verify(
        base64.b64decode(VECTOR["ml-dsa-44"]["signature"]),
        base64.b64decode(VECTOR["ml-dsa-44"]["message"]),
    )

    assert [str(key) for key in keys] == [VECTOR["ml-dsa-44"]["vkey"], VECTOR["sm2"]["vkey"]]
    assert checked(note, keys).counts == {
        "checkpoint lines of ml-dsa-44": 1,
        "checkpoint lines of sm2": 1,
    }
    assert checked(note, keys).problems == []


def test_each_line_has_a_key_of_its_own() -> None:
    signers = (LOG.signer, *LOG.further)

    assert {each.purpose for each in signers} == {Purpose.CHECKPOINT}
    assert len({each.public_key for each in signers}) == 3
