"""Sign messages as the Standard Webhooks spec has it: HMAC-SHA256 over id, instant and body (v1)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # the spec asks for 24 to 64


def secret_of(random: bytes) -> str:
    """Return a secret as it is shown."""
    assert len(random) == SECRET_BYTES, "a secret has its length"
    return PREFIX + base64.b64encode(random).decode()


def headers(
    message_id: str, at: dt.datetime, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """Return the three headers of a message, signed by each secret that counts now."""
    instant = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), instant.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": instant,
        "webhook-signature": " ".join(_v1(_key(secret), signed) for secret in secrets),
    }


def _v1(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    return binascii.a2b_base64(secret.removeprefix(PREFIX))
