"""Search engines and readers of feeds follow the catalogue: what is new, what changed, what is gone."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from catalog.formats import sitemap
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_catalogue_dcat import import_records
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

ATOM = "{http://www.w3.org/2005/Atom}"
GONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


trade = staged(make_trade)


async def withdraw(trade: Trade) -> None:
    (listing,) = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    must(await trade.listing_step(listing["id"], "delistings", trade.supplier, reason="不再提供"))
    path = f"/api/v1/products/{trade.product_id}/withdrawals"
    must(await trade.by(trade.supplier).post(path, {"reason": "数据源停止更新"}))


def entries(root: ET.Element) -> list[str]:
    return [str(each.findtext(f"{ATOM}id")) for each in root.findall(f"{ATOM}entry")]


async def test_the_feed_tells_what_changed_page_by_page_and_what_is_gone(
    trade: Trade, db: Database, clock: ManualClock
) -> None:
    clock.move_by(dt.timedelta(minutes=1))
    await import_records(db, clock, 60)
    http = trade.api.http

    root = ET.fromstring((await http.get("/catalogue.atom")).content)
    (following,) = [e.get("href") for e in root.iter(f"{ATOM}link") if e.get("rel") == "next"]
    answer = await http.get(str(following))
    again = await http.get(str(following), headers={"if-none-match": answer.headers["etag"]})
    rest = ET.fromstring(answer.content)

    ids = entries(root) + entries(rest)
    assert len(ids) == len(set(ids)) == 61
    assert ids[-1].endswith(f"/products/{trade.product_id}")
    assert again.status_code == 304
    clock.move_by(dt.timedelta(minutes=1))
    await withdraw(trade)
    newest = ET.fromstring((await http.get("/catalogue.atom")).content)
    (gone,) = newest.findall(GONE)
    assert gone.get("ref") == ids[-1]
    assert "数据源停止更新" in "".join(gone.itertext())
    assert ids[-1] not in entries(newest)
    odd = await http.get("/catalogue.atom", params={"cursor": "x"})
    assert odd.status_code == 400


async def test_sitemaps_hold_every_public_product_and_no_other(
    trade: Trade, db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await import_records(db, clock, 5)
    monkeypatch.setattr(sitemap, "ADDRESSES", 4)
    http = trade.api.http
    hidden = must(
        await trade.by(trade.supplier).post(
            "/api/v1/products?draft=true",
            {"name": "草稿", "form": "dataset", "origin_path": "own_resource"},
        )
    )["id"]

    index = ET.fromstring((await http.get("/sitemap.xml")).content)
    files = [str(each.text).removeprefix("http://testserver") for each in index.iter(LOC)]
    found = [
        str(each.text)
        for file in files
        for each in ET.fromstring((await http.get(file)).content).iter(LOC)
    ]

    assert files == ["/sitemaps/1", "/sitemaps/2"]
    assert len(found) == len(set(found)) == 6
    assert any(each.endswith(trade.product_id) for each in found)
    assert not any(each.endswith(hidden) for each in found)
    for beyond in ("0", "3", "50001"):
        assert (await http.get(f"/sitemaps/{beyond}")).status_code == 404
    robots = await http.get("/robots.txt")
    assert "Sitemap: http://testserver/sitemap.xml" in robots.text


async def test_a_product_page_holds_its_data_set_for_engines(
    api: Api, db: Database, clock: ManualClock
) -> None:
    name = "港口 </script><script>alert(1)</script>"
    trade = await make_trade(api, db, clock, name=name)

    def said(page: Any) -> Any:
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text)
        return found and json.loads(found.group(1))

    page = await trade.api.http.get(
        f"/products/{trade.product_id}", headers={"accept": "text/html"}
    )

    assert said(page)["name"] == name
    assert said(page)["offers"][0]["price"] == "123.45"
    assert page.text.count("<script") == 1
    assert "script-src 'none'" in page.headers["content-security-policy"]
    assert f"/products/{trade.product_id}/dcat.ttl" in page.text


async def test_a_page_that_only_its_own_people_see_tells_engines_nothing(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)

    page = await trade.by(trade.supplier).get(f"/products/{trade.product_id}")

    assert page.status_code == 200
    assert "application/ld+json" not in page.text
