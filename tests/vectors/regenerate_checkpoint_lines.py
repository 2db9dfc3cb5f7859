"""Write ``checkpoint_lines.json``: one checkpoint with the lines of three keys, and each by itself.

Run it as ``python -m tests.vectors.regenerate_checkpoint_lines``. Signatures of ML-DSA-44 and SM2
differ each time; what they verify does not.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import pathlib

import msgspec

from catalog.audit_log.checkpoint import parse_checkpoint, parse_note
from catalog.audit_log.export_format import Keys
from catalog.audit_log.further_lines import FurtherKey, lines_of, message
from catalog.audit_log.merkle import Hash
from catalog.audit_log.published_keys import row
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from tests.log_of_tests import ORIGIN, log_signer_of_all

SINCE = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SIGNED_AT = dt.datetime(2026, 3, 2, 1, 2, 3, tzinfo=dt.UTC)


def vector() -> dict[str, object]:
    log = log_signer_of_all()
    raw = log.note(5, Hash(hashlib.sha256(b"root").digest()), previous=3, now=SIGNED_AT)
    note = parse_note(raw)
    checkpoint = parse_checkpoint(note.text)
    signers = (log.signer, *log.further)
    rows = [
        row(PublicKey(s.key_id, Purpose.CHECKPOINT, s.public_key, SINCE, algorithm=s.algorithm))
        for s in signers
    ]
    told: dict[str, object] = {
        "vkey": str(log.key),
        "checkpoint": raw.decode(),
        "keys": msgspec.to_builtins(Keys(str(log.key), rows)),
    }
    keys = [FurtherKey(ORIGIN, s.algorithm, s.public_key) for s in log.further]
    for key, line in lines_of(note, keys):
        is_timed = key.algorithm == "ml-dsa-44"
        at = int(SIGNED_AT.timestamp())
        told[key.algorithm.value] = {
            "vkey": str(key),
            "public_key": base64.b64encode(key.public_key).decode(),
            "message": base64.b64encode(message(key, checkpoint, note.text, at)).decode(),
            "timestamp": at if is_timed else None,
            "signature": base64.b64encode(line.value[8:] if is_timed else line.value).decode(),
        }
    return told


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("checkpoint_lines.json")
    path.write_text(json.dumps(vector(), ensure_ascii=False, indent=2) + "\n", "utf-8")
