"""Find the words of a question in a text as it is written (高亮)."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.products import terms

# So many characters are remembered; a language has some thousands that are used.
_REMEMBERED: Final = 1 << 14


def places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Return where any of ``words`` stands in ``text``: begin and end in characters, none twice.

    The words are as questions are cut: half width, small, simplified; the text is as it is.
    """
    normal, origins = _normal(text)
    found = []
    for word in words:
        at = normal.find(word)
        while at >= 0:
            found.append((origins[at], origins[at + len(word) - 1] + 1))
            at = normal.find(word, at + 1)
    return _merged(sorted(found))


def _normal(text: str) -> tuple[str, Sequence[int]]:
    """Return the text as it is cut, and of each of its characters from which of ours it came."""
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
