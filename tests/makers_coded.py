"""Make a trade whose product is filed under codes of industry and region, as the catalogue has them."""

from __future__ import annotations

from catalog.code_trees import operations as code_trees
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from seeds.code_trees import read_tables
from tests.api import Api
from tests.makers_trade import Trade, make_trade


async def make_coded_trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    """Return a trade in a product of water transport (55) in a district of Haikou (460108)."""
    async with begin(db, system("seeds", "code_tree:load")) as tx:
        for table in read_tables():
            await code_trees.load(tx, actor=tx.actor, now=clock.now(), table=table)
    return await make_trade(
        api, db, clock, industry_section="G", industry_division="55", region_code="460108"
    )
