"""An offer is stopped with what becomes of running contracts declared, and that is what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged


def code(response: Any) -> str:
    return str(response.json()["code"])


trade = staged(make_trade)


async def listing(trade: Trade) -> str:
    found = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    return str(found[0]["id"])


async def stop(trade: Trade, step: str, **body: Any) -> Any:
    who = trade.supplier if step == "delistings" else trade.issuer
    return await trade.listing_step(await listing(trade), step, who, reason="核查", **body)


async def told(trade: Trade) -> list[str]:
    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    return [each["topic"] for each in inbox]


@pytest.mark.parametrize("step", ["suspensions", "delistings"])
async def test_drained_contracts_run_to_their_end_and_nothing_new_begins(
    trade: Trade, step: str
) -> None:
    order = await trade.delivered()

    stopped = must(await stop(trade, step))

    assert stopped["effect"] == "drain"
    assert (await trade.content(order)).status_code == 200
    assert code(await trade.place()) == "product_not_listed"
    assert "offer_stopped" in await told(trade)


async def test_frozen_contracts_wait_and_go_on_with_their_offer(trade: Trade) -> None:
    order = await trade.delivered()
    by_hand = await trade.delivered()
    must(await trade.step(by_hand, "cut-offs", trade.issuer, reason="另案核查"))

    must(await stop(trade, "suspensions", effect="freeze"))
    frozen = (await trade.order(order))["state"]
    denied = await trade.content(order)
    resumed = must(await stop(trade, "resumptions"))

    assert (frozen, denied.status_code) == ("suspended", 409)
    assert resumed["effect"] is None
    assert (await trade.order(order))["state"] == "delivering"
    assert (await trade.content(order)).status_code == 200
    assert (await trade.order(by_hand))["state"] == "suspended"  # another hand stopped it


async def test_cut_contracts_end_and_what_was_not_accepted_is_paid_back(trade: Trade) -> None:
    order = await trade.delivered()

    must(await stop(trade, "delistings", effect="cut"))

    assert (await trade.order(order))["state"] == "terminated"
    assert (await trade.content(order)).status_code == 409
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert "refund" in str(ledger)


@pytest.mark.parametrize(("step", "effect"), [("suspensions", "cut"), ("delistings", "freeze")])
async def test_an_effect_that_does_not_fit_is_refused_and_nothing_changes(
    trade: Trade, step: str, effect: str
) -> None:
    order = await trade.delivered()

    assert code(await stop(trade, step, effect=effect)) == "listing_effect_unfit"

    assert (await trade.order(order))["state"] == "delivering"
    must(await trade.place())


async def test_the_gate_says_of_each_thing_where_it_is_had(trade: Trade) -> None:
    found = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["gate"]

    wheres = {item["code"]: item["where"] for item in found}
    assert wheres["pricing_filing_required"] == "POST /api/v1/pricing-filings"
    assert all(item["passed"] for item in found)


async def test_a_listing_waits_in_the_operators_queue_and_is_returned_with_what_is_not_right(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced()
    draft = str(must(await trade.draft_listing())["id"])
    must(await trade.listing_step(draft, "submissions", trade.supplier))

    queue = must(await trade.by(trade.acceptor).get("/api/v1/work-queue", kind="listing_review"))
    by_its_supplier = await trade.listing_step(draft, "returns", trade.supplier, reason="?")
    returned = must(
        await trade.listing_step(draft, "returns", trade.acceptor, reason="样例与字典不符")
    )
    again = await trade.listing_step(draft, "returns", trade.acceptor, reason="?")
    empty = must(await trade.by(trade.acceptor).get("/api/v1/work-queue", kind="listing_review"))
    must(await trade.listing_step(draft, "submissions", trade.supplier))
    must(await trade.listing_step(draft, "publications", trade.acceptor))

    assert len(queue["items"]) == 1
    assert by_its_supplier.status_code == 403
    assert (returned["state"], returned["reason"]) == ("draft", "样例与字典不符")
    assert code(again) == "listing_event_not_allowed"
    assert empty["items"] == []
    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))["items"]
    assert "listing_returned" in [each["topic"] for each in inbox]
