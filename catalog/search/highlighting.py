"""Find the words of a question in a text as it is written (高亮)."""

from __future__ import annotations

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
    small = [text.translate(_SMALL).replace("\n", " ") for text in texts]  # each is one line now
    simple = terms.normal("\n".join(small)).split("\n")
    return list(map(_normal, texts, small, simple))


def _normal(text: str, small: str, simple: str) -> Normal:
    origins: Sequence[int] = range(len(text))
    if len(small) != len(text):
        origins = [place for place, each in enumerate(text) for _ in _SMALL[ord(each)]]
    # Where simplifying a phrase changes its length, no place in it could be told.
    return (simple if len(simple) == len(small) else small), origins


class _Small(dict[int, str]):
    """Each character in half width and small; one may become several."""

    def __missing__(self, code: int) -> str:
        is_seen = code not in terms.UNSEEN
        found = unicodedata.normalize("NFKC", chr(code)).lower() if is_seen else ""
        if len(self) < _REMEMBERED:
            self[code] = found
        return found


_SMALL: Final = _Small()


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in places:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
