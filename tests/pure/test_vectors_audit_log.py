"""The vectors of the two FORMAT.md files are what the code makes, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import pathlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.vectors import regenerate_audit_log

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"


@pytest.mark.parametrize("name", sorted(regenerate_audit_log.FILES))
def test_the_vectors_are_made_again_byte_for_byte(name: str) -> None:
    assert (VECTORS / name).read_bytes() == regenerate_audit_log.content(name)


def test_a_stranger_verifies_the_signatures_with_nothing_of_ours() -> None:
    vectors = msgspec.json.decode((VECTORS / "signing.json").read_bytes())
    public = base64.b64decode(vectors["public_key"])

    assert hashlib.sha256(public).hexdigest()[:16] == vectors["key_id"]
    for vector in vectors["signatures"]:
        message = base64.b64decode(vector["message"])
        itself = (
            "checkpoint",
            "root",
            "access_token",
            "credential",
            "status_list",
            "paper",
            "witness",
        )
        if vector["purpose"] not in itself:
            head = f"shushi/v1/{vector['purpose']}\n".encode()
            assert message == head + base64.b64decode(vector["document"])
        signature = base64.b64decode(vector["signature"])
        if vector["purpose"] == "paper":
            point = base64.b64decode(vector["public_key"])
            assert hashlib.sha256(point).hexdigest()[:16] == vector["key_id"]
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            key.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def test_a_stranger_computes_the_commitment_and_the_hashes_with_nothing_of_ours() -> None:
    vectors = msgspec.json.decode((VECTORS / "audit_log.json").read_bytes())
    salted = bytes.fromhex(vectors["salt"]) + vectors["payload"].encode()

    assert hashlib.sha256(salted).hexdigest() == vectors["payload_sha256"]
    for leaf, expected in zip(vectors["leaves"], vectors["leaf_hashes"], strict=True):
        assert hashlib.sha256(b"\x00" + leaf.encode()).hexdigest() == expected
        assert msgspec.json.decode(leaf)["payload_sha256"] == vectors["payload_sha256"]


def test_a_stranger_reads_the_notices_and_finds_which_key_signs_what() -> None:
    vectors = msgspec.json.decode((VECTORS / "key_notices.json").read_bytes())
    rows = vectors["notices"]

    for each in rows:
        text, _, lines = each["note"].rpartition("\n\n")
        fields = dict(line.split(" ", 1) for line in (text + "\n").splitlines()[3:])
        signers = [fields["by"]] + ([fields["key"]] if "\nannounce\n" in text else [])
        signers += [fields["key"]] if "\nroot\n" in text else []
        assert hashlib.sha256(each["note"].encode()).hexdigest() == each["sha256"]
        values = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines()]
        assert len(values) == len(signers)
        for vkey, value in zip(signers, values, strict=True):
            name, note_id, encoded = vkey.split("+", 2)
            raw = base64.b64decode(encoded)
            assert hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == note_id
            assert value[:4].hex() == note_id
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(value[4:], (text + "\n").encode())
    places = [each["index"] for each in rows]
    old, new = vectors["periods"]
    assert (old["end"], new["first"], old["distrusted_from"]) == (places[2], places[1], 25)
