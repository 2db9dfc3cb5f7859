"""The public price list as a signed statement, and on its page."""

from __future__ import annotations

import base64

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SIGNED = "/api/v1/price-list/signed"


trade = staged(make_trade)


async def test_the_price_list_of_a_scenario_is_proven_by_the_public_key_alone(trade: Trade) -> None:
    signed = must(await trade.api.get(SIGNED, scenario="port_safety"))
    keys = (await trade.api.get("/api/v1/keys")).json()["keys"]
    key = next(row for row in keys if row["key_id"] == signed["signature"]["key_id"])

    document = base64.b64decode(signed["document"])
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"]))
    value = base64.b64decode(signed["signature"]["value"])
    public.verify(value, b"shushi/v1/statement\n" + document)
    with pytest.raises(InvalidSignature):
        public.verify(value, b"shushi/v1/statement\n" + document.replace(b"12345", b"12344"))

    assert (key["purpose"], key["holder_party_id"]) == ("statement", None)
    told = msgspec.json.decode(document)
    assert [line["item"]["code"] for line in told["lines"]] == ["per_call", "forever"]
    assert told["lines"][0]["filing_number"].startswith("JGBA-2026-")


async def test_the_programs_that_check_certificates_check_price_lists_and_receipts(
    trade: Trade,
) -> None:
    keys = msgspec.json.decode(
        (await trade.api.get("/api/v1/keys")).content, type=export.Keys, strict=False
    )
    filing = must(await trade.by(trade.supplier).get("/api/v1/pricing-filings"))["items"][0]["id"]

    for path in (SIGNED, f"/api/v1/pricing-filings/{filing}/receipt"):
        held = (await trade.api.get(path)).content
        assert handed_out.check(held, keys).problems == ()
        other = msgspec.json.decode(held)
        changed = base64.b64decode(other["document"]).replace(b"JGBA", b"JGBB")
        other["document"] = base64.b64encode(changed).decode()
        assert handed_out.check(msgspec.json.encode(other), keys).problems != ()


async def test_the_pages_of_a_list_hang_together(trade: Trade) -> None:
    first = must(await trade.api.get(SIGNED, limit=1))
    second = must(await trade.api.get(SIGNED, limit=1, cursor=first["next_cursor"]))

    told = [msgspec.json.decode(base64.b64decode(each["document"])) for each in (first, second)]
    assert told[0]["next_cursor"] == told[1]["cursor"] == first["next_cursor"]
    assert [page["lines"][0]["item"]["code"] for page in told] == ["per_call", "forever"]
    assert told[1]["next_cursor"] is None


async def test_the_page_of_prices_leads_to_the_signed_list(trade: Trade) -> None:
    page = await trade.api.http.get("/price-list", params={"scenario": "port_safety"})

    assert page.status_code == 200
    assert f"{SIGNED}?scenario=port_safety" in page.text
    assert "¥123.45" in page.text
