"""Say what is called otherwise elsewhere (同义词): words of the trade, and of the two shores, for one thing.

Synonyms are looked up when a question is read, so a change counts for the next question and no index
is made anew for it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.products import terms

Way = tuple[str, ...]  # words that stand together for one thing
# More words of one thing than these are not asked for.
MOST_WAYS: Final = 12
_REMEMBERED: Final = 1 << 14


class SynonymsOutdated(Exception):
    """The table changed since these synonyms were read."""


class Synonyms(msgspec.Struct, frozen=True):
    """Which words mean the same: each word, cut as questions are, to all ways to say it."""

    ways: dict[Way, tuple[Way, ...]] = {}
    longest: int = 0  # of how many words the longest consists
    version: int | None = None  # of the table that they were read from; None: of none that changes

    def at(self, words: Sequence[str], place: int) -> tuple[int, tuple[Way, ...]]:
        """Return how many of ``words`` from ``place`` on have synonyms together, and the ways to say it.

        The longest counts; 0 if there are none.
        """
        for length in range(min(self.longest, len(words) - place), 0, -1):
            found = self.ways.get(tuple(words[place : place + length]))
            if found is not None:
                return length, found
        return 0, ()


NO_SYNONYMS: Final = Synonyms()


def read(groups: Sequence[Sequence[str]], *, version: int | None = None) -> Synonyms:
    """Return the synonyms of groups of words that mean the same; a word may stand in several."""
    ways: dict[Way, list[Way]] = {}
    for group in groups:
        said = list(dict.fromkeys(way_of(word) for word in group if terms.words(word)))
        for word in dict.fromkeys(tuple(terms.words(word)) for word in group):
            if word:
                known = ways.setdefault(word, [way_of("".join(word))])
                known += [way for way in said if way not in known]
    return Synonyms(
        {word: tuple(known[:MOST_WAYS]) for word, known in ways.items()},
        max(map(len, ways), default=0),
        version,
    )


@functools.lru_cache(maxsize=_REMEMBERED)
def way_of(word: str) -> Way:
    """Return the words that documents with ``word`` have: itself if it is one, else its parts side by side."""
    whole = terms.normal(word)
    return (whole,) if whole in terms.cut(word) else tuple(dict.fromkeys(terms.words(word)))
