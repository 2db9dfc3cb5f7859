"""Check signatures. Pure, so that an outsider's tool needs nothing else of ours (验签)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.signing.canonical import framed
from catalog.signing.purposes import Purpose


def verify_raw(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` is the Ed25519 signature of exactly ``message``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_detached(public_key: bytes, purpose: Purpose, document: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` was made over ``document`` for ``purpose`` with this key."""
    return verify_raw(public_key, framed(purpose, document), signature)
