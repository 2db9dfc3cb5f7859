"""Guess what was meant by what stands nowhere (纠错): one wrong character, or a slip of the keyboard.

Chinese is compared by windows of three to five characters, as a wrong character breaks the cutting of
words around it; words of other scripts as a whole, letters swapped counting once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_HAN_RUN: Final = re.compile(r"[\u3400-\u9fff]{3,}")
_WORD: Final = re.compile(r"(?<![0-9a-z])[0-9a-z]{4,}(?![0-9a-z])")
_WINDOWS: Final = (3, 4, 5)
# [P] a question of ten characters has some twenty; each is looked up in the index's dictionary.
MOST_WINDOWS: Final = 24
_LONG: Final = 8  # from so many letters on two slips are one word still


def windows(normal: str) -> list[str]:
    """Return the places of a question where a word with one wrong character may stand, short ones first."""
    runs = _HAN_RUN.findall(normal)
    found = [
        run[first : first + length]
        for length in _WINDOWS
        for run in runs
        for first in range(len(run) - length + 1)
    ]
    return list(dict.fromkeys(found))[:MOST_WINDOWS]


def latin_words(normal: str) -> list[str]:
    """Return the words of other scripts that are long enough to have slips in them."""
    return list(dict.fromkeys(_WORD.findall(normal)))[:MOST_WINDOWS]


def slips(word: str) -> int:
    """Return how many slips of the keyboard a word may have."""
    return 2 if len(word) >= _LONG else 1


def is_one_character_off(word: str, other: str) -> bool:
    """Tell whether two words have the same length and differ in exactly one character."""
    return len(word) == len(other) and sum(a != b for a, b in zip(word, other, strict=True)) == 1


def distance(word: str, other: str) -> int:
    """Return how many letters must be put in, left out, changed or swapped (edit distance)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(word, 1):
        line = [i]
        for j, b in enumerate(other, 1):
            least = min(last[j] + 1, line[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and word[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            line.append(least)
        before, last = last, line
    return last[-1]


def meant_by(window: str, words: Iterable[str]) -> list[str]:
    """Return those of ``words`` that may have been meant, in their order."""
    if _HAN_RUN.fullmatch(window):
        return [word for word in words if is_one_character_off(window, word)]
    return [word for word in words if 0 < distance(window, word) <= slips(window)]
