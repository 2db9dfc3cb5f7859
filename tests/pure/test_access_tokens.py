"""Short download tokens: what is said, for how long, and what is not believed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.kernel.ids import new_id
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.access import tokens

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
SEED = bytes(range(32))
SIGNER = Signer(Purpose.ACCESS_TOKEN, SEED)
ISSUER = "https://market.example"


def make_token(signer: Signer = SIGNER, issuer: str = ISSUER) -> tuple[tokens.Claims, str]:
    said = tokens.claims(
        issuer=issuer,
        grant_id=new_id(),
        order_id=new_id(),
        party_id=new_id(),
        token_id=new_id(),
        now=NOW,
    )
    signed = tokens.signing_input(said, signer.key_id)
    return said, tokens.assemble(signed, signer.sign(signed))


def read(token: str, later: float = 0) -> tokens.Claims:
    return tokens.read(
        token,
        public_key=SIGNER.public_key,
        issuer=ISSUER,
        now=NOW + dt.timedelta(seconds=later),
    )


def forged(**changes: Any) -> str:
    said, _ = make_token()
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    claims = {
        "iss": said.iss,
        "aud": said.aud,
        "sub": str(said.sub),
        "jti": str(said.jti),
        "iat": said.iat,
        "exp": said.exp,
        "order_id": str(said.order_id),
        "party_id": str(said.party_id),
    } | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, private, "EdDSA")


def test_a_token_says_what_was_put_into_it_for_a_minute() -> None:
    said, token = make_token()

    assert tokens.looks_like_one(token)
    assert read(token) == said
    assert read(token, 59.9) == said
    assert said.exp - said.iat == 60


@pytest.mark.parametrize("later", [-1, 60, 3600])
def test_a_token_is_good_neither_before_nor_after_its_minute(later: float) -> None:
    _, token = make_token()

    with pytest.raises(tokens.TokenNotGood):
        read(token, later)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "shushi/else"},
        {"iss": "https://else.example"},
        {"sub": None},
        {"order_id": "no uuid"},
        {"exp": int(NOW.timestamp()) + 3_600},
    ],
)
def test_a_token_of_our_own_key_for_another_thing_is_not_believed(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(tokens.TokenNotGood):
        read(forged(**changes))


def test_a_token_of_another_key_or_with_other_words_is_not_believed() -> None:
    _, foreign = make_token(Signer(Purpose.ACCESS_TOKEN, bytes(32)))
    _, token = make_token()
    head, body, signature = token.split(".")

    for bad in (foreign, f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.", "eyJ.a.b"):
        with pytest.raises(tokens.TokenNotGood):
            read(bad)


def test_other_secrets_do_not_look_like_tokens() -> None:
    assert not tokens.looks_like_one("shs_abcdef")
    assert not tokens.looks_like_one("eyJhbGciOi")
