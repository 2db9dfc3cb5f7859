"""Read who answers for which data: the list, everybody; chief data officers, the houses."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.responsibility import store
from market.responsibility.model import ChiefDataOfficer, Line

#: [P] more lines than these are not written into one table.
AT_MOST: Final = 20_000


class ChiefDataOfficerMissing(Missing):
    """The party has named nobody."""

    code = "not_found"


async def list_lines(
    tx: Tx,
    *,
    department: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Line]:
    """Return the list of what is shared and opened, by department (责任清单).

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("responsibility_list", department)
    position = paging.decode(query, cursor, 3)
    after = None if position is None else (*map(str, position[:2]), paging.as_id(position[2]))
    found = await _lines(tx, department, after, paging.check_limit(limit) + 1)
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    following = paging.encode(query, last.department, last.title, str(last.product_id))
    return Page(found[:limit], following)


async def list_all(tx: Tx, *, department: str | None = None) -> list[Line]:
    """Return the list as a whole, as it is written into one table."""
    return await _lines(tx, department, None, AT_MOST)


async def get_own_officer(tx: Tx, *, viewer: Actor) -> ChiefDataOfficer:
    """Return the chief data officer of the viewer's party.

    :raises NotPermitted: if the viewer names none.
    :raises ChiefDataOfficerMissing: if nobody was named.
    """
    viewer.require("chief_data_officer:name")
    found = await store.find(tx, viewer.party)
    if found is None:
        raise ChiefDataOfficerMissing
    return found


async def list_officers(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ChiefDataOfficer]:
    """Return the chief data officers of all providers.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("chief_data_officer:read")
    query = paging.fingerprint("chief_data_officers")
    after = paging.decode_id(query, cursor)
    found = await store.list_page(
        tx,
        after=None if after is None else PartyId(after),
        limit=paging.check_limit(limit) + 1,
    )
    more = len(found) > limit
    following = paging.encode(query, str(found[limit - 1].party_id)) if more else None
    return Page(found[:limit], following)


async def _lines(
    tx: Tx, department: str | None, after: tuple[object, ...] | None, limit: int
) -> list[Line]:
    # The public columns of a description alone (``publication.public_description``).
    rows = await tx.fetch(
        """
        SELECT l.* FROM (
            SELECT p.description -> 'catalogue' ->> 'responsible_department' AS department,
                   p.id AS product_id, p.name AS title, p.supplier_name AS provider,
                   p.description ->> 'sharing_type' AS sharing_type,
                   coalesce(p.description ->> 'sharing_condition', '') AS sharing_condition,
                   o.id IS NOT NULL AS is_open, o.licence,
                   p.description -> 'classification' ->> 'level' AS level,
                   coalesce(p.description -> 'catalogue' ->> 'update_mechanism', '')
                       AS update_mechanism,
                   coalesce(p.description ->> 'update_cycle', '') AS update_cycle,
                   coalesce(p.description -> 'catalogue' ->> 'quality_standard', '')
                       AS quality_standard,
                   coalesce(p.description -> 'catalogue' ->> 'usage_method', '') AS usage_method
              FROM catalog.products p
              LEFT JOIN market.openings o ON o.product_id = p.id AND o.state = 'open'
             WHERE p.is_public AND p.description ->> 'data_nature' IN ('public', 'mixed')) AS l
         WHERE l.department <> '' AND ($1::text IS NULL OR l.department = $1)
           AND ($2::text IS NULL OR (l.department, l.title, l.product_id) > ($2, $3, $4::uuid))
         ORDER BY l.department, l.title, l.product_id LIMIT $5""",
        department,
        *(after or (None, None, None)),
        limit,
    )
    return [msgspec.convert(dict(row), Line) for row in rows]
