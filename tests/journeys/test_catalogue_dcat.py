"""The catalogue is walked as DCAT by a stranger, who sees what is public, at its price, and no more."""

from __future__ import annotations

from typing import Any

from catalog.formats import dcat, reading_dcat
from catalog.formats.dcat import JSON_LD, TURTLE
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, run
from catalog.kernel.ids import new_id
from catalog.products import imports
from catalog.products.operations import importing
from market.http.negotiation import rdf_wanted
from tests.api import Api, code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

IMPORTER = system("import", "product:import")


trade = staged(make_trade)


async def import_records(db: Database, clock: ManualClock, count: int) -> None:
    lines = [
        b'{"id": "%d", "title": "\xe6\x95\xb0\xe6\x8d\xae %d", "source": "a"}' % (n, n)
        for n in range(count)
    ]
    await import_lines(db, clock, lines)


async def import_lines(db: Database, clock: ManualClock, lines: list[bytes]) -> None:
    read = [imports.read_line(1, line) for line in lines]
    batch = [each for each in read if isinstance(each, imports.Prepared)]

    async def take(tx: Tx) -> Any:
        return await importing.import_batch(tx, actor=IMPORTER, now=clock.now(), batch=batch)

    await run(db, IMPORTER, take)


async def test_a_listed_product_is_told_with_its_filed_price(trade: Trade) -> None:
    http, path = trade.api.http, f"/products/{trade.product_id}"

    told = must(await http.get(f"{path}/dcat.jsonld"))
    as_turtle = await http.get(f"{path}/dcat.ttl")
    again = await http.get(f"{path}/dcat.ttl", headers={"if-none-match": as_turtle.headers["etag"]})

    duty = told["odrl:hasPolicy"]["odrl:permission"][0]["odrl:duty"]
    assert duty["odrl:constraint"]["odrl:rightOperand"]["@value"] == "123.45"
    assert "港航企业" in told["dcat:distribution"]["dct:license"]["dct:description"]
    assert as_turtle.headers["content-type"].startswith(TURTLE)
    assert as_turtle.headers["cache-control"] == "public, max-age=60"
    assert again.status_code == 304
    (record,) = reading_dcat.read(as_turtle.content, TURTLE, source="us").records
    assert record.id == trade.product_id


async def test_whoever_asks_for_rdf_on_the_page_is_led_there(trade: Trade) -> None:
    http = trade.api.http
    for path in (f"/products/{trade.product_id}", f"/api/v1/products/{trade.product_id}"):
        there = await http.get(path, headers={"accept": "text/turtle, text/html;q=0.5"})
        page = await http.get(path, headers={"accept": "text/html, text/turtle;q=0.9"})
        assert there.status_code == 303
        assert there.headers["location"] == f"/products/{trade.product_id}/dcat.ttl"
        assert page.status_code == 200
    assert rdf_wanted("application/ld+json;q=x") is None
    assert rdf_wanted("*/*") is None
    assert rdf_wanted("") is None


async def test_the_catalogue_is_walked_whole_page_by_page(
    trade: Trade, db: Database, clock: ManualClock
) -> None:
    await import_records(db, clock, dcat.PAGE + 5)
    http, seen, address = trade.api.http, [], "/catalogue.jsonld"

    while address:
        answer = await http.get(address)
        page = reading_dcat.read(answer.content, JSON_LD, source="us")
        seen += [record.id for record in page.records]
        address = page.next_address or ""

    assert len(seen) == dcat.PAGE + 6
    assert len(set(seen)) == len(seen)
    assert trade.product_id in seen
    first = await http.get("/catalogue.ttl")
    assert len(reading_dcat.read(first.content, TURTLE, source="us").records) == dcat.PAGE


async def test_a_signed_in_supplier_gets_what_everybody_gets(trade: Trade) -> None:
    path = f"/products/{trade.product_id}/dcat.jsonld"

    public = await trade.api.http.get(path)
    own = await trade.by(trade.supplier).get(path)

    assert own.content == public.content
    assert "自有设备采集" not in public.text  # on what ground a source was had


async def test_what_is_not_public_is_unknown_and_what_was_is_gone_with_its_reason(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)
    for name in ("dcat.jsonld", "dcat.ttl"):
        hidden = await api.http.get(f"/products/{trade.product_id}/{name}")
        unknown = await api.http.get(f"/products/{new_id()}/{name}")
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert code(hidden) == code(unknown) == "not_found"
    assert must(await api.http.get("/catalogue.jsonld"))["dcat:dataset"] == []

    await trade.priced()
    listing = await trade.listed()
    must(await trade.listing_step(listing, "delistings", trade.supplier, reason="不再提供"))
    supplier = trade.by(trade.supplier)
    path = f"/api/v1/products/{trade.product_id}"
    must(await supplier.post(f"{path}/withdrawals", {"reason": "数据源停止更新"}))

    for name in ("dcat.jsonld", "dcat.ttl"):
        gone = await api.http.get(f"/products/{trade.product_id}/{name}")
        assert (gone.status_code, code(gone)) == (410, "product_withdrawn")
        assert gone.json()["facts"]["reason"] == "数据源停止更新"
