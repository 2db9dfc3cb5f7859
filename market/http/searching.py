"""Ask the search as every door does: with the synonyms in force, and counted (检索入口)."""

from __future__ import annotations

from catalog.kernel import paging
from catalog.kernel.clock import monotonic
from catalog.kernel.errors import DomainError
from catalog.search.model import Filters, Found, Sort
from catalog.suggestions import queries as suggestions
from market.http.command import Command
from market.metrics import counted


async def find(
    c: Command,
    *,
    text: str = "",
    filters: Filters | None = None,
    sort: Sort = Sort.RELEVANCE,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Found:
    """Return what is found, with help if it is little.

    :raises DomainError: see ``catalog.suggestions.queries.search_with_help``.
    """
    began = monotonic()
    try:
        found = await c.context.synonyms.answered(
            c.tx,
            lambda synonyms: suggestions.search_with_help(
                c.tx,
                port=c.context.search,
                text=text,
                synonyms=synonyms,
                filters=filters,
                sort=sort,
                limit=limit,
                cursor=cursor,
            ),
        )
    except DomainError:
        counted.search(counted.REFUSED)
        raise
    outcome = counted.FOUND if found.total else counted.NOTHING
    counted.search(outcome, monotonic() - began)
    return found
