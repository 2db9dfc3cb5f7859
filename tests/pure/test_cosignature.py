"""Cosignatures of witnesses: the keys that are known in public, our own, and every change of a byte."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.checkpoint import VerifierKey, parse_note
from catalog.witnessing.cosignature import (
    CosignatureWrong,
    WitnessKeyMalformed,
    cosignature_line,
    cosigned_at,
    cosigned_message,
    is_signed_by_log,
    parse_witness_vkey,
)
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

WITNESS = MemoryWitness("witness.example/w1")
NOTE = MemoryLog(5).note(5)
AT = 1_772_413_323
COSIGNED = NOTE + WITNESS.line(NOTE, AT)
# Keys that their owners published: a witness's, and one of another type.
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
LOGS_OWN = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def test_the_key_of_a_witness_in_the_world_is_read_and_written_back() -> None:
    key = parse_witness_vkey(REMORA)

    assert key.name == "remora.n621.de"
    assert key.note_id.hex() == "da77ade7"
    assert str(key) == REMORA


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "remora.n621.de",
        LOGS_OWN,
        REMORA.replace("da77", "da78"),
        REMORA.replace("remora", "remore"),
        REMORA.replace("remora", "re mora"),
        REMORA[:-4],
        REMORA + "é",
        REMORA.replace("BOvN", "BO!N"),
    ],
)
def test_a_malformed_witness_key_is_refused(vkey: str) -> None:
    with pytest.raises(WitnessKeyMalformed):
        parse_witness_vkey(vkey)


def test_a_cosignature_covers_header_time_and_the_whole_text() -> None:
    text = NOTE.decode().rpartition("\n\n")[0] + "\n"

    assert (
        cosigned_message(WITNESS.key, text, AT)
        == b"cosignature/v1\ntime 1772413323\n" + text.encode()
    )


def test_a_cosigned_note_tells_when_its_witness_saw_it() -> None:
    assert cosigned_at(parse_note(COSIGNED), WITNESS.key) == AT


def test_of_two_cosignatures_of_one_witness_the_later_counts() -> None:
    note = parse_note(COSIGNED + WITNESS.line(NOTE, AT + 9))

    assert cosigned_at(note, WITNESS.key) == AT + 9


def test_a_note_that_a_witness_did_not_cosign_tells_no_time() -> None:
    assert cosigned_at(parse_note(NOTE), WITNESS.key) is None
    assert cosigned_at(parse_note(COSIGNED), MemoryWitness("witness.example/w2").key) is None


@pytest.mark.parametrize("at", [0, 2**63])
def test_a_time_that_can_not_be_is_no_cosignature(at: int) -> None:
    with pytest.raises(CosignatureWrong):
        cosigned_at(parse_note(NOTE + WITNESS.line(NOTE, at)), WITNESS.key)


def test_a_cosignature_that_was_cut_is_refused() -> None:
    line = cosignature_line(WITNESS.key, AT, b"\x00" * 63).encode()

    with pytest.raises(CosignatureWrong):
        cosigned_at(parse_note(NOTE + line), WITNESS.key)


@given(at=st.integers(4, 4 + 8 + 64 - 1), bit=st.integers(0, 7))
def test_a_cosignature_with_one_bit_flipped_is_refused(at: int, bit: int) -> None:
    raw = bytearray(base64.b64decode(COSIGNED.decode().split("\n")[-2].split(" ")[2]))
    raw[at] ^= 1 << bit
    line = f"— {WITNESS.key.name} {base64.b64encode(raw).decode()}\n".encode()

    with pytest.raises(CosignatureWrong):
        cosigned_at(parse_note(NOTE + line), WITNESS.key)


def test_a_cosignature_under_another_checkpoint_is_refused() -> None:
    other = MemoryLog(6).note(6)

    with pytest.raises(CosignatureWrong):
        cosigned_at(parse_note(other + WITNESS.line(NOTE, AT)), WITNESS.key)


def test_a_log_s_signature_is_no_cosignature_and_a_cosignature_no_log_s() -> None:
    as_log = VerifierKey(WITNESS.key.name, WITNESS.key.public_key)

    assert not is_signed_by_log(parse_note(COSIGNED), [as_log])
    assert is_signed_by_log(parse_note(COSIGNED), [LOG_KEY])


def test_one_wrong_line_in_the_log_s_name_spoils_the_note() -> None:
    wrong = NOTE.decode().rpartition("\n\n")[2].encode()
    other = MemoryLog(6).note(6)

    assert not is_signed_by_log(parse_note(other + wrong), [LOG_KEY])
    assert not is_signed_by_log(parse_note(NOTE), [])
