"""A witness cosigns by ML-DSA-44 beside Ed25519; what it signs, and which of the two a policy asks for."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from catalog.audit_log.checkpoint import NoteMalformed, VerifierKeyMalformed, parse_note
from catalog.audit_log.further_lines import FurtherKey, line, message, parse_further_vkey
from catalog.signing import sm2
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.witnessing import cosignature, policy
from catalog.witnessing.cosignature import (
    CosignatureWrong,
    WitnessKey,
    cosigned_at,
    cosigned_message,
    parse_witness_vkey,
)
from catalog.witnessing.policy import LogNotInPolicy, PolicyMalformed, QuorumMissing
from tests.vectors import regenerate_cosignature_ml_dsa
from tests.witnessed_log import LOG_KEY, ORIGIN, MemoryLog, MemoryWitness

AT = 1_795_800_000
NOTE = MemoryLog(13).note(13)
TEXT = NOTE.decode().rpartition("\n\n")[0] + "\n"
ED, PQ = (MemoryWitness("w.example/w", each) for each in (Algorithm.ED25519, Algorithm.ML_DSA_44))


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(regenerate_cosignature_ml_dsa.PATH.read_bytes())
    return found


def test_the_vector_says_what_the_code_makes_but_for_the_chance_in_a_signature(
    vector: dict[str, Any],
) -> None:
    made = regenerate_cosignature_ml_dsa.vector()

    for name in ("time", "checkpoint", "vkeys", "messages", "policy"):
        assert made[name] == vector[name]


def test_a_stranger_checks_the_line_with_nothing_of_ours(vector: dict[str, Any]) -> None:
    _, name, encoded = vector["add_checkpoint_answer"].splitlines()[1].split(" ")
    raw = base64.b64decode(encoded)
    typed = base64.b64decode(vector["vkeys"][1].split("+", 2)[2])
    origin, size, root = vector["checkpoint"].split("\n")[:3]
    names = [bytes([len(each)]) + each.encode() for each in (name, origin)]
    message = b"subtree/v1\n\0" + names[0] + raw[4:12] + names[1] + bytes(8)
    message += int(size).to_bytes(8, "big") + base64.b64decode(root)

    assert typed[:1] == b"\x06"
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    assert int.from_bytes(raw[4:12], "big") == vector["time"]
    assert base64.b64decode(vector["messages"][1]) == message
    MLDSA44PublicKey.from_public_bytes(typed[1:]).verify(raw[12:], message)


def test_the_answer_of_the_vector_meets_its_policy_by_either_line(vector: dict[str, Any]) -> None:
    needed = policy.parse_policy(vector["policy"].encode())
    note = vector["checkpoint"].encode()
    first, second = vector["add_checkpoint_answer"].encode().splitlines(keepends=True)

    both = policy.check(needed, note + first + second)
    assert both.cosigned == {"w1": vector["time"], "w1-pq": vector["time"]}
    assert policy.check(needed, note + second).cosigned == {"w1-pq": vector["time"]}
    with pytest.raises(QuorumMissing):
        policy.check(needed, note)


def test_a_key_of_ml_dsa_is_written_and_read_as_a_vkey_of_its_own_type() -> None:
    read = parse_witness_vkey(str(PQ.key))

    assert read == PQ.key
    assert (read.algorithm, len(read.public_key)) == (Algorithm.ML_DSA_44, 1312)
    assert read.note_id != WitnessKey(PQ.key.name, PQ.key.public_key).note_id
    for wrong in (str(PQ.key)[:-4], str(PQ.key).replace("w.example", "v.example"), f"{ED.key}AA"):
        with pytest.raises(cosignature.WitnessKeyMalformed):
            parse_witness_vkey(wrong)


def test_its_line_is_of_this_checkpoint_time_and_name_and_no_other() -> None:
    good = PQ.line(NOTE, AT)

    assert cosigned_at(parse_note(NOTE + good), PQ.key) == AT
    assert cosigned_at(parse_note(NOTE + good), ED.key) is None
    other = MemoryLog(13, changed=2).note(13)
    cut = good[:-9] + b"\n"
    later = bytearray(base64.b64decode(good.split(b" ")[2]))
    later[11] ^= 1
    moved = b" ".join((*good.split(b" ")[:2], base64.b64encode(later))) + b"\n"
    for wrong in (other + good, NOTE + cut, NOTE + moved, NOTE + PQ.line(NOTE, 0)):
        with pytest.raises((CosignatureWrong, NoteMalformed)):
            cosigned_at(parse_note(wrong), PQ.key)


def test_a_name_or_an_origin_that_has_no_form_in_its_message_is_not_signed() -> None:
    long = "x" * 256
    note = MemoryLog(3, origin=long).note(3)
    text = note.decode().rpartition("\n\n")[0] + "\n"

    with pytest.raises(NoteMalformed):
        cosigned_message(PQ.key, text, AT)
    assert cosigned_message(ED.key, text, AT)
    stranger = PQ.line(NOTE, AT)  # under a note that has no such message
    with pytest.raises(CosignatureWrong):
        cosigned_at(parse_note(note + stranger), PQ.key)


def needs(*lines: str) -> policy.Policy:
    named = (f"log {LOG_KEY}", f"witness ed {ED.key}", f"witness pq {PQ.key}")
    return policy.parse_policy("\n".join((*named, *lines)).encode())


@pytest.mark.parametrize(
    ("quorum", "lines", "is_met"),
    [
        ("pq", (PQ,), True),
        ("pq", (ED,), False),
        ("both", (PQ, ED), True),
        ("both", (PQ,), False),
        ("either", (ED,), True),
    ],
)
def test_a_policy_names_which_cosignatures_suffice(
    quorum: str, lines: tuple[MemoryWitness, ...], is_met: bool
) -> None:
    group = {"both": "group both all ed pq", "either": "group either any ed pq"}.get(quorum, "")
    note = NOTE + b"".join(each.line(NOTE, AT) for each in lines)

    if is_met:
        assert len(policy.check(needs(group, f"quorum {quorum}"), note).cosigned) == len(lines)
    else:
        with pytest.raises(QuorumMissing):
            policy.check(needs(group, f"quorum {quorum}"), note)


# ── the log's own further lines, where a policy names them ──────────────────────────────────


def further(algorithm: Algorithm) -> tuple[Signer, FurtherKey]:
    signer = Signer(Purpose.CHECKPOINT, b"\x17" * 32, algorithm)
    return signer, FurtherKey(ORIGIN, algorithm, signer.public_key)


def signed(algorithm: Algorithm, note: bytes) -> bytes:
    signer, key = further(algorithm)
    opened = parse_note(note)
    from catalog.audit_log.checkpoint import parse_checkpoint

    said = message(key, parse_checkpoint(opened.text), opened.text, AT)
    return line(key, signer.sign_framed(said), AT).encode()


FURTHER = (Algorithm.ML_DSA_44, Algorithm.SM2)


@pytest.mark.parametrize("algorithm", FURTHER)
def test_a_log_is_accepted_by_any_of_its_keys_that_a_policy_names_and_by_no_wrong_line(
    algorithm: Algorithm,
) -> None:
    _, key = further(algorithm)
    named = policy.parse_policy(f"log {LOG_KEY}\nlog {key}\nquorum none".encode())
    alone = policy.parse_policy(f"log {key}\nquorum none".encode())
    bare = f"{TEXT}\n".encode() + signed(algorithm, NOTE)
    wrong = NOTE + signed(algorithm, MemoryLog(12).note(12))

    assert named.further == (key,)
    for note in (NOTE, NOTE + signed(algorithm, NOTE), bare):
        assert policy.check(named, note).checkpoint.size == 13
    assert policy.check(alone, bare).checkpoint.size == 13
    spoilt = NOTE.replace(b"\n13\n", b"\n14\n") + signed(algorithm, NOTE)
    for needed, note in ((named, wrong), (alone, wrong), (alone, NOTE), (named, spoilt)):
        with pytest.raises(LogNotInPolicy):
            policy.check(needed, note)


def test_a_line_of_sm2_that_this_machine_can_not_check_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, key = further(Algorithm.SM2)
    bare = f"{TEXT}\n".encode() + signed(Algorithm.SM2, NOTE)
    alone = policy.parse_policy(f"log {key}\nquorum none".encode())

    def unavailable(*_: object) -> bool:
        raise sm2.Sm2Unavailable

    monkeypatch.setattr(sm2, "verify", unavailable)
    with pytest.raises(LogNotInPolicy):
        policy.check(alone, bare)


@pytest.mark.parametrize("algorithm", FURTHER)
def test_a_further_key_is_read_from_its_vkey_and_a_changed_one_is_not(algorithm: Algorithm) -> None:
    _, key = further(algorithm)

    assert parse_further_vkey(str(key)) == key
    for wrong in (str(key)[:-4], str(LOG_KEY), str(key).replace(ORIGIN, "other.example/log")):
        with pytest.raises(VerifierKeyMalformed):
            parse_further_vkey(wrong)
    with pytest.raises(PolicyMalformed):
        policy.parse_policy(f"log {key}\nlog {key}\nquorum none".encode())
