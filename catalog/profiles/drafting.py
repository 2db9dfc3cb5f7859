"""Draft a data dictionary from what is known of the file (数据字典草案); its supplier goes on with it."""

from __future__ import annotations

from typing import Final

from catalog.products.model import Item, ItemType
from catalog.profiles.model import Profile
from catalog.profiles.profiling import suggested

MAX_ITEMS: Final = 500  # as many as a description may have
_NAME: Final = 100  # characters, likewise


def drafted(profile: Profile) -> tuple[Item, ...]:
    """Return an item for each column: its type, length and gaps as found, its sensitivity as it seems.

    What seems sensitive is a text, though it be written in digits: nobody adds two phone numbers. Titles, units and sources are left to people. A column is called required only if the whole file
    was read and lacks nothing in it.
    """
    return tuple(
        Item(
            name=column.name,
            type=column.type if column.suggestion is None else ItemType.TEXT,
            length=column.longest or None,
            is_required=profile.is_whole and profile.rows > 0 and column.nulls == 0,
            sensitivity=suggested(column),
        )
        for column in profile.columns[:MAX_ITEMS]
        if len(column.name) <= _NAME
    )
