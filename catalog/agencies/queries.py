"""Read contracts with agencies, and ask whether an agency may be given a case."""

from __future__ import annotations

import datetime as dt

from catalog.agencies import store
from catalog.agencies.activity import require_active
from catalog.agencies.model import AgencyContract
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page


async def get_active(tx: Tx, *, agency_party_id: PartyId, on: dt.date) -> AgencyContract:
    """Return the contract under which the agency may work on a day (HN-05(3)).

    :raises AgencyContractInactive: if it has none.
    """
    return require_active(await store.list_of_agency(tx, agency_party_id), on)


async def list_active(tx: Tx, *, on: dt.date) -> list[AgencyContract]:
    """Return all contracts that are active on a day. Fewer than two are a flag (HN-23, A27)."""
    return await store.list_active(tx, on)


async def list_page(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[AgencyContract]:
    """Return contracts, newest first.

    :raises NotPermitted: if the viewer may not read them.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("agency_contract:read")
    paging.check_limit(limit)
    query = paging.fingerprint("agency_contracts")
    before = paging.decode_id(query, cursor)
    found = await store.list_page(tx, before=before, limit=limit + 1)
    following = paging.encode(query, str(found[limit - 1].id)) if len(found) > limit else None
    return Page(found[:limit], following)
