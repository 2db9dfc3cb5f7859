"""Name the modules of pages and collect their handlers; ``market/app.py`` gives them their rules."""

from __future__ import annotations

import importlib
from typing import Final

from litestar.handlers import HTTPRouteHandler

from market.http.routes import handlers_of

#: Each is ``pages_NAME.py``.
_PAGES: Final = (
    "home", "search", "browse", "product", "revisions", "notices", "certificates", "price_list",
    "approvals", "auction_bidding", "auction_deposits", "auction_objections", "auction_selling", "auctions", "zones", "zone_desk", "my_zones",
    "collections", "my_collections", "open_data", "openings", "open_plans", "open_plan_desk",
    "data_demands", "demand_desk", "demands", "finance", "ledger", "explanations", "demand_files", "quotes",
    "complaints", "complaint_desk", "cut_offs", "credit", "payouts", "refund_batches", "chargebacks", "write_offs", "replays", "adjustments", "reconciliation", "webhooks",
    "personal", "bundle_new", "bundles", "responsibility", "about", "static", "paper", "register", "agencies",
    "account", "affiliations", "my_products", "product_batches", "saved_searches", "inbox", "keys",
    "fee_schedules", "revenue_agreements", "invoices",
    "buying", "selling", "negotiations", "negotiation_new", "agreements", "order_new",
    "order_payments", "charges", "orders", "quality_issues", "synonyms", "harvesting", "queue", "cases",
    "changes", "public_data_reports", "reports", "spot_checks", "statements", "trade_statistics",
    "audit", "verify",
)  # fmt: skip


def handlers() -> list[HTTPRouteHandler]:
    """Return the handlers of all pages, one module after the other."""
    return handlers_of(*(importlib.import_module(f"market.portal.pages_{name}") for name in _PAGES))
