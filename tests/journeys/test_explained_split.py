"""Every party of an order is told how its money is divided, to the fen, and why."""

from __future__ import annotations

from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def test_the_parties_and_the_house_read_how_every_fen_is_divided(trade: Trade) -> None:
    order = await trade.delivered()
    path = f"/api/v1/orders/{order}/split"

    told = [
        must(await trade.by(who).get(path))
        for who in (trade.buyer, trade.supplier, trade.regulator, trade.issuer)
    ]
    must(await trade.step(order, "acceptances", trade.buyer))
    released = must(await trade.step(order, "releases", trade.issuer))

    assert all(each == told[0] for each in told)
    assert told[0]["split_sha256"] == (await trade.contract(order))["content"]["split"]["digest"]
    assert sum(part["amount_fen"] for part in told[0]["parts"]) == told[0]["amount_fen"] == 37_035
    paid = [
        [f"{leg['account']['purpose']}/{leg['account']['owner']}", leg["amount_fen"]]
        for leg in released["credits"]
    ]
    assert [[part["account"], part["amount_fen"]] for part in told[0]["parts"]] == paid


async def test_any_amount_is_explained_and_what_is_none_is_refused(trade: Trade) -> None:
    order = await trade.cleared()
    buyer = trade.by(trade.buyer)
    path = f"/api/v1/orders/{order}/split"

    one = must(await buyer.get(path, amount_fen=1))
    wrong = [await buyer.get(path, amount_fen=amount) for amount in (0, -1, 10**15 + 1)]

    assert (one["amount_fen"], one["left_fen"]) == (1, 1)
    assert [part["amount_fen"] for part in one["parts"]].count(1) == 1
    assert [code(each) for each in wrong] == [
        "amount_not_positive",
        "amount_not_positive",
        "amount_too_large",
    ]


async def test_strangers_find_nothing_and_an_order_that_was_not_cleared_has_no_split(
    trade: Trade,
) -> None:
    placed = await trade.placed()
    cleared = await trade.cleared()

    early = await trade.by(trade.buyer).get(f"/api/v1/orders/{placed}/split")
    foreign = await trade.by(trade.stranger).get(f"/api/v1/orders/{cleared}/split")

    assert (early.status_code, foreign.status_code) == (404, 404)
    assert code(foreign) == "not_found"
