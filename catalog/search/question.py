"""Cut a question into words, and ask for fewer of them when all together find too little.

All words first: whoever remembers a description wants the one that has them all. If that finds too
little, a word may be missing, then two, and so on; what has more of the question's weight stands
higher, and a rare word weighs more than a common one (idf).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.products import terms
from catalog.products.metadata import is_readable

MAX_QUESTION_LENGTH: Final = 400
MAX_TERMS: Final = 10
_MAX_COMBINATIONS: Final = 60
_RAREST: Final = 3


class SearchQuestionTooLong(Invalid):
    """The question has more characters than a question has."""

    code = "search_question_too_long"


class SearchQuestionUnreadable(Invalid):
    """The question holds control characters."""

    code = "search_question_unreadable"


class Weighed(msgspec.Struct, frozen=True):
    """A word of the question, how often it stands in the catalogue, and how much it tells."""

    term: str
    count: int
    weight: float


def read(text: str) -> list[str]:
    """Return the different words of the question, in their order.

    :raises SearchQuestionTooLong: if it is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters.
    """
    if len(text) > MAX_QUESTION_LENGTH:
        raise SearchQuestionTooLong(maximum=MAX_QUESTION_LENGTH, length=len(text))
    if not is_readable(text):
        raise SearchQuestionUnreadable
    return list(dict.fromkeys(terms.cut(text)))


def weigh(counts: Sequence[tuple[str, int]], total: int) -> list[Weighed]:
    """Return the words with their weights, heaviest first, at most ``MAX_TERMS``.

    Words that stand nowhere weigh nothing and are left out: they would only find nothing.
    """
    known = [
        Weighed(term, count, math.log(1 + (total - count + 0.5) / (count + 0.5)))
        for term, count in counts
        if count
    ]
    return sorted(known, key=lambda w: -w.weight)[:MAX_TERMS]


def all_of(words: Sequence[Weighed]) -> str:
    """Return the tsquery that wants every word."""
    return " & ".join(terms.quoted(word.term) for word in words)


def any_of(words: Sequence[Weighed]) -> str:
    """Return the tsquery that wants one word at least."""
    return " | ".join(terms.quoted(word.term) for word in words)


def all_but(words: Sequence[Weighed], missing: int) -> str:
    """Return the tsquery that wants all words but ``missing`` of them, whichever."""
    return " | ".join(
        f"({all_of(chosen)})" for chosen in itertools.combinations(words, len(words) - missing)
    )


def ladder(words: Sequence[Weighed], *, common: int) -> Iterator[str]:
    """Yield the tsqueries to try, from all words down to any of them.

    A rung that would name too many combinations is left out. Words that stand in ``common``
    products or more do not count alone, as long as there are rarer ones; the rarest come first.
    """
    yield all_of(words)
    for missing in range(1, len(words) - 1):
        if math.comb(len(words), missing) <= _MAX_COMBINATIONS:
            yield all_but(words, missing)
    if len(words) > 1:
        telling = [word for word in words if word.count < common] or words
        yield any_of(telling[:_RAREST])
        if len(telling) > _RAREST:
            yield any_of(telling)
