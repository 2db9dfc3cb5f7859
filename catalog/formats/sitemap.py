"""Tell search engines where the pages of products are (sitemaps.org 0.9), and what to leave alone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Final

from catalog.formats.facts import Site

#: So many addresses a file may hold, by the protocol.
ADDRESSES: Final = 50_000
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
# What is no page of the catalogue: one's own things, and what only costs when it is crawled.
_NOT_FOR_ROBOTS: Final = (
    "/sign-in",
    "/inbox",
    "/queue",
    "/applications",
    "/orders",
    "/audit",
    "/api/",
    "/log/",
)


def index(count: int, site: Site) -> bytes:
    """Return the index of as many files as ``count`` products need, one at least."""
    files = max(1, -(-count // ADDRESSES))
    entries = "".join(
        f"<sitemap><loc>{site.url}/sitemaps/{number}</loc></sitemap>\n"
        for number in range(1, files + 1)
    )
    return f'{_HEAD}<sitemapindex xmlns="{_NAMESPACE}">\n{entries}</sitemapindex>\n'.encode()


def addresses(products: Iterable[tuple[uuid.UUID, dt.datetime]], site: Site) -> bytes:
    """Return a file of products' pages, each with when it changed last."""
    entries = "".join(
        f"<url><loc>{site.product(product_id)}</loc><lastmod>"
        f"{at.astimezone(dt.UTC).isoformat(timespec='seconds')}</lastmod></url>\n"
        for product_id, at in products
    )
    return f'{_HEAD}<urlset xmlns="{_NAMESPACE}">\n{entries}</urlset>\n'.encode()


def robots(site: Site) -> str:
    """Return ``robots.txt`` (RFC 9309)."""
    kept_out = "".join(f"Disallow: {path}\n" for path in _NOT_FOR_ROBOTS)
    return f"User-agent: *\n{kept_out}Allow: /\n\nSitemap: {site.url}/sitemap.xml\n"
