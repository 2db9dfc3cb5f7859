"""Read a public key as it is pasted: what OpenSSL writes, or the raw bytes in base64 (公钥文本)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from catalog.signing.algorithms import KEY_PREFIX, OF_PARTIES, PUBLIC_KEY_LENGTH, Algorithm

_ARMOUR: Final = "-----"


def public_key_of(text: str) -> tuple[Algorithm, bytes] | None:
    """Return the algorithm and the raw bytes of a pasted key, or None if it is none that parties have.

    PEM and DER in base64 name their algorithm; raw bytes are of the one whose keys are that long.
    """
    lines = [line for line in text.split() if line]
    # The words of the armour fall apart at their blanks.
    packed = "".join(_without_armour(lines))
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    for algorithm in OF_PARTIES:
        prefix, length = KEY_PREFIX[algorithm], PUBLIC_KEY_LENGTH[algorithm]
        if raw.startswith(prefix) and len(raw) == len(prefix) + length:
            return algorithm, raw[len(prefix) :]
    found = [each for each in OF_PARTIES if PUBLIC_KEY_LENGTH[each] == len(raw)]
    return (found[0], raw) if found else None


def _without_armour(words: list[str]) -> list[str]:
    return [
        word
        for word in words
        if not (word.startswith(_ARMOUR) or word.endswith(_ARMOUR) or word == "PUBLIC")
    ]
