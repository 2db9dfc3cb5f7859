"""Make the keys of a ceremony from its one secret (派生密钥), the same ones whenever it is there again."""

from __future__ import annotations

from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from catalog.kernel.errors import Invalid
from catalog.signing.algorithms import BESIDE, SECRET_LENGTH, Algorithm
from catalog.signing.private_keys import from_secret
from catalog.signing.purposes import (
    OF_A_CEREMONY,
    OF_THE_SERVICE,
    Purpose,
    key_name,
    own_algorithm,
)
from catalog.signing.signer import Signer

_INFO: Final = "shushi/ceremony/1"


class KeyNotForACeremony(Invalid):
    """A ceremony makes keys of the service and of the log, and no other."""

    code = "ceremony_key_unusable"


class Wanted(msgspec.Struct, frozen=True, order=True):
    """A key that a ceremony makes: for what, and how it signs."""

    purpose: Purpose
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def name(self) -> str:
        """Return it as the file of the key is named."""
        return key_name(self.purpose, self.algorithm)


def wanted(name: str) -> Wanted:
    """Return which key a name means: ``root``, ``checkpoint``, ``checkpoint.sm2``, ``paper.ecdsa-p256`` ….

    :raises KeyNotForACeremony: if a ceremony makes none of that name.
    """
    purpose, _, algorithm = name.partition(".")
    for each in sorted(OF_THE_SERVICE | OF_A_CEREMONY):
        beside = BESIDE if each is Purpose.CHECKPOINT else ()
        for by in (own_algorithm(each), *beside):
            found = Wanted(each, by)
            if found.name == name:
                return found
    raise KeyNotForACeremony(name=name, purpose=purpose, algorithm=algorithm)


def secret_of(master: bytes, ceremony_id: str, key: Wanted) -> bytes:
    """Return the secret of one key: HKDF-SHA256 over the secret of the ceremony (RFC 5869).

    ``info`` is ``shushi/ceremony/1/<ceremony>/<key>/<n>`` with the first n from 0 on that makes a
    key: of a curve one number in 2³² makes none.
    """
    number = 0
    while True:
        info = f"{_INFO}/{ceremony_id}/{key.name}/{number}".encode()
        secret = HKDF(SHA256(), SECRET_LENGTH, salt=None, info=info).derive(master)
        try:
            from_secret(key.algorithm, secret)
        except ValueError:
            number += 1
            continue
        return secret


def signer_of(master: bytes, ceremony_id: str, key: Wanted) -> Signer:
    """Return what signs with a key of a ceremony."""
    return signer_with(secret_of(master, ceremony_id, key), key)


def signer_with(secret: bytes, key: Wanted) -> Signer:
    """Return what signs with a key whose own secret this is."""
    return Signer(key.purpose, secret, key.algorithm)
