"""Uses are held to so many in a minute, an hour or a day, and answers to so many rows, as was agreed."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from tests.api import code
from tests.makers_negotiations import PURPOSE, requested
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def agreed(trade: Trade, **changes: Any) -> str:
    return str((await (await requested(trade, **changes)).conclude())["id"])


async def test_more_uses_than_were_agreed_for_a_minute_are_refused_and_on_record(
    trade: Trade,
) -> None:
    order = await trade.delivered(
        agreement_id=await agreed(trade, uses_per_minute=2), purpose=PURPOSE
    )

    answers = await asyncio.gather(*(trade.content(order) for _ in range(5)))

    assert sorted(each.status_code for each in answers) == [200, 200, 429, 429, 429]
    refused = next(each for each in answers if each.status_code == 429)
    assert code(refused) == "rate_exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["facts"]["usage_receipt"]
    statement = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage"))
    outcomes = [event["decision"] for event in statement["events"]]
    assert (outcomes.count("allow"), outcomes.count("deny")) == (2, 3)
    token = await trade.by(trade.buyer).post(f"/api/v1/orders/{order}/access-tokens")
    assert (token.status_code, code(token)) == (429, "rate_exceeded")

    await trade.move_by(dt.timedelta(seconds=int(refused.headers["retry-after"])))

    assert (await trade.content(order)).status_code == 200


async def test_the_contract_says_the_limits_in_words(trade: Trade) -> None:
    agreement = await agreed(trade, uses_per_day=1_000)

    shown = must(await trade.by(trade.buyer).get(f"/api/v1/agreements/{agreement}"))

    assert "每个自然日最多使用1000次" in shown["text"]


async def test_of_how_many_rows_nobody_knows_they_are_not_ordered(trade: Trade) -> None:
    agreement = await agreed(trade, rows_per_answer=10_000)
    before = await trade.place(agreement_id=agreement, purpose=PURPOSE)

    await trade.api.run_jobs()  # which look into the content
    order = await trade.delivered(agreement_id=agreement, purpose=PURPOSE)

    assert (before.status_code, code(before)) == (409, "agreed_terms_not_met")
    assert before.json()["facts"]["operands"] == ["urn:shushi:odrl:rowsPerAnswer"]
    assert (await trade.content(order)).status_code == 200
