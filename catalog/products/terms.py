"""Turn text into the words it is found by (分词): one way for what is stored and what is asked.

Full width becomes half width, capitals small, traditional characters simplified (OpenCC, by words
where one character stands for two); then jieba cuts, long words also into the words inside them. A
term is a word with at least one letter, digit or character in it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opencc import OpenCC

MAX_TERM_LENGTH: Final = 64
_MAX_POSITION: Final = 16_383  # tsvector's own limits
_MAX_POSITIONS: Final = 255
# Fields stand apart, so that the end of one and the start of the next are not neighbours.
_GAP: Final = 16
_REMEMBERED: Final = 1 << 15

# What nobody sees and editors leave behind: soft hyphens, joiners, marks of direction. Between two
# characters of a word it would make two words of it.
UNSEEN: Final = frozenset(
    (0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
_UNSEEN: Final = dict.fromkeys(UNSEEN)

# Words that stand in nearly every description and tell nothing.
_EMPTY: Final = frozenset(
    [
        "的",
        "了",
        "和",
        "与",
        "及",
        "或",
        "等",
        "在",
        "是",
        "之",
        "为",
        "其",
        "该",
        "以",
        "并",
        "于",
        "由",
        "对",
        "将",
        "而",
        "the",
        "of",
        "and",
        "a",
    ]
)


def load() -> None:
    """Load the dictionaries, so that who asks first does not wait for them."""
    cut("数据")


def normal(text: str) -> str:
    """Return ``text`` as it is cut: half width, small letters, simplified characters, nothing unseen."""
    seen = unicodedata.normalize("NFKC", text).translate(_UNSEEN).lower()
    simple: str = _simplifier().convert(seen)
    return simple


def cut(text: str) -> list[str]:
    """Return the terms of ``text`` in their order, doubles included."""
    # It waits until it is needed: its dictionary takes a tenth of a second to load.
    import rjieba  # noqa: PLC0415

    return [word for word in rjieba.cut_for_search(normal(text)) if _is_term(word)] if text else []


def words(text: str) -> list[str]:
    """Return the words of ``text`` side by side, without the words inside long ones."""
    import rjieba  # noqa: PLC0415

    return [word for word in rjieba.cut(normal(text)) if _is_term(word)] if text else []


def vector(*, title: str, labels: Iterable[str], body: str) -> str:
    """Return the literal of a tsvector: title weighs A, labels B, body C."""
    positions: dict[str, list[str]] = {}
    position = 0
    for weight, text in (("A", title), ("B", " ".join(labels)), ("C", body)):
        for term in cut(text):
            position += 1
            places = positions.setdefault(term, [])
            if len(places) < _MAX_POSITIONS:
                places.append(f"{min(position, _MAX_POSITION)}{weight}")
        position += _GAP
    return " ".join([f"{quoted(term)}:{','.join(places)}" for term, places in positions.items()])


@functools.lru_cache(maxsize=_REMEMBERED)
def quoted(term: str) -> str:
    """Return ``term`` as one lexeme in the literal of a tsvector or tsquery."""
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


@functools.cache
def _simplifier() -> OpenCC:
    # Likewise: its dictionaries wait until a text comes.
    import opencc  # noqa: PLC0415

    return opencc.OpenCC("t2s")


# Half of a catalogue is made of a few thousand words; what was asked of them is remembered.
@functools.lru_cache(maxsize=_REMEMBERED)
def _is_term(word: str) -> bool:
    return word not in _EMPTY and len(word) <= MAX_TERM_LENGTH and any(c.isalnum() for c in word)
