"""Ask how much of a case somebody sees, and who handles it."""

from __future__ import annotations

import uuid

from catalog.case_access import store
from catalog.case_access.model import Assignment, Case
from catalog.case_access.visibility import Sight, Standing, who_may_see
from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page


async def sight(tx: Tx, *, viewer: Actor, case: Case) -> Sight:
    """Return how much of a case the viewer sees (HN-28)."""
    return who_may_see(viewer, case, await _standing(tx, viewer, case))


async def require_sight(tx: Tx, *, viewer: Actor, case: Case) -> Sight:
    """Return how much of a case the viewer sees, which is something.

    :raises Missing: if it sees nothing of it.
    """
    seen = await sight(tx, viewer=viewer, case=case)
    if seen is Sight.NOTHING:
        raise Missing
    return seen


async def require_authority(tx: Tx, *, actor: Actor, operator_party_id: PartyId | None) -> None:
    """Return if the actor's party is the authority that delegates the case's operator (HN-05).

    :raises Missing: if it is another authority, to which the case is not there.
    """
    is_other = actor.clearance is Clearance.REGULATOR and not await store.supervises(
        tx, operator_party_id
    )
    if is_other:
        raise Missing


async def is_there(tx: Tx, *, kind: str, identifier: uuid.UUID) -> bool:
    """Tell whether there is such a case or file at all: for the log, never for who asks."""
    async with beyond_own_rows(tx):
        return await store.exists(tx, kind, identifier)


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    case_id: uuid.UUID | None = None,
    only_mine: bool = False,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Assignment]:
    """Return a page of who has or had which duty in which case, the newest first.

    :raises NotPermitted: if the viewer is neither staff nor regulator.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("case_assignment:read")
    query = paging.fingerprint("case-assignments", case_id, only_mine)
    found = await store.list_page(
        tx,
        case_id=case_id,
        account_id=viewer.account_id if only_mine else None,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_of_case(tx: Tx, *, case_id: uuid.UUID) -> list[Assignment]:
    """Return who has and who had which duty in a case, the oldest first, for the rooms above."""
    return await store.list_of_case(tx, case_id)


async def _standing(tx: Tx, viewer: Actor, case: Case) -> Standing:
    if viewer.clearance is Clearance.STAFF and viewer.account_id is not None:
        cases = [case.id] if case.application_id is None else [case.id, case.application_id]
        is_its_operator = case.operator_party_id in (None, viewer.party_id)
        return Standing(
            is_handler=is_its_operator and await store.is_handler(tx, viewer.account_id, cases)
        )
    if viewer.clearance is Clearance.REGULATOR:
        return Standing(
            is_authority=await store.supervises(tx, case.operator_party_id),
            is_inspector=await store.inspects(tx, case.application_id or case.id),
        )
    return Standing()
