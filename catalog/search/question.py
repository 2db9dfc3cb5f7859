"""Read a question into the things that are asked for (检索词), and refuse what no question is."""

from __future__ import annotations

import itertools
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.products import terms
from catalog.products.metadata import is_readable
from catalog.thesaurus.synonyms import NO_SYNONYMS, Synonyms

MAX_QUESTION_LENGTH: Final = 400
# More different words than this are a text and no question; the first ones count.
MAX_CONCEPTS: Final = 24


class SearchQuestionTooLong(Invalid):
    """The question has more characters than a question has."""

    code = "search_question_too_long"


class SearchQuestionUnreadable(Invalid):
    """The question holds control characters."""

    code = "search_question_unreadable"


class Concept(msgspec.Struct, frozen=True):
    """One thing that is asked for: by its own words, or by those of its synonyms, which come after."""

    ways: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        """Return what it is called in the question."""
        return "".join(self.ways[0])


def read(text: str, synonyms: Synonyms = NO_SYNONYMS) -> tuple[Concept, ...]:
    """Return the different things that are asked for, in their order.

    What has synonyms is one thing; any other word is found by the words inside it too.

    :raises SearchQuestionTooLong: if it is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters.
    """
    if len(text) > MAX_QUESTION_LENGTH:
        raise SearchQuestionTooLong(maximum=MAX_QUESTION_LENGTH, length=len(text))
    if not is_readable(text):
        raise SearchQuestionUnreadable
    asked: dict[tuple[str, ...], Concept] = {}
    words, place = terms.words(text), 0
    while place < len(words):
        length, ways = synonyms.at(words, place)
        if ways:
            asked.setdefault(ways[0], Concept(ways))
        for word in () if ways else terms.cut(words[place]):
            asked.setdefault((word,), Concept(((word,),)))
        place += max(length, 1)
    return tuple(asked.values())[:MAX_CONCEPTS]


def tsquery(concept: Concept) -> str:
    """Return what PostgreSQL is asked for one thing."""
    ways = [" & ".join(terms.quoted(word) for word in way) for way in concept.ways]
    return ways[0] if len(ways) == 1 else " | ".join(f"({way})" for way in ways)


def tsquery_of_all(concepts: tuple[Concept, ...], *, least: int) -> str:
    """Return what PostgreSQL is asked for so many of them at least."""
    each = [f"({tsquery(concept)})" for concept in concepts]
    ways = [" & ".join(way) for way in itertools.combinations(each, least)] if each else []
    return ways[0] if len(ways) == 1 else " | ".join(f"({way})" for way in ways)
