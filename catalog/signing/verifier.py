"""Check signatures. Pure, so that an outsider's tool needs nothing else of ours (验签)."""

from __future__ import annotations

import enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from catalog.kernel.errors import Refused
from catalog.signing import p256, sm2
from catalog.signing.algorithms import Algorithm, find_algorithm
from catalog.signing.canonical import framed
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose


class SignatureFault(enum.StrEnum):
    """Why a signature is not one of a key."""

    ALGORITHM = "algorithm_not_of_the_key"
    VALUE = "signature_does_not_match"


class AlgorithmNotOfTheKey(Refused):
    """The signature names another algorithm than its key has (算法混淆)."""

    code = "algorithm_not_of_the_key"


def verify_raw(
    public_key: bytes,
    message: bytes,
    signature: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> bool:
    """Tell whether ``signature`` is the key's over exactly ``message``, by the key's algorithm.

    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    if algorithm is Algorithm.SM2:
        return sm2.verify(public_key, message, signature)
    if algorithm is Algorithm.P256:
        return p256.verify(public_key, message, signature)
    try:
        if algorithm is Algorithm.ML_DSA_44:
            MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
        else:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_detached(
    public_key: bytes,
    purpose: Purpose,
    document: bytes,
    signature: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> bool:
    """Tell whether ``signature`` was made over ``document`` for ``purpose`` with this key.

    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    return verify_raw(public_key, framed(purpose, document), signature, algorithm)


def fault_of(
    signature: Signature, *, algorithm: str, public_key: bytes, purpose: Purpose, document: bytes
) -> SignatureFault | None:
    """Return why a detached signature is not this key's, None if it is.

    ``algorithm`` is what is registered beside the key. Nothing is computed by another one,
    whatever the signature says.

    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    of_the_key = find_algorithm(algorithm)
    if of_the_key is None or signature.algorithm != of_the_key:
        return SignatureFault.ALGORITHM
    if not verify_detached(public_key, purpose, document, signature.value, of_the_key):
        return SignatureFault.VALUE
    return None
