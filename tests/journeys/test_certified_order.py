"""A certified product of two owners is sold: the money goes where its certificate says."""

from __future__ import annotations

import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.makers_owned import make_owned
from tests.makers_registration import must


async def test_owners_share_a_sale_as_their_certificate_says(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_owned(api, db, clock)
    _, number = await trade.certified()
    await trade.priced()
    await trade.listed()

    order = await trade.delivered(price_item="forever", quantity=1)
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))

    contract = (await trade.contract(order))["content"]
    assert contract["object"]["certificate_number"] == number
    bps = {
        (share["role"], share["party_id"]): share["share_bps"]
        for share in contract["split"]["shares"]
    }
    supplier, other = str(trade.supplier.party.id), str(trade.objector.party.id)
    assert bps["right_holder", supplier] == 6_333
    assert bps["right_holder", other] == 3_167
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    release = str(msgspec.to_builtins(ledger))
    # 10,000.00 yuan: 5 % to the platform, the rest by two thirds and one.
    for account, fen in ((f"payable/{supplier}", 633_300), (f"payable/{other}", 316_700)):
        assert account in release
        assert str(fen) in release


async def test_an_order_is_rejected_when_the_certificate_was_frozen_meanwhile(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_owned(api, db, clock)
    _, number = await trade.certified()
    await trade.priced()
    await trade.listed()
    order = await trade.placed()
    must(
        await trade.by(trade.issuer).post(
            f"/api/v1/certificates/{number}/freezes", {"reason": "权属争议核查"}
        )
    )

    assert code(await trade.place()) == "product_not_listed"
    rejected = must(await trade.step(order, "clearances", trade.acceptor))

    assert rejected["state"] == "rejected"
    assert rejected["decision"]["reasons"] == ["product_not_listed"]
    assert code(await trade.step(order, "cancellations", trade.buyer, reason="x")) == (
        "order_event_not_allowed"
    )
