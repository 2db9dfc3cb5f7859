"""Read words and groups of words as people write them down (同义词的书写)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid

_BETWEEN: Final = re.compile(r"[、,，;；\t\n]")


class SynonymListUnreadable(Invalid):
    """A list of groups is neither lines of words nor the table as it was exported."""

    code = "synonym_list_unreadable"


class _Exported(msgspec.Struct, frozen=True):
    groups: tuple[tuple[str, ...], ...]


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of one group: set apart by commas, semicolons, or each on a line of its own."""
    return tuple(word for part in _BETWEEN.split(text) if (word := part.strip()))


def groups_of(text: str) -> tuple[tuple[str, ...], ...]:
    """Return a list of groups: a line for each, or the table as the interface exports it.

    :raises SynonymListUnreadable: if it is neither, or there is nothing in it.
    """
    if text.lstrip().startswith("{"):
        try:
            groups = msgspec.json.decode(text, type=_Exported).groups
        except (msgspec.DecodeError, RecursionError) as error:
            raise SynonymListUnreadable from error
    else:
        groups = tuple(words for line in text.splitlines() if (words := words_of(line)))
    if not groups:
        raise SynonymListUnreadable
    return groups
