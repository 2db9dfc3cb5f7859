"""Find a public product by its words, for a form that puts it somewhere (选取产品)."""

from __future__ import annotations

from typing import Final

from catalog.search.model import Filters, Hit
from market.http import searching
from market.http.command import Command

_SHOWN: Final = 20


async def find_public(c: Command, q: str | None, filters: Filters | None = None) -> list[Hit]:
    """Return the best of what everybody finds by these words; nothing if nothing was asked.

    ``q`` went through ``show.cleaned``, so that it can not be refused.
    """
    if q is None and filters is None:
        return []
    found = await searching.find(c, text=q or "", filters=filters, limit=_SHOWN)
    return found.items
