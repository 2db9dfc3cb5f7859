"""Read the accounts that parties are paid to: one's own, or all for the operator's finance."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.paging import Page
from settlement.beneficiaries import store
from settlement.beneficiaries.model import Beneficiary
from settlement.beneficiaries.states import State

#: Accounts by their ids, each with its sealed number.
Sealed = dict[uuid.UUID, tuple[Beneficiary, bytes]]


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Beneficiary]:
    """Return a page of accounts that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("beneficiary:read")
    query = paging.fingerprint("beneficiaries", str(viewer.party_id), state)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.beneficiary_of(row) for row in rows], limit)


async def find_verified(tx: Tx, party_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Beneficiary]:
    """Return the verified account of each of the parties that has one."""
    rows = await tx.fetch(
        store.SELECT + " WHERE party_id = ANY ($1) AND state = 'verified'",
        list(party_ids),
    )
    return {row["party_id"]: store.beneficiary_of(row) for row in rows}


async def list_sealed(tx: Tx, ids: Sequence[uuid.UUID]) -> Sealed:
    """Return accounts with their sealed numbers, for the file that a bank gets."""
    rows = await tx.fetch(
        """SELECT id, party_id, holder_name, bank_name, bank_code, account_masked, state,
                  submitted_at, submitted_by, checked_by, verified_by, verified_at, reason,
                  account_sealed
             FROM settlement.beneficiaries WHERE id = ANY ($1)""",
        list(ids),
    )
    return {row["id"]: (store.beneficiary_of(row), row["account_sealed"]) for row in rows}
