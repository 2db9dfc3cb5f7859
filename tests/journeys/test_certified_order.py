"""A certified product of two owners is sold: the money goes where its certificate says."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.purposes import Purpose
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_registration import OwnKey, Scene, make_scene, must
from tests.makers_trade import Trade


class Owned(Trade):
    """A trade whose product belongs to its supplier by two thirds and to another by one."""

    async def draft(self, **changes: Any) -> httpx.Response:
        owners = [
            {
                "party_id": str(self.supplier.party.id),
                "share_numerator": 2,
                "share_denominator": 3,
            },
            {
                "party_id": str(self.objector.party.id),
                "share_numerator": 1,
                "share_denominator": 3,
            },
        ]
        return await super().draft(**({"owners": owners} | changes))

    async def drafted(self, **changes: Any) -> str:
        application = await super().drafted(**changes)
        must(await self.hand_in(application, "joint_ownership_shares"))
        other = self.by(self.objector)
        stands = must(await other.get(f"/api/v1/applications/{application}/dossier"))
        said = {"content_sha256": stands["content_sha256"]}
        must(await other.post(f"/api/v1/applications/{application}/consents", said))
        return application


async def make_owned(api: Api, db: Database, clock: ManualClock) -> Owned:
    scene: Scene = await make_scene(api, db, clock)
    trade = Owned(api, db, clock)
    vars(trade).update(vars(scene))
    now = clock.now()
    trade.buyer = await make_member(db, Role.BUYER, now=now)
    trade.buyer_key, trade.supplier_key = OwnKey(Purpose.CONTRACT), OwnKey(Purpose.CONTRACT)
    for key, who in ((trade.buyer_key, trade.buyer), (trade.supplier_key, trade.supplier)):
        must(await key.register(trade.by(who), who.party.id))
    return trade


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
