"""Write a page of the public price list as a signed statement (价格清单, GD-07).

Who lays prices before a supplier, a regulator or a court needs more than a web page: the bytes say which
scenario and zone they are of, when they were drawn up, and where the next page begins, so that no
page can be left out unseen. The public key is enough to check them.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant
from catalog.kernel.paging import Page
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from market.pricing.model import PriceListLine, SignedPriceList

FORMAT: Final = "shushi/price-list-statement/1"


class Asked(msgspec.Struct, frozen=True):
    """Of which prices a page is, and where it begins."""

    scenario: str | None = None
    zone: str | None = None
    cursor: str | None = None


def document(page: Page[PriceListLine], asked: Asked, *, now: dt.datetime) -> bytes:
    """Return the canonical bytes of a page."""
    drawn_up_at = instant(now)
    return canonical(
        {
            "format": FORMAT,
            "statement_id": f"price-list {asked.scenario or '*'} {drawn_up_at}",
            "scenario": asked.scenario,
            "zone": asked.zone,
            "cursor": asked.cursor,
            "next_cursor": page.next_cursor,
            "drawn_up_at": drawn_up_at,
            "line_count": len(page.items),
            "lines": page.items,
        }
    )


def signed(
    page: Page[PriceListLine], asked: Asked, *, now: dt.datetime, signer: Signer
) -> SignedPriceList:
    """Return a page with the service's signature."""
    told = document(page, asked, now=now)
    return SignedPriceList(
        type=FORMAT,
        document=told,
        signature=signer.seal(told),
        sha256=sha256_hex(told),
        next_cursor=page.next_cursor,
    )
