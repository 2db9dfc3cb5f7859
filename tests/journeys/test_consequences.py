"""What happens to a certificate is in the offer and the running orders at once, in the same command."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.journeys.test_instruments import verified
from tests.makers_identity import Member
from tests.makers_owned import Owned, make_owned
from tests.makers_registration import must
from tests.stages import staged


class OnSale(Owned):
    """A certified product on offer, with one order delivered."""

    number: str
    order: str


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> OnSale:
    made = await make_owned(api, db, clock)
    on_sale = OnSale(api, db, clock)
    vars(on_sale).update(vars(made))
    _, on_sale.number = await on_sale.certified()
    await on_sale.priced()
    await on_sale.listed()
    on_sale.order = await on_sale.delivered(price_item="forever", quantity=1)
    return on_sale


async def offer(trade: OnSale) -> dict[str, Any]:
    (found,) = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    return dict(found)


async def order_state(trade: OnSale) -> str:
    shown = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{trade.order}"))
    return str(shown["state"])


async def test_a_frozen_certificate_suspends_the_offer_and_stops_nothing_that_runs(
    trade: OnSale,
) -> None:
    path = f"/api/v1/certificates/{trade.number}"
    must(await trade.by(trade.issuer).post(f"{path}/freezes", {"reason": "权属争议核查"}))

    suspended = await offer(trade)
    refused = await trade.place()
    must(await trade.by(trade.issuer).post(f"{path}/unfreezes", {"reason": "争议已解决"}))
    resumed = must(await trade.listing_step(suspended["id"], "resumptions", trade.issuer))

    assert (suspended["state"], suspended["reason"]) == ("suspended", "certificate_frozen")
    assert refused.status_code == 409
    assert await order_state(trade) == "delivering"
    assert (resumed["state"], resumed["certificate_number"]) == ("listed", trade.number)


async def deregister(trade: OnSale, **said: Any) -> httpx.Response:
    return await trade.by(trade.supplier).post(
        f"/api/v1/certificates/{trade.number}/deregistrations", {"reason": "不再经营"} | said
    )


async def preview(trade: OnSale, who: Member) -> httpx.Response:
    return await trade.by(who).get(f"/api/v1/certificates/{trade.number}/deregistration")


async def told_to(trade: OnSale, who: Member, topic: str) -> list[dict[str, Any]]:
    found = must(await trade.by(who).get("/api/v1/my/notifications"))["items"]
    return [each for each in found if each["topic"] == topic]


async def test_who_deregisters_is_told_of_open_orders_first_and_has_to_say_so(
    trade: OnSale,
) -> None:
    await trade.placed()

    shown = must(await preview(trade, trade.supplier))
    refused = await deregister(trade)
    still = await offer(trade)
    done = must(await deregister(trade, open_orders_acknowledged=True))

    assert (shown["open_orders"], shown["running_contracts"]) == (2, 1)
    assert (shown["is_allowed"], shown["is_offered"]) == (True, True)
    assert (refused.status_code, code(refused)) == (409, "open_orders_exist")
    assert refused.json()["facts"] == {"open_orders": 2}
    assert still["state"] == "listed"
    assert done["state"] == "deregistered"
    assert len(await told_to(trade, trade.buyer, "certificate_ended")) == 2
    assert code(await trade.place()) == "product_not_listed"
    after = must(await preview(trade, trade.supplier))
    assert (after["is_allowed"], after["is_offered"]) == (False, False)


async def test_only_the_registrant_is_told_what_deregistering_would_do(trade: OnSale) -> None:
    for other in (trade.buyer, trade.issuer):
        answer = await preview(trade, other)
        assert (answer.status_code, code(answer)) == (404, "not_found")


async def test_deregistering_delists_and_running_contracts_go_on(trade: OnSale) -> None:
    must(await deregister(trade, open_orders_acknowledged=True))

    gone = await offer(trade)
    assert (gone["state"], gone["reason"]) == ("delisted", "certificate_deregistered")
    assert await order_state(trade) == "delivering"


@pytest.mark.parametrize("effect", ["no_holder", "against_registrant"])
async def test_rights_that_ended_for_everybody_stop_what_runs(trade: OnSale, effect: str) -> None:
    instrument = await verified(trade, certificate_number=trade.number, effect=effect)

    must(await trade.by(trade.adjudicator).post(f"/api/v1/instruments/{instrument}/executions"))

    assert (await offer(trade))["state"] == "delisted"
    assert await order_state(trade) == "terminated"
    denied = await trade.content(trade.order)
    assert denied.status_code in (403, 409), denied.text


async def test_a_transferred_product_is_not_sold_by_its_old_owner(trade: OnSale) -> None:
    instrument = await verified(
        trade,
        certificate_number=trade.number,
        effect="new_holder",
        new_holder_party_id=str(trade.objector.party.id),
    )
    frozen = await offer(trade)

    must(await trade.by(trade.objector).post(f"/api/v1/instruments/{instrument}/transfers"))

    assert (frozen["state"], frozen["reason"]) == ("suspended", "certificate_frozen")
    assert (await offer(trade))["state"] == "suspended"
    assert await order_state(trade) == "delivering"


async def test_the_database_commits_no_offer_on_a_certificate_that_does_not_count(
    trade: OnSale, owner_dsn: str
) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SET app.remembered = 'yes'")
        with pytest.raises(asyncpg.CheckViolationError, match="does not count"):
            await connection.execute(
                "UPDATE catalog.certificates SET state = 'frozen' WHERE number = $1", trade.number
            )
    finally:
        await connection.close()

    assert (await offer(trade))["state"] == "listed"


async def test_a_refused_command_changes_neither_certificate_nor_offer(trade: OnSale) -> None:
    refused = await trade.by(trade.supplier).post(
        f"/api/v1/certificates/{trade.number}/deregistrations", {"reason": " "}
    )

    assert code(refused) == "certificate_reason_missing"
    assert (await offer(trade))["state"] == "listed"
