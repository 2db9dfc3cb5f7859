"""Make the vectors that the FORMAT.md of signing and audit_log refer to, always the same bytes.

``python -m tests.vectors.regenerate_audit_log`` writes them; a test compares.
"""

from __future__ import annotations

import base64
import datetime as dt
import pathlib
import uuid
from typing import Any

import msgspec

from catalog.audit_log import key_chain, key_notices, merkle, tiles
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.audit_log.leaf import commitment, leaf_bytes, payload_bytes
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.actor import PUBLIC
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import framed
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

HERE = pathlib.Path(__file__).parent
SEED = b"\x01" * 32
ORIGIN = "shushi.example/log"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def signing_vectors() -> dict[str, Any]:
    document = '{"名称":"海南省企业信用数据"}'.encode()
    vectors = []
    for purpose in Purpose:
        signer = Signer(purpose, SEED)
        vectors.append(
            {
                "purpose": purpose.value,
                "document": _b64(document),
                "message": _b64(framed(purpose, document)),
                "signature": _b64(signer.sign(document)),
            }
        )
        if signer.algorithm is not Algorithm.ED25519:
            vectors[-1] |= {
                "algorithm": signer.algorithm.value,
                "public_key": _b64(signer.public_key),
                "key_id": signer.key_id,
            }
    signer = Signer(Purpose.REPORT, SEED)
    return {
        "seed": SEED.hex(),
        "public_key": _b64(signer.public_key),
        "key_id": signer.key_id,
        "signatures": vectors,
    }


def audit_log_vectors() -> dict[str, Any]:
    salt = bytes(range(16))
    payload = payload_bytes(PUBLIC, facts={"名称": "海南"}, reason="为演示")
    leaves = [
        leaf_bytes(
            EntryId(uuid.UUID(int=(0x0195F2D0 << 96) + (0x7 << 76) + (0x8 << 60) + i)),
            dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC),
            "application:submitted",
            subjects=[Subject("application", f"a-{i}")],
            payload_sha256=commitment(salt, payload),
            digests=[Digest("journal", f"j-{i}", "11" * 32)] if i % 2 else [],
            rules=["HN-08"],
            order_seq=i if i == 3 else None,
        )
        for i in range(5)
    ]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    edge, _ = merkle.Edge().extended(hashes)
    stored = {(0, 0): b"".join(hashes)}
    signer = Signer(Purpose.CHECKPOINT, SEED)
    key = VerifierKey(ORIGIN, signer.public_key)
    checkpoint = Checkpoint(ORIGIN, len(leaves), edge.root())
    note = signed_note(checkpoint, key, signer.sign(checkpoint.text().encode()))
    return {
        "salt": salt.hex(),
        "payload": payload.decode(),
        "payload_sha256": commitment(salt, payload),
        "leaves": [leaf.decode() for leaf in leaves],
        "leaf_hashes": [each.hex() for each in hashes],
        "roots": [merkle.root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "tile/entries/000.p/5": _b64(tiles.pack(leaves)),
        "inclusion_of_2_in_5": [
            each.hex() for each in merkle.hashes_of(merkle.inclusion_spans(2, 5), stored)
        ],
        "consistency_of_3_and_5": [
            each.hex() for each in merkle.hashes_of(merkle.consistency_spans(3, 5), stored)
        ],
        "vkey": str(key),
        "checkpoint": note.decode(),
    }


def key_notice_vectors() -> dict[str, Any]:
    """Return four notices of one log: a root key, a new key, the old one's end, and its distrust."""
    old, new = Signer(Purpose.CHECKPOINT, SEED), Signer(Purpose.CHECKPOINT, b"\x02" * 32)
    root = Signer(Purpose.ROOT, b"\x03" * 32)
    names = {old.key_id: ORIGIN, new.key_id: ORIGIN, root.key_id: ORIGIN + key_notices.ROOT}

    def vkey(signer: Signer) -> VerifierKey:
        return VerifierKey(names[signer.key_id], signer.public_key)

    said = [
        (10, Action.ROOT, root, old, None, (old, root)),
        (20, Action.ANNOUNCE, new, old, None, (old, new)),
        (30, Action.END, old, new, None, (new,)),
        (40, Action.DISTRUST, old, root, 25, (root,)),
    ]
    rows = []
    for index, action, about, by, since, signers in said:
        at = dt.datetime(2026, 11, 28, 1, index, tzinfo=dt.UTC)
        notice = key_notices.drawn_up(action, vkey(about), vkey(by), at, since)
        text = notice.text().encode()
        note = key_notices.signed(notice, [(vkey(each), each.sign(text)) for each in signers])
        rows.append(NoticeRow(index, note))
    chain = key_chain.chained(vkey(old), rows)
    return {
        "seeds": {"old": SEED.hex(), "new": "02" * 32, "root": "03" * 32},
        "notices": [
            {"index": row.index, "note": row.note.decode(), "sha256": key_notices.digest(row.note)}
            for row in rows
        ],
        "periods": [
            {
                "key": str(each.key),
                "first": each.first,
                "end": each.end,
                "distrusted_from": each.distrusted_from,
            }
            for each in chain.periods
        ],
    }


FILES = {
    "signing.json": signing_vectors,
    "audit_log.json": audit_log_vectors,
    "key_notices.json": key_notice_vectors,
}


def content(name: str) -> bytes:
    return msgspec.json.format(msgspec.json.encode(FILES[name]()), indent=2) + b"\n"


if __name__ == "__main__":
    for name in FILES:
        (HERE / name).write_bytes(content(name))
