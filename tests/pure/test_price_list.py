"""The signed price list: exact bytes that say of which prices they are, proven by the public key alone."""

from __future__ import annotations

import uuid

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.kernel.paging import Page
from catalog.signing.purposes import Purpose
from market.pricing import price_list
from market.pricing.model import FilingId, PriceListLine, Regime
from tests.log_of_tests import signer_of
from tests.pure.test_price_plans import FUJIAN
from tests.pure.test_pricing import DAY, NOW, make_item


def make_page(next_cursor: str | None = None) -> Page[PriceListLine]:
    lines = [
        PriceListLine(
            scenario="port_safety",
            product_id=uuid.UUID(int=3),
            product_name="港口作业气象风险指数",
            filing_id=FilingId(uuid.UUID(int=7)),
            filing_number="JGBA-2026-000001",
            use_category=None,
            pricing_regime=Regime.MARKET_AUTONOMOUS,
            item=item,
            is_free=False,
            free_use_conditions="",
            ceiling=None,
            effective_from=DAY,
            effective_to=None,
        )
        for item in (make_item(), FUJIAN)
    ]
    return Page(lines, next_cursor)


def test_whoever_has_the_public_key_and_nothing_of_ours_can_check_a_price_list() -> None:
    signer = signer_of(Purpose.STATEMENT)
    asked = price_list.Asked(scenario="port_safety")

    signed = price_list.signed(make_page("next"), asked, now=NOW, signer=signer)

    key = Ed25519PublicKey.from_public_bytes(signer.public_key)
    key.verify(signed.signature.value, b"shushi/v1/statement\n" + signed.document)
    told = msgspec.json.decode(signed.document)
    assert (told["scenario"], told["line_count"], told["next_cursor"]) == ("port_safety", 2, "next")
    assert told["lines"][1]["item"]["bands"][0] == {"above": 1000, "unit_price_fen": 80}
    assert signed.next_cursor == "next"


def test_a_list_says_of_which_prices_it_is_and_when() -> None:
    of_all = msgspec.json.decode(price_list.document(make_page(), price_list.Asked(), now=NOW))
    of_one = price_list.document(make_page(), price_list.Asked(scenario="a", zone="z"), now=NOW)

    assert of_all["statement_id"].startswith("price-list * 2026-03-02")
    assert (of_all["scenario"], of_all["zone"], of_all["cursor"]) == (None, None, None)
    assert price_list.document(make_page(), price_list.Asked(), now=NOW) != of_one
