"""Make and check identifiers: sortable UUIDs (RFC 9562 version 7) and the 统一社会信用代码.

Ids are plain ``uuid.UUID`` in storage; the ``NewType``s keep one kind from being taken for another.
"""

from __future__ import annotations

import uuid
from typing import NewType

import uuid_utils.compat

PartyId = NewType("PartyId", uuid.UUID)
AccountId = NewType("AccountId", uuid.UUID)


def new_id() -> uuid.UUID:
    """Return a new id that sorts by the time of its making (UUIDv7, RFC 9562 §5.7)."""
    return uuid_utils.compat.uuid7()


_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_LENGTH = 18
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def uscc_check_character(first_17: str) -> str:
    """Return the eighteenth character of a 统一社会信用代码 (GB 32100-2015).

    :raises ValueError: if a character does not belong to the alphabet or the length is not 17.
    """
    if len(first_17) != _USCC_LENGTH - 1:
        raise ValueError("the first 17 characters are needed")
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(first_17, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def is_uscc(code: str) -> bool:
    """Tell whether ``code`` is a well-formed 统一社会信用代码 with a right check character."""
    if len(code) != _USCC_LENGTH:
        return False
    try:
        return uscc_check_character(code[:17]) == code[17]
    except ValueError:
        return False
