"""Find the handlers of this door, and give each the rule of its route.

A route that no rule covers stops the start, and so does a rule that no route serves.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from market.http.policies.rule import OPEN, Rule
from market.http.policy import POLICY


class RouteUncovered(RuntimeError):
    """A handler has no rule, or a rule has no handler. The service does not start like that."""


# One module per noun. A module's handlers are found by their type.
_NOUNS: Final = (
    "health", "identity", "keys", "key_destructions", "log", "timestamps", "calendar", "timers", "rulebooks", "files", "delegations", "authorisation_letters", "agency_selections", "agency_bids", "agency_contracts", "agency_cases", "agency_evaluations", "products", "product_batches", "code_trees", "standards", "synonyms", "saved_searches", "provenance", "revisions", "profiles", "quality_issues", "reclassifications",
    "applications", "consents", "case_assignments", "case_files", "reviews", "supplements", "extensions", "notifications", "notices", "certificates", "certificate_faces", "certificate_verifications", "register", "terms", "reissues", "transfers", "foreign_certificates", "changes", "change_reviews", "fees", "objections", "objections_after_issue", "instruments", "pricing", "price_supervision", "allowed_revenues", "special_prices", "affiliations", "auctions", "auction_deposits", "award_objections", "listings", "zones", "collections", "open_data", "open_plans", "data_demands", "demand_posts", "responsibility",
    "contract_negotiations", "approvals", "quotes", "agreements", "orders", "deliveries", "bundles", "personal_consents", "cut_offs", "proof_bundles", "payments", "chargebacks", "charging", "payouts", "reconciliation", "custody", "splits", "returns", "invoices", "fee_schedules", "revenue_agreements", "ledger", "adjustments", "write_offs", "account_ledgers", "explanations", "ledger_replays", "periods", "account_statements", "trade_statistics", "public_data_reports", "reports", "spot_checks", "incidents", "complaints", "complaint_handling", "credit", "webhooks", "retention", "openapi",
    "refunds",
    "catalogue_dcat", "catalogue_ckan", "catalogue_contracts", "catalogue_web", "harvesting",
)  # fmt: skip


def handlers() -> list[HTTPRouteHandler]:
    """Return the handlers of this door, one module after the other.

    They are imported when they are asked for: ``openapi`` among them describes all of them.
    """
    return handlers_of(*(importlib.import_module(f"market.http.{noun}") for noun in _NOUNS))


def handlers_of(*modules: ModuleType) -> list[HTTPRouteHandler]:
    """Return the handlers that stand in these modules."""
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, HTTPRouteHandler)
    ]


def bind_rules(routes: list[Any]) -> None:
    """Give every handler the rules of its routes.

    :raises RouteUncovered: if a route has no rule or a rule has no route.
    """
    served: set[tuple[str, str]] = set()
    for route in routes:
        handlers_of_route = getattr(route, "route_handler_map", None)
        if handlers_of_route is None:
            continue
        for method, (handler, _) in handlers_of_route.items():
            if method == "OPTIONS":  # the framework's own answer: which methods there are
                handler.opt["rules"] = {"OPTIONS": OPEN}
                continue
            key = (str(method), route.path_format)
            rule = POLICY.get(key)
            if rule is None:
                raise RouteUncovered(f"no rule for {key}")
            rules: dict[str, Rule] = handler.opt.setdefault("rules", {})
            rules[str(method)] = rule
            served.add(key)
    unserved = sorted(set(POLICY) - served)
    if unserved:
        raise RouteUncovered(f"rules without a handler: {unserved}")
