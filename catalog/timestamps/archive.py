"""Write what an archive stamp is over: everything, hashed anew (归档时间戳，RFC 4998 §5.2).

Two trees under one hash algorithm: of the records of all timestamps so far, and of the bundles in
which the entries are published (``tile/entries/…``). Their roots stand in a short text; that text
is stamped. Whoever distrusts the older hash needs it for nothing from then on.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log import tiles
from catalog.audit_log.merkle import TILE_WIDTH
from catalog.kernel.errors import Invalid
from catalog.timestamps import hashing
from catalog.timestamps.hashing import HashAlgorithm

_FIRST: Final = "shushi/archive-timestamp/1"
_TEXT: Final = re.compile(
    r"shushi/archive-timestamp/1\n"
    r"(?P<origin>[^\n]{1,255})\n"
    r"hash (?P<algorithm>[a-z0-9-]{1,20})\n"
    r"timestamps (?P<count>0|[1-9][0-9]{0,17}) (?P<records>[A-Za-z0-9+/=]{1,128})\n"
    r"entries (?P<size>0|[1-9][0-9]{0,17}) (?P<entries>[A-Za-z0-9+/=]{1,128})\n"
)


class ArchiveTextMalformed(Invalid):
    """The bytes are not the text of an archive stamp."""

    code = "archive_text_malformed"


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """What is stamped: how many timestamps and entries of which log, and the roots over them."""

    origin: str
    algorithm: HashAlgorithm
    count: int
    records_root: bytes
    size: int
    entries_root: bytes

    def text(self) -> bytes:
        """Return the text that is stamped."""
        records, entries = (
            base64.b64encode(root).decode() for root in (self.records_root, self.entries_root)
        )
        lines = (
            _FIRST,
            self.origin,
            f"hash {self.algorithm.value}",
            f"timestamps {self.count} {records}",
            f"entries {self.size} {entries}",
        )
        return "".join(f"{line}\n" for line in lines).encode()


def parse(text: bytes) -> Archive:
    """Return what a text says.

    :raises ArchiveTextMalformed: if it is not spelled as ``text`` spells it.
    """
    try:
        match = _TEXT.fullmatch(text.decode())
        if match is None:
            raise ArchiveTextMalformed(reason="its lines are others")
        read = Archive(
            origin=match["origin"],
            algorithm=HashAlgorithm(match["algorithm"]),
            count=int(match["count"]),
            records_root=base64.b64decode(match["records"], validate=True),
            size=int(match["size"]),
            entries_root=base64.b64decode(match["entries"], validate=True),
        )
    except ValueError as error:
        raise ArchiveTextMalformed(reason=str(error)) from error
    if read.text() != text:
        raise ArchiveTextMalformed(reason="its base64 has another spelling")
    return read


def bundles(leaves: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bundles of C2SP tlog-tiles in which leaves stand, 256 in each but the last."""
    held: list[bytes] = []
    for leaf in leaves:
        held.append(leaf)
        if len(held) == TILE_WIDTH:
            yield tiles.pack(held)
            held = []
    if held:
        yield tiles.pack(held)


def hashes_of(algorithm: HashAlgorithm, items: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hashes of records, or of bundles."""
    return [hashing.leaf_hash(algorithm, item) for item in items]


def joined(hashes: Iterable[bytes]) -> bytes:
    """Return hashes one after another, as they are kept."""
    return b"".join(hashes)


def split(algorithm: HashAlgorithm, raw: bytes) -> list[bytes]:
    """Return hashes that were kept one after another."""
    length = len(hashing.digest(algorithm, b""))
    return [raw[i : i + length] for i in range(0, len(raw), length)]
