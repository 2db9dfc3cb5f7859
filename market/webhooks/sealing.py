"""Seal what signs to an endpoint, so that a database alone gives it to nobody (加密存放).

It is bound to its endpoint and number: moved to another row it does not open.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.kernel.sealed import Box, SealBroken

#: Of what is shared with the endpoint, and of the Ed25519 key: 32 bytes each.
KEY_BYTES: Final = 32


class WebhookSecretSealed(Refused):
    """The key file is another one than the secret was sealed under, or the row was changed."""

    code = "webhook_secret_sealed"


class SigningKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What signs to one endpoint: a secret that it shares (v1), and a key that it does not (v1a)."""

    shared: bytes
    private: bytes


def seal_keys(
    box: Box, keys: SigningKeys, *, endpoint_id: uuid.UUID, number: int, nonce: bytes
) -> bytes:
    """Return the keys of an endpoint, sealed."""
    assert len(keys.shared) == len(keys.private) == KEY_BYTES, "keys have their length"
    return box.seal(keys.shared + keys.private, bound=_bound(endpoint_id, number), nonce=nonce)


def open_keys(box: Box, sealed: bytes, *, endpoint_id: uuid.UUID, number: int) -> SigningKeys:
    """Return the keys of an endpoint.

    :raises WebhookSecretSealed: if they were sealed under another key, or for another endpoint.
    """
    try:
        both = box.open(sealed, bound=_bound(endpoint_id, number))
    except SealBroken as error:
        raise WebhookSecretSealed(endpoint_id=str(endpoint_id)) from error
    return SigningKeys(shared=both[:KEY_BYTES], private=both[KEY_BYTES:])


def _bound(endpoint_id: uuid.UUID, number: int) -> str:
    return f"shushi/webhook-secret/1/{endpoint_id}/{number}"
