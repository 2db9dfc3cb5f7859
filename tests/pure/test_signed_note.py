"""Signed notes and checkpoints, against the example of C2SP signed-note and against forgeries."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.checkpoint import (
    Checkpoint,
    NoteMalformed,
    VerifierKey,
    VerifierKeyMalformed,
    is_signed_by,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    sign_line,
    signed_note,
)
from catalog.audit_log.merkle import EMPTY_ROOT, Hash
from catalog.signing.purposes import Purpose
from tests.log_of_tests import ORIGIN, signer_of

# C2SP signed-note.md, "Example".
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

SIGNER = signer_of(Purpose.CHECKPOINT)
KEY = VerifierKey(ORIGIN, SIGNER.public_key)
CHECKPOINT = Checkpoint(ORIGIN, 3, Hash(bytes(range(32))))
NOTE = signed_note(CHECKPOINT, KEY, SIGNER.sign(CHECKPOINT.text().encode()))


def test_the_example_key_of_c2sp_is_read_and_written_back() -> None:
    key = parse_vkey(C2SP_VKEY)

    assert key.name == "example.com/foo"
    assert key.note_id.hex() == "530d903a"
    assert len(key.public_key) == 32
    assert str(key) == C2SP_VKEY


def test_the_key_of_the_go_checksum_database_is_read() -> None:
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    assert str(parse_vkey(vkey)) == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4",
        "example.com/foo+530d903a+not base64!",
        "with space+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_a_malformed_key_is_refused(vkey: str) -> None:
    with pytest.raises(VerifierKeyMalformed):
        parse_vkey(vkey)


def test_a_checkpoint_has_the_form_of_c2sp() -> None:
    root = base64.b64encode(bytes(range(32))).decode()

    text, _, signatures = NOTE.decode().partition("\n\n")

    assert text == f"shushi.example/log\n3\n{root}"
    assert signatures.startswith("— shushi.example/log ")
    assert signatures.endswith("\n")


def test_a_signed_checkpoint_is_opened_with_its_key_only() -> None:
    other = VerifierKey(ORIGIN, signer_of(Purpose.CHECKPOINT, "other").public_key)
    another_name = VerifierKey("another.example/log", SIGNER.public_key)

    assert open_checkpoint(NOTE, KEY) == CHECKPOINT
    assert open_checkpoint(NOTE, other) is None
    assert open_checkpoint(NOTE, another_name) is None


def test_a_checkpoint_of_another_log_is_not_opened_even_if_our_key_signed_it() -> None:
    strange = Checkpoint("another.example/log", 3, EMPTY_ROOT)
    note = signed_note(strange, KEY, SIGNER.sign(strange.text().encode()))

    assert is_signed_by(parse_note(note), KEY)
    assert open_checkpoint(note, KEY) is None


def test_signatures_of_unknown_keys_are_ignored() -> None:
    witness = VerifierKey("witness.example/w1", signer_of(Purpose.CHECKPOINT, "w").public_key)
    cosigned = NOTE + sign_line(witness, b"\x06" * 80).encode()

    assert open_checkpoint(cosigned, KEY) == CHECKPOINT


@pytest.mark.parametrize(
    ("line", "previous"),
    [
        ("previous 0", 0),
        ("previous 2", 2),
        ("previous 02", None),
        ("previously 2", None),
        ("", None),
    ],
)
def test_a_checkpoint_names_the_one_that_was_signed_before(line: str, previous: int | None) -> None:
    text = CHECKPOINT.text() + (f"{line}\n" if line else "")
    note = f"{text}\n{sign_line(KEY, SIGNER.sign(text.encode()))}".encode()

    opened = open_checkpoint(note, KEY)

    assert opened is not None
    assert opened.previous == previous
    assert previous is None or opened.text() == text


def test_lines_after_the_root_are_extensions_and_are_signed_too() -> None:
    text = CHECKPOINT.text() + "extension line\n"
    note = f"{text}\n{sign_line(KEY, SIGNER.sign(text.encode()))}".encode()

    assert open_checkpoint(note, KEY) == CHECKPOINT
    assert open_checkpoint(note.replace(b"extension", b"Extension"), KEY) is None


@given(st.integers(0, len(NOTE) - 1), st.integers(0, 7))
def test_no_flipped_bit_leaves_a_checkpoint_signed(at: int, bit: int) -> None:
    changed = bytearray(NOTE)
    changed[at] ^= 1 << bit

    try:
        opened = open_checkpoint(bytes(changed), KEY)
    except NoteMalformed:
        return
    assert opened is None


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff",
        b"text without signatures\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        "text\n\n— name\n".encode(),
        "text\n\n— name !!!!\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "te\x01xt\n\n— name AAAAAAAA\n".encode(),
        ("text\n\n" + "— name AAAAAAAA\n" * 101).encode(),
        "text\n\n— name AAAAAAAA".encode(),
    ],
)
def test_what_is_no_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteMalformed):
        parse_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n3\n",
        "\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n03\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n-3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n3\nAAEC\n",
        "origin\n3\nnot base64!\n",
        "origin\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_checkpoint(text)
