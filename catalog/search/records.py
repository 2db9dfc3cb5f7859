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
# So wide is the sum of the words of a field, where three are added up in one number.
_LENGTH_BITS: Final = 20
_LENGTH: Final = (1 << _LENGTH_BITS) - 1
_REMEMBERED: Final = 1 << 17
# A tsvector as PostgreSQL writes it: the lexeme quoted, then its positions with their weights.
_LEXEME: Final = re.compile(r"'((?:[^'\\]|''|\\\\)*)'(?::([0-9A-D,]*))?")

Bytes = Any  # bytes, or a mapped file: whatever has ``find`` and can be indexed
Vector = list[tuple[str, int, int, int]]  # word, and how often in title, labels, text


def read_vector(literal: str) -> Vector:
    """Return the words of a tsvector literal, and how often each stands in title, labels, text."""
    return [
        (
            _unquoted(lexeme),
            positions.count("A"),
            positions.count("B"),
            positions.count("C"),
        )
        for lexeme, positions in _LEXEME.findall(literal)
    ]


def _unquoted(lexeme: str) -> str:
    return lexeme.replace("''", "'").replace("\\\\", "\\")


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


class Packer:
    """Pack the records of many products, remembering what their words are called."""

    def __init__(self) -> None:
        self.words: dict[str, int] = _Keys()
        self._times: dict[str, tuple[int, int]] = _Times()

    def pack(self, product: bytes, place: int, literal: str) -> bytes:
        """Return the record of a product with the words of a tsvector literal."""
        found = _LEXEME.findall(literal)
        if "''" in literal or "\\" in literal:
            found = [(_unquoted(lexeme), positions) for lexeme, positions in found]
        words, times = self.words, self._times
        told = [(words[word], times[positions]) for word, positions in found]
        lengths = sum([length for _, (_, length) in told])
        entries = [key | counts for key, (counts, _) in told]
        fields = (lengths >> 2 * _LENGTH_BITS, lengths >> _LENGTH_BITS & _LENGTH, lengths & _LENGTH)
        head = _HEAD.pack(product, place, *(min(each, _LONGEST) for each in fields))
        return head + struct.pack(f">{len(entries)}Q", *entries)


class _Keys(dict[str, int]):
    def __missing__(self, word: str) -> int:
        found = int.from_bytes(key(word)) << 8 * (ENTRY_LENGTH - KEY_LENGTH)
        self[word] = found
        return found


class _Times(dict[str, tuple[int, int]]):
    """What positions say: how often, as an entry has it, and how many words that is in each field."""

    def __missing__(self, positions: str) -> tuple[int, int]:
        title, labels, text = (positions.count(weight) for weight in "ABC")
        counts = [min(each, _MOST_TIMES) for each in (title, labels, text)]
        found = (
            int.from_bytes(bytes(counts)),
            title << 2 * _LENGTH_BITS | labels << _LENGTH_BITS | text,
        )
        if len(self) < _REMEMBERED:
            self[positions] = found
        return found


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
