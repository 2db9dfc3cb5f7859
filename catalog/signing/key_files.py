"""Read and write a private key as a file holds it (密钥文件): a bare secret, or encrypted PKCS#8.

Bare are 64 hexadecimal digits. Encrypted is PKCS#8 in PEM under a passphrase, as ``openssl`` reads
and writes it; its key derivation is only as good as the passphrase is long, so a short one is
refused.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from catalog.signing import p256, sm2
from catalog.signing.algorithms import Algorithm

ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
SHORTEST_PASSPHRASE: Final = 20  # [P] PBES2 as it is written here takes 2048 rounds only


def is_encrypted(raw: bytes) -> bool:
    """Tell whether a key file needs a passphrase."""
    return raw.startswith(ENCRYPTED)


def encode(algorithm: Algorithm, secret: bytes, passphrase: bytes | None) -> bytes:
    """Return what the file of a key holds; without a passphrase it is bare.

    :raises ValueError: if the passphrase is short, or the secret makes no key.
    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    if passphrase is None:
        return secret.hex().encode() + b"\n"
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ValueError(f"a passphrase has at least {SHORTEST_PASSPHRASE} bytes")
    if algorithm is Algorithm.SM2:
        return sm2.encrypted(secret, passphrase)
    key: Ed25519PrivateKey | MLDSA44PrivateKey | EllipticCurvePrivateKey
    if algorithm is Algorithm.ML_DSA_44:
        key = MLDSA44PrivateKey.from_seed_bytes(secret)
    elif algorithm is Algorithm.P256:
        key = p256.private_key(secret)
    else:
        key = Ed25519PrivateKey.from_private_bytes(secret)
    under = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, under)


def decode(algorithm: Algorithm, raw: bytes, passphrase: bytes | None) -> bytes:
    """Return the secret that a key file holds.

    :raises ValueError: if it is neither form, the passphrase is missing or another one, or the key
        is of another algorithm.
    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    if not is_encrypted(raw):
        return bytes.fromhex(raw.decode("ascii").strip())
    if not passphrase:
        raise ValueError("it is encrypted, and no passphrase is given")
    if algorithm is Algorithm.SM2:
        return sm2.decrypted(raw, passphrase)
    try:
        key = load_pem_private_key(raw, passphrase)
    except UnsupportedAlgorithm as error:
        raise ValueError(f"it holds no key of {algorithm.value}: {error}") from error
    secret = _secret_of(algorithm, key)
    if secret is None:
        raise ValueError(f"it holds no key of {algorithm.value}")
    return secret


def _secret_of(algorithm: Algorithm, key: object) -> bytes | None:
    if algorithm is Algorithm.P256:
        return p256.secret_of(key)
    wanted = MLDSA44PrivateKey if algorithm is Algorithm.ML_DSA_44 else Ed25519PrivateKey
    return key.private_bytes_raw() if isinstance(key, wanted) else None
