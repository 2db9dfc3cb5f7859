"""Play negotiations through HTTP: both sides by name, and our own job that carries their messages."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import httpx

from catalog.signing.canonical import framed
from catalog.signing.purposes import Purpose
from tests.makers_identity import Member
from tests.makers_registration import OwnKey, must
from tests.makers_trade import SCENARIO, Trade

BASE = "/api/v1/negotiations"
PURPOSE = "港口吊装作业停工判断"
CLAUSES = {
    "template": "provision",
    "version": 1,
    "parameters": {
        "rights": "使用权",
        "inspection_days": "7",
        "provider_responsibility": "供方对数据来源合法性与交付前安全负责。",
        "receiver_responsibility": "需方对接收后的存储与使用安全负责。",
        "confidentiality": "双方对交易内容保密。",
        "exit_arrangement": "期满或终止后停止使用并销毁。",
        "venue": "海口市有管辖权的人民法院",
    },
}


def terms(trade: Trade, **changes: Any) -> dict[str, Any]:
    """Return terms for three calls within a year, to be answered within a week."""
    now = trade.clock.now()
    return {
        "price_item": "per_call",
        "quantity": 3,
        "purpose": PURPOSE,
        "scenario": SCENARIO,
        "delivery_mode": "dataset_product",
        "ends_at": (now + dt.timedelta(days=365)).isoformat(),
        "valid_until": (now + dt.timedelta(days=7)).isoformat(),
        "clauses": CLAUSES,
    } | changes


class Talk:
    """One negotiation, seen from both sides."""

    def __init__(self, trade: Trade, buyer_id: str = "", supplier_id: str = "") -> None:
        self.trade = trade
        self.ids = {str(trade.buyer.party.id): buyer_id, str(trade.supplier.party.id): supplier_id}

    def path(self, who: Member) -> str:
        return f"{BASE}/{self.ids[str(who.party.id)]}"

    async def say(self, who: Member, what: str, **body: Any) -> httpx.Response:
        """Say something, without carrying it."""
        return await self.trade.by(who).post(f"{self.path(who)}/{what}", body)

    async def sign(
        self, who: Member, what: str, *, over: bytes | None = None, key: OwnKey | None = None
    ) -> httpx.Response:
        """Sign the agreement, or other bytes if told so."""
        trade = self.trade
        own = trade.buyer_key if who is trade.buyer else trade.supplier_key
        shown = must(await trade.by(who).get(f"{self.path(who)}/agreement"))
        told = base64.b64decode(shown["document"]) if over is None else over
        value = (key or own)._private.sign(framed(Purpose.CONTRACT, told))
        return await self.say(
            who,
            what,
            key_id=own.key_id,
            signature=base64.b64encode(value).decode(),
            algorithm=own.algorithm.value,
        )

    async def conclude(self) -> dict[str, Any]:
        """Let the supplier agree, both sign, and return the agreement."""
        trade = self.trade
        await self.said(trade.supplier, "agreements")
        must(await self.sign(trade.buyer, "verifications"))
        await self.carry()
        must(await self.sign(trade.supplier, "finalizations"))
        await self.carry()
        listed = must(await trade.by(trade.buyer).get("/api/v1/agreements"))
        return dict(listed["items"][0])

    async def said(self, who: Member, what: str, **body: Any) -> dict[str, Any]:
        """Say something, and let it be carried; return the speaker's copy after it."""
        must(await self.say(who, what, **body))
        await self.carry()
        return await self.seen(who)

    async def carry(self) -> None:
        """Let our job carry what is due."""
        from market.jobs import deliver_negotiations

        wiring = self.trade.api.context
        await deliver_negotiations.run(wiring.db, now=wiring.now())

    async def seen(self, who: Member) -> dict[str, Any]:
        """Return a side's copy."""
        found = must(await self.trade.by(who).get(self.path(who)))
        return {"negotiation_id": found["id"], **found["copy"]}

    async def messages(self, who: Member) -> list[dict[str, Any]]:
        """Return what a side said and heard."""
        found = await self.trade.by(who).get(f"{self.path(who)}/messages")
        assert found.status_code == 200, found.text
        return list(found.json())

    async def states(self) -> tuple[str, str]:
        """Return where both copies stand."""
        trade = self.trade
        return (await self.seen(trade.buyer))["state"], (await self.seen(trade.supplier))["state"]


async def requested(trade: Trade, **changes: Any) -> Talk:
    """Return a negotiation that the buyer has begun and the supplier has heard of."""
    begun = must(
        await trade.by(trade.buyer).post(
            BASE, {"product_id": trade.product_id, "terms": terms(trade, **changes)}
        )
    )
    talk = Talk(trade, buyer_id=begun["id"])
    await talk.carry()
    listed = must(await trade.by(trade.supplier).get(BASE))
    talk.ids[str(trade.supplier.party.id)] = listed["items"][0]["id"]
    return talk
