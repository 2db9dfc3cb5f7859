"""Write which certificates count as one short list of bits (状态列表): Bitstring Status List v1.0.

Each certificate has a place in a list, three bits wide, drawn by chance when it is issued: the
place tells nothing of when or to whom. Bits are counted from the left of the first byte. A place
that nobody has says the same as one that counts, so a list tells no more than what has ended.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
import zlib
from collections.abc import Iterable
from typing import Final

from catalog.certificates.states import State
from catalog.kernel.errors import Invalid

#: The least that the specification allows, so that one entry hides among the others.
PLACES: Final = 131_072
WIDTH: Final = 3
LENGTH: Final = PLACES * WIDTH // 8
#: A list is drawn from until it is half full: then the next place by chance is mostly free [P].
FULL: Final = PLACES // 2

_BASE64URL: Final = "u"  # multibase: base64url without padding
_ENCODED: Final = re.compile(r"u[A-Za-z0-9_-]+")
_GZIP: Final = 31  # zlib's window bits for the gzip form


class Status(enum.IntEnum):
    """What the three bits of a certificate say."""

    VALID = 0
    SUSPENDED = 1
    SUPERSEDED = 2
    TRANSFERRED = 3
    DEREGISTERED = 4
    REVOKED = 5
    LAPSED = 6
    UNUSED = 7


STATUS_OF: Final[dict[State, Status]] = {
    State.ACTIVE: Status.VALID,
    State.FROZEN: Status.SUSPENDED,
    State.SUPERSEDED: Status.SUPERSEDED,
    State.TRANSFERRED: Status.TRANSFERRED,
    State.DEREGISTERED: Status.DEREGISTERED,
    State.REVOKED: Status.REVOKED,
    State.LAPSED: Status.LAPSED,
}


class StatusListUnreadable(Invalid):
    """The text is no list of this length and form."""

    code = "status_list_unreadable"


def bits_of(standing: Iterable[tuple[int, State]]) -> bytes:
    """Return the list, given the places of the certificates that do not just count."""
    bits = bytearray(LENGTH + 1)
    for place, state in standing:
        assert 0 <= place < PLACES, "the database checks it"
        first, inside = divmod(place * WIDTH, 8)
        window = STATUS_OF[state] << 16 - WIDTH - inside
        bits[first] |= window >> 8
        bits[first + 1] |= window & 0xFF
    return bytes(bits[:LENGTH])


def status_at(bits: bytes, place: int) -> Status:
    """Return what a list says of a place.

    :raises StatusListUnreadable: if the list has no such place.
    """
    if len(bits) != LENGTH or not 0 <= place < PLACES:
        raise StatusListUnreadable(reason=f"no place {place} in {len(bits)} bytes")
    first = place * WIDTH
    window = int.from_bytes(bits[first // 8 : first // 8 + 2].ljust(2, b"\0"), "big")
    return Status(window >> (16 - WIDTH - first % 8) & (1 << WIDTH) - 1)


def encoded(bits: bytes) -> str:
    """Return a list as it travels: gzip, then multibase base64url. No time is written into it."""
    packer = zlib.compressobj(level=9, wbits=_GZIP)
    packed = packer.compress(bits) + packer.flush()
    return _BASE64URL + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bits of a list; never more than a list has, whatever is packed in it.

    :raises StatusListUnreadable: if it is no list of this length and form.
    """
    if not _ENCODED.fullmatch(text):
        raise StatusListUnreadable(reason="no multibase base64url")
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        packed = base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
        bits = unpacker.decompress(packed, LENGTH + 1)
    except (binascii.Error, zlib.error) as error:
        raise StatusListUnreadable(reason=str(error)) from error
    if len(bits) != LENGTH or not unpacker.eof or unpacker.unused_data:
        raise StatusListUnreadable(reason="not the length of a list")
    return bits
