"""Say by which algorithms is signed (签名算法), and how long a public key of each is.

The key has an algorithm, and the signature names it. A signature that names another one than its
key's is refused before anything is computed, so that no key is ever used in a way not its own.
"""

from __future__ import annotations

import enum
from typing import Final


class Algorithm(enum.StrEnum):
    """How a key signs (签名算法)."""

    ED25519 = "ed25519"  # RFC 8032
    ML_DSA_44 = "ml-dsa-44"  # FIPS 204, pure, no context: against quantum computers
    SM2 = "sm2"  # 国密 GB/T 32918.2 with SM3, the id 1234567812345678, DER (r, s)


#: Bytes of a raw public key. That of SM2 is the uncompressed point: 04 ‖ x ‖ y.
PUBLIC_KEY_LENGTH: Final = {
    Algorithm.ED25519: 32,
    Algorithm.ML_DSA_44: 1312,
    Algorithm.SM2: 65,
}

#: What stands before the raw key in a SubjectPublicKeyInfo (DER), as foreign programs take keys.
KEY_PREFIX: Final = {
    Algorithm.ED25519: bytes.fromhex("302a300506032b6570032100"),  # RFC 8410
    Algorithm.ML_DSA_44: bytes.fromhex("30820532300b060960864801650304031103820521" + "00"),
    Algorithm.SM2: bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200"),
}

#: Bytes of the secret from which a key of any of them is made: a seed, or the scalar of SM2.
SECRET_LENGTH: Final = 32


def find_algorithm(name: str) -> Algorithm | None:
    """Return the algorithm of that name, None if it is not one of ours."""
    return next((each for each in Algorithm if each.value == name), None)
