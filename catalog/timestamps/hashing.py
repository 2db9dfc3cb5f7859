"""Hash by an algorithm that may be left for another one day (摘要算法); RFC 6962's tree under each."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from cryptography.hazmat.primitives import hashes

from catalog.kernel.errors import Invalid


class HashAlgorithm(enum.StrEnum):
    """What a timestamp's imprint, and the tree of an archive stamp, are hashed by."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SM3 = "sm3"


#: NIST's register (2.16.840.1.101.3.4.2) and GB/T 33560-2017.
OIDS: Final = {
    HashAlgorithm.SHA256: "2.16.840.1.101.3.4.2.1",
    HashAlgorithm.SHA384: "2.16.840.1.101.3.4.2.2",
    HashAlgorithm.SHA512: "2.16.840.1.101.3.4.2.3",
    HashAlgorithm.SM3: "1.2.156.10197.1.401",
}


class HashAlgorithmUnknown(Invalid):
    """The algorithm is none of those that timestamps are made with here."""

    code = "timestamp_algorithm_unknown"


def algorithm_of(name: str) -> HashAlgorithm:
    """Return the algorithm of a name.

    :raises HashAlgorithmUnknown: if there is none.
    """
    try:
        return HashAlgorithm(name)
    except ValueError:
        raise HashAlgorithmUnknown(algorithm=name, known=sorted(HashAlgorithm)) from None


def digest(algorithm: HashAlgorithm, data: bytes) -> bytes:
    """Return the digest of some bytes."""
    return _HASHERS[algorithm](data)


def leaf_hash(algorithm: HashAlgorithm, leaf: bytes) -> bytes:
    """Return the hash of a leaf: H(0x00 ‖ leaf)."""
    return _HASHERS[algorithm](b"\x00" + leaf)


def root_of(algorithm: HashAlgorithm, hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (RFC 6962 §2.1, with the algorithm's hash for SHA-256)."""
    if not hashes:
        return digest(algorithm, b"")
    row = list(hashes)
    while len(row) > 1:
        row = _row_above(algorithm, row)
    return row[0]


def path_of(algorithm: HashAlgorithm, hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the siblings that lead from a leaf hash to the root, the lowest first."""
    path: list[bytes] = []
    row, at = list(hashes), index
    while len(row) > 1:
        if at ^ 1 < len(row):
            path.append(row[at ^ 1])
        row, at = _row_above(algorithm, row), at // 2
    return tuple(path)


def root_from(
    algorithm: HashAlgorithm, leaf: bytes, index: int, size: int, path: Iterable[bytes]
) -> bytes | None:
    """Return the root to which a leaf hash and its siblings lead, None if they can not fit."""
    siblings = list(path)[::-1]
    at, last, made = index, size - 1, leaf
    if not 0 <= at <= last:
        return None
    while last:
        if at % 2 or at < last:
            if not siblings:
                return None
            sibling = siblings.pop()
            pair = sibling + made if at % 2 else made + sibling
            made = digest(algorithm, b"\x01" + pair)
        at, last = at // 2, last // 2
    return None if siblings else made


def _row_above(algorithm: HashAlgorithm, row: Sequence[bytes]) -> list[bytes]:
    """Return the row above: pairs hashed; an odd one goes up as it is."""
    hashed = _HASHERS[algorithm]
    above = [hashed(b"\x01" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
    return above + list(row[len(row) // 2 * 2 :])


def _sm3(data: bytes) -> bytes:
    # hashlib has it only where the system's OpenSSL does.
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(data)
    return hasher.finalize()


_HASHERS: Final[dict[HashAlgorithm, Callable[[bytes], bytes]]] = {
    HashAlgorithm.SHA256: lambda data: hashlib.sha256(data).digest(),
    HashAlgorithm.SHA384: lambda data: hashlib.sha384(data).digest(),
    HashAlgorithm.SHA512: lambda data: hashlib.sha512(data).digest(),
    HashAlgorithm.SM3: _sm3,
}
