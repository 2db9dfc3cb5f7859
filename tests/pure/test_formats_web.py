"""What search engines and readers of feeds get: whole, escaped, and with what is gone."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from xml.etree import ElementTree as ET

import pytest

from catalog.formats import schema_org, sitemap
from catalog.kernel.feeds import Feed, Gone, atom
from tests.makers_facts import SITE, make_content, make_facts, make_foreign, make_open, make_price
from tests.makers_products import NOW, make_description

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}"


def test_a_product_is_a_data_set_with_its_offers() -> None:
    facts = make_facts()
    told = json.loads(schema_org.script(facts, SITE))

    assert (told["@context"], told["@type"]) == ("https://schema.org", "Dataset")
    assert told["offers"][0]["price"] == "123.45"
    assert told["offers"][0]["availability"].endswith("/InStock")
    assert told["identifier"][1]["value"] == "HN-2026-000001"
    assert told["temporalCoverage"] == "2026-01-01/2028-12-31"
    assert told["variableMeasured"][1] == {
        "@type": "PropertyValue",
        "name": "风速",
        "unitText": "m/s",
    }
    assert told["isBasedOn"][1]["@id"] == SITE.product(facts.origins[1].product_id)  # type: ignore[arg-type]
    assert told["distribution"][0]["contentSize"] == "12345 B"
    assert told["isAccessibleForFree"] is False


def test_nothing_is_told_to_be_free_or_licensed_that_nobody_said_to_be() -> None:
    unpriced = schema_org.dataset(make_facts(prices=(), use=None), SITE)
    unknown = schema_org.dataset(make_foreign(licence=""), SITE)

    assert "isAccessibleForFree" not in unpriced
    assert unpriced["license"]["name"] == "数据产品使用许可"
    assert not unknown.keys() & {"isAccessibleForFree", "license"}
    assert "isAccessibleForFree" not in schema_org.dataset(make_foreign(licence="自定"), SITE)
    for is_free in (make_open(), make_foreign(licence="MIT")):
        assert schema_org.dataset(is_free, SITE)["isAccessibleForFree"] is True


def test_a_record_leads_to_where_it_is_had_and_a_bare_one_nowhere() -> None:
    told = schema_org.dataset(make_foreign(), SITE)
    other = schema_org.dataset(make_foreign(format="", licence="自定"), SITE)
    bare = schema_org.dataset(
        make_foreign(url="", publisher="", keywords=(), region="", licence="", description=""), SITE
    )
    open_ended = make_facts(
        make_description(valid_from=dt.date(2026, 1, 1)),
        content=None,
        prices=(make_price(amount_fen=0),),
        is_listed=False,
    )
    half = schema_org.dataset(open_ended, SITE)

    assert told["license"] == "https://data.gov.tw/license"
    assert told["distribution"][0]["encodingFormat"] == "csv"
    assert "encodingFormat" not in other["distribution"][0]
    assert other["license"]["name"] == "自定"
    for name in ("distribution", "creator", "keywords", "spatialCoverage", "isBasedOn"):
        assert name not in bare
    assert half["temporalCoverage"] == "2026-01-01/.."
    assert half["offers"][0]["availability"].endswith("/OutOfStock")
    assert half["isAccessibleForFree"] is True
    assert "variableMeasured" not in half
    closed = schema_org.dataset(make_facts(make_description(valid_to=dt.date(2027, 1, 1))), SITE)
    assert closed["temporalCoverage"] == "../2027-01-01"


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!-- & \u2028\u2029"])
def test_nothing_ends_the_script_before_its_end(text: str) -> None:
    description = make_description(name=f"名{text}", description=text * 20, keywords=(text,))
    written = schema_org.script(make_facts(description, content=make_content()), SITE)

    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written)["name"] == f"名{text}"


def test_descriptions_are_as_long_as_engines_want_them() -> None:
    short = schema_org.dataset(make_facts(make_description(description="短")), SITE)
    long = schema_org.dataset(make_facts(make_description(description="长" * 6000)), SITE)

    assert short["description"].startswith("港口作业气象风险指数 · 短 · ")
    assert len(long["description"]) == 5000


@pytest.mark.parametrize(("count", "files"), [(0, 1), (1, 1), (50_000, 1), (50_001, 2)])
def test_an_index_has_a_file_for_each_fifty_thousand(count: int, files: int) -> None:
    root = ET.fromstring(sitemap.index(count, SITE))

    found = [each.text for each in root.iter(f"{SITEMAP}loc")]

    assert found == [f"{SITE.url}/sitemaps/{n}" for n in range(1, files + 1)]


def test_a_file_tells_when_each_page_changed() -> None:
    product_id = uuid.UUID(int=1)
    (entry,) = ET.fromstring(sitemap.addresses([(product_id, NOW)], SITE))

    assert [each.text for each in entry] == [
        f"{SITE.url}/products/{product_id}",
        "2026-03-02T01:00:00+00:00",
    ]
    assert f"Sitemap: {SITE.url}/sitemap.xml" in sitemap.robots(SITE)
    assert "Disallow: /inbox" in sitemap.robots(SITE)


def test_what_is_gone_is_told_as_a_tombstone() -> None:
    gone = Gone("https://market.example/products/1", NOW, "数据源 <停止> 更新\x00")
    feed = Feed(title="t", site=SITE.url, address="/a", home="/", entries=[], gone=[gone])
    root = ET.fromstring(atom(feed))

    (element,) = root.findall(f"{TOMBSTONE}deleted-entry")
    assert element.get("ref") == gone.ref
    assert element.get("when") == "2026-03-02T01:00:00Z"
    assert element.findtext(f"{TOMBSTONE}comment") == "数据源 <停止> 更新"
    assert root.findtext(f"{ATOM}updated") == "2026-03-02T01:00:00Z"
    assert b"tombstones" not in atom(Feed(title="t", site="", address="", home="", entries=[]))


def test_open_data_are_had_from_the_page_under_their_licence() -> None:
    facts = make_open()
    told = schema_org.dataset(facts, SITE)

    assert told["license"] == "https://market.example/open-data#licence"
    assert told["distribution"][0]["contentUrl"] == SITE.open_content(facts.id)
