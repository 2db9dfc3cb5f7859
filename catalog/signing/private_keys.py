"""Say what can sign, wherever the secret lies (签名接口), and make a private key from its secret.

What signs is asked for its algorithm, its public key and a signature, and for nothing else: the
secret may be bytes of a file, or stay inside a device.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from catalog.signing import p256, sm2
from catalog.signing.algorithms import SECRET_LENGTH, Algorithm


class PrivateKey(Protocol):
    """What signs (私钥)."""

    @property
    def algorithm(self) -> Algorithm:
        """Return how it signs."""
        ...

    @property
    def public_key(self) -> bytes:
        """Return the raw public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature over exactly ``message``."""
        ...


def from_secret(algorithm: Algorithm, secret: bytes) -> PrivateKey:
    """Return the private key that a secret of 32 bytes makes: a seed, or the scalar of a curve.

    :raises ValueError: if it has another length, or is no scalar of the curve.
    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    if len(secret) != SECRET_LENGTH:
        raise ValueError(f"{len(secret)} bytes instead of {SECRET_LENGTH}")
    if algorithm is Algorithm.SM2:
        return _Sm2(secret)
    if algorithm is Algorithm.ML_DSA_44:
        return _MlDsa44(secret)
    if algorithm is Algorithm.P256:
        return _P256(p256.private_key(secret))
    return _Ed25519(secret)


class _Ed25519:
    __slots__ = ("_private", "public_key")

    algorithm = Algorithm.ED25519

    def __init__(self, secret: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class _MlDsa44:
    __slots__ = ("_private", "public_key")

    algorithm = Algorithm.ML_DSA_44

    def __init__(self, secret: bytes) -> None:
        self._private = MLDSA44PrivateKey.from_seed_bytes(secret)
        self.public_key: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class _Sm2:
    __slots__ = ("_secret", "public_key")

    algorithm = Algorithm.SM2

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.public_key: bytes = sm2.public_key_of(secret)

    def sign(self, message: bytes) -> bytes:
        return sm2.sign(self._secret, message)


class _P256:
    __slots__ = ("_private", "public_key")

    algorithm = Algorithm.P256

    def __init__(self, private: EllipticCurvePrivateKey) -> None:
        self._private = private
        self.public_key: bytes = p256.point_of(private)

    def sign(self, message: bytes) -> bytes:
        return p256.sign(self._private, message)
