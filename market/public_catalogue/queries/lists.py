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

#: What narrows a list down, each by the parameter that it gets; what is not asked is left out, so
#: that the database can choose an index for what is.
_CONDITIONS: Final = {
    "organization": "d.supplier_name = {}",
    "groups": "d.theme = {}",
    "res_format": "upper(d.format) = upper({})",
    "tags": "d.keywords @> ARRAY[{}]",
    "license_id": "p.imported ->> 'licence' = {}",
    "modified_from": "p.updated_at >= {}",
    "modified_to": "p.updated_at <= {}",
}
#: How what is counted beside the catalogue is called there (``labels.py``).
_KINDS: Final = {
    "organization": ORGANISATION,
    "groups": GROUP,
    "tags": labels.TAG,
    "res_format": labels.FORMAT,
}
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
    "tags": "t.word",
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
    narrowed = _narrowed(asked)
    where, given = narrowed
    rows = await tx.fetch(
        f"""
        SELECT p.id FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         WHERE {where}
         ORDER BY {_ORDERS[asked.sort]} OFFSET ${len(given) + 1} LIMIT ${len(given) + 2}""",  # noqa: S608 - parts of ours
        *given,
        asked.start,
        asked.rows,
    )
    total = await _total(tx, asked, narrowed)
    facets = {field: await _count(tx, field, asked, narrowed) for field in asked.facets}
    return Listed([row["id"] for row in rows], total, facets)


async def _total(tx: Tx, asked: Asked, narrowed: _Narrowed) -> int:
    """Return how many there are; as it is counted beside the catalogue, if that tells it."""
    where, given = narrowed
    if not given:
        return await labels.count_products(tx)
    fields = list(asked.filters)
    if len(given) == 1 and fields and fields[0] in _KINDS:
        value = asked.filters[fields[0]]
        is_format = fields[0] == "res_format"
        return await labels.count_label(
            tx, _KINDS[fields[0]], value.upper() if is_format else value
        )
    total: int = await tx.fetch_value(
        f"""
        SELECT count(*) FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         WHERE {where}""",  # noqa: S608 - parts of ours
        *given,
    )
    return total


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


_Narrowed = tuple[str, list[str | dt.datetime]]


def _narrowed(asked: Asked) -> _Narrowed:
    """Return the conditions that a list is narrowed down by, and their parameters."""
    values = {
        **asked.filters,
        "modified_from": asked.modified_from,
        "modified_to": asked.modified_to,
    }
    where, given = ["true"], []
    for name, condition in _CONDITIONS.items():
        value = values.get(name)
        if value is not None:
            given.append(value)
            where.append(condition.format(f"${len(given)}"))
    return " AND ".join(where), given


async def _count(tx: Tx, field: str, asked: Asked, narrowed: _Narrowed) -> list[Count]:
    where, given = narrowed
    if not given and field in _KINDS:
        return await labels.list_commonest(tx, _KINDS[field], limit=asked.facet_values)
    value = _VALUES[field]
    words = "CROSS JOIN unnest(d.keywords) AS t (word)" if field == "tags" else ""
    rows = await tx.fetch(
        f"""
        SELECT {value} AS value, count(*) AS count
          FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id {words}
         WHERE {where} AND {value} <> ''
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${len(given) + 1}""",  # noqa: S608 - parts of ours
        *given,
        asked.facet_values,
    )
    return [Count(row["value"], row["count"]) for row in rows]
