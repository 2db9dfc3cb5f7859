"""Make and read short download tokens: a JWS signed with EdDSA (RFC 8037), good for a minute.

A token is for one grant and one audience. It carries no rights of its own: whoever shows it still
meets the grant, so a cut-off works at the next request.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.kernel.errors import Forbidden

LIFETIME: Final = dt.timedelta(seconds=60)
AUDIENCE: Final = "shushi/content"
TYPE: Final = "at+jwt"
_DOTS_OF_A_JWS: Final = 2
_REQUIRED: Final = ["iss", "aud", "sub", "jti", "iat", "exp", "order_id", "party_id"]


class TokenNotGood(Forbidden):
    """The download token is not ours, for another thing, or over."""

    code = "download_token_not_good"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    iss: str
    aud: str
    sub: uuid.UUID  # the grant
    jti: uuid.UUID
    iat: int
    exp: int
    order_id: uuid.UUID
    party_id: uuid.UUID


def claims(
    *,
    issuer: str,
    grant_id: uuid.UUID,
    order_id: uuid.UUID,
    party_id: uuid.UUID,
    token_id: uuid.UUID,
    now: dt.datetime,
) -> Claims:
    """Return what a token for this grant says now."""
    issued = int(now.timestamp())
    return Claims(
        iss=issuer,
        aud=AUDIENCE,
        sub=grant_id,
        jti=token_id,
        iat=issued,
        exp=issued + int(LIFETIME.total_seconds()),
        order_id=order_id,
        party_id=party_id,
    )


def signing_input(said: Claims, key_id: str) -> bytes:
    """Return the bytes that are signed: header and claims (RFC 7515 §5.1)."""
    header = {"alg": "EdDSA", "kid": key_id, "typ": TYPE}
    return _part(msgspec.json.encode(header)) + b"." + _part(msgspec.json.encode(said))


def assemble(signed: bytes, signature: bytes) -> str:
    """Return the compact token."""
    return (signed + b"." + _part(signature)).decode("ascii")


def looks_like_one(token: str) -> bool:
    """Tell whether ``token`` has the shape of a JWS; sessions and API tokens do not."""
    return token.startswith("eyJ") and token.count(".") == _DOTS_OF_A_JWS


def read(token: str, *, public_key: bytes, issuer: str, now: dt.datetime) -> Claims:
    """Return what the token says.

    :raises TokenNotGood: if the signature, audience, issuer or time is wrong.
    """
    try:
        # The clock is an argument here, so the library is told not to look at its own.
        said = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(public_key),
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            issuer=issuer,
            options={
                "require": _REQUIRED,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        found = msgspec.convert(said, Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
        raise TokenNotGood from error
    moment = now.timestamp()
    if not found.iat <= moment < found.exp or found.exp - found.iat > LIFETIME.total_seconds():
        raise TokenNotGood
    return found


def _part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
