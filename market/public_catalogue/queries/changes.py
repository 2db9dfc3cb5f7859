"""Read what became of public products, the newest first: new, changed, taken back (目录更新)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.kernel.paging import Page


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it last changed; ``reason`` says why it was taken back."""

    product_id: uuid.UUID
    name: str
    supplier_name: str
    summary: str
    published_at: dt.datetime
    changed_at: dt.datetime
    reason: str | None


async def list_changes(tx: Tx, *, limit: int, cursor: str | None = None) -> Page[Change]:
    """Return a page of products by when each changed last.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("catalogue_changes")
    position = paging.decode(query, cursor, 2)
    before = None if position is None else (_instant(position[0]), paging.as_id(position[1]))
    rows = await tx.fetch(
        """
        SELECT p.id AS product_id, p.name, p.supplier_name, d.summary,
               d.published_at, p.updated_at AS changed_at, NULL AS reason
          FROM (SELECT id, name, supplier_name, updated_at FROM catalog.products
                 WHERE is_public
                   AND ($1::timestamptz IS NULL OR (updated_at, id) < ($1, $2::uuid))
                 ORDER BY updated_at DESC, id DESC LIMIT $3) AS p
          JOIN catalog.product_documents d ON d.product_id = p.id
        UNION ALL
        SELECT product_id, name, supplier_name, '', withdrawn_at, withdrawn_at, reason
          FROM (SELECT product_id, name, supplier_name, withdrawn_at, reason
                  FROM catalog.product_tombstones
                 WHERE ($1::timestamptz IS NULL OR (withdrawn_at, product_id) < ($1, $2::uuid))
                   AND NOT EXISTS (SELECT 1 FROM catalog.product_documents d  -- it came back
                                    WHERE d.product_id = product_tombstones.product_id)
                 ORDER BY withdrawn_at DESC, product_id DESC LIMIT $3) AS t
         ORDER BY changed_at DESC, product_id DESC LIMIT $3""",
        *(before or (None, None)),
        limit + 1,
    )
    found = [msgspec.convert(dict(row), Change) for row in rows]
    last = found[limit - 1] if len(found) > limit else None
    following = (
        None
        if last is None
        else paging.encode(query, last.changed_at.isoformat(), str(last.product_id))
    )
    return Page(found[:limit], following)


async def list_addresses(tx: Tx, *, start: int, limit: int) -> list[tuple[uuid.UUID, dt.datetime]]:
    """Return public products with when each changed last, in the order of their ids."""
    rows = await tx.fetch(
        """
        SELECT p.id, p.updated_at
          FROM (SELECT product_id FROM catalog.product_documents
                 ORDER BY product_id OFFSET $1 LIMIT $2) AS d
          JOIN catalog.products p ON p.id = d.product_id
         ORDER BY p.id""",
        start,
        limit,
    )
    return [(row["id"], row["updated_at"]) for row in rows]


def _instant(written: object) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(str(written))
    except ValueError as error:
        raise paging.CursorUnreadable from error
