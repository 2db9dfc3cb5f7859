"""Read by what the public catalogue is ordered: publishers, themes, keywords, with their counts."""

from __future__ import annotations

import uuid
from typing import Final

from catalog.formats.ckan import GROUP, ORGANISATION
from catalog.kernel.db import Tx
from catalog.search.model import Count

_COLUMNS: Final = {ORGANISATION: "supplier_name", GROUP: "theme"}
_DIGITS: Final = 20  # of the digest in a name, as ``catalog/formats/ckan.py`` makes it


async def list_collections(tx: Tx, kind: str, *, start: int, limit: int) -> list[Count]:
    """Return publishers or themes by name, from the n-th on."""
    column = _COLUMNS[kind]
    rows = await tx.fetch(
        f"""
        SELECT {column} AS value, count(*) AS count FROM catalog.product_documents
         WHERE {column} <> ''
         GROUP BY 1 ORDER BY 1 OFFSET $1 LIMIT $2""",  # noqa: S608 - a column of ours
        start,
        limit,
    )
    return [Count(row["value"], row["count"]) for row in rows]


async def find_collection(tx: Tx, kind: str, *, name: str) -> Count | None:
    """Return the publisher or theme that has this name here, or None."""
    column = _COLUMNS[kind]
    row = await tx.fetch_one(
        f"""
        SELECT {column} AS value, count(*) AS count FROM catalog.product_documents
         WHERE left(md5({column}), {_DIGITS}) = $1 AND {column} <> ''
         GROUP BY 1 LIMIT 1""",  # noqa: S608 - a column and a number of ours
        name.removeprefix(f"{kind}-"),
    )
    return None if row is None else Count(row["value"], row["count"])


async def list_keywords(tx: Tx, *, like: str, start: int, limit: int) -> list[str]:
    """Return keywords by name that hold ``like``, each once, from the n-th on."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT t.word
          FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         CROSS JOIN LATERAL jsonb_array_elements_text(
               coalesce(p.description -> 'keywords', p.imported -> 'keywords')) AS t (word)
         WHERE t.word <> '' AND position(lower($1) IN lower(t.word)) > 0
         ORDER BY 1 OFFSET $2 LIMIT $3""",
        like,
        start,
        limit,
    )
    return [row["word"] for row in rows]


async def list_ids(tx: Tx, *, start: int, limit: int) -> list[uuid.UUID]:
    """Return the ids of public products in their order, from the n-th on."""
    rows = await tx.fetch(
        "SELECT product_id FROM catalog.product_documents ORDER BY product_id OFFSET $1 LIMIT $2",
        start,
        limit,
    )
    return [row["product_id"] for row in rows]


async def count_products(tx: Tx) -> int:
    """Return how many products are public."""
    count: int = await tx.fetch_value("SELECT count(*) FROM catalog.product_documents")
    return count
