"""Make the example that ``catalog/witnessing/FORMAT.md`` refers to, always the same bytes.

``python -m tests.vectors.regenerate_witnessing`` writes it; a test compares.
"""

from __future__ import annotations

import pathlib

import msgspec

from catalog.witnessing.cosignature import cosigned_message
from catalog.witnessing.log_proof import LogProof
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

PATH = pathlib.Path(__file__).with_name("witnessing.json")
AT = 1_772_413_323
SIZE = 13
OLD = 6
INDEX = 5


def example() -> dict[str, object]:
    """Return a request, its answer, a policy, the witnessed checkpoint and a proof under it."""
    log = MemoryLog(SIZE)
    first, second = (MemoryWitness(f"witness.example/{name}") for name in ("w1", "w2"))
    note = log.note(SIZE)
    text = note.decode().rpartition("\n\n")[0] + "\n"
    witnessed = note + first.line(note, AT) + second.line(note, AT + 1)
    policy = (
        f"log {LOG_KEY}",
        f"witness w1 {first.key} https://witness.example/w1",
        f"witness w2 {second.key}",
        "group both all w1 w2",
        "quorum both",
    )
    return {
        "leaves": [leaf.decode() for leaf in log.leaves],
        "cosigned_message": cosigned_message(first.key, text, AT).decode(),
        "add_checkpoint_request": log.request(OLD, SIZE).body().decode(),
        "add_checkpoint_answer": first.line(note, AT).decode(),
        "policy": "".join(f"{line}\n" for line in policy),
        "witnessed_checkpoint": witnessed.decode(),
        "log_proof": LogProof(INDEX, log.inclusion(INDEX, SIZE), witnessed).text().decode(),
    }


if __name__ == "__main__":
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(example()), indent=1) + b"\n")
