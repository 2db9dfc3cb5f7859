"""Say what a public key is, and what a detached signature is."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Final, NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose

KeyId = NewType("KeyId", str)

ED25519: Final = Algorithm.ED25519.value


def key_id_of(public_key: bytes) -> KeyId:
    """Return the id of a key: the first 16 hex digits of the SHA-256 of its raw bytes."""
    return KeyId(hashlib.sha256(public_key).hexdigest()[:16])


class PublicKey(msgspec.Struct, frozen=True):
    """A public key and the time in which it signs (公钥). Who holds none is the service itself."""

    key_id: KeyId
    purpose: Purpose
    public_key: bytes
    valid_from: dt.datetime
    holder_party_id: PartyId | None = None
    valid_to: dt.datetime | None = None  # exclusive
    revoked_at: dt.datetime | None = None
    registered_by: AccountId | None = None
    algorithm: Algorithm = Algorithm.ED25519
    distrusted_from: int | None = None  # what it signed from this entry of the log on never counted
    certificate: bytes | None = None  # X.509 (DER), of a key that seals papers


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A detached signature as it travels beside its document (分离签名).

    ``algorithm`` is what the document says; it counts for nothing unless its key says the same.
    """

    key_id: KeyId
    value: bytes  # base64 in JSON
    algorithm: str = ED25519
