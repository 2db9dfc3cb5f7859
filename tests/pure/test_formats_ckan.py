"""A product as CKAN's package, and what of Solr's language a client may ask."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from catalog.formats import ckan
from catalog.formats.ckan_query import (
    MAX_NAMES,
    MOST_WHOLE,
    Asked,
    AskedLabels,
    CkanRefusal,
    flag,
    number,
    read_labels,
    read_search,
    text,
)
from tests.makers_facts import SITE, make_content, make_facts, make_foreign, make_open


def test_a_product_of_ours_and_a_record_are_packages() -> None:
    ours, foreign = ckan.package(make_facts(), SITE), ckan.package(make_foreign(), SITE)

    assert ours["license_id"] == "shushi-order"
    assert (ours["isopen"], foreign["isopen"]) == (False, True)
    assert (ours["groups"], foreign["groups"][0]["title"]) == ([], "交通")
    assert ours["resources"][0]["hash"] == "sha256:" + "ab" * 32
    assert ours["resources"][0]["format"] == foreign["resources"][0]["format"] == "CSV"
    assert foreign["resources"][0]["url"] == "https://data.example.org/bikes?id=1"
    extras = {each["key"]: each["value"] for each in ours["extras"]}
    assert extras["certificate_number"] == "HN-2026-000001"
    assert extras["price_cny"] == "123.45"
    assert ours["metadata_created"] == "2026-03-02T01:00:00.000000"


def test_what_is_not_said_is_empty_and_not_made_up() -> None:
    bare = make_facts(
        supplier_name="", prices=(), form=None, content=make_content(media_type="x/y")
    )
    told = ckan.package(bare, SITE)

    assert (told["organization"], told["owner_org"]) == (None, None)
    assert told["resources"][0]["format"] == ""
    assert "price_cny" not in {each["key"] for each in told["extras"]}
    assert ckan.package(make_foreign(url="none", theme=""), SITE)["resources"][0]["url"].startswith(
        SITE.url
    )


def test_names_are_what_ckan_lets_be_one() -> None:
    for title in ("某市 交通局", "a" * 500, "/&%"):
        assert re.fullmatch(r"[a-z0-9_-]{2,100}", ckan.name_of("organization", title))
    assert ckan.collection("group", "交通", 3)["package_count"] == 3
    assert "package_count" not in ckan.collection("group", "交通")
    assert ckan.failed("h", "Not Found Error", {"message": "Not found"}) == {
        "help": "h",
        "success": False,
        "error": {"message": "Not found", "__type": "Not Found Error"},
    }
    assert ckan.done("h", 1)["result"] == 1
    assert ckan.status(SITE)["site_url"] == SITE.url


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, Asked()),
        ({"q": "*:*", "rows": "5000", "start": "3"}, Asked(rows=1000, start=3)),
        ({"q": "港口 气象", "rows": 0, "sort": "score desc"}, Asked(words="港口 气象", rows=0)),
        ({"sort": "name  asc"}, Asked(sort="name")),
        (
            {"fq": '+organization:"a \\"b" AND tags:c dataset_type:dataset', "fq_list": ["groups:g"]},
            Asked(filters={"organization": 'a "b', "tags": "c", "groups": "g"}),
        ),
        (
            {"fq": "metadata_modified:[2026-01-01T00:00:00 TO NOW]"},
            Asked(modified_from=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ),
        (
            {"fq": "metadata_modified:[* TO 2026-01-01T08:00:00+08:00]"},
            Asked(modified_to=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ),
        (
            {"facet.field": '["tags", "groups", "tags"]', "facet.limit": 5},
            Asked(facets=("tags", "groups"), facet_values=5),
        ),
        ({"facet.field": "tags"}, Asked(facets=("tags",))),
        ({"facet.field": ["tags"], "facet": "false"}, Asked()),
        ({"q": "港口", "fq": "organization:a", "sort": "metadata_modified desc"},
         Asked(words="港口", filters={"organization": "a"}, sort="newest")),
    ],
)  # fmt: skip
def test_what_clients_send_is_understood(given: dict[str, Any], asked: Asked) -> None:
    assert read_search(given) == asked


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"q": 1}, "q"),
        ({"rows": "x"}, "rows"),
        ({"rows": -1}, "rows"),
        ({"start": 10**10}, "start"),
        ({"rows": [1]}, "rows"),
        ({"sort": "views desc"}, "sort"),
        ({"fq": "a b"}, "fq"),
        ({"fq": "(tags:a OR tags:b)"}, "fq"),
        ({"fq": "-tags:a"}, "fq"),
        ({"fq": "secret:1"}, "fq"),
        ({"fq": "tags:a tags:b"}, "fq"),
        ({"fq": "tags:[a TO b]"}, "fq"),
        ({"fq": "state:deleted"}, "fq"),
        ({"fq": "metadata_modified:[x TO *]"}, "fq"),
        ({"fq_list": "tags:a"}, "fq_list"),
        ({"fq_list": [1]}, "fq_list"),
        ({"facet.field": ["views"]}, "facet.field"),
        ({"facet.field": 1}, "facet.field"),
        ({"q": "a", "fq": "tags:b"}, "fq"),
        ({"q": "a", "fq": "metadata_modified:[2026-01-01 TO *]"}, "fq"),
        ({"q": "a", "sort": "name asc"}, "sort"),
        ({"q": "a", "start": 10_000}, "start"),
    ],
)
def test_what_is_not_understood_is_refused_and_never_left_out(
    given: dict[str, Any], field: str
) -> None:
    with pytest.raises(CkanRefusal) as refused:
        read_search(given)

    assert list(refused.value.said) == [field]


def test_parameters_are_read_as_ckan_reads_them() -> None:
    given = {"a": None, "n": "", "yes": "True", "no": False}

    assert (text(given, "a"), number(given, "n", 7)) == ("", 7)
    assert (flag(given, "yes"), flag(given, "no"), flag(given, "x", default=True)) == (
        True,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("given", "names", "asked"),
    [
        ({}, None, AskedLabels(limit=MAX_NAMES)),
        ({"query": "港", "limit": "5", "offset": 10}, None,
         AskedLabels(like="港", limit=5, start=10, is_limited=True)),
        ({"all_fields": True}, None, AskedLabels(limit=MAX_NAMES, is_whole=True)),
        ({"all_fields": "true", "limit": 10**6}, "groups",
         AskedLabels(limit=MOST_WHOLE, is_whole=True, is_limited=True)),
        ({"query": "港", "sort": "package_count  desc", "limit": ""}, "groups",
         AskedLabels(order="package_count desc", limit=MAX_NAMES)),
        ({"order_by": "packages"}, "groups", AskedLabels(order="package_count asc", limit=MAX_NAMES)),
        ({"sort": "name"}, "groups", AskedLabels(order="name asc", limit=MAX_NAMES)),
        ({"groups": ["a", "b"]}, "groups", AskedLabels(names=("a", "b"), limit=MAX_NAMES)),
        ({"groups": '["a"]'}, "groups", AskedLabels(names=("a",), limit=MAX_NAMES)),
        ({"groups": "group-1"}, "groups", AskedLabels(names=("group-1",), limit=MAX_NAMES)),
        ({"groups": ""}, "groups", AskedLabels(limit=MAX_NAMES)),
    ],
)  # fmt: skip
def test_lists_of_labels_are_asked_as_ckan_is(
    given: dict[str, Any], names: str | None, asked: AskedLabels
) -> None:
    assert read_labels(given, names=names) == asked


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"sort": "views desc"}, "sort"),
        ({"sort": "title up"}, "sort"),
        ({"limit": "all"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"groups": [1]}, "groups"),
        ({"groups": '{"a": 1}'}, "groups"),
        ({"sort": 1}, "sort"),
    ],
)
def test_a_list_of_labels_that_is_not_understood_is_refused(
    given: dict[str, Any], field: str
) -> None:
    with pytest.raises(CkanRefusal) as refused:
        read_labels(given, names="groups")

    assert list(refused.value.said) == [field]


def test_open_licences_standards_and_quality_stand_in_a_package() -> None:
    ours, opened = ckan.package(make_facts(), SITE), ckan.package(make_open(), SITE)
    extras = {each["key"]: each["value"] for each in ours["extras"]}

    assert extras["conforms_to"] == '["GB/T 36344-2018","QX/T 118"]'
    assert (extras["quality_overall"], extras["quality_completeness"]) == ("87", "75")
    assert (opened["isopen"], opened["license_id"]) == (True, "public-data-open")
    assert opened["license_url"] == "https://market.example/open-data#licence"
    assert opened["resources"][0]["url"].endswith("/content")
    empty = make_open(content=None)
    assert ckan.package(empty, SITE)["resources"][0]["url"] == SITE.product(empty.id)
