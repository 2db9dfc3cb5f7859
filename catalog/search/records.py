"""Pack of a product what ranking needs into a few hundred bytes (排序记录).

A record is a head (id, place, how many words each field has) and an entry for each different word:
five bytes of its digest, and how often it stands in title, labels and text. All of it is numbers of
eight bytes, the highest byte first: so hundreds of products are scored by a few comparisons of long
arrays (``ranking.py``), and a file of records is as good as an index of them.
"""

from __future__ import annotations

import functools
import hashlib
import re
import struct
import uuid
from typing import Any, Final

_HEAD: Final = struct.Struct(">16sqHHHxx")
HEAD_LENGTH: Final = _HEAD.size
KEY_LENGTH: Final = 5
ENTRY_LENGTH: Final = KEY_LENGTH + 3
_MOST_TIMES: Final = 0xFF
_LONGEST: Final = 0xFFFF
_REMEMBERED: Final = 1 << 17
# A tsvector as PostgreSQL writes it: the lexeme quoted, then its positions with their weights.
_LEXEME: Final = re.compile(r"'((?:[^'\\]|''|\\\\)*)'(?::([0-9A-D,]*))?")

Bytes = Any  # bytes, or a mapped file: whatever has ``find`` and can be indexed
Vector = list[tuple[str, int, int, int]]  # word, and how often in title, labels, text


def read_vector(literal: str) -> Vector:
    """Return the words of a tsvector literal, and how often each stands in title, labels, text."""
    return [
        (
            lexeme.replace("''", "'").replace("\\\\", "\\"),
            positions.count("A"),
            positions.count("B"),
            positions.count("C"),
        )
        for lexeme, positions in _LEXEME.findall(literal)
    ]


def pack(product_id: uuid.UUID, place: int, vector: Vector) -> bytes:
    """Return the record of a product."""
    lengths = (
        sum(title for _, title, _, _ in vector),
        sum(labels for _, _, labels, _ in vector),
        sum(text for _, _, _, text in vector),
    )
    entries = [
        key(word)
        + bytes((min(title, _MOST_TIMES), min(labels, _MOST_TIMES), min(text, _MOST_TIMES)))
        for word, title, labels, text in vector
    ]
    return _HEAD.pack(
        product_id.bytes, place, *(min(each, _LONGEST) for each in lengths)
    ) + b"".join(entries)


def read_head(data: Bytes, start: int) -> tuple[bytes, int, int, int, int]:
    """Return whose record begins at ``start``, its place, how many words title, labels, text have."""
    head: tuple[bytes, int, int, int, int] = _HEAD.unpack_from(data, start)
    return head


def times(data: Bytes, start: int, end: int, word: bytes) -> tuple[int, int, int] | None:
    """Return how often a word stands in title, labels and text of a record; None: nowhere."""
    first = start + HEAD_LENGTH
    at = data.find(word, first, end)
    while at >= 0:
        if (at - first) % ENTRY_LENGTH == 0:
            after = at + KEY_LENGTH
            return data[after], data[after + 1], data[after + 2]
        # Bytes of two entries that only together look like the word.
        at = data.find(word, at + 1, end)
    return None


@functools.lru_cache(maxsize=_REMEMBERED)
def key(word: str) -> bytes:
    """Return what a word is called in records."""
    return hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=KEY_LENGTH).digest()


def first_words(vector: Vector) -> str:
    """Return the words by which an index finds first candidates: those of the title twice."""
    words = []
    for word, title, labels, text in vector:
        words += [word] * min(2 * title + labels + text, _MOST_TIMES)
    return " ".join(words)
