"""Serve what every site of a government has: accessibility statement, map of the site (无障碍声明、网站地图)."""

from __future__ import annotations

from typing import Final

from litestar import Response, get

from market.http.context import AnyRequest
from market.portal.render import page

#: Every page that is for everybody and stands by itself; a test holds it against the policy table.
SITE_MAP: Final = (
    (
        "products",
        (
            ("/products", "site.products"),
            ("/browse/industry", "browse.by_industry"),
            ("/browse/region", "browse.by_region"),
            ("/collections", "site.collections"),
            ("/zones", "site.zones"),
            ("/price-list", "site.price_list"),
            ("/fee-schedules", "fee_schedules.title"),
            ("/auctions", "auctions.title"),
            ("/demands", "demands.title"),
        ),
    ),
    (
        "open",
        (
            ("/open-data", "site.open_data"),
            ("/open-plans", "open_plans.title"),
            ("/data-demands", "data_demands.title"),
            ("/responsibility-list", "responsibility.title"),
            ("/public-data-reports", "public_data_report.short"),
        ),
    ),
    (
        "register",
        (
            ("/notices", "site.notices"),
            ("/certificates", "site.certificates"),
            ("/verify", "verify.title"),
            ("/register", "register.title"),
            ("/agency-selections", "site.agency_selections"),
            ("/spot-checks", "site.spot_checks"),
        ),
    ),
    (
        "site",
        (
            ("/", "site.home"),
            ("/sign-in", "site.sign_in"),
            ("/complaints", "complaints.title"),
            ("/credit", "site.credit"),
            ("/docs", "site.api"),
            ("/log/checkpoint", "site.footer_log"),
            ("/api/v1/keys", "site.footer_keys"),
            ("/accessibility", "site.accessibility"),
            ("/site-map", "site.site_map"),
        ),
    ),
)


@get("/accessibility", include_in_schema=False)
async def show_accessibility(request: AnyRequest) -> Response[bytes]:
    """Say by which standard the pages are made, what helps, what does not hold yet."""
    return page(request, "accessibility.html")


@get("/site-map", include_in_schema=False)
async def show_site_map(request: AnyRequest) -> Response[bytes]:
    """Show every public page that stands by itself (网站地图)."""
    return page(request, "site_map.html", groups=SITE_MAP)
