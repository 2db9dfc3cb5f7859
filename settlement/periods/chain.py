"""Chain the entries of a closed month in the order of their numbers (凭证链).

Each link is the SHA-256 of the link before it, the entry's number in the month, and the digest of
the entry's record as the audit log holds it. A month begins with the last link of the month before,
so the last link of a month stands for every entry up to its end: one that is changed, left out,
put in or moved gives another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

FORMAT: Final = b"shushi/period-chain/1\n"
#: Before the first month that these books ever closed.
FIRST: Final = bytes(32)
_NUMBER_BYTES: Final = 8


def link(before: bytes, number: int, record_sha256: bytes) -> bytes:
    """Return the link of one entry."""
    told = FORMAT + before + number.to_bytes(_NUMBER_BYTES, "big") + record_sha256
    return hashlib.sha256(told).digest()


def follow(before: bytes, first_number: int, digests: Iterable[bytes]) -> bytes:
    """Return the last link of entries that are numbered on from ``first_number``."""
    for number, digest in enumerate(digests, first_number):
        before = link(before, number, digest)
    return before
