"""Make what the pages of the trade show: negotiations at every turn, agreements, what follows them."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from urllib.parse import quote

import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import CLAUSES, Talk, requested, terms
from tests.makers_portal import HOSTILE
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade

#: As the form has them: a clause is a field.
FORM = {
    "price_item": "per_call",
    "quantity": "3",
    "purpose": "港口吊装作业停工判断",
    "scenario": "port_safety",
    "delivery_mode": "dataset_product",
    "destroys_at_end": "true",
    "template": "provision:1",
} | {f"clause_{name}": words for name, words in dict(CLAUSES["parameters"]).items()}  # type: ignore[call-overload]


class Workspaces(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to look at, and who looks."""

    trade: Trade
    talks: dict[str, Talk]  # by what comes next
    agreements: dict[str, str]

    def negotiation(self, name: str, who: Member) -> str:
        """Return the page of one side's copy."""
        return f"/negotiations/{self.talks[name].ids[str(who.party.id)]}"

    def pages_of(self) -> list[tuple[Member, list[str]]]:
        """Return whose pages are to be looked at."""
        trade = self.trade
        agreements = [f"/agreements/{each}" for each in self.agreements.values()]
        following = f"follows={self.agreements['in_force']}&relation=renews"
        return [
            (
                trade.buyer,
                [
                    "/negotiations",
                    "/negotiations?status=terminated",
                    *(self.negotiation(name, trade.buyer) for name in self.talks),
                    f"/products/{trade.product_id}/negotiations",
                    f"/products/{trade.product_id}/negotiations?template=fusion_development:1",
                    f"/products/{trade.product_id}/negotiations?{following}",
                    "/agreements",
                    *agreements,
                ],
            ),
            (
                trade.supplier,
                [
                    "/negotiations",
                    *(self.negotiation(name, trade.supplier) for name in self.talks),
                    f"/products/{trade.product_id}/negotiations",
                    "/agreements",
                    *agreements,
                ],
            ),
            (
                trade.regulator,
                ["/negotiations", self.negotiation("answered", trade.buyer), *agreements],
            ),
            (trade.stranger, ["/negotiations", "/agreements"]),
        ]


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What is bought, sold and complained of, beside what is negotiated."""

    spaces: Workspaces
    orders: dict[str, str]  # by how far they are
    bundle: str
    complaint: str
    second: Member  # another supplier: asked about its price, with a price for one buyer
    beginner: Member  # a supplier whose listing lacks something
    newcomer: Member  # a supplier that has nothing yet
    approver: Member  # of the buyer's own people
    approvals: dict[str, str]  # by what became of them

    @property
    def trade(self) -> Trade:
        """Return who trades."""
        return self.spaces.trade

    def pages_of(self) -> list[tuple[Member, list[str]]]:
        """Return whose pages are to be looked at."""
        trade = self.trade
        complaint = f"/complaints/{self.complaint}"
        desk = ["/complaints/desk", "/complaints/desk?status=closed", complaint]
        return [
            (
                trade.buyer,
                [
                    "/my/buying",
                    "/orders",
                    "/orders?status=paid",
                    *(f"/orders/{each}" for each in self.orders.values()),
                    *(f"/orders/{self.orders[each]}/payment" for each in ("contracted", "paid")),
                    f"/products/{trade.product_id}/orders",
                    f"/products/{trade.product_id}/orders?price_item=per_call&quantity=3&scenario={SCENARIO}",
                    "/approvals",
                    *(f"/approvals/{each}" for each in self.approvals.values()),
                    f"/bundles/{self.bundle}",
                    "/bundles/new",
                    f"/bundles/new?products={trade.product_id}&find=%E6%8C%87%E6%95%B0",
                    f"/bundles/new?products={trade.product_id}&p0_price_item=per_call&p0_scenario={SCENARIO}",
                    "/my/keys",
                    f"/my/keys?public_key={quote(b64encode(trade.buyer_key.public_key))}",
                    complaint,
                ],
            ),
            (
                trade.supplier,
                ["/my/selling", *(f"/orders/{each}" for each in self.orders.values()), complaint],
            ),
            (trade.acceptor, ["/orders", f"/orders/{self.orders['placed']}"]),
            (
                self.approver,
                [
                    "/approvals",
                    "/approvals?status=expired",
                    *(f"/approvals/{each}" for each in self.approvals.values()),
                    "/approval-chain",
                ],
            ),
            (trade.adjudicator, desk),
            (trade.stranger, ["/my/buying"]),
            (self.second, ["/my/selling"]),
            (self.beginner, ["/my/selling"]),
            (self.newcomer, ["/my/selling"]),
        ]


async def make_workspaces(api: Api, db: Database, clock: ManualClock) -> Workspaces:
    """Play until the pages of negotiations and agreements have something to show."""
    trade = await make_trade(api, db, clock)
    talks = {
        "asked": await requested(trade, purpose=HOSTILE[:400]),
        "answered": await requested(trade, regions=["海南"]),
        "to_sign": await requested(trade),
        "ended": await requested(trade),
    }
    counter = terms(trade, quantity=5, purpose="港口吊装作业停工预警", fields=["风级"])
    await talks["answered"].said(trade.supplier, "offers", terms=counter)
    await talks["to_sign"].said(trade.supplier, "agreements")
    await talks["ended"].said(
        trade.buyer, "terminations", code="price_not_acceptable", reason=HOSTILE
    )
    return Workspaces(trade=trade, talks=talks, agreements=await _agreements(trade))


async def make_market(api: Api, db: Database, clock: ManualClock) -> Market:
    """Play on until everything that is bought, sold and complained of has something to show."""
    spaces = await make_workspaces(api, db, clock)
    trade = spaces.trade
    orders = {
        "placed": await trade.placed(),
        "cleared": await trade.cleared(),
        "contracted": await trade.contracted(),
        "paid": await trade.paid(),
        "delivered": await trade.delivered(),
    }
    complaint = await _complaint(trade, orders["delivered"])
    first, product = trade.supplier, trade.product_id
    second, bundle = await _second(trade, product)
    trade.supplier = beginner = await make_member(db, Role.SUPPLIER, now=clock.now())
    trade.product_id = await trade.describe(name="渔船进出港指数")
    must(await trade.draft_listing())
    trade.supplier, trade.product_id = first, product
    approver = await make_member(db, Role.BUYER_APPROVER, now=clock.now(), party=trade.buyer.party)
    return Market(
        spaces=spaces,
        approver=approver,
        approvals=await _approvals(trade, approver, orders["cleared"]),
        orders=orders,
        bundle=bundle,
        complaint=complaint,
        second=second,
        beginner=beginner,
        newcomer=await make_member(db, Role.SUPPLIER, now=clock.now()),
    )


async def _second(trade: Trade, product: str) -> tuple[Member, str]:
    """Return a supplier that is asked about its price, and a bundle with a product of it."""
    trade.supplier = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    trade.product_id = await trade.describe(name="琼州海峡能见度指数")
    filing = await trade.priced()
    await trade.listed()
    items = [trade.wanted(), trade.wanted(product_id=product)]
    made = must(await trade.by(trade.buyer).post("/api/v1/bundles", {"items": items}))
    offered = {
        "filing_id": filing,
        "price_item": "per_call",
        "quantity": 10,
        "amount_fen": 100_000,
        "buyer_party_id": str(trade.buyer.party.id),
        "valid_until": (local_date(trade.clock.now()) + dt.timedelta(days=5)).isoformat(),
        "reason": "年度大单。",
    }
    must(await trade.by(trade.supplier).post("/api/v1/special-prices", offered))
    asked = {"question": "成本测算依据何在？"}
    path = f"/api/v1/pricing-filings/{filing}/inquiries"
    must(await trade.by(trade.regulator).post(path, asked))
    return trade.supplier, str(made["bundle"]["id"])


async def _approvals(trade: Trade, approver: Member, waiting: str) -> dict[str, str]:
    """Return an approval that waits for its first step, and one that was rejected."""
    steps = [
        {"name": "部门负责人", "role": "buyer_approver", "within_hours": 24},
        {"name": "采购复核", "account_id": str(approver.account.id), "from_fen": 100_000},
    ]
    must(await trade.by(approver).put("/api/v1/approval-chain", {"steps": steps}))
    asked = [
        str(must(await trade.step(order, "approvals", trade.buyer))["id"])
        for order in (waiting, await trade.cleared(price_item="forever", quantity=1))
    ]
    said = {"verdict": "reject", "reason": HOSTILE}
    must(await trade.by(approver).post(f"/api/v1/approvals/{asked[1]}/decisions", said))
    return {"waiting": asked[0], "rejected": asked[1]}


async def _agreements(trade: Trade) -> dict[str, str]:
    first = await (await requested(trade)).conclude()
    follows = {"agreement": f"urn:uuid:{first['id']}", "relation": "amends"}
    second = await (await requested(trade, quantity=4, succeeds=follows)).conclude()
    ending = await (
        await requested(
            trade, ends_at=(trade.clock.now() + dt.timedelta(days=20)).isoformat(), quantity=2
        )
    ).conclude()
    must(
        await trade.by(trade.supplier).post(
            f"/api/v1/agreements/{ending['id']}/end-proposals", {"reason": "产品停止更新。"}
        )
    )
    return {"succeeded": first["id"], "in_force": second["id"], "ending": ending["id"]}


async def _complaint(trade: Trade, order: str) -> str:
    """Return a complaint of the buyer about an order, which is investigated."""
    said = {
        "kind": "product_quality",
        "about": "order",
        "about_id": order,
        "facts": f"缺少三月数据。{HOSTILE}",
    }
    made = must(await trade.by(trade.buyer).post("/api/v1/complaints", said))
    handler = trade.by(trade.adjudicator)
    path = f"/api/v1/complaints/{made['id']}"
    must(await handler.post(f"{path}/triages", {"decision": "accept"}))
    must(await handler.post(f"{path}/investigations"))
    return str(made["id"])
