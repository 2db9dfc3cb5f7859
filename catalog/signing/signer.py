"""Sign. The private key is handed in; bytes go in, bytes come out.

Only a handful of modules may import this one (an import contract says which), and ``disk.py`` of this
room, which reads the key files.
"""

from __future__ import annotations

import threading

from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import framed
from catalog.signing.model import KeyId, Signature, key_id_of
from catalog.signing.private_keys import PrivateKey, from_secret
from catalog.signing.purposes import Purpose, own_algorithm


class Signer:
    """Sign for one purpose with one key: its secret of 32 bytes, or what holds it elsewhere."""

    __slots__ = ("_counting", "_private", "algorithm", "key_id", "public_key", "purpose", "signed")

    def __init__(
        self, purpose: Purpose, key: bytes | PrivateKey, algorithm: Algorithm | None = None
    ) -> None:
        by = algorithm or own_algorithm(purpose)
        self._private = from_secret(by, key) if isinstance(key, bytes) else key
        self.purpose: Purpose = purpose
        self.algorithm: Algorithm = self._private.algorithm
        self.public_key: bytes = self._private.public_key
        self.key_id: KeyId = key_id_of(self.public_key)
        self.signed = 0  # how often it did; a paper is sealed in a thread of its own
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"Signer({self.purpose.value}, {self.key_id})"

    def sign(self, document: bytes) -> bytes:
        """Return the signature over ``document`` in the frame of this key's purpose."""
        with self._counting:
            self.signed += 1
        return self._private.sign(framed(self.purpose, document))

    def sign_framed(self, message: bytes) -> bytes:
        """Return the signature over a message that has a frame of its own, which names what it is."""
        return self._private.sign(message)

    def seal(self, document: bytes) -> Signature:
        """Return the signature over ``document`` with the key that made it."""
        return Signature(
            key_id=self.key_id, value=self.sign(document), algorithm=self.algorithm.value
        )
