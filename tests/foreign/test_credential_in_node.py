"""npm's `jose` and `@digitalbazaar/bitstring` read our credentials and status lists, and no others."""

from __future__ import annotations

import base64
import json
import pathlib
from typing import Any

import pytest

from catalog.certificates import credential, status_list
from catalog.certificates.states import State
from tests.foreign_tools import node, npm
from tests.vectors import regenerate_credential as golden

VERIFY = """
import {readFileSync} from 'node:fs';
import {jwtVerify, createLocalJWKSet} from 'jose';
const given = JSON.parse(readFileSync(0)), keys = createLocalJWKSet(given.jwks), said = [];
for (const token of given.tokens) {
  try {
    const {payload, protectedHeader} = await jwtVerify(token, keys, {
      typ: 'vc+jwt', algorithms: ['EdDSA'], currentDate: new Date(given.at)});
    said.push({payload, kid: protectedHeader.kid});
  } catch (error) { said.push({code: error.code}); }
}
console.log(JSON.stringify(said));
"""

READ = """
import {readFileSync} from 'node:fs';
import {Bitstring} from '@digitalbazaar/bitstring';
const given = JSON.parse(readFileSync(0));
const list = new Bitstring({buffer: await Bitstring.decodeBits({encoded: given.encoded})});
const at = i => [0, 1, 2].reduce((n, bit) => 2 * n + (list.get(i * 3 + bit) ? 1 : 0), 0);
const set = [];
for (let i = 0; i < list.length / 3; i++) if (at(i)) set.push([i, at(i)]);
const again = new Bitstring({length: list.length});
for (const [i, value] of set) for (const bit of [0, 1, 2])
  if (value >> (2 - bit) & 1) again.set(i * 3 + bit, true);
console.log(JSON.stringify({length: list.length, set, again: await again.encodeBits()}));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return npm(tmp_path_factory.mktemp("npm"))


def jwks() -> dict[str, Any]:
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": credential.kid_of(golden.BASE, signer.key_id),
                "x": base64.urlsafe_b64encode(signer.public_key).rstrip(b"=").decode(),
            }
            for signer in (golden.SIGNER, golden.LISTER)
        ]
    }


def changed(token: str, part: int, **members: Any) -> str:
    parts = token.split(".")
    raw = base64.urlsafe_b64decode(parts[part] + "==")
    told = json.dumps(json.loads(raw) | members).encode()
    parts[part] = base64.urlsafe_b64encode(told).rstrip(b"=").decode()
    return ".".join(parts)


def test_jose_verifies_what_is_genuine_and_refuses_what_was_changed(folder: pathlib.Path) -> None:
    made = golden.vector()
    held, listed = str(made["credential"]), str(made["status_list"])
    tokens = [
        held,
        listed,
        changed(held, 1, validFrom="2020-01-01T00:00:00+08:00"),
        changed(held, 0, alg="none"),
        changed(held, 0, alg="HS256"),
        changed(held, 0, typ="JWT"),
        changed(held, 0, kid="https://evil.example/jwks#1"),
        held[:-4] + "AAAA",
    ]

    said = node(folder, VERIFY, {"jwks": jwks(), "tokens": tokens, "at": golden.NOW.isoformat()})
    late = node(
        folder, VERIFY, {"jwks": jwks(), "tokens": [held, listed], "at": "2026-05-14T03:00Z"}
    )

    assert [each.get("code") for each in said] == [
        None,
        None,
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        "ERR_JOSE_ALG_NOT_ALLOWED",
        "ERR_JOSE_ALG_NOT_ALLOWED",
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        "ERR_JWKS_NO_MATCHING_KEY",
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    ]
    assert said[0]["payload"]["credentialSubject"]["certificate"]["product_name"]
    assert [each.get("code") for each in late] == [None, "ERR_JWT_EXPIRED"]


def test_bitstring_reads_our_list_and_we_read_its_own(folder: pathlib.Path) -> None:
    standing = {0: State.REVOKED, 7: State.FROZEN, 94_567: State.LAPSED, 131_071: State.SUPERSEDED}
    bits = status_list.bits_of(standing.items())

    told = node(folder, READ, {"encoded": status_list.encoded(bits)[1:]})

    assert told["length"] == status_list.PLACES * status_list.WIDTH
    assert dict(told["set"]) == {
        place: status_list.STATUS_OF[state].value for place, state in standing.items()
    }
    # The package leaves the multibase letter to its caller.
    assert status_list.decoded("u" + told["again"]) == bits
