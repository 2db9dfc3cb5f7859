"""Name what else a buyer and a supplier have pages for; a workspace links to all of it (工作台入口)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Each a page, the key of its words, and the permission that it asks for.
BUYING: Final[Sequence[tuple[str, str, str]]] = (
    ("/negotiations", "site.negotiations", "negotiation:read"),
    ("/agreements", "site.agreements", "negotiation:read"),
    ("/demand-files", "demands.files", "demand_post:post"),
    ("/quote-requests", "quotes.title", "quote:read"),
    ("/auctions", "auctions.title", "auction:bid"),
    ("/orders", "site.orders", "order:read"),
    ("/bundles/new", "bundle_new.title", "order:place"),
    ("/approvals", "site.approvals", "approval:read"),
    ("/my/keys", "keys.title", "key:register"),
    ("/my/bills", "site.my_bills", "account_statement:read"),
    ("/my/saved-searches", "site.kept", "search:save"),
    ("/queue", "site.work", "timer:read"),
    ("/credit-records", "site.credit_records", "credit:read_own"),
    ("/affiliations", "site.affiliations", "affiliation:state"),
    ("/my/webhooks", "site.webhooks", "webhook:manage"),
)
SELLING: Final[Sequence[tuple[str, str, str]]] = (
    ("/my/products", "site.my_products", "product:describe"),
    ("/applications", "site.applications", "application:read"),
    ("/negotiations", "site.negotiations", "negotiation:read"),
    ("/agreements", "site.agreements", "negotiation:read"),
    ("/my/demand-matches", "demands.matches_of_mine", "demand_match:read"),
    ("/quote-requests", "quotes.title", "quote:submit"),
    ("/auctions", "auctions.title", "auction:draft"),
    ("/orders", "site.orders", "order:read"),
    ("/my/keys", "keys.title", "key:register"),
    ("/my/sales", "site.my_sales", "account_statement:read"),
    ("/trade-statistics", "statistics.title", "account_statement:read"),
    ("/queue", "site.work", "timer:read"),
    ("/cut-offs", "site.cut_offs", "order:cut_off"),
    ("/credit-records", "site.credit_records", "credit:read_own"),
    ("/affiliations", "site.affiliations", "affiliation:state"),
    ("/my/webhooks", "site.webhooks", "webhook:manage"),
)
