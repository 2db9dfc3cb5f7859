"""Read the public catalogue as lists that are asked by number: so many from the n-th on (CKAN).

Without words a list is a statement over the documents and goes to its end. With words our search
answers: what it ranks comes first, and the rest after it, the newest first, so that whoever pages on
meets everything once.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.formats.ckan import GROUP, ORGANISATION
from catalog.formats.ckan_query import Asked
from catalog.kernel.db import Tx
from catalog.search import queries as search
from catalog.search.model import Count, Filters, Sort
from catalog.thesaurus.synonyms import NO_SYNONYMS, Synonyms
from market.public_catalogue.queries import labels

_CONDITIONS: Final = """
       ($1::text IS NULL OR d.supplier_name = $1) AND ($2::text IS NULL OR d.theme = $2)
   AND ($3::text IS NULL OR upper(d.format) = upper($3))
   AND ($4::text IS NULL
        OR coalesce(p.description -> 'keywords', p.imported -> 'keywords') ? $4)
   AND ($5::text IS NULL OR p.imported ->> 'licence' = $5)
   AND ($6::timestamptz IS NULL OR p.updated_at >= $6)
   AND ($7::timestamptz IS NULL OR p.updated_at <= $7)"""
_FIELDS: Final = ("organization", "groups", "res_format", "tags", "license_id")
_ORDERS: Final = {
    "": "p.updated_at DESC, p.id DESC",
    "newest": "p.updated_at DESC, p.id DESC",
    "oldest": "p.updated_at, p.id",
    "name": "p.id",
}
_VALUES: Final = {
    "organization": "d.supplier_name",
    "groups": "d.theme",
    "res_format": "upper(d.format)",
    "license_id": "p.imported ->> 'licence'",
}
_PAGE: Final = 100
# How many our search ranks at most; what it finds beyond comes by its age.
_RANKED: Final = 300
# What our search counts by the same kinds.
_FACET_OF: Final = {"organization": "supplier_name", "groups": "theme"}


class Listed(msgspec.Struct, frozen=True):
    """Some of what there is, how much there is, and of which kinds."""

    product_ids: Sequence[uuid.UUID]
    total: int
    facets: Mapping[str, list[Count]]


async def find_products(
    tx: Tx, asked: Asked, *, port: Any = None, synonyms: Synonyms = NO_SYNONYMS
) -> Listed:
    """Return what ``package_search`` asks for; publishers and themes are named as ``ckan.py`` does.

    :raises SearchQuestionTooLong: if the question is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters.
    """
    filters = dict(asked.filters)
    for field, kind in (("organization", ORGANISATION), ("groups", GROUP)):
        if field in filters:
            found = await labels.find_collection(tx, kind, name=filters[field])
            if found is None:
                return Listed([], 0, {each: [] for each in asked.facets})
            filters[field] = found.value
    resolved = msgspec.structs.replace(asked, filters=filters)
    if asked.words:
        return await _search_products(tx, resolved, port=port, synonyms=synonyms)
    return await _list_products(tx, resolved)


async def _list_products(tx: Tx, asked: Asked) -> Listed:
    given = _given(asked)
    total: int = await tx.fetch_value(
        f"""
        SELECT count(*) FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         WHERE {_CONDITIONS}""",  # noqa: S608 - a part that all statements share
        *given,
    )
    rows = await tx.fetch(
        f"""
        SELECT p.id FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         WHERE {_CONDITIONS}
         ORDER BY {_ORDERS[asked.sort]} OFFSET $8 LIMIT $9""",  # noqa: S608 - as above
        *given,
        asked.start,
        asked.rows,
    )
    facets = {field: await _count(tx, field, asked, given) for field in asked.facets}
    return Listed([row["id"] for row in rows], total, facets)


async def _search_products(tx: Tx, asked: Asked, *, port: Any, synonyms: Synonyms) -> Listed:
    filters = Filters(
        supplier_name=asked.filters.get("organization"), theme=asked.filters.get("groups")
    )
    walk = _Walk(tx, port, asked.words, synonyms, filters)
    order = {"newest": Sort.NEWEST, "oldest": Sort.OLDEST}.get(asked.sort)
    ends = asked.start + asked.rows
    if order is not None:
        found = await walk.ids(order, ends)
    else:
        found = await walk.ids(Sort.RELEVANCE, min(ends, _RANKED))
        if len(found) < ends and walk.total > len(found):
            found = await walk.ids(Sort.RELEVANCE, _RANKED)
            ranked = set(found)
            newest = await walk.ids(Sort.NEWEST, ends + len(found))
            found += [each for each in newest if each not in ranked]
    facets = {
        field: walk.facets.get(_FACET_OF[field], [])[: asked.facet_values]
        for field in asked.facets
        if field in _FACET_OF
    }
    return Listed(found[asked.start : ends], walk.total, facets)


class _Walk:
    """One question to our search, walked by its cursors as far as it is needed."""

    def __init__(self, tx: Tx, port: Any, words: str, synonyms: Synonyms, filters: Filters) -> None:
        self._asked = {
            "port": port,
            "text": words,
            "synonyms": synonyms,
            "filters": filters,
            "limit": _PAGE,
        }
        self._tx = tx
        self.total = 0
        self.facets: Mapping[str, list[Count]] = {}

    async def ids(self, sort: Sort, count: int) -> list[uuid.UUID]:
        found: list[uuid.UUID] = []
        cursor: str | None = None
        while True:
            page = await search.search(self._tx, sort=sort, cursor=cursor, **self._asked)
            self.total, self.facets = page.total, page.facets
            found += [hit.id for hit in page.items]
            cursor = page.next_cursor
            if cursor is None or len(found) >= count:
                return found[: max(count, 0)]


def _given(asked: Asked) -> list[str | dt.datetime | None]:
    return [
        *(asked.filters.get(field) for field in _FIELDS),
        asked.modified_from,
        asked.modified_to,
    ]


async def _count(
    tx: Tx, field: str, asked: Asked, given: Sequence[str | dt.datetime | None]
) -> list[Count]:
    words = ""
    value = _VALUES.get(field, "t.word")
    if field == "tags":
        words = """
         CROSS JOIN LATERAL jsonb_array_elements_text(
               coalesce(p.description -> 'keywords', p.imported -> 'keywords')) AS t (word)"""
    rows = await tx.fetch(
        f"""
        SELECT {value} AS value, count(*) AS count
          FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id{words}
         WHERE {_CONDITIONS} AND {value} <> ''
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $8""",  # noqa: S608 - words of ours
        *given,
        asked.facet_values,
    )
    return [Count(row["value"], row["count"]) for row in rows]
