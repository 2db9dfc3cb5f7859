"""Sign messages as the Standard Webhooks spec has it, over id, instant and body.

``v1`` is HMAC-SHA256 by a secret that the endpoint shares; ``v1a`` is Ed25519 by a key of which the
endpoint has the public half alone, so that it can show others what it was told.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from market.webhooks.sealing import SigningKeys

PREFIX: Final = "whsec_"
PUBLIC_PREFIX: Final = "whpk_"


def secret_of(keys: SigningKeys) -> str:
    """Return the shared secret as it is shown, once."""
    return PREFIX + base64.b64encode(keys.shared).decode()


def shared_of(secret: str) -> bytes:
    """Return the bytes of a shared secret that was written so."""
    return binascii.a2b_base64(secret.removeprefix(PREFIX))


def public_key_of(keys: SigningKeys) -> str:
    """Return the public half of the key that is not shared, as anybody may have it."""
    public = Ed25519PrivateKey.from_private_bytes(keys.private).public_key()
    return PUBLIC_PREFIX + base64.b64encode(public.public_bytes_raw()).decode()


def headers(
    message_id: str, at: dt.datetime, body: bytes, keys: Iterable[SigningKeys]
) -> dict[str, str]:
    """Return the three headers of a message, signed in both ways by all that counts now."""
    instant = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), instant.encode(), body))
    counting = tuple(keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": instant,
        "webhook-signature": " ".join(
            (
                *(_v1(each.shared, signed) for each in counting),
                *(_v1a(each.private, signed) for each in counting),
            )
        ),
    }


def _v1(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _v1a(key: bytes, signed: bytes) -> str:
    value = Ed25519PrivateKey.from_private_bytes(key).sign(signed)
    return f"v1a,{base64.b64encode(value).decode()}"
