"""A special or quoted price is negotiated, signed with its reason, used once, and is what is ordered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.journeys.test_special_prices import QUOTE
from tests.makers_identity import Member
from tests.makers_negotiations import BASE, PURPOSE, Talk, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

REASON = "首个试点单位，承担测试工作。"


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    made = await make_trade(api, db, clock, is_listed=False)
    items = [*made.filing()["price_items"], QUOTE]
    made.filing_id = await made.priced(  # type: ignore[attr-defined]
        price_items=items, pricing_regime="negotiated"
    )
    await made.listed()
    return made


async def special(trade: Trade, **changes: Any) -> str:
    body = {
        "filing_id": trade.filing_id,  # type: ignore[attr-defined]
        "price_item": "per_call",
        "quantity": 3,
        "amount_fen": 30_000,
        "buyer_party_id": str(trade.buyer.party.id),
        "valid_until": trade.today(),
        "reason": REASON,
    } | changes
    return str(must(await trade.by(trade.supplier).post("/api/v1/special-prices", body))["id"])


async def ask(trade: Trade, who: Member | None = None, **changes: Any) -> httpx.Response:
    return await trade.by(who or trade.buyer).post(
        BASE, {"product_id": trade.product_id, "terms": terms(trade, **changes)}
    )


async def agreed(trade: Trade, price: str, **changes: Any) -> str:
    talk = await requested(trade, special_price_id=price, **changes)
    return str((await talk.conclude())["id"])


async def state_of(trade: Trade, price: str) -> str:
    listed = must(await trade.by(trade.buyer).get("/api/v1/special-prices"))["items"]
    return next(str(each["state"]) for each in listed if each["id"] == price)


def paid(policy: dict[str, Any]) -> dict[str, str]:
    duty = policy["obligation"][0]["constraint"]
    return {part["leftOperand"].rpartition(":")[2]: part["rightOperand"] for part in duty}


async def test_a_special_price_is_signed_with_its_reason_and_is_what_is_ordered(
    trade: Trade,
) -> None:
    price = await special(trade)
    agreement = await agreed(trade, price)

    told = must(await trade.by(trade.buyer).get(f"/api/v1/agreements/{agreement}"))
    duty = paid(told["terms"])
    assert (duty["payAmount"], duty["specialPriceReason"]) == ("300.00", REASON)
    assert duty["specialPrice"] == f"urn:uuid:{price}"
    assert "300.00" in told["text"]
    assert await state_of(trade, price) == "used"
    order = await trade.delivered(agreement_id=agreement, purpose=PURPOSE)
    ordered = await trade.order(order)
    assert (ordered["amount_fen"], ordered["special_price"]["id"]) == (30_000, price)
    assert (await trade.contract(order))["content"]["price"]["special_price"]["reason"] == REASON


async def test_a_quoted_item_is_negotiated_at_its_quotation_and_not_without(trade: Trade) -> None:
    unquoted = await ask(trade, price_item="tailored", quantity=1)
    price = await special(trade, price_item="tailored", quantity=1, amount_fen=55_000)
    agreement = await agreed(trade, price, price_item="tailored", quantity=1)

    assert (unquoted.status_code, code(unquoted)) == (409, "order_quotation_required")
    placed = must(
        await trade.place(
            agreement_id=agreement, purpose=PURPOSE, price_item="tailored", quantity=1
        )
    )
    assert placed["amount_fen"] == 55_000


async def test_the_agreement_keeps_its_price_when_the_special_prices_day_is_over(
    trade: Trade,
) -> None:
    agreement = await agreed(trade, await special(trade))
    await trade.move_by(dt.timedelta(days=3))

    placed = must(await trade.place(agreement_id=agreement, purpose=PURPOSE))

    assert placed["amount_fen"] == 30_000


async def test_a_price_that_may_not_be_is_refused_and_nothing_is_said(trade: Trade) -> None:
    price = await special(trade)
    withdrawn = await special(trade, amount_fen=29_000)
    must(await trade.by(trade.supplier).post(f"/api/v1/special-prices/{withdrawn}/withdrawals"))

    for refused, expected in (
        (await ask(trade, trade.stranger, special_price_id=price), (404, "not_found")),
        (
            await ask(trade, special_price_id=withdrawn),
            (409, "special_price_event_not_allowed"),
        ),
        (
            await ask(trade, special_price_id=price, quantity=4),
            (409, "special_price_for_another"),
        ),
        (await ask(trade, special_price_id=trade.product_id), (404, "not_found")),
    ):
        assert (refused.status_code, code(refused)) == expected
    assert must(await trade.by(trade.buyer).get(BASE))["items"] == []
    await trade.move_by(dt.timedelta(days=1))
    over = await ask(trade, special_price_id=price)
    assert (over.status_code, code(over)) == (409, "special_price_over")


async def test_what_is_taken_back_meanwhile_is_not_finalized_and_both_may_end_it(
    trade: Trade,
) -> None:
    price = await special(trade)
    talk = await requested(trade, special_price_id=price)
    await talk.said(trade.supplier, "agreements")
    must(await talk.sign(trade.buyer, "verifications"))
    await talk.carry()
    must(await trade.by(trade.supplier).post(f"/api/v1/special-prices/{price}/withdrawals"))

    refused = await talk.sign(trade.supplier, "finalizations")

    assert (refused.status_code, code(refused)) == (409, "special_price_event_not_allowed")
    assert await talk.states() == ("verified", "verified")
    await talk.said(trade.buyer, "terminations")
    assert await talk.states() == ("terminated", "terminated")


async def test_one_special_price_makes_one_agreement(trade: Trade) -> None:
    price = await special(trade)
    talks: list[Talk] = []
    for _ in range(2):
        talk = await requested(trade, special_price_id=price)
        await talk.said(trade.supplier, "agreements")
        must(await talk.sign(trade.buyer, "verifications"))
        await talk.carry()
        talks.append(talk)
    for talk in talks:
        must(await talk.sign(trade.supplier, "finalizations"))  # said, and not carried yet

    await talks[0].carry()

    states = [await talk.states() for talk in talks]
    assert sorted(states) == [("finalized", "finalized"), ("verified", "verified")]
    assert await state_of(trade, price) == "used"
    listed = must(await trade.by(trade.buyer).get("/api/v1/agreements"))["items"]
    assert len(listed) == 1


async def test_another_special_price_than_was_agreed_is_not_ordered(trade: Trade) -> None:
    agreement = await agreed(trade, await special(trade))
    other = await special(trade, amount_fen=1_000)

    refused = await trade.place(agreement_id=agreement, purpose=PURPOSE, special_price_id=other)

    assert (refused.status_code, code(refused)) == (409, "agreed_terms_not_met")
    assert await state_of(trade, other) == "offered"
