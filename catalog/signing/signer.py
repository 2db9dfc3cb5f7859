"""Sign. The private key is handed in; bytes go in, bytes come out.

Only a handful of modules may import this one (an import contract says which), and ``disk.py`` of this
room, which reads the key files.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.signing.canonical import framed
from catalog.signing.model import KeyId, Signature, key_id_of
from catalog.signing.purposes import Purpose


class Signer:
    """Sign for one purpose with one Ed25519 key (RFC 8032), handed in as its 32-byte seed."""

    __slots__ = ("_private", "key_id", "public_key", "purpose")

    def __init__(self, purpose: Purpose, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.purpose: Purpose = purpose
        self.public_key: bytes = self._private.public_key().public_bytes_raw()
        self.key_id: KeyId = key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"Signer({self.purpose.value}, {self.key_id})"

    def sign(self, document: bytes) -> bytes:
        """Return the 64-byte signature over ``document`` in the frame of this key's purpose."""
        return self._private.sign(framed(self.purpose, document))

    def seal(self, document: bytes) -> Signature:
        """Return the signature over ``document`` with the key that made it."""
        return Signature(key_id=self.key_id, value=self.sign(document))
