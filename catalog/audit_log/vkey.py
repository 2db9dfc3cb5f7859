r"""Write and read verifier keys (验证公钥文本): C2SP signed-note, ``name+hex(id)+base64(type ‖ key)``.

The first bytes say of which type a key is: ``01`` of a log, ``04`` of a witness, ``06`` by ML-DSA-44.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from catalog.kernel import base64_text

_NAME: Final = re.compile(r"[^\s+]+")


def is_name(name: str) -> bool:
    """Tell whether a key may have this name: not empty, no spaces, no plus."""
    return _NAME.fullmatch(name) is not None


def note_id(name: str, typed: bytes) -> bytes:
    r"""Return the four bytes by which a signature names its key: SHA-256(name ‖ \n ‖ type ‖ key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]


def written(name: str, typed: bytes) -> str:
    """Return the text of a key; ``typed`` are its type and the key."""
    return f"{name}+{note_id(name, typed).hex()}+{base64.b64encode(typed).decode()}"


def read(text: str, lengths: Mapping[bytes, int], what: str) -> tuple[str, bytes, bytes]:
    """Return name, type and key of a text; ``lengths`` are the types that are taken, and how long keys are.

    :raises ValueError: if it is not well-formed, of no such type, or its id not that of the key.
    """
    name, _, rest = text.partition("+")
    told, _, encoded = rest.partition("+")
    try:
        typed = base64_text.decoded(encoded)
    except ValueError as error:
        raise ValueError("the key is not base64") from error
    found = next(
        (
            kind
            for kind, length in lengths.items()
            if typed.startswith(kind) and len(typed) == len(kind) + length
        ),
        None,
    )
    if found is None or not is_name(name):
        raise ValueError(f"not a name and {what}")
    if note_id(name, typed).hex() != told:
        raise ValueError("the id is not that of the key")
    return name, found, typed[len(found) :]
