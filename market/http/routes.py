"""List every handler, and give each the rule of its route. Uncovered routes stop the start."""

from __future__ import annotations

from typing import Any

from litestar.handlers import HTTPRouteHandler

from market.http import health
from market.http.policy import POLICY, Rule


class RouteUncovered(RuntimeError):
    """A handler has no rule, or a rule has no handler. The service does not start like that."""


def handlers() -> list[HTTPRouteHandler]:
    """Return all handlers of all doors."""
    import importlib  # noqa: PLC0415

    modules = [health]
    for name in MODULES:
        try:
            modules.append(importlib.import_module(name))
        except ModuleNotFoundError as error:
            if not PARTIAL or not (error.name or "").startswith(("market.", "catalog.", "settlement.")):
                raise
    found: list[HTTPRouteHandler] = []
    for module in modules:
        found.extend(
            value for value in vars(module).values() if isinstance(value, HTTPRouteHandler)
        )
    return found


PARTIAL = bool(__import__("os").environ.get("MARKET_PARTIAL"))  # DEV ONLY, removed before release

# One module per noun. A module's handlers are found by their type.
MODULES: tuple[str, ...] = (
    "market.http.identity",
    "market.http.keys",
    "market.http.log",
    "market.http.calendar",
    "market.http.files",
    "market.http.delegations",
    "market.http.products",
    "market.http.applications",
    "market.http.notices",
    "market.http.certificates",
    "market.http.objections",
    "market.http.pricing",
    "market.http.listings",
    "market.http.orders",
    "market.http.payments",
    "market.http.ledger",
    "market.http.reports",
    "market.http.openapi",
    "market.portal.pages_public",
    "market.portal.pages_account",
    "market.portal.pages_reports",
)


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
            if method == "OPTIONS":
                continue
            key = (str(method), route.path_format)
            rule = POLICY.get(key)
            if rule is None:
                raise RouteUncovered(f"no rule for {key}")
            rules: dict[str, Rule] = handler.opt.setdefault("rules", {})
            rules[str(method)] = rule
            served.add(key)
    unserved = sorted(set(POLICY) - served)
    if unserved and not PARTIAL:
        raise RouteUncovered(f"rules without a handler: {unserved}")
