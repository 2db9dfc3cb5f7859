"""What happens to a certificate is in the offer and the running orders at once, in the same command."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.journeys.test_certified_order import Owned, make_owned
from tests.journeys.test_instruments import verified
from tests.makers_registration import must


class OnSale(Owned):
    """A certified product on offer, with one order delivered."""

    number: str
    order: str


@pytest.fixture
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


async def test_deregistering_delists_and_running_contracts_go_on(trade: OnSale) -> None:
    must(
        await trade.by(trade.supplier).post(
            f"/api/v1/certificates/{trade.number}/deregistrations", {"reason": "不再经营"}
        )
    )

    gone = await offer(trade)
    assert (gone["state"], gone["reason"]) == ("delisted", "certificate_deregistered")
    assert await order_state(trade) == "delivering"


@pytest.mark.parametrize("effect", ["no_holder", "against_registrant"])
async def test_rights_that_ended_for_everybody_stop_what_runs(trade: OnSale, effect: str) -> None:
    instrument = await verified(trade, certificate_number=trade.number, effect=effect)

    must(await trade.by(trade.adjudicator).post(f"/api/v1/instruments/{instrument}/executions"))

    assert (await offer(trade))["state"] == "delisted"
    assert await order_state(trade) == "terminated"
    denied = await trade.by(trade.buyer).get(f"/api/v1/orders/{trade.order}/content")
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
