"""A JWS is opened by what its reader demands, never by what its header asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.signing import jws
from catalog.signing.jws import Flaw, NotOpened, Opened
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

SIGNER = Signer(Purpose.CREDENTIAL, bytes(range(32)))
TYP = "vc+jwt"
PAYLOAD = b'{"a":1}'


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(header: Any, payload: bytes = PAYLOAD) -> bytes:
    message = b64(header if isinstance(header, bytes) else json.dumps(header).encode())
    message += b"." + b64(payload)
    return message + b"." + b64(SIGNER.sign(message))


def opened(token: bytes) -> Opened:
    return jws.open_strictly(
        token, typ=TYP, key_of=lambda kid: SIGNER.public_key if kid == "k" else None
    )


def flaw_of(token: bytes) -> Flaw:
    with pytest.raises(NotOpened) as refused:
        opened(token)
    return refused.value.flaw


GOOD = {"alg": "EdDSA", "kid": "k", "typ": TYP}


def test_what_was_signed_is_opened_and_other_libraries_agree() -> None:
    message = jws.signing_input(PAYLOAD, typ=TYP, kid="k")
    token = jws.assemble(message, SIGNER.sign(message))
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()

    assert opened(token) == Opened("k", PAYLOAD)
    assert jwt.decode(token, key, algorithms=["EdDSA"]) == {"a": 1}
    assert jws.looks_like_one(token + b"\n")


def test_what_is_no_jws_does_not_look_like_one() -> None:
    assert not jws.looks_like_one(b'{"type": "shushi-certificate-v1"}')
    assert not jws.looks_like_one(b"eyJ is how it begins")
    assert not jws.looks_like_one(b"a.b.c")


def test_the_algorithm_none_is_no_signature_however_it_is_spelled() -> None:
    for name in ("none", "None", "NONE"):
        header = b64(json.dumps(GOOD | {"alg": name}).encode())
        assert flaw_of(header + b"." + b64(PAYLOAD) + b".") is Flaw.UNSIGNED


def test_an_empty_signature_is_none() -> None:
    token = signed(GOOD)

    assert flaw_of(token.rpartition(b".")[0] + b".") is Flaw.UNSIGNED


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "Ed25519", "eddsa", 7, None])
def test_another_algorithm_is_refused_before_any_signature_is_looked_at(algorithm: Any) -> None:
    message = b64(json.dumps(GOOD | {"alg": algorithm}).encode()) + b"." + b64(PAYLOAD)
    # As an attacker does it who hopes that the public key is taken for a shared secret.
    mac = hmac.digest(SIGNER.public_key, message, hashlib.sha256)

    assert flaw_of(message + b"." + b64(mac)) is Flaw.ALGORITHM_OTHER


@pytest.mark.parametrize(
    ("header", "flaw"),
    [
        (GOOD | {"typ": "JWT"}, Flaw.TYPE_OTHER),
        ({"alg": "EdDSA", "kid": "k"}, Flaw.TYPE_OTHER),
        (GOOD | {"jwk": {"kty": "OKP"}}, Flaw.HEADER_UNKNOWN),
        (GOOD | {"jku": "https://evil.example/jwks"}, Flaw.HEADER_UNKNOWN),
        (GOOD | {"x5c": []}, Flaw.HEADER_UNKNOWN),
        (GOOD | {"crit": ["b64"], "b64": False}, Flaw.HEADER_UNKNOWN),
        ({"alg": "EdDSA", "typ": TYP}, Flaw.KEY_UNKNOWN),
        (GOOD | {"kid": 7}, Flaw.KEY_UNKNOWN),
        (GOOD | {"kid": "other"}, Flaw.KEY_UNKNOWN),
        ([1], Flaw.HEADER_UNREADABLE),
        (b"\xff", Flaw.HEADER_UNREADABLE),
        (b"{", Flaw.HEADER_UNREADABLE),
    ],
)
def test_a_header_that_is_not_ours_is_refused_by_name(header: Any, flaw: Flaw) -> None:
    assert flaw_of(signed(header)) is flaw


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"a.b",
        b"a.b.c.d",
        b"a.b.c",  # one letter is no base64
        signed(GOOD).replace(b".", b"=.", 1),
        signed(GOOD)[:-1] + b"-",  # the same signature in another spelling
        signed(GOOD) + b"A" * jws.LONGEST,
    ],
    ids=range(7),
)
def test_what_is_not_compact_or_spelled_otherwise_is_refused(token: bytes) -> None:
    assert flaw_of(token) is Flaw.NOT_COMPACT


def test_a_changed_payload_or_signature_is_found() -> None:
    head, payload, signature = signed(GOOD).split(b".")

    assert flaw_of(b".".join([head, b64(b'{"a":2}'), signature])) is Flaw.SIGNATURE_WRONG
    assert flaw_of(b".".join([head, payload, b64(bytes(64))])) is Flaw.SIGNATURE_WRONG
    assert flaw_of(b".".join([head, payload, b64(b"short")])) is Flaw.SIGNATURE_WRONG


def test_a_key_that_is_none_verifies_nothing() -> None:
    with pytest.raises(NotOpened) as refused:
        jws.open_strictly(signed(GOOD), typ=TYP, key_of=lambda _: b"short")

    assert refused.value.flaw is Flaw.SIGNATURE_WRONG
