"""The secrets that let a session or a token in: how one is made, and what is kept of it."""

from __future__ import annotations

import enum
import hashlib
import secrets
from typing import Final

_SECRET_BYTES: Final = 32


class Prefix(enum.StrEnum):
    """What a secret begins with, so that a scan for leaks can tell ours from others'."""

    SESSION = "shs_"
    TOKEN = "sht_"  # noqa: S105 - no secret, but the beginning of all of them


def new_secret(prefix: Prefix) -> str:
    """Return a secret that nobody has had before."""
    return prefix + secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
