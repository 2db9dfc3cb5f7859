"""What an order is refused for that no ordinary day brings about."""

from __future__ import annotations

import asyncpg

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.model import Capacity
from tests.api import Api, code
from tests.makers_trade import make_trade


async def test_no_order_is_cleared_while_nobody_knows_whose_the_treasurys_share_is(
    api: Api, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    trade = await make_trade(api, db, clock)
    order = await trade.placed()
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(
            "UPDATE market.parties SET capacities = $1 WHERE id = $2",
            [Capacity.TRADER.value],
            trade.regulator.party.id,
        )
    finally:
        await connection.close()

    refused = await trade.step(order, "clearances", trade.acceptor)

    assert (refused.status_code, code(refused)) == (409, "market_not_founded")
    assert (await trade.order(order))["state"] == "placed"
