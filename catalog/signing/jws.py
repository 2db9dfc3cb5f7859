"""Write and open a compact JWS signed with EdDSA (RFC 7515, RFC 8037), strictly.

What opens it says which type it must be and which keys it may know. Nothing in the header decides
by what it is checked: another algorithm, a key that travels along, a parameter that is not known
here are refused by name before any signature is looked at.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Callable
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM: Final = "EdDSA"
#: A certificate has some 4 kB, a status list at most some 65 kB.
LONGEST: Final = 1_000_000
_COMPACT: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_HEADER: Final = frozenset({"alg", "typ", "kid"})


class Flaw(enum.StrEnum):
    """Why a JWS is not opened."""

    NOT_COMPACT = "not_compact"  # no three parts of unpadded base64url, each in its one spelling
    HEADER_UNREADABLE = "header_unreadable"
    UNSIGNED = "unsigned"  # `none`, or nothing where the signature stands
    ALGORITHM_OTHER = "algorithm_other"
    TYPE_OTHER = "type_other"
    HEADER_UNKNOWN = "header_unknown"  # jwk, jku, x5c, crit …: nothing that we write
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_WRONG = "signature_wrong"


class NotOpened(Exception):
    """A JWS that is not what it has to be; ``flaw`` says why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


class Opened(msgspec.Struct, frozen=True):
    """What a JWS holds, whose signature is that of the key that it names."""

    kid: str
    payload: bytes


def looks_like_one(raw: bytes) -> bool:
    """Tell whether these bytes are a compact JWS, good or bad, and not something else."""
    text = raw.strip()
    return text.startswith(b"eyJ") and _COMPACT.fullmatch(text) is not None


def signing_input(payload: bytes, *, typ: str, kid: str) -> bytes:
    """Return the bytes that are signed: header and payload (RFC 7515 §5.1)."""
    header = msgspec.json.encode({"alg": ALGORITHM, "kid": kid, "typ": typ})
    return _written(header) + b"." + _written(payload)


def assemble(signed: bytes, signature: bytes) -> bytes:
    """Return the compact JWS."""
    return signed + b"." + _written(signature)


def open_strictly(token: bytes, *, typ: str, key_of: Callable[[str], bytes | None]) -> Opened:
    """Return what a JWS holds. ``key_of`` gives the public key of a ``kid``, or None.

    1. It has three parts, each in the one spelling that base64url has for its bytes.
    2. Its header holds ``alg``, ``typ``, ``kid`` and nothing else, and says what it has to say.
    3. The key is known to the reader, and the signature is the key's.

    :raises NotOpened: with the flaw that was found first.
    """
    if len(token) > LONGEST or not _COMPACT.fullmatch(token):
        raise NotOpened(Flaw.NOT_COMPACT)
    header, payload, signature = (_read(part) for part in token.split(b"."))
    if header is None or payload is None or signature is None:
        raise NotOpened(Flaw.NOT_COMPACT)
    kid = _checked_header(header, typ)
    if not signature:
        raise NotOpened(Flaw.UNSIGNED)
    public_key = key_of(kid)
    if public_key is None:
        raise NotOpened(Flaw.KEY_UNKNOWN)
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        jwt.PyJWS(algorithms=[ALGORITHM]).decode_complete(token, key, algorithms=[ALGORITHM])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise NotOpened(Flaw.SIGNATURE_WRONG) from error
    return Opened(kid, payload)


def _checked_header(raw: bytes, typ: str) -> str:
    try:
        header = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotOpened(Flaw.HEADER_UNREADABLE) from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if isinstance(algorithm, str) and algorithm.lower() == "none":
        raise NotOpened(Flaw.UNSIGNED)
    if algorithm != ALGORITHM:
        raise NotOpened(Flaw.ALGORITHM_OTHER)
    if header.get("typ") != typ:
        raise NotOpened(Flaw.TYPE_OTHER)
    if header.keys() - _HEADER:
        raise NotOpened(Flaw.HEADER_UNKNOWN)
    if not isinstance(kid, str):
        raise NotOpened(Flaw.KEY_UNKNOWN)
    return kid


def _written(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _read(part: bytes) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        return None
    return raw if _written(raw) == part else None
