"""The database refuses two prices for one day, and the rulebook's word on an unpaid fee counts."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from catalog.fees import operations as fees
from catalog.fees import store
from catalog.fees.schedule import ApplicationKind, FeeUnpaid
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from tests.pure.test_fees_schedule import price


async def test_the_database_refuses_two_prices_of_a_kind_for_one_day(tx: Tx) -> None:
    await store.insert_price(tx, price(5, 10))
    await store.insert_price(tx, price(5, 10, application_kind=ApplicationKind.CHANGE))

    with pytest.raises(asyncpg.ExclusionViolationError):
        await store.insert_price(tx, price(9))


async def test_the_database_refuses_a_price_for_days_that_are_over(tx: Tx) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await store.insert_price(tx, price(-5))


async def test_an_unpaid_fee_stops_the_acceptance_if_the_rulebook_says_so(
    tx: Tx, clock: ManualClock
) -> None:
    subject, party = new_id(), PartyId(new_id())
    await store.insert_price(tx, price(0))
    for _ in range(2):  # handed in again after a correction, it keeps its price
        fee = await fees.freeze(
            tx,
            now=clock.now(),
            application_kind=ApplicationKind.FIRST,
            subject_id=subject,
            party_id=party,
        )

    async def settled(kind: ApplicationKind, subject_id: uuid.UUID, *, stops: bool) -> None:
        await fees.require_settled(
            tx, application_kind=kind, subject_id=subject_id, stops_acceptance=stops
        )

    await settled(ApplicationKind.FIRST, subject, stops=False)
    await settled(ApplicationKind.FIRST, new_id(), stops=True)
    await settled(ApplicationKind.DEREGISTRATION, subject, stops=True)  # a fee of its own
    with pytest.raises(FeeUnpaid) as refused:
        await settled(ApplicationKind.FIRST, subject, stops=True)

    assert refused.value.facts == {"fee_id": str(fee.id), "amount_fen": 100}
