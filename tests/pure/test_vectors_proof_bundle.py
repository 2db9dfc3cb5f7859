"""The vector of ``market/proof_bundles/FORMAT.md``, and a stranger's checker written from that text alone."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from market.proof_bundles import archive
from market.proof_bundles.check import check
from tests.vectors import regenerate_proof_bundle as golden


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(golden.PATH.read_bytes())) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_vector_has_the_members_that_the_code_makes(members: dict[str, bytes]) -> None:
    assert archive.unpack(golden.order().bundle()) == members
    assert check(golden.PATH.read_bytes()).problems == ()


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def root_of(leaf: bytes, index: int, size: int, proof: list[str]) -> bytes:
    """RFC 9162 §2.1.3.2."""
    node, first, last = hashlib.sha256(b"\0" + leaf).digest(), index, size - 1
    for step in map(base64.b64decode, proof):
        if first & 1 or first == last:
            node = hashlib.sha256(b"\1" + step + node).digest()
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + step).digest()
        first, last = first >> 1, last >> 1
    assert last == 0
    return node


def lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")[:-1]


def test_a_stranger_checks_it_with_nothing_of_ours(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"])
    keys = {key["key_id"]: key for key in json.loads(members["keys.json"])["keys"]}

    def verifies(signature: dict[str, Any], frame: bytes, document: bytes) -> None:
        key = base64.b64decode(keys[signature["key_id"]]["public_key"])
        value = base64.b64decode(signature["value"])
        Ed25519PublicKey.from_public_bytes(key).verify(value, frame + b"\n" + document)

    for member in manifest["members"]:
        raw = members[member["name"]]
        assert (sha(raw), len(raw)) == (member["sha256"], member["size_bytes"])
    verifies(
        json.loads(members["signature.json"]), b"shushi/v1/statement", members["manifest.json"]
    )
    entry = json.loads(members["entry.json"])
    assert entry["event"] == "proof_bundle:issued"
    whole = {each["id"]: each["sha256"] for each in entry["digests"]}
    for name, raw in members.items():
        if name not in ("entry.json", "receipt.json"):
            assert whole[sha(raw)[:16] if name == "manifest.json" else name] == sha(raw)
    assert len(whole) == len(members) - 2
    receipt = json.loads(members["receipt.json"])
    promised = base64.b64decode(receipt["document"])
    verifies(receipt["signature"], b"shushi/v1/receipt", promised)
    assert json.loads(promised)["leaf_hash"] == sha(b"\0" + members["entry.json"])
    signature = json.loads(members["statement-signature.json"])
    verifies(signature, b"shushi/v1/statement", members["statement.json"])
    for signed in json.loads(members["contract-signatures.json"]):
        verifies(signed["signature"], b"shushi/v1/contract", members["contract.json"])
    certificate = json.loads(members["certificate.json"])
    document = base64.b64decode(certificate["document"])
    verifies(certificate["signature"], b"shushi/v1/certificate", document)

    # the checkpoint
    text, _, line = members["checkpoint"].decode().partition("\n\n")
    origin, size, root, *_ = text.split("\n")
    value = base64.b64decode(line.split("\n")[0].split(" ")[2])
    log = base64.b64decode(json.loads(members["keys.json"])["log"].split("+", 2)[2])[1:]
    Ed25519PublicKey.from_public_bytes(log).verify(value[4:], text.encode() + b"\n")
    assert (origin, int(size)) == (manifest["log"], manifest["log_size"])

    # the entries, and what they bind
    digests: dict[tuple[str, str], str] = {}
    chain, within = bytes(32), 0
    for leaf, proof, payload in zip(
        lines(members["leaves.jsonl"]),
        map(json.loads, lines(members["proofs.jsonl"])),
        map(json.loads, lines(members["payloads.jsonl"])),
        strict=True,
    ):
        node = root_of(leaf, proof["index"], int(size), proof["proof"])
        assert base64.b64encode(node).decode() == root
        told = json.loads(leaf)
        kind, _, name = manifest["subject"].partition(":")
        assert {"kind": kind, "id": name} in told["subjects"]
        if payload["state"] == "shown":
            said = base64.b64decode(payload["salt"]) + payload["payload"].encode()
            assert sha(said) == told["payload_sha256"]
        if proof["index"] < manifest["heads_log_size"]:
            chain = hashlib.sha256(b"\2" + chain + hashlib.sha256(b"\0" + leaf).digest()).digest()
            within += 1
        digests |= {(each["kind"], each["id"]): each["sha256"] for each in told["digests"]}
    for each in map(json.loads, lines(members["bindings.jsonl"])):
        node = root_of(each["leaf"].encode(), each["index"], int(size), each["proof"])
        assert base64.b64encode(node).decode() == root
        for digest in json.loads(each["leaf"])["digests"]:
            digests[digest["kind"], digest["id"]] = digest["sha256"]
    head = base64.b64decode(json.loads(members["heads.json"])["proof"]["places"][0]["head"])
    assert head[:32] == hashlib.sha256(manifest["subject"].encode()).digest()
    assert (int.from_bytes(head[32:40], "big"), head[48:]) == (within, chain)
    contract = json.loads(members["contract.json"])
    assert digests["contract", contract["order_id"]] == sha(members["contract.json"])
    filing = json.loads(members["filing.json"])
    assert digests["filing", filing["id"]] == sha(members["filing.json"])
    licence = json.loads(members["grant.json"])
    assert digests["grant", licence["id"]] == sha(members["grant.json"])
    number = json.loads(document)["registration_number"]
    assert digests["certificate", number] == sha(document)
    for key in keys.values():
        canonical = json.dumps(key, sort_keys=True, separators=(",", ":")).encode()
        assert digests["key", key["key_id"]] == sha(canonical)

    # the bill
    used, seen = 0, set()
    for record in lines(members["usage.jsonl"]):
        event = json.loads(record)
        assert digests["usage", event["id"]] == sha(record)
        counts = event["decision"] == "allow" and event["request_key"] not in seen
        assert (event["price_units"] > 0) is counts
        seen |= {event["request_key"]} if event["decision"] == "allow" else set()
        used += event["price_units"]
    price = contract["price"]
    assert used == 5 <= price["quantity"]
    assert price["item"]["unit_price_fen"] * price["quantity"] == price["amount_fen"]
    moved = {}
    for record in lines(members["journal.jsonl"]):
        entry = json.loads(record)
        assert digests["journal", entry["key"]] == sha(record)
        assert sum(amount for _, amount in entry["legs"]) == 0
        moved[entry["kind"]] = entry["legs"]
    assert moved["pay_in"][1] == [f"order_escrow/{contract['order_id']}", price["amount_fen"]]
    shares = [share["share_bps"] for share in contract["split"]["shares"]]
    parts = [divmod(price["amount_fen"] * share, 10_000) for share in shares]
    due = [whole for whole, _ in parts]
    claims = sorted(range(len(parts)), key=lambda i: (-parts[i][1], -shares[i], i))
    for place in claims[: price["amount_fen"] - sum(due)]:
        due[place] += 1
    assert [amount for _, amount in moved["release"][1:]] == due
