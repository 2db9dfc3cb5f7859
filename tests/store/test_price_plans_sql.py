"""The database prices an order by a rule of its own, and comes to the same fen."""

from __future__ import annotations

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.pricing import compute
from market.pricing.model import PriceItem
from tests.pure.test_price_plans import plans_of_all_kinds


@pytest.mark.parametrize("quantity", [1, 59, 60, 61])
async def test_the_database_and_the_service_price_every_plan_alike(
    owner_dsn: str, quantity: int
) -> None:
    drawn: list[tuple[PriceItem, int]] = []

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(plans_of_all_kinds(), st.integers(0, 90))
    def draw(item: PriceItem, before: int) -> None:
        drawn.append((item, before))

    draw()
    connection = await asyncpg.connect(owner_dsn)
    try:
        for item, before in drawn:
            told = await connection.fetchval(
                "SELECT market.amount_of($1::jsonb, $2, $3)",
                msgspec.json.encode(item).decode(),
                quantity,
                before,
            )
            assert told == compute.price_fen(item, quantity, bought_before=before)
    finally:
        await connection.close()
