"""Play an auction through HTTP: from the draft to the award, each step by name."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.auctions import sealing
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_auctions import (
    OPERATOR_KEY,
    OPERATOR_PRIVATE,
    SUPPLIER_KEY,
    SUPPLIER_PRIVATE,
    sealed_bid,
)
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade

QUOTE = {
    "code": "tailored",
    "charge": "quote",
    "unit": "project",
    "unit_price_fen": 10_000,
    "highest_unit_price_fen": 90_000,
}
SALT = "5a" * 32
#: Long enough for every notice, whatever rest days lie in it.
NOTICE = dt.timedelta(days=12)
ON_NOTICE = dt.timedelta(days=4)
LASTS = dt.timedelta(hours=8)


def b64(raw: bytes) -> str:
    """Return bytes as they travel in JSON."""
    return base64.b64encode(raw).decode()


class Sale(Trade):
    """A trade with a product that is quoted, and a third buyer."""

    third: Member

    def planned(
        self, kind: str = "english", lot: dict[str, Any] | None = None, **rules: Any
    ) -> dict[str, Any]:
        """Return an auction that may be announced today."""
        opens = self.clock.now() + NOTICE
        own: dict[str, Any] = (
            {"increment_fen": 1_000, "last_minutes": {}}
            if kind == "english"
            else {"supplier_key": b64(SUPPLIER_KEY)}
        )
        return {
            "lot": {
                "product_id": self.product_id,
                "price_item": "tailored",
                "purpose": "港口吊装作业停工判断",
                "scenario": SCENARIO,
                "delivery_mode": "dataset_product",
            }
            | (lot or {}),
            "rules": {
                "kind": kind,
                "opens_at": opens.isoformat(),
                "closes_at": (opens + LASTS).isoformat(),
                "starting_price_fen": 20_000,
            }
            | own
            | rules,
        }

    async def draft(self, *args: Any, **kwargs: Any) -> httpx.Response:
        """Draft an auction as the supplier."""
        return await self.by(self.supplier).post("/api/v1/auctions", self.planned(*args, **kwargs))

    async def at(self, auction: str, step: str, who: Member, body: Any = None) -> httpx.Response:
        """Do one thing to an auction."""
        return await self.by(who).post(f"/api/v1/auctions/{auction}/{step}", body)

    async def shown(self, auction: str) -> dict[str, Any]:
        """Return an auction as everybody reads it."""
        return must(await self.api.get(f"/api/v1/auctions/{auction}"))

    async def announce(self, auction: str, *, sealed: bool = False) -> httpx.Response:
        """Announce an auction as the operator."""
        body = {"operator_key": b64(OPERATOR_KEY)} if sealed else {}
        return await self.at(auction, "announcements", self.acceptor, body)

    async def announced(self, kind: str = "english", **kwargs: Any) -> str:
        """Return an auction that is announced."""
        auction = str(must(await self.draft(kind, **kwargs))["id"])
        must(await self.announce(auction, sealed=kind != "english"))
        return auction

    async def join(self, auction: str, who: Member, **changes: Any) -> httpx.Response:
        """Join as a bidder."""
        body = {"accepts_rules": True, "is_unrelated": True} | changes
        return await self.at(auction, "bidders", who, body)

    async def opened(self, kind: str = "english", **kwargs: Any) -> str:
        """Return an auction that takes bids of three bidders, numbered 1 to 3."""
        auction = await self.announced(kind, **kwargs)
        for who in (self.buyer, self.stranger, self.third):
            must(await self.join(auction, who))
        await self.move_by(NOTICE)
        return auction

    async def bid(self, auction: str, who: Member, amount_fen: int) -> httpx.Response:
        """Bid in public."""
        return await self.at(auction, "bids", who, {"amount_fen": amount_fen})

    async def hand_in_bid(
        self, auction: str, who: Member, amount_fen: int, **changes: Any
    ) -> httpx.Response:
        """Hand a sealed bid in, sealed as the bidder itself does it."""
        mine = must(await self.by(who).get(f"/api/v1/auctions/{auction}/mine"))
        paddle = mine["bidder"]["paddle"] if mine["bidder"] else 1
        commitment, box = sealed_bid(amount_fen, paddle=paddle, auction_id=uuid.UUID(auction))
        body = {"commitment_sha256": commitment, "sealed": b64(box)} | changes
        return await self.at(auction, "sealed-bids", who, body)

    async def hand_over(
        self, auction: str, who: Member, *, key: bytes | None = None, **reserve: Any
    ) -> httpx.Response:
        """Hand over a private key, the reserve, or both."""
        body = reserve | ({} if key is None else {"private_key": b64(key)})
        return await self.at(auction, "handovers", who, body)

    async def decided(self, kind: str = "english", *bids: int, **kwargs: Any) -> str:
        """Return an auction in which the three bid so much, and all is opened."""
        auction = await self.opened(kind, **kwargs)
        for who, amount in zip((self.buyer, self.stranger, self.third), bids, strict=False):
            if kind == "english":
                must(await self.bid(auction, who, amount))
            else:
                must(await self.hand_in_bid(auction, who, amount))
        await self.move_by(dt.timedelta(days=1))
        if kind != "english":
            must(await self.hand_over(auction, self.supplier, key=SUPPLIER_PRIVATE))
            must(await self.hand_over(auction, self.acceptor, key=OPERATOR_PRIVATE))
        return auction

    async def awarded(self, *args: Any, **kwargs: Any) -> str:
        """Return an auction that is awarded."""
        auction = await self.decided(*args, **kwargs)
        await self.noticed()
        must(await self.at(auction, "awards", self.supplier))
        return auction

    async def noticed(self) -> None:
        """Let the public notice of a result pass."""
        await self.move_by(ON_NOTICE)

    async def order_won(self, auction: str, who: Member, **changes: Any) -> httpx.Response:
        """Order what was won, at the price that was won."""
        mine = must(await self.by(who).get(f"/api/v1/auctions/{auction}/mine"))
        won = {"price_item": "tailored", "quantity": 1}
        special = {"special_price_id": mine["awards"][0]["special_price_id"]}
        return await self.place(who, **(won | special | changes))


def reserve_of(amount_fen: int) -> str:
    """Return the commitment to a reserve."""
    return sealing.reserve_commitment(amount_fen, SALT)


async def make_sale(api: Api, db: Database, clock: ManualClock) -> Sale:
    """Return everyone, with a product on offer that is quoted to each buyer within limits."""
    made = await make_trade(api, db, clock, is_listed=False)
    sale = Sale(api, db, clock)
    sale.__dict__.update(made.__dict__)
    sale.third = await make_member(db, Role.BUYER, now=clock.now())
    await sale.priced(price_items=[QUOTE], pricing_regime="negotiated")
    await sale.listed()
    return sale
