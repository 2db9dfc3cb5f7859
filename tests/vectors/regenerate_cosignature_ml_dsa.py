"""Write ``cosignature_ml_dsa.json``: one checkpoint that a witness cosigned by Ed25519 and by ML-DSA-44.

Run it as ``python -m tests.vectors.regenerate_cosignature_ml_dsa``. A signature of ML-DSA-44 differs each
time; what it verifies does not.
"""

from __future__ import annotations

import base64
import json
import pathlib

from catalog.signing.algorithms import Algorithm
from catalog.witnessing.cosignature import cosigned_message
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

PATH = pathlib.Path(__file__).with_name("cosignature_ml_dsa.json")
AT = 1_795_800_000
SIZE = 13


def vector() -> dict[str, object]:
    note = MemoryLog(SIZE).note(SIZE)
    text = note.decode().rpartition("\n\n")[0] + "\n"
    both = [MemoryWitness("witness.example/w1", each) for each in _ALGORITHMS]
    policy = (
        f"log {LOG_KEY}",
        f"witness w1 {both[0].key} https://witness.example/w1",
        f"witness w1-pq {both[1].key} https://witness.example/w1",
        "group either any w1 w1-pq",
        "quorum either",
    )
    return {
        "time": AT,
        "checkpoint": note.decode(),
        "vkeys": [str(each.key) for each in both],
        "messages": [
            base64.b64encode(cosigned_message(each.key, text, AT)).decode() for each in both
        ],
        "add_checkpoint_answer": b"".join(each.line(note, AT) for each in both).decode(),
        "policy": "".join(f"{line}\n" for line in policy),
    }


_ALGORITHMS = (Algorithm.ED25519, Algorithm.ML_DSA_44)

if __name__ == "__main__":
    PATH.write_text(json.dumps(vector(), indent=1, ensure_ascii=False) + "\n")
