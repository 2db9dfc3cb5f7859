"""Decide whether words may be a group of synonyms beside those in force (同义词组规则).

Groups are flat: each word stands for every other of its group and for nothing beyond it, so that no
chain or circle of groups can arise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.thesaurus.synonyms import MOST_WAYS, Way, way_of

# [P] what is longer is a sentence and nobody asks for it as one thing.
LONGEST_WORD: Final = 40
# [P] some fifty times the list that comes with the service; each process holds all of them.
MOST_GROUPS: Final = 5_000
_FEWEST: Final = 2

Group = Sequence[str]


class SynonymWordEmpty(Invalid):
    """A word has nothing in it that is searched for."""

    code = "synonym_word_empty"


class SynonymWordTooLong(Invalid):
    """A word has more characters than a word has."""

    code = "synonym_word_too_long"


class SynonymWordUnreadable(Invalid):
    """A word holds control characters, breaks of lines among them."""

    code = "synonym_word_unreadable"


class SynonymGroupTooSmall(Invalid):
    """One word alone is no synonym of anything."""

    code = "synonym_group_too_small"


class SynonymGroupTooLarge(Invalid):
    """So many words do not mean one thing, and are not asked for together."""

    code = "synonym_group_too_large"


class SynonymSaysTheSame(Invalid):
    """Two words are one to the search: by capitals, width, or traditional characters alone."""

    code = "synonym_says_the_same"


class SynonymGroupKnown(Refused):
    """A group in force has all of these words already."""

    code = "synonym_group_known"


class SynonymWordOverloaded(Refused):
    """With this group a word would have more synonyms than are asked for."""

    code = "synonym_word_overloaded"


class SynonymTableFull(Refused):
    """The table has as many groups as it may have."""

    code = "synonym_table_full"


class Table:
    """The groups in force, so that one more is looked at beside all of them (词表)."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self._of_way: dict[Way, list[frozenset[Way]]] = {}
        self._count = 0
        for group in groups:
            self._keep(frozenset(map(way_of, group)))

    def has(self, words: Group) -> bool:
        """Tell whether a group in force has all of these words."""
        ways = frozenset(map(way_of, words))
        return any(ways <= group for way in ways for group in self._of_way.get(way, ()))

    def add(self, words: Group) -> None:
        """Put a group beside those in force.

        :raises SynonymGroupKnown: if one of them says it already.
        :raises SynonymWordOverloaded: if a word would have more synonyms than are asked for.
        :raises SynonymTableFull: if there are as many as there may be.
        """
        if self.has(words):
            raise SynonymGroupKnown
        if self._count >= MOST_GROUPS:
            raise SynonymTableFull(maximum=MOST_GROUPS)
        ways = frozenset(map(way_of, words))
        for word in words:
            count = len(ways.union(*self._of_way.get(way_of(word), ())))
            if count > MOST_WAYS:
                raise SynonymWordOverloaded(word=word, maximum=MOST_WAYS, count=count)
        self._keep(ways)

    def _keep(self, ways: frozenset[Way]) -> None:
        self._count += 1
        for way in ways:
            self._of_way.setdefault(way, []).append(ways)


def tidy(words: Group) -> tuple[str, ...]:
    """Return the words without space around them, if they may be a group.

    :raises SynonymGroupTooSmall: if there are fewer than two.
    :raises SynonymGroupTooLarge: if there are more than are asked for together.
    :raises SynonymWordUnreadable: if one holds control characters.
    :raises SynonymWordTooLong: if one is longer than words are.
    :raises SynonymWordEmpty: if one has nothing that is searched for.
    :raises SynonymSaysTheSame: if two are one to the search.
    """
    if len(words) < _FEWEST:
        raise SynonymGroupTooSmall
    if len(words) > MOST_WAYS:
        raise SynonymGroupTooLarge(maximum=MOST_WAYS, count=len(words))
    tidied = tuple(_tidy_word(word) for word in words)
    said: dict[Way, str] = {}
    for word in tidied:
        way = way_of(word)
        if way in said:
            raise SynonymSaysTheSame(word=word, same=said[way])
        said[way] = word
    return tidied


def _tidy_word(word: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cf") for c in word):
        raise SynonymWordUnreadable
    tidied = word.strip()
    if len(tidied) > LONGEST_WORD:
        raise SynonymWordTooLong(maximum=LONGEST_WORD, length=len(tidied))
    if not way_of(tidied):
        raise SynonymWordEmpty(word=tidied)
    return tidied
