"""Bidders' deposits through HTTP: paid before the bid, held until the result stands, given back or forfeited."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from catalog.kernel.actor import Clearance
from catalog.kernel.db import begin
from tests.makers_bidding import LASTS, NOTICE, Sale, make_sale
from tests.makers_identity import Member
from tests.makers_products import make_actor
from tests.makers_registration import must
from tests.stages import staged

DEPOSIT = 5_000
MINUTE = dt.timedelta(minutes=1)


sale = staged(make_sale)


async def announced(sale: Sale, kind: str = "english") -> str:
    until = sale.clock.now() + NOTICE + dt.timedelta(hours=2)
    return await sale.announced(kind, deposit_fen=DEPOSIT, deposit_until=until.isoformat())


async def start(sale: Sale, auction: str, who: Member) -> httpx.Response:
    return await sale.at(auction, "deposits", who, {"channel": "sandbox"})


async def pay(sale: Sale, auction: str, who: Member) -> dict[str, Any]:
    started = must(await start(sale, auction, who))
    place = f"/api/v1/sandbox-channel/payments/{started['payment']['reference']}/confirmations"
    must(await sale.by(who).post(place, {}))
    return await deposit_of(sale, auction, who)


async def deposit_of(sale: Sale, auction: str, who: Member) -> dict[str, Any]:
    response = await sale.by(who).get(f"/api/v1/auctions/{auction}/deposits")
    assert response.status_code == 200, response.text
    return dict(response.json()[-1])


async def opened(sale: Sale, kind: str = "english") -> str:
    auction = await announced(sale, kind)
    for who in (sale.buyer, sale.stranger, sale.third):
        must(await sale.join(auction, who, deposit_fen=DEPOSIT))
        await pay(sale, auction, who)
    await sale.move_by(NOTICE)
    return auction


async def balance(sale: Sale, code: str) -> int:
    purpose, _, owner = code.partition("/")
    async with begin(sale.db, make_actor(clearance=Clearance.SYSTEM)) as tx:
        found = await tx.fetch_value(
            """SELECT coalesce(sum(p.amount), 0)::bigint FROM settlement.postings p
                 JOIN settlement.accounts a ON a.id = p.account_id
                WHERE a.purpose = $1 AND a.owner = $2""",
            purpose,
            owner,
        )
    return int(found)


async def inbox(sale: Sale, who: Any) -> list[str]:
    told = must(await sale.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in told["items"]]


async def test_without_a_paid_deposit_no_bid_is_taken(sale: Sale) -> None:
    auction = await announced(sale)
    before_joining = await start(sale, auction, sale.buyer)
    must(await sale.join(auction, sale.buyer, deposit_fen=DEPOSIT))
    must(await start(sale, auction, sale.buyer))  # begun, and not paid
    await sale.move_by(NOTICE)
    unpaid = await sale.bid(auction, sale.buyer, 20_000)

    held = await pay(sale, auction, sale.buyer)
    again = await start(sale, auction, sale.buyer)
    must(await sale.bid(auction, sale.buyer, 20_000))

    assert before_joining.json()["code"] == "auction_not_joined"
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "auction_deposit_unpaid")
    assert (held["state"], held["amount_fen"]) == ("held", DEPOSIT)
    assert again.json()["code"] == "deposit_paid_before"
    assert await balance(sale, f"order_escrow/{held['id']}") == DEPOSIT


async def test_no_sealed_bid_is_taken_without_a_deposit_either(sale: Sale) -> None:
    auction = await announced(sale, "sealed_first_price")
    must(await sale.join(auction, sale.buyer, deposit_fen=DEPOSIT))
    await sale.move_by(NOTICE)

    refused = await sale.hand_in_bid(auction, sale.buyer, 30_000)

    assert refused.json()["code"] == "auction_deposit_unpaid"


async def test_losers_get_it_back_when_the_winner_has_signed_and_not_before(sale: Sale) -> None:
    auction = await opened(sale)
    must(await sale.bid(auction, sale.stranger, 20_000))
    must(await sale.bid(auction, sale.buyer, 45_000))
    await sale.move_by(LASTS + MINUTE)
    on_notice = await deposit_of(sale, auction, sale.stranger)
    await sale.noticed()
    must(await sale.at(auction, "awards", sale.supplier))
    await sale.api.run_jobs()
    awarded = await deposit_of(sale, auction, sale.stranger)
    order = must(await sale.order_won(auction, sale.buyer))
    must(await sale.step(order["id"], "clearances", sale.acceptor))
    must(await sale.sign(order["id"], sale.buyer, sale.buyer_key))
    must(await sale.sign(order["id"], sale.supplier, sale.supplier_key))
    await sale.api.run_jobs()
    await sale.api.run_jobs()

    loser = await deposit_of(sale, auction, sale.stranger)
    winner = await deposit_of(sale, auction, sale.buyer)
    assert on_notice["state"] == awarded["state"] == "held"
    assert (loser["state"], loser["ground"]) == ("returned", "not_awarded")
    assert (winner["state"], winner["ground"]) == ("returned", "signed")
    assert "deposit_returned" in await inbox(sale, sale.stranger)
    for each in (loser, winner):
        assert await balance(sale, f"order_escrow/{each['id']}") == 0
    # The job of refunds sent them back by the channel they came by.
    assert await balance(sale, f"refund_payable/{sale.stranger.party.id}") == 0


async def test_a_winner_that_lets_its_days_pass_forfeits_it_to_the_seller(sale: Sale) -> None:
    auction = await opened(sale)
    must(await sale.bid(auction, sale.buyer, 45_000))
    await sale.move_by(LASTS + MINUTE)
    await sale.noticed()
    must(await sale.at(auction, "awards", sale.supplier))
    await sale.move_by(dt.timedelta(days=30))
    must(await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 1}))
    await sale.api.run_jobs()

    forfeited = await deposit_of(sale, auction, sale.buyer)
    other = await deposit_of(sale, auction, sale.third)
    assert (forfeited["state"], forfeited["ground"]) == ("forfeited", "refused_to_sign")
    assert forfeited["received_by"] == f"payable/{sale.supplier.party.id}"
    assert await balance(sale, forfeited["received_by"]) == DEPOSIT
    assert (other["state"], other["ground"]) == ("returned", "sale_over")
    assert "deposit_forfeited" in await inbox(sale, sale.buyer)
    assert "deposit_forfeited" in await inbox(sale, sale.supplier)


async def test_who_has_not_bid_leaves_before_the_end_and_gets_it_back(sale: Sale) -> None:
    auction = await opened(sale)
    must(await sale.bid(auction, sale.buyer, 20_000))
    bound = await sale.at(auction, "deposit-withdrawals", sale.buyer)
    left = must(await sale.at(auction, "deposit-withdrawals", sale.third))
    gone = await sale.at(auction, "deposit-withdrawals", sale.third)
    no_more = await sale.bid(auction, sale.third, 30_000)
    await sale.move_by(LASTS + MINUTE)
    late = await sale.at(auction, "deposit-withdrawals", sale.stranger)

    assert bound.json()["code"] == late.json()["code"] == "auction_deposit_bound"
    assert (left["state"], left["ground"]) == ("returned", "withdrawn")
    assert gone.status_code == 404
    assert no_more.json()["code"] == "auction_deposit_unpaid"


async def test_a_sealed_bid_that_was_taken_back_frees_its_deposit(sale: Sale) -> None:
    auction = await opened(sale, "sealed_second_price")
    must(await sale.hand_in_bid(auction, sale.buyer, 30_000))
    bound = await sale.at(auction, "deposit-withdrawals", sale.buyer)
    must(await sale.at(auction, "withdrawals", sale.buyer))

    left = must(await sale.at(auction, "deposit-withdrawals", sale.buyer))

    assert bound.json()["code"] == "auction_deposit_bound"
    assert left["ground"] == "withdrawn"


async def test_after_its_deadline_a_deposit_is_neither_started_nor_taken(sale: Sale) -> None:
    auction = await announced(sale)
    for who in (sale.buyer, sale.stranger):
        must(await sale.join(auction, who, deposit_fen=DEPOSIT))
    must(await start(sale, auction, sale.buyer))
    await sale.move_by(NOTICE + dt.timedelta(hours=3))
    await sale.api.run_jobs()

    late = await start(sale, auction, sale.stranger)
    lapsed = await deposit_of(sale, auction, sale.buyer)

    assert late.json()["code"] == "deposit_too_late"
    assert lapsed["state"] == "lapsed"


async def test_what_was_laid_down_for_a_sale_that_is_taken_back_goes_back(sale: Sale) -> None:
    auction = await opened(sale)
    must(await sale.at(auction, "cancellations", sale.acceptor, {"reason": "数据源中断"}))
    await sale.api.run_jobs()

    returned = await deposit_of(sale, auction, sale.buyer)

    assert (returned["state"], returned["ground"]) == ("returned", "sale_over")


async def test_an_auction_without_a_deposit_takes_none(sale: Sale) -> None:
    auction = await sale.announced()
    must(await sale.join(auction, sale.buyer))

    assert (await start(sale, auction, sale.buyer)).json()["code"] == "auction_deposit_not_asked"
    assert (await sale.draft(deposit_fen=DEPOSIT)).json()["code"] == "auction_rules_unfit"
    far = (sale.clock.now() + dt.timedelta(days=60)).isoformat()
    refused = await sale.draft(deposit_fen=DEPOSIT, deposit_until=far)
    assert refused.json()["code"] == "auction_times_invalid"
