"""Seal a share to its custodian's own key (密封): HPKE, RFC 9180, base mode.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; ``info`` names the ceremony and the number of the
share, so that a sealed share is opened as nothing else.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from catalog.kernel.errors import Refused

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class ShareNotOpened(Refused):
    """The key is not the one to which the share was sealed, or the share was changed."""

    code = "ceremony_share_not_opened"


def seal(words: str, key: X25519PublicKey, *, ceremony_id: str, number: int) -> bytes:
    """Return a share that only the holder of ``key`` can read."""
    return _SUITE.encrypt(words.encode(), key, _info(ceremony_id, number))


def opened(sealed: bytes, key: X25519PrivateKey, *, ceremony_id: str, number: int) -> str:
    """Return the words of a sealed share.

    :raises ShareNotOpened: if it was not sealed to this key, or for another ceremony or number.
    """
    try:
        return _SUITE.decrypt(sealed, key, _info(ceremony_id, number)).decode()
    except (InvalidTag, ValueError) as error:
        raise ShareNotOpened(number=number) from error


def _info(ceremony_id: str, number: int) -> bytes:
    return f"shushi/ceremony/1/{ceremony_id}/share/{number}".encode()
