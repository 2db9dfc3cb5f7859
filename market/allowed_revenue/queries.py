"""Read allowed revenues with what was taken of them by now: one's own, all for the houses."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import end_of_day, start_of_day
from catalog.kernel.paging import Page
from market.allowed_revenue import allowing, store
from market.allowed_revenue.model import Allowance, Burn


class AllowanceMissing(Missing):
    """There is no such allowance, or none that this actor may know of."""


async def list_allowances(
    tx: Tx,
    *,
    viewer: Actor,
    operator_party_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Burn]:
    """Return a page of allowances, newest first, each with what was taken of it by now.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("allowed_revenue:read")
    party = operator_party_id if viewer.sees_all else viewer.party
    query = paging.fingerprint("allowed_revenues", str(party))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR operator_party_id = $1)
           AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        party,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.allowance_of(row) for row in rows]
    return Page(
        [await burn_of(tx, each) for each in found[:limit]], paging.next_by_id(query, found, limit)
    )


async def burn_of(tx: Tx, allowance: Allowance) -> Burn:
    """Return how much of an allowance was taken by now; of a closed one, what was taken in all."""
    recovered = allowance.recovered_fen
    if recovered is None:
        recovered = await sum_recovered(tx, allowance)
    return Burn(
        allowance=allowance,
        recovered_fen=recovered,
        remaining_fen=allowance.allowed_fen - recovered,
        burnt_bps=allowing.burnt_bps(allowance.allowed_fen, recovered),
    )


async def sum_recovered(tx: Tx, allowance: Allowance) -> int:
    """Return what the operator's orders at guided prices brought in within the period."""
    start: dt.datetime = start_of_day(allowance.decided.period_from)
    return await store.sum_recovered(
        tx,
        operator=allowance.operator_party_id,
        start=start,
        end=end_of_day(allowance.decided.period_to),
    )


async def sum_volume(tx: Tx, allowance: Allowance) -> int:
    """Return how many units the operator's orders at guided prices sold within the period."""
    return await store.sum_volume(
        tx,
        operator=allowance.operator_party_id,
        start=start_of_day(allowance.decided.period_from),
        end=end_of_day(allowance.decided.period_to),
    )


async def list_of_operator(tx: Tx, operator_party_id: uuid.UUID) -> list[Allowance]:
    """Return the allowances of an operator, the oldest period first, for its yearly report."""
    rows = await tx.fetch(
        store.SELECT + " WHERE operator_party_id = $1 ORDER BY period_from LIMIT 1000",
        operator_party_id,
    )
    return [store.allowance_of(row) for row in rows]
