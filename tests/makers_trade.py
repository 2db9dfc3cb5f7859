"""Play the trade through HTTP: a priced, listed product, and each step of an order by name.

A step takes what differs as keywords, so that a test can do one thing wrong and all else right.
"""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.purposes import Purpose
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member, make_party
from tests.makers_registration import OwnKey, Scene, must

SCENARIO = "port_safety"
TERMS = {
    "provider_responsibility": "供方对数据来源合法性与交付前安全负责。",
    "receiver_responsibility": "需方对接收后的存储与使用安全负责。",
    "confidentiality": "双方对交易内容保密。",
    "exit_arrangement": "期满或终止后停止使用并销毁。",
    "inspection_days": 7,
    "term_days": 365,
}

#: 公共数据资源登记, had elsewhere (GD-06).
REGISTRATION = {
    "registrar": "示例省公共数据资源登记机构",
    "code": "GGSJ-2026-000001",
    "registered_on": "2026-01-12",
    "ends_on": "2029-01-11",
    "evidence_sha256": "ab" * 32,
}


class Trade(Scene):
    """Everyone who takes part in a trade, signed in; a product on its way to the buyer."""

    buyer: Member
    stranger: Member
    buyer_key: OwnKey
    supplier_key: OwnKey

    def filing(self, **changes: Any) -> dict[str, Any]:
        """Return a complete filing for the product."""
        return {
            "product_id": self.product_id,
            "price_items": [
                {
                    "code": "per_call",
                    "charge": "per_unit",
                    "unit": "api_call",
                    "unit_price_fen": 12_345,
                },
                {
                    "code": "forever",
                    "charge": "one_off",
                    "unit": "file",
                    "unit_price_fen": 1_000_000,
                },
            ],
            "basis": {"method": "cost", "explanation": "按采集与加工成本测算。"},
            "scenarios": [SCENARIO],
            "use_scope": {"audience": "港航企业", "regions": ["海南"]},
            "delivery_modes": ["dataset_product", "api_call"],
            "pricing_regime": "market_autonomous",
            "effective_from": self.today(),
        } | changes

    async def file(self, **changes: Any) -> httpx.Response:
        """Draft prices and file them."""
        who = self.by(self.supplier)
        drafted = await who.post("/api/v1/pricing-filings", self.filing(**changes))
        if drafted.status_code >= 300:
            return drafted
        return await who.post(f"/api/v1/pricing-filings/{drafted.json()['id']}/submissions")

    async def record(self, filing: str) -> httpx.Response:
        """Take a filing on record."""
        return await self.by(self.regulator).post(f"/api/v1/pricing-filings/{filing}/recordings")

    async def priced(self, **changes: Any) -> str:
        """Return a filing in effect."""
        filing = str(must(await self.file(**changes))["id"])
        must(await self.record(filing))
        return filing

    async def draft_listing(
        self, *, audience: dict[str, Any] | None = None, **papers: Any
    ) -> httpx.Response:
        """Draft the listing of the product, for everybody or for some."""
        body = {"product_id": self.product_id, "papers": papers, "audience": audience}
        return await self.by(self.supplier).post("/api/v1/listings", body)

    async def listing_step(
        self, listing: str, step: str, who: Member, **body: Any
    ) -> httpx.Response:
        """Do one thing to a listing."""
        return await self.by(who).post(f"/api/v1/listings/{listing}/{step}", body)

    async def listed(self, *, audience: dict[str, Any] | None = None, **papers: Any) -> str:
        """Return a listing that is on offer, to everybody or to some."""
        listing = str(must(await self.draft_listing(audience=audience, **papers))["id"])
        must(await self.listing_step(listing, "submissions", self.supplier))
        must(await self.listing_step(listing, "publications", self.acceptor))
        return listing

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """Return an order for three calls."""
        return {
            "product_id": self.product_id,
            "price_item": "per_call",
            "quantity": 3,
            "purpose": "港口吊装作业停工判断",
            "scenario": SCENARIO,
            "delivery_mode": "dataset_product",
            "terms": TERMS,
        } | changes

    async def place(self, who: Member | None = None, **changes: Any) -> httpx.Response:
        """Place an order."""
        return await self.by(who or self.buyer).post("/api/v1/orders", self.wanted(**changes))

    async def step(
        self, order: str, step: str, who: Member, key: str | None = None, **body: Any
    ) -> httpx.Response:
        """Do one thing to an order."""
        return await self.by(who).post(f"/api/v1/orders/{order}/{step}", body, key=key)

    async def order(self, order: str, who: Member | None = None) -> dict[str, Any]:
        """Return an order."""
        return must(await self.by(who or self.buyer).get(f"/api/v1/orders/{order}"))

    async def contract(self, order: str) -> dict[str, Any]:
        """Return the contract of an order."""
        return must(await self.by(self.buyer).get(f"/api/v1/orders/{order}/contract"))

    async def sign(
        self,
        order: str,
        who: Member,
        key: OwnKey,
        *,
        document: bytes | None = None,
        purpose: Purpose = Purpose.CONTRACT,
        algorithm: str | None = None,
    ) -> httpx.Response:
        """Sign the contract, or other bytes if told so."""
        from catalog.signing.canonical import framed

        told = base64.b64decode((await self.contract(order))["document"])
        value = key._private.sign(framed(purpose, document or told))
        return await self.step(
            order,
            "signatures",
            who,
            key_id=key.key_id,
            signature=base64.b64encode(value).decode(),
            algorithm=algorithm or key.algorithm.value,
        )

    async def pay(self, order: str) -> None:
        """Pay, and let the sandbox's bank confirm."""
        started = must(await self.step(order, "payments", self.buyer))
        must(await self.by(self.buyer).post(started["pay_at"]))

    async def content(self, order: str, token: str | None = None, **asked: Any) -> httpx.Response:
        """Ask for the content."""
        who = self.by(self.buyer) if token is None else self.api.as_(token)
        return await who.get(f"/api/v1/orders/{order}/content", **asked)

    # ── whole stretches ─────────────────────────────────────────────────────────────────────

    async def placed(self, **changes: Any) -> str:
        """Return an order that was placed."""
        return str(must(await self.place(**changes))["id"])

    async def cleared(self, **changes: Any) -> str:
        """Return an order that may be signed."""
        order = await self.placed(**changes)
        assert must(await self.step(order, "clearances", self.acceptor))["state"] == "cleared"
        return order

    async def contracted(self, **changes: Any) -> str:
        """Return an order whose contract is concluded."""
        order = await self.cleared(**changes)
        must(await self.sign(order, self.buyer, self.buyer_key))
        must(await self.sign(order, self.supplier, self.supplier_key))
        return order

    async def paid(self, **changes: Any) -> str:
        """Return an order whose money is in escrow."""
        order = await self.contracted(**changes)
        await self.pay(order)
        return order

    async def delivered(self, **changes: Any) -> str:
        """Return an order that is being inspected, in a log that has promised nothing it owes."""
        order = await self.paid(**changes)
        must(await self.step(order, "deliveries", self.supplier))
        await self.api.keep_the_log()
        return order

    async def move_by(self, delta: dt.timedelta) -> None:
        """Let time pass, do what is due, and keep everyone signed in."""
        self.clock.move_by(delta)
        await self.sign_in_again()
        await self.api.run_jobs()


async def make_trade(
    api: Api, db: Database, clock: ManualClock, *, is_listed: bool = True, **description: Any
) -> Trade:
    """Return everyone with keys for contracts, and a product that is priced and on offer."""
    now = clock.now()
    trade = Trade(api, db, clock)
    operator = await make_party(
        db, Capacity.SUPERMARKET_OPERATOR, now=now, name="示例省数据产品超市运营有限公司"
    )
    authority = await make_party(
        db, Capacity.PROVINCIAL_AUTHORITY, now=now, name="海南省大数据管理局"
    )
    for name, role, party in (
        ("acceptor", Role.OPERATOR_ACCEPTOR, operator),
        ("issuer", Role.OPERATOR_ISSUER, operator),
        ("adjudicator", Role.OPERATOR_ADJUDICATOR, operator),
        ("regulator", Role.REGULATOR, authority),
        ("supplier", Role.SUPPLIER, None),
        ("buyer", Role.BUYER, None),
        ("stranger", Role.BUYER, None),
    ):
        setattr(trade, name, await make_member(db, role, now=now, party=party))
    trade.buyer_key = OwnKey(Purpose.CONTRACT)
    trade.supplier_key = OwnKey(Purpose.CONTRACT)
    for key, who in ((trade.buyer_key, trade.buyer), (trade.supplier_key, trade.supplier)):
        must(await key.register(trade.by(who), who.party.id))
    trade.product_id = await trade.describe(**description)
    if is_listed:
        await trade.priced()
        await trade.listed()
    return trade
