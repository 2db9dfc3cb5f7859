"""Seal what a database alone must give to nobody, with one key that lies in a file (AES-256-GCM, 加密存放).

What is sealed is bound to what it belongs to: moved to another row it does not open.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: So many bytes of chance each sealing takes; never the same twice under one key.
NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """It was sealed under another key or for something else, or was changed. Its room says what it was."""


class Box:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, content: bytes, *, bound: str, nonce: bytes) -> bytes:
        """Return the content, sealed and bound to what ``bound`` names."""
        assert len(nonce) == NONCE_BYTES, "a nonce has its length"
        return nonce + self._aead.encrypt(nonce, content, bound.encode())

    def open(self, sealed: bytes, *, bound: str) -> bytes:
        """Return what was sealed.

        :raises SealBroken: if it was sealed under another key, or bound to something else.
        """
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, rest, bound.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error
