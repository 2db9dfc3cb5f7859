"""The result of an auction is on public notice; a bidder objects to it, and who has no part in it decides."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx

from catalog.kernel.actor import system
from catalog.kernel.db import begin
from tests.makers_bidding import ON_NOTICE, Sale, make_sale
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.stages import staged

REASONS = "竞得人与供方有未披露的控制关系。"


sale = staged(make_sale)


async def to_object(sale: Sale, auction: str, who: Member, **said: Any) -> httpx.Response:
    return await sale.at(auction, "objections", who, {"reasons": REASONS} | said)


async def decide(sale: Sale, objection: str, finding: str, **said: Any) -> httpx.Response:
    body = {"finding": finding, "reasons": "经核实。"} | said
    return await sale.by(sale.regulator).post(
        f"/api/v1/award-objections/{objection}/decisions", body
    )


async def inbox(sale: Sale, who: Member) -> list[str]:
    told = must(await sale.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in told["items"]]


async def test_nothing_is_awarded_before_the_notice_is_over(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000, 45_000)
    shown = await sale.shown(auction)

    early = await sale.at(auction, "awards", sale.supplier)
    await sale.noticed()
    late = await to_object(sale, auction, sale.buyer)
    awarded = must(await sale.at(auction, "awards", sale.supplier))

    assert shown["winners"] == [{"paddle": 3, "bid_fen": 45_000, "price_fen": 45_000}]
    assert (early.status_code, early.json()["code"]) == (409, "auction_notice_running")
    assert early.json()["facts"]["until"] == shown["notice_ends_at"].replace("Z", "+00:00")
    assert (late.status_code, late.json()["code"]) == (409, "auction_notice_over")
    assert awarded["state"] == "awarded"


async def test_an_objection_stops_the_award_and_refused_it_lets_the_result_stand(
    sale: Sale,
) -> None:
    auction = await sale.decided("english", 20_000, 31_000, 45_000)
    filed = must(await to_object(sale, auction, sale.buyer, against_paddle=3))
    again = await to_object(sale, auction, sale.buyer)
    await sale.noticed()
    held = await sale.at(auction, "awards", sale.supplier)

    refused = must(await decide(sale, filed["id"], "dismissed"))
    twice = await decide(sale, filed["id"], "upheld")
    awarded = must(await sale.at(auction, "awards", sale.supplier))

    assert again.json()["code"] == "award_objected_before"
    assert (held.status_code, held.json()["code"]) == (409, "auction_event_not_allowed")
    assert (refused["state"], refused["decision"]) == ("dismissed", "经核实。")
    assert twice.json()["code"] == "award_objection_event_not_allowed"
    assert awarded["state"] == "awarded"
    assert "award_objected" in await inbox(sale, sale.supplier)
    assert "award_objection_decided" in await inbox(sale, sale.buyer)


async def test_upheld_against_a_winner_the_next_one_comes_and_is_on_notice_anew(
    sale: Sale,
) -> None:
    auction = await sale.decided("english", 20_000, 31_000, 45_000)
    filed = must(await to_object(sale, auction, sale.stranger, against_paddle=3))
    other = must(await to_object(sale, auction, sale.buyer))

    must(await decide(sale, filed["id"], "upheld"))
    changed = await sale.shown(auction)
    objections = must(await sale.api.get(f"/api/v1/auctions/{auction}/objections"))["items"]
    anew = must(await to_object(sale, auction, sale.buyer, against_paddle=2))
    must(await decide(sale, anew["id"], "dismissed"))
    await sale.noticed()
    must(await sale.at(auction, "awards", sale.supplier))
    order = must(await sale.order_won(auction, sale.stranger))

    assert (changed["state"], changed["excluded"]) == ("decided", [3])
    assert changed["winners"] == [{"paddle": 2, "bid_fen": 31_000, "price_fen": 31_000}]
    assert [each["state"] for each in objections] == ["upheld", "superseded"]
    assert "reasons" not in objections[0]
    assert "party_id" not in objections[0]
    assert (await decide(sale, other["id"], "upheld")).status_code == 409
    assert order["amount_fen"] == 31_000


async def test_upheld_against_the_only_one_nobody_has_won(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000)
    filed = must(await to_object(sale, auction, sale.stranger, against_paddle=1))

    must(await decide(sale, filed["id"], "upheld"))

    shown = await sale.shown(auction)
    assert (shown["state"], shown["reason"]) == ("failed", "winners_excluded")


async def test_upheld_against_the_whole_result_it_is_void(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    filed = must(await to_object(sale, auction, sale.third))

    must(await decide(sale, filed["id"], "upheld", reasons="公告期内更换了规则。"))

    shown = await sale.shown(auction)
    assert (shown["state"], shown["reason"]) == ("voided", "公告期内更换了规则。")
    await sale.noticed()
    assert (await sale.at(auction, "awards", sale.supplier)).status_code == 409


async def test_taken_back_it_lets_the_auction_go_on_once_none_waits(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    first = must(await to_object(sale, auction, sale.buyer))
    second = must(await to_object(sale, auction, sale.third))
    path = "/api/v1/award-objections"
    strange = await sale.by(sale.stranger).post(f"{path}/{first['id']}/withdrawals")

    must(await sale.by(sale.buyer).post(f"{path}/{first['id']}/withdrawals"))
    held = await sale.shown(auction)
    must(await sale.by(sale.third).post(f"{path}/{second['id']}/withdrawals"))
    free = await sale.shown(auction)

    assert strange.status_code == 404
    assert (held["state"], free["state"]) == ("objected", "decided")
    must(await to_object(sale, auction, sale.buyer))  # what was taken back may be said again


async def test_only_a_bidder_objects_to_somebody_who_has_won_and_says_why(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)

    blank = await to_object(sale, auction, sale.buyer, reasons=" ")
    nobody = await to_object(sale, auction, sale.buyer, against_paddle=1)
    seller = await to_object(sale, auction, sale.supplier)

    assert (blank.status_code, blank.json()["code"]) == (422, "award_objection_reasons_missing")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "award_objection_against_nobody")
    assert seller.status_code == 403
    assert (await sale.shown(auction))["state"] == "decided"
    assert must(await sale.api.get(f"/api/v1/auctions/{auction}/objections"))["items"] == []


async def test_reasons_are_read_by_those_whom_they_concern(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    filed = must(await to_object(sale, auction, sale.buyer))
    path = f"/api/v1/auctions/{auction}/objections/full"

    seen = {
        name: [each["reasons"] for each in must(await sale.by(who).get(path))["items"]]
        for name, who in (
            ("objector", sale.buyer),
            ("supplier", sale.supplier),
            ("authority", sale.regulator),
            ("another bidder", sale.third),
        )
    }
    waiting = must(await sale.by(sale.regulator).get("/api/v1/award-objections"))["items"]

    assert seen == {
        "objector": [REASONS],
        "supplier": [REASONS],
        "authority": [REASONS],
        "another bidder": [],
    }
    assert [each["id"] for each in waiting] == [filed["id"]]


async def test_two_decide_at_once_and_one_of_them_does(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    filed = must(await to_object(sale, auction, sale.buyer, against_paddle=2))

    both = await asyncio.gather(
        decide(sale, filed["id"], "upheld"), decide(sale, filed["id"], "dismissed")
    )

    assert sorted(each.status_code for each in both) == [200, 409]


async def test_the_suppliers_days_begin_after_the_notice_and_do_not_run_during_an_objection(
    sale: Sale,
) -> None:
    auction = await sale.decided("english", 20_000, 31_000)

    async def clocks() -> list[tuple[str, str, str]]:
        async with begin(sale.db, system("test")) as tx:
            rows = await tx.fetch(
                """
                SELECT kind, state, started_on::text AS day FROM catalog.timers
                 WHERE kind IN ('auction_award', 'award_objection') ORDER BY started_at, id"""
            )
        return [(row["kind"], row["state"], row["day"]) for row in rows]

    today = dt.date.fromisoformat(str(sale.clock.now().date()))
    before = await clocks()
    filed = must(await to_object(sale, auction, sale.buyer))
    during = await clocks()
    await sale.move_by(ON_NOTICE)
    must(await decide(sale, filed["id"], "dismissed"))

    assert [each[:2] for each in before] == [("auction_award", "open")]
    assert dt.date.fromisoformat(before[0][2]) >= today + dt.timedelta(days=2)
    assert ("auction_award", "cancelled") in [each[:2] for each in during]
    assert ("award_objection", "open") in [each[:2] for each in during]
    assert ("auction_award", "open") in [each[:2] for each in await clocks()]
