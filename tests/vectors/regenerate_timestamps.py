"""Write ``timestamps.json`` anew: a log, its timestamps, and evidence for one entry.

The authority's keys are made each time, so the file is another each time, and as good.
"""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import msgspec

from catalog.timestamps.hashing import HashAlgorithm
from tests.log_of_tests import ORIGIN
from tests.memory_authority import MemoryAuthority
from tests.timed_log import TimedLog

PATH = pathlib.Path(__file__).with_name("timestamps.json")
INDEX = 2


def vector() -> dict[str, Any]:
    log = TimedLog()
    log.grow(5)
    log.stamp()
    log.wait(300)
    log.grow(1)
    log.authority = MemoryAuthority(log.clock, root=log.authority.root)
    log.stamp(HashAlgorithm.SM3)
    log.wait(300)
    log.grow(1)
    log.authority = MemoryAuthority(log.clock, root=log.authority.root)
    log.archive()
    return {
        "origin": ORIGIN,
        "log": str(log.log_key),
        "tsa_ca": log.authority.pem().decode(),
        "timestamps": [
            {
                "number": kept.number,
                "kind": kept.kind,
                "size": kept.size,
                "algorithm": kept.algorithm,
                "covers": kept.covers,
                "response": kept.response,
                "record": raw.decode(),
            }
            for kept, raw in zip(log.kept, log.raw, strict=True)
        ],
        "leaves": [leaf.decode() for leaf in log.leaves],
        "evidence": log.evidence(INDEX, [1, 2, 3]),
        "holds_at": (log.clock.now() + dt.timedelta(days=300)).isoformat(),
        "ended_at": (log.clock.now() + dt.timedelta(days=366)).isoformat(),
    }


if __name__ == "__main__":
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(vector()), indent=1) + b"\n")
