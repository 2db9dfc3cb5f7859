"""Write and read what a log sends to its witness: old size, proof, checkpoint (C2SP tlog-witness)."""

from __future__ import annotations

import base64
import re
from typing import Final

import msgspec

from catalog.audit_log.merkle import HASH_LENGTH, Hash
from catalog.kernel import base64_text
from catalog.kernel.errors import Invalid

MOST_HASHES: Final = 63  # C2SP tlog-witness
_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,17})")


class RequestMalformed(Invalid):
    """The body is not an old size, hashes, an empty line and a checkpoint."""

    code = "witness_request_malformed"


class HashMalformed(ValueError):
    """The text is not the base64 of 32 bytes, written as it must be."""


class AddCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint for a witness to cosign, and the proof from the size it is said to hold."""

    old: int
    proof: tuple[Hash, ...]
    note: bytes

    def body(self) -> bytes:
        """Return the bytes that are posted."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n".encode() + self.note


def parse_request(body: bytes) -> AddCheckpoint:
    """Return what was posted.

    :raises RequestMalformed: if it is no such request; the checkpoint itself is not looked at.
    """
    head, blank, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if not blank or old is None:
        raise RequestMalformed(reason="no old size, or no empty line before the checkpoint")
    if len(lines) > MOST_HASHES:
        raise RequestMalformed(reason="more than 63 hashes")
    try:
        proof = tuple(parse_hash(line) for line in lines)
    except HashMalformed as error:
        raise RequestMalformed(reason="a proof line is not the base64 of a hash") from error
    return AddCheckpoint(int(old[1]), proof, note)


def parse_hash(line: bytes) -> Hash:
    """Return the hash that a line holds in base64; no other spelling of it is taken.

    :raises HashMalformed: if it is none.
    """
    try:
        raw = base64_text.decoded(line)
    except ValueError as error:
        raise HashMalformed from error
    if len(raw) != HASH_LENGTH:
        raise HashMalformed
    return Hash(raw)
