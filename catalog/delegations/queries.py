"""Read delegations, and ask whether an operator has one today."""

from __future__ import annotations

import datetime as dt

from catalog.delegations import store
from catalog.delegations.model import Delegation
from catalog.delegations.validity import require_in_force
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page


async def get_in_force(tx: Tx, *, operator_party_id: PartyId, on: dt.date) -> Delegation:
    """Return the delegation under which the operator acts on a day (HN-05).

    :raises OperatorNotDelegated: if it has none.
    """
    return require_in_force(await store.list_of_operator(tx, operator_party_id), on)


async def find_in_force(tx: Tx, *, on: dt.date) -> list[Delegation]:
    """Return the delegations that count on a day, newest first."""
    return await store.list_in_force(tx, on)


async def list_authorities(tx: Tx, *, on: dt.date) -> list[PartyId]:
    """Return the bureaus that oversee the operators on a day (主管部门), for what they are told.

    If no delegation counts that day, the bureau of the last one: nobody else took the matter over.
    """
    in_force = await store.list_in_force(tx, on)
    known = in_force or await store.list_page(tx, before=None, limit=1)
    return sorted({delegation.authority_party_id for delegation in known})


async def list_page(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[Delegation]:
    """Return delegations, newest first.

    :raises NotPermitted: if the viewer may not read delegations.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("delegation:read")
    paging.check_limit(limit)
    query = paging.fingerprint("delegations")
    before = paging.decode_id(query, cursor)
    found = await store.list_page(tx, before=before, limit=limit + 1)
    return paging.page_by_id(query, found, limit)
