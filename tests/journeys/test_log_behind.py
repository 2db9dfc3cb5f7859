"""A log that can not keep what a receipt promises hands nothing out, and bills nothing."""

from __future__ import annotations

import datetime as dt

import asyncpg
import httpx

from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SECOND = dt.timedelta(seconds=1)


trade = staged(make_trade)


async def metered(trade: Trade, order: str) -> tuple[int, int]:
    """Return how many uses are on record, and how many of them are billed."""
    told = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/usage"))
    return told["statement"]["event_count"], told["statement"]["price_units"]


async def refused(answer: httpx.Response, by: str, again_in: int) -> None:
    assert (answer.status_code, code(answer)) == (503, by)
    assert answer.headers["retry-after"] == str(again_in)
    assert "x-usage-receipt" not in answer.headers
    told = answer.json()["wording"]
    assert "未计量、未计费" in told["zh"]
    assert "nothing is billed" in told["en"]


async def test_while_the_sequencer_stands_still_nothing_is_handed_out_and_then_it_is_again(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    first = await trade.content(order)  # its own entry is the first that nobody gives a place
    trade.clock.move_by(150 * SECOND)
    in_time = await trade.content(order)
    trade.clock.move_by(SECOND)

    late = await trade.content(order)
    still = await trade.content(order)

    assert (first.status_code, in_time.status_code) == (200, 200)
    await refused(late, "log_behind", again_in=30)
    await refused(still, "log_behind", again_in=30)
    assert late.json()["facts"]["waiting_seconds"] == 151
    assert await metered(trade, order) == (2, 2)

    await trade.api.keep_the_log()
    trade.clock.move_by(SECOND)
    served = await trade.content(order)
    assert served.status_code == 200
    assert served.headers["x-usage-sequence"] == "3"
    assert await metered(trade, order) == (3, 3)


async def test_a_denial_is_not_recorded_either_when_its_receipt_could_not_be_kept(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    await trade.content(order)
    trade.clock.move_by(151 * SECOND)

    answer = await trade.content(order, purpose="转售")

    await refused(answer, "log_behind", again_in=30)
    assert await metered(trade, order) == (1, 1)


async def test_a_stranger_is_told_of_no_order_however_the_log_is(trade: Trade) -> None:
    order = await trade.delivered()
    await trade.content(order)
    trade.clock.move_by(151 * SECOND)

    for who in (trade.api, trade.by(trade.supplier)):
        answer = await who.get(f"/api/v1/orders/{order}/content")
        assert answer.status_code in (401, 403, 404)


async def test_an_entry_taken_out_of_the_outbox_stops_the_metering_at_once(
    trade: Trade, owner_dsn: str
) -> None:
    order = await trade.delivered()
    for _ in range(2):
        assert (await trade.content(order)).status_code == 200
    connection = await asyncpg.connect(owner_dsn)
    try:
        taken = await connection.fetchrow(
            """DELETE FROM audit_log.outbox
                WHERE id = (SELECT min(id) FROM audit_log.waiting
                             WHERE convert_from(leaf, 'UTF8') LIKE '%"order_seq":1,%')
            RETURNING id, entry_id"""
        )
        assert (await trade.api.run_jobs())["sequence_log"] == -1
        trade.clock.move_by(SECOND)

        answer = await trade.content(order)

        await refused(answer, "log_stopped", again_in=300)
        assert await metered(trade, order) == (2, 2)

        await connection.execute(
            """INSERT INTO audit_log.outbox (id, entry_id) OVERRIDING SYSTEM VALUE
               VALUES ($1, $2)""",
            *taken,
        )
    finally:
        await connection.close()
    await trade.api.keep_the_log()
    trade.clock.move_by(SECOND)
    assert (await trade.content(order)).status_code == 200
