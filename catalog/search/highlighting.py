"""Find the words of a question in a text as it is written (高亮)."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.products import terms

# So many characters are remembered; a language has some thousands that are used.
_REMEMBERED: Final = 1 << 14


Normal = tuple[str, Sequence[int]]  # a text as it is cut, and where each character came from


def places(normal: Normal, words: Iterable[str]) -> list[tuple[int, int]]:
    """Return where any of ``words`` stands in a text: begin and end in characters, none twice.

    The words are as questions are cut: half width, small, simplified; places are of the text as it is.
    """
    text, origins = normal
    found = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            found.append((origins[at], origins[at + len(word) - 1] + 1))
            at = text.find(word, at + 1)
    return _merged(sorted(found)) if found else found


def normals(texts: Sequence[str]) -> list[Normal]:
    """Return texts as they are cut. They are simplified together: one call costs more than one text."""
    joined = "\n".join(texts)
    if unicodedata.is_normalized("NFKC", joined):
        simple = terms.normal(joined).split("\n")
        if list(map(len, simple)) == list(map(len, joined.split("\n"))) == list(map(len, texts)):
            return [(each, range(len(each))) for each in simple]
    return [_normal(text) for text in texts]


def _normal(text: str) -> Normal:
    whole = text.lower()
    if len(whole) == len(text) and unicodedata.is_normalized("NFKC", text):
        simple = terms.normal(text)  # nothing changes but letters: each stands where it stood
        return (simple if len(simple) == len(text) else whole), range(len(text))
    small = [_small(character) for character in text]
    joined = "".join(small)
    origins: Sequence[int] = range(len(text))
    if len(joined) != len(text):
        origins = [place for place, each in enumerate(small) for _ in each]
    simple = terms.normal(joined)
    # Where simplifying a phrase changes its length, no place in it could be told.
    return (simple if len(simple) == len(joined) else joined), origins


@functools.lru_cache(_REMEMBERED)
def _small(character: str) -> str:
    return unicodedata.normalize("NFKC", character).lower()


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in places:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
