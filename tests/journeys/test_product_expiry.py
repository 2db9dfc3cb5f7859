"""A product's validity ends: the certificate stays, the offer goes, everybody is told (A23)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.jobs import certificates_due
from tests.api import Api, code
from tests.makers_changes import Changing
from tests.makers_identity import Member
from tests.makers_owned import Owned, make_owned
from tests.makers_registration import must
from tests.stages import staged

LAST = dt.date(2026, 6, 19)  # a holiday: a validity has no working days
REMINDED = dt.date(2026, 5, 20)


class OnSale(Owned):
    """A product on offer whose validity ends on 19 June, with one order delivered."""

    number: str
    order: str

    async def certificate(self, number: str | None = None) -> dict[str, Any]:
        return must(await self.api.get(f"/api/v1/certificates/{number or self.number}"))

    async def offer(self) -> dict[str, Any]:
        (found,) = must(await self.by(self.supplier).get("/api/v1/listings"))["items"]
        return dict(found)

    async def run_on(self, day: dt.date) -> int:
        """Move past the end of the day before, and let the job run."""
        await self.move_past(day - dt.timedelta(days=1))
        return await certificates_due.run(self.db, now=self.clock.now())

    async def topics(self, who: Member) -> list[str]:
        found = must(await self.by(who).get("/api/v1/my/notifications", limit=100))["items"]
        return [each["topic"] for each in found]


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> OnSale:
    made = await make_owned(api, db, clock)
    on_sale = OnSale(api, db, clock)
    vars(on_sale).update(vars(made))
    on_sale.product_id = await on_sale.describe(valid_to=LAST)
    _, on_sale.number = await on_sale.certified()
    await on_sale.priced()
    await on_sale.listed()
    on_sale.order = await on_sale.delivered(price_item="forever", quantity=1)
    return on_sale


async def test_the_holder_is_reminded_once_and_the_product_sold_to_the_end_of_its_last_day(
    trade: OnSale,
) -> None:
    early = await trade.run_on(REMINDED - dt.timedelta(days=1))
    reminded = await trade.run_on(REMINDED)
    again = await trade.run_on(LAST)

    assert (early, reminded, again) == (0, 1, 0)
    assert (await trade.topics(trade.supplier)).count("product_expiring") == 1
    shown = await trade.certificate()
    assert shown["product_valid_to"] == LAST.isoformat()
    assert shown["product_expired_at"] is None
    assert (await trade.offer())["state"] == "listed"
    assert (await trade.place()).status_code == 201


async def test_on_the_next_day_the_offer_is_hidden_and_the_certificate_stays(
    trade: OnSale,
) -> None:
    await trade.run_on(REMINDED)
    expired = await trade.run_on(LAST + dt.timedelta(days=1))
    again = await certificates_due.run(trade.db, now=trade.clock.now())

    shown, offer = await trade.certificate(), await trade.offer()
    refused = await trade.place()
    page = await trade.api.get(f"/certificates/{trade.number}")
    (told,) = must(await trade.api.get("/api/v1/register-events", event="product_expired"))["items"]
    resumed = await trade.listing_step(offer["id"], "resumptions", trade.issuer)

    assert (expired, again) == (1, 0)
    assert shown["state"] == "active"
    assert shown["product_expired_at"] is not None
    assert [each["event"] for each in shown["history"]] == ["issued", "product_expired"]
    assert (offer["state"], offer["reason"]) == ("suspended", "product_expired")
    assert code(refused) == "product_not_listed"
    assert "数据产品时效已于" in page.text
    assert told["number"] == trade.number
    assert code(resumed) == "listing_not_eligible"
    assert resumed.json()["facts"]["items"] == ["product_expired"]
    assert (await trade.topics(trade.supplier)).count("product_expired") == 1
    assert (await trade.topics(trade.buyer)).count("purchase_expired") == 1
    running = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{trade.order}"))
    assert running["state"] != "terminated"


async def test_an_order_that_waits_is_rejected_when_the_validity_ended_meanwhile(
    trade: OnSale,
) -> None:
    order = await trade.placed()
    await trade.run_on(LAST + dt.timedelta(days=1))

    rejected = must(await trade.step(order, "clearances", trade.acceptor))

    assert rejected["state"] == "rejected"


async def test_a_change_renews_it_and_the_offer_is_resumed_under_the_new_number(
    trade: OnSale,
) -> None:
    await trade.run_on(LAST + dt.timedelta(days=1))
    changing = Changing(trade, trade.number)
    change = await changing.authorised(wanted={"valid_to": "2028-02-29"}, reason="续期")
    new = must(await changing.issue(change))["number"]

    resumed = must(
        await trade.listing_step((await trade.offer())["id"], "resumptions", trade.issuer)
    )

    shown = await trade.certificate(new)
    assert (shown["product_valid_to"], shown["product_expired_at"]) == ("2028-02-29", None)
    assert (resumed["state"], resumed["certificate_number"]) == ("listed", new)
    assert (await trade.place()).status_code == 201


async def test_a_frozen_one_is_marked_when_it_counts_again(trade: OnSale) -> None:
    path = f"/api/v1/certificates/{trade.number}"
    must(await trade.by(trade.issuer).post(f"{path}/freezes", {"reason": "权属争议核查"}))
    while_frozen = await trade.run_on(LAST + dt.timedelta(days=1))
    must(await trade.by(trade.issuer).post(f"{path}/unfreezes", {"reason": "争议已解决"}))

    resumed = await trade.listing_step((await trade.offer())["id"], "resumptions", trade.issuer)
    marked = await certificates_due.run(trade.db, now=trade.clock.now())

    assert (while_frozen, marked) == (0, 1)
    assert resumed.json()["facts"]["items"] == ["product_expired"]
    assert (await trade.certificate())["product_expired_at"] is not None


async def test_the_database_commits_no_offer_of_what_is_marked_as_expired(
    trade: OnSale, owner_dsn: str
) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        # So that it is this wall that refuses, and not the one that asks for an entry in the log.
        await connection.execute("SET app.remembered = 'yes'")
        with pytest.raises(asyncpg.CheckViolationError, match="does not count"):
            await connection.execute(
                "UPDATE catalog.certificates SET product_expired_at = now() WHERE number = $1",
                trade.number,
            )
        with pytest.raises(asyncpg.RestrictViolationError, match="never altered"):
            await connection.execute(
                "UPDATE catalog.certificates SET product_valid_to = '2030-01-01' WHERE number = $1",
                trade.number,
            )
    finally:
        await connection.close()


async def test_the_saved_answer_says_in_words_that_the_product_expired(trade: OnSale) -> None:
    from catalog.certificates import check

    await trade.run_on(LAST + dt.timedelta(days=1))
    answer = await trade.api.get(f"/api/v1/certificates/{trade.number}")

    held = check.read(answer.content)

    assert "产品时效已届满" in check._told(held)
