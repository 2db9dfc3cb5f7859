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
    P256 = "ecdsa-p256"  # FIPS 186-5 on P-256 with SHA-256, DER (r, s): what readers of PDF know


#: By which checkpoints and certificates are signed beside Ed25519, where that is asked for.
BESIDE: Final = (Algorithm.ML_DSA_44, Algorithm.SM2)

#: By which parties sign. Readers of PDF are no reason for them to have one more.
OF_PARTIES: Final = (Algorithm.ED25519, *BESIDE)

#: Bytes of a raw public key. That of a curve is the uncompressed point: 04 ‖ x ‖ y.
PUBLIC_KEY_LENGTH: Final = {
    Algorithm.ED25519: 32,
    Algorithm.ML_DSA_44: 1312,
    Algorithm.SM2: 65,
    Algorithm.P256: 65,
}

#: What stands before the raw key in a SubjectPublicKeyInfo (DER), as foreign programs take keys.
KEY_PREFIX: Final = {
    Algorithm.ED25519: bytes.fromhex("302a300506032b6570032100"),  # RFC 8410
    Algorithm.ML_DSA_44: bytes.fromhex("30820532300b060960864801650304031103820521" + "00"),
    Algorithm.SM2: bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200"),
    Algorithm.P256: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
}

#: Bytes of the secret from which a key of any of them is made: a seed, or the scalar of a curve.
SECRET_LENGTH: Final = 32


def find_algorithm(name: str) -> Algorithm | None:
    """Return the algorithm of that name, None if it is not one of ours."""
    return next((each for each in Algorithm if each.value == name), None)
