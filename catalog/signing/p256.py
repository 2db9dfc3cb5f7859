"""Sign and verify by ECDSA on P-256 with SHA-256 (FIPS 186-5), which readers of PDF know.

The number that a signature needs follows from key and message (RFC 6979): the same twice, and no bad
dice can give the key away. What a device signs has a number of the device's own.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE: Final = ec.SECP256R1()
_SIGNING: Final = ec.ECDSA(SHA256(), deterministic_signing=True)
_VERIFYING: Final = ec.ECDSA(SHA256())


def private_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a scalar.

    :raises ValueError: if it is none of the curve.
    """
    return ec.derive_private_key(int.from_bytes(secret), _CURVE)


def secret_of(key: object) -> bytes | None:
    """Return the scalar of a private key, None if it is of another curve or kind."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key.private_numbers().private_value.to_bytes(32)
    return None


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half of a private key: 04 ‖ x ‖ y."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return the signature over ``message``, DER (r, s)."""
    return key.sign(message, _SIGNING)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` is over exactly ``message``."""
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
        point.verify(signature, message, _VERIFYING)
    except (InvalidSignature, ValueError):
        return False
    return True


def der(raw: bytes) -> bytes:
    """Return a signature of a device, r ‖ s, as DER."""
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
