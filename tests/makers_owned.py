"""A trade whose product has a certificate and belongs to several owners."""

from __future__ import annotations

from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.purposes import Purpose
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_registration import OwnKey, Scene, make_scene, must
from tests.makers_trade import Trade


class Owned(Trade):
    """A trade whose product belongs to its supplier and to others, by shares that make one."""

    owners: list[tuple[Member, int, int]]

    async def draft(self, **changes: Any) -> httpx.Response:
        owners = [
            {
                "party_id": str(owner.party.id),
                "share_numerator": numerator,
                "share_denominator": denominator,
            }
            for owner, numerator, denominator in self.owners
        ]
        return await super().draft(**({"owners": owners} | changes))

    async def drafted(self, **changes: Any) -> str:
        application = await super().drafted(**changes)
        must(await self.hand_in(application, "joint_ownership_shares"))
        for owner, *_ in self.owners[1:]:
            other = self.by(owner)
            stands = must(await other.get(f"/api/v1/applications/{application}/dossier"))
            said = {"content_sha256": stands["content_sha256"]}
            must(await other.post(f"/api/v1/applications/{application}/consents", said))
        return application


async def make_owned(api: Api, db: Database, clock: ManualClock, *shares: tuple[int, int]) -> Owned:
    """Return a trade with so many owners: the supplier, the objector, and others after them.

    Two thirds and one third, if nothing else is said.
    """
    scene: Scene = await make_scene(api, db, clock)
    trade = Owned(api, db, clock)
    vars(trade).update(vars(scene))
    now = clock.now()
    parts = shares or ((2, 3), (1, 3))
    more = [await make_member(db, Role.SUPPLIER, now=now) for _ in parts[2:]]
    who = [trade.supplier, trade.objector, *more]
    trade.owners = [(owner, *part) for owner, part in zip(who, parts, strict=True)]
    trade.buyer = await make_member(db, Role.BUYER, now=now)
    trade.buyer_key, trade.supplier_key = OwnKey(Purpose.CONTRACT), OwnKey(Purpose.CONTRACT)
    for key, whose in ((trade.buyer_key, trade.buyer), (trade.supplier_key, trade.supplier)):
        must(await key.register(trade.by(whose), whose.party.id))
    return trade
