"""Ask the search as every door does: with the synonyms in force, and counted (检索入口)."""

from __future__ import annotations

from typing import Any

import msgspec

from catalog.kernel import paging
from catalog.kernel.clock import monotonic
from catalog.kernel.errors import DomainError
from catalog.kernel.local_time import local_date
from catalog.search.disk import faults
from catalog.search.model import Filters, Found, Sort
from catalog.search.port import SearchPort
from catalog.suggestions import queries as suggestions
from market.credit import sanctions
from market.http.command import Command, Glance
from market.metrics import counted
from market.zones import queries as zones


async def find(
    c: Command | Glance,
    *,
    text: str = "",
    filters: Filters | None = None,
    sort: Sort = Sort.RELEVANCE,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Found:
    """Return what is found, with help if it is little.

    :raises DomainError: see ``catalog.suggestions.queries.search_with_help``.
    :raises SearchFilterUnknown: if it is narrowed to a zone that there is not.
    """
    began = monotonic()
    asked: dict[str, Any] = {
        "text": text,
        "filters": filters,
        "sort": sort,
        "limit": limit,
        "cursor": cursor,
    }
    try:
        found = await faults.answered(c.context.search, lambda port: _found(c, port, asked))
        if not found.total:
            await zones.require_asked(c.tx, filters)
    except DomainError:
        counted.search(counted.REFUSED)
        raise
    if sort is Sort.RELEVANCE:
        found = await _ranked(c, found, began)
    outcome = counted.FOUND if found.total else counted.NOTHING
    counted.search(outcome, monotonic() - began)
    return found


async def _found(c: Command | Glance, port: SearchPort | None, asked: dict[str, Any]) -> Found:
    return await c.context.synonyms.answered(
        c.tx,
        lambda synonyms: suggestions.search_with_help(c.tx, port=port, synonyms=synonyms, **asked),
    )


async def _ranked(c: Command | Glance, found: Found, at: float) -> Found:
    """Return a page with what is of suppliers ranked lower behind the rest of it (失信惩戒)."""
    lower = await c.context.ranked_lower.products(c.tx, on=local_date(c.context.now()), at=at)
    if not lower:
        return found
    items = sanctions.last(found.items, lambda hit: hit.id in lower)
    return msgspec.structs.replace(found, items=items)
