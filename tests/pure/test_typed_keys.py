"""A public key is read as it is pasted: PEM, DER in base64, or raw; of an algorithm that parties have."""

from __future__ import annotations

import base64
import textwrap

import pytest

from catalog.signing.algorithms import KEY_PREFIX, OF_PARTIES, PUBLIC_KEY_LENGTH, Algorithm
from market.portal.typed_keys import public_key_of


def pem(der: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


@pytest.mark.parametrize("algorithm", OF_PARTIES)
def test_a_key_of_every_algorithm_is_read_as_openssl_writes_it(algorithm: Algorithm) -> None:
    raw = bytes(n % 251 for n in range(PUBLIC_KEY_LENGTH[algorithm]))
    der = KEY_PREFIX[algorithm] + raw

    assert public_key_of(pem(der)) == (algorithm, raw)
    assert public_key_of(pem(der).replace("\n", "\r\n")) == (algorithm, raw)
    assert public_key_of(base64.b64encode(der).decode()) == (algorithm, raw)
    assert public_key_of(base64.b64encode(raw).decode()) == (algorithm, raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        "公钥",
        base64.b64encode(b"\x01" * 31).decode(),
        pem(KEY_PREFIX[Algorithm.ED25519] + b"\x01" * 31),
        pem(KEY_PREFIX[Algorithm.P256] + b"\x04" + b"\x01" * 64),
    ],
)
def test_what_is_no_key_of_a_party_is_none(text: str) -> None:
    assert public_key_of(text) is None
