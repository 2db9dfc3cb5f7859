"""Tell word by word what of a text is gone and what is new (逐字比较)."""

from __future__ import annotations

import difflib
import enum
import re
from typing import Final

import msgspec

# [P] of more pieces than these a comparison takes long, and nobody reads it word by word.
MOST_PIECES: Final = 800
_WORDS: Final = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_SENTENCES: Final = re.compile(r"[^。！？；\n.!?;]*[。！？；\n.!?;]+|[^。！？；\n.!?;]+")


class Kind(enum.StrEnum):
    """What became of a part of a text."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


class Part(msgspec.Struct, frozen=True):
    """A part of either text."""

    kind: Kind
    text: str


def compared(before: str, after: str) -> list[Part]:
    """Return both texts in one, in their order: first what is gone, then what stands there now.

    A long text is compared by its sentences, one of very many sentences as a whole.
    """
    for pattern in (_WORDS, _SENTENCES):
        old, new = pattern.findall(before), pattern.findall(after)
        if max(len(old), len(new)) <= MOST_PIECES:
            return list(_parts(old, new))
    return [part for part in (Part(Kind.GONE, before), Part(Kind.NEW, after)) if part.text]


def _parts(old: list[str], new: list[str]) -> list[Part]:
    found = []
    for tag, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Part(Kind.SAME, "".join(old[a:b])))
            continue
        found += [Part(Kind.GONE, "".join(old[a:b])), Part(Kind.NEW, "".join(new[c:d]))]
    return [part for part in found if part.text]
