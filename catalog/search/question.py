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
# What stands in the place of bytes that are not UTF-8.
_NO_TEXT: Final = "\ufffd"
# By these a question is put (疑问词): no product is about them, though a few have them by chance.
_ASKING: Final = frozenset(
    (
        *("哪", "哪里", "哪儿", "哪个", "哪些", "哪家", "在哪", "在哪里", "什么", "为什么"),
        *("怎么", "怎样", "怎么样", "如何", "多少", "几", "是否", "有", "有没有", "能否", "可否"),
        *("吗", "呢", "吧", "请", "请问", "我", "我们", "想", "想要", "想知道", "要", "需要"),
        *("找", "寻找", "查找", "看看", "where", "what", "which", "how", "is", "are", "there"),
    )
)


class SearchQuestionTooLong(Invalid):
    """The question has more characters than a question has."""

    code = "search_question_too_long"


class SearchQuestionUnreadable(Invalid):
    """The question holds control characters, or bytes that are no text."""

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

    What has synonyms is one thing; any other word is found by the words inside it too. Words by which
    a question is put are left out where others remain.

    :raises SearchQuestionTooLong: if it is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters, or bytes that are no text.
    """
    if len(text) > MAX_QUESTION_LENGTH:
        raise SearchQuestionTooLong(maximum=MAX_QUESTION_LENGTH, length=len(text))
    if not is_readable(text) or _NO_TEXT in text:
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
    telling = [each for each in asked.values() if each.name not in _ASKING]
    return tuple(telling or asked.values())[:MAX_CONCEPTS]


def tsquery(concept: Concept) -> str:
    """Return what PostgreSQL is asked for one thing."""
    ways = [" & ".join(terms.quoted(word) for word in way) for way in concept.ways]
    return ways[0] if len(ways) == 1 else " | ".join(f"({way})" for way in ways)


def tsquery_of_all(concepts: tuple[Concept, ...], *, least: int) -> str:
    """Return what PostgreSQL is asked for so many of them at least."""
    each = [f"({tsquery(concept)})" for concept in concepts]
    ways = [" & ".join(way) for way in itertools.combinations(each, least)] if each else []
    return ways[0] if len(ways) == 1 else " | ".join(f"({way})" for way in ways)
