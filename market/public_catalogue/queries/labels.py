"""Read by what the public catalogue is ordered: publishers, themes, keywords, with their counts.

None of it reads the documents: the counts stand beside them (``store.py``), and what has a label is
found by an index.
"""

from __future__ import annotations

import uuid
from typing import Final

from catalog.formats.ckan import GROUP, ORGANISATION
from catalog.formats.ckan_query import AskedLabels
from catalog.kernel.db import Tx
from catalog.search.model import Count
from market.public_catalogue import store

TAG: Final = "tag"
FORMAT: Final = "format"
_ALL: Final = "all"
#: What has a label, by its kind.
HAS: Final = {
    ORGANISATION: "d.supplier_name = $1",
    GROUP: "d.theme = $1",
    TAG: "d.keywords @> ARRAY[$1]",
}


async def list_labels(tx: Tx, kind: str, asked: AskedLabels) -> list[Count]:
    """Return publishers, themes or keywords as they are asked for, from the n-th on."""
    prefix = f"{kind}-"
    return await store.list_labels(
        tx,
        kind,
        like=asked.like,
        names=None if asked.names is None else [n.removeprefix(prefix) for n in asked.names],
        order=asked.order,
        start=asked.start,
        limit=asked.limit,
    )


async def find_collection(tx: Tx, kind: str, *, name: str) -> Count | None:
    """Return the publisher or theme that has this name here, or None."""
    return await store.find_label(tx, kind, name=name.removeprefix(f"{kind}-"))


async def count_label(tx: Tx, kind: str, value: str) -> int:
    """Return how many products have a label."""
    return await store.count_label(tx, kind, value)


async def list_commonest(tx: Tx, kind: str, *, limit: int) -> list[Count]:
    """Return the labels of a kind that most products have, the commonest first."""
    return await store.list_labels(
        tx, kind, like="", names=None, order="package_count desc", start=0, limit=limit
    )


async def list_ids_with(tx: Tx, kind: str, value: str, *, limit: int) -> list[uuid.UUID]:
    """Return the newest products that have a label."""
    rows = await tx.fetch(
        f"""
        SELECT d.product_id FROM catalog.product_documents d
         WHERE {HAS[kind]}
         ORDER BY d.place DESC, d.product_id DESC LIMIT $2""",  # noqa: S608 - one of ours
        value,
        limit,
    )
    return [row["product_id"] for row in rows]


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
    return await store.count_label(tx, _ALL, "")
