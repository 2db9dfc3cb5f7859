"""Make the exact bytes that are hashed and signed (规范化): RFC 8785, and the purpose in front.

Bytes are built once and kept as they are. Nothing is ever serialised again in order to verify.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import rfc8785

from catalog.kernel.errors import Invalid
from catalog.signing.purposes import SELF_FRAMED, Purpose

FRAME: Final = "shushi/v1/"
_LARGEST: Final = 2**53 - 1  # the integers that every JSON reader keeps (RFC 8785 §3.2.2.3)

# Of plain values it writes the same bytes as RFC 8785 asks for, many times as fast.
_SORTED: Final = msgspec.json.Encoder(order="sorted")


class NotCanonical(Invalid):
    """The value has no canonical JSON form: a number out of range, or a broken character."""

    code = "document_not_canonical"


def canonical(value: Any) -> bytes:
    """Return ``value`` as canonical JSON (RFC 8785) in UTF-8.

    Structs, dates, UUIDs and bytes are taken as msgspec writes them: dates in ISO 8601, UUIDs in
    lower case with hyphens, bytes in base64.

    :raises NotCanonical: if an integer is beyond ±(2^53−1), a number is not finite, or a text is
        no Unicode.
    """
    try:
        plain = msgspec.to_builtins(value, str_keys=True)
        return _SORTED.encode(plain) if _is_plain(plain) else rfc8785.dumps(plain)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError) as error:
        raise NotCanonical(reason=str(error)) from error


def canonical_of_texts(value: msgspec.Struct) -> bytes:
    """Return the same bytes of a struct that by its type holds texts and counts alone.

    Nothing in it could be written in two ways, so it is not looked through: what every command
    writes is spared two thirds of the time.

    :raises NotCanonical: if a text is no Unicode.
    """
    try:
        return _SORTED.encode(value)
    except UnicodeEncodeError as error:
        raise NotCanonical(reason=str(error)) from error


def _is_plain(value: Any) -> bool:
    """Tell whether a value has no number and no name that the two ways would write differently."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return True
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if kind is dict:
        return all(map(str.isascii, value)) and all(map(_is_plain, value.values()))
    return kind in (list, tuple) and all(map(_is_plain, value))


def framed(purpose: Purpose, document: bytes) -> bytes:
    r"""Return the message that is signed: ``shushi/v1/<purpose>\n`` and the document.

    A checkpoint and an access token are signed as they are, because their own formats name their
    context.
    """
    if purpose in SELF_FRAMED:
        return document
    return f"{FRAME}{purpose.value}\n".encode() + document


def sha256_hex(document: bytes) -> str:
    """Return the SHA-256 of ``document`` in lower-case hex: the digest that binds a record."""
    return hashlib.sha256(document).hexdigest()
