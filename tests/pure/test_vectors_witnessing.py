"""The vector of ``catalog/witnessing/FORMAT.md`` is what the code makes, and a stranger checks it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.audit_log.checkpoint import parse_checkpoint, parse_note
from catalog.witnessing import log_proof, policy
from catalog.witnessing.request import parse_request
from tests.vectors import regenerate_witnessing


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(regenerate_witnessing.PATH.read_bytes())
    return found


def test_the_vector_is_made_again_byte_for_byte(vector: dict[str, Any]) -> None:
    assert regenerate_witnessing.example() == vector


def test_a_stranger_checks_the_cosignature_with_nothing_of_ours(vector: dict[str, Any]) -> None:
    _, name, encoded = vector["add_checkpoint_answer"].strip().split(" ")
    raw = base64.b64decode(encoded)
    vkey = next(line for line in vector["policy"].splitlines() if name in line).split()[2]
    key = base64.b64decode(vkey.split("+", 2)[2])
    text = vector["add_checkpoint_request"].split("\n\n")[1] + "\n"
    message = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{text}"

    assert key[0] == 4
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    assert message == vector["cosigned_message"]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[12:], message.encode())


def test_the_request_the_policy_and_the_proof_of_the_vector_are_read(
    vector: dict[str, Any],
) -> None:
    request = parse_request(vector["add_checkpoint_request"].encode())
    needed = policy.parse_policy(vector["policy"].encode())
    proof = log_proof.parse_log_proof(vector["log_proof"].encode())

    witnessed = log_proof.check(proof, vector["leaves"][5].encode(), needed)

    assert request.old == 6
    assert parse_checkpoint(parse_note(request.note).text) == witnessed.checkpoint
    assert witnessed == policy.check(needed, vector["witnessed_checkpoint"].encode())
    assert witnessed.cosigned == {"w1": 1_772_413_323, "w2": 1_772_413_324}
