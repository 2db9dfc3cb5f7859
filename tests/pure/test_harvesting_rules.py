"""What a page of a foreign catalogue says, when records are the same, and when too much is gone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from catalog.formats import ckan, dcat, reading_ckan, turtle
from catalog.formats.dcat import TURTLE
from catalog.formats.reading_dcat import CatalogueUnreadable, Skipped
from catalog.harvesting import reading, vanishing
from catalog.harvesting.model import Kind
from catalog.harvesting.reading import PageGiven
from catalog.harvesting.source_states import (
    SOURCE_MOVES,
    HarvestSourceActive,
    HarvestSourcePaused,
    HarvestSourceRetired,
    SourceEvent,
    SourceState,
    advance_source,
    check_read,
)
from catalog.harvesting.states import TRANSITIONS, Event, HarvestEventNotAllowed, State, advance
from catalog.products.imports import Record
from tests.makers_facts import SITE, as_record, make_facts, make_foreign

# As a CKAN of a city answers, shortened; what it leaves out and what is odd is on purpose.
RECORDED = {
    "help": "https://data.example.org/api/3/action/help_show?name=package_search",
    "success": True,
    "result": {
        "count": 205,
        "sort": "name asc",
        "results": [
            {
                "id": "7d5c1a52-0d37-4c11-9f4c-4c7d2a6f3a10",
                "name": "bike-stations",
                "title": "公共自行车站点",
                "notes": " 各站点位置。 ",
                "license_id": "cc-by",
                "url": "",
                "organization": {"name": "traffic", "title": "交通局"},
                "groups": [{"name": "t", "title": "交通"}, "odd"],
                "tags": [{"name": "bike", "display_name": "自行车"}, {"name": "站点"}, {"x": 1}],
                "extras": [{"key": "frequency", "value": "daily"}, {"key": "spatial-text", "value": "某市"}],
                "resources": [{"format": "", "url": "no address"}, {"format": "CSV", "url": "https://data.example.org/b.csv"}],
            },
            {"id": "2", "name": "two", "title": "只有标题", "organization": None, "groups": 3},
            {"id": "3", "title": ""},
            {"title": "没有标识"},
            "odd",
        ],
    },
}  # fmt: skip


def test_a_recorded_answer_of_a_ckan_is_read_as_far_as_it_speaks() -> None:
    page, count = reading_ckan.read(json.dumps(RECORDED).encode(), source="city")
    first, second = page.records

    assert count == 205
    assert first == Record(
        id="7d5c1a52-0d37-4c11-9f4c-4c7d2a6f3a10",
        title="公共自行车站点",
        source="city",
        description="各站点位置。",
        publisher="交通局",
        theme="交通",
        keywords=("自行车", "站点"),
        format="csv",
        update_frequency="daily",
        region="某市",
        url="https://data.example.org/b.csv",
        licence="cc-by",
    )
    assert (second.title, second.publisher, second.theme, second.url) == ("只有标题", "", "", "")
    assert page.skipped == (
        Skipped("3", "title_missing"),
        Skipped("没有标识", "id_missing"),
        Skipped("", "package_malformed"),
    )


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"name": "bikes"}, {"id": "bikes", "title": "bikes"}),
        ({"id": 7, "title": "t", "author": "甲局"}, {"id": "7", "publisher": "甲局"}),
        ({"id": True, "name": "n"}, {"id": "n"}),
        ({"groups": [{"name": "traffic"}]}, {"theme": "traffic"}),
        ({"tags": ["自行车", 1, {"name": "站点"}]}, {"keywords": ("自行车", "1", "站点")}),
        ({"license_title": "署名"}, {"licence": "署名"}),
        ({"license_title": "署名", "license_id": "cc-by"}, {"licence": "cc-by"}),
        (
            {"extras": [{"key": "frequency", "value": "http://publications.europa.eu/resource/authority/frequency/ANNUAL"}]},
            {"update_frequency": "annual"},
        ),
        ({"extras": [{"key": "update_frequency", "value": "daily"}, {"key": "region", "value": "琼"}]}, {"update_frequency": "daily", "region": "琼"}),
    ],
)  # fmt: skip
def test_a_package_is_read_by_whichever_name_its_portal_uses(
    package: dict[str, Any], said: dict[str, Any]
) -> None:
    record = reading_ckan.record_of(package, source="city")

    assert {name: getattr(record, name) for name in said} == said


def test_our_own_package_says_of_a_record_what_the_record_says() -> None:
    facts = make_foreign()
    told = ckan.done("h", {"count": 1, "results": [ckan.package(facts, SITE)]})
    wanted = as_record(facts, source="us")

    ((record,), skipped), _ = _of(reading_ckan.read(json.dumps(told).encode(), source="us"))

    assert skipped == ()
    for name in ("title", "description", "publisher", "theme", "format", "update_frequency"):
        assert getattr(record, name) == getattr(wanted, name)
    assert (record.region, record.url, record.licence) == (
        wanted.region,
        wanted.url,
        wanted.licence,
    )
    assert sorted(record.keywords) == sorted(wanted.keywords)


def _of(read: Any) -> Any:
    page, count = read
    return (page.records, page.skipped), count


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b'{"success": true, "result": {}}', b'{"result": {"count": 0, "results": []}}',
     b'{"success": true, "result": {"count": "x", "results": []}}'],
)  # fmt: skip
def test_what_is_no_answer_of_a_ckan_is_refused(answer: bytes) -> None:
    with pytest.raises(CatalogueUnreadable):
        reading_ckan.read(answer, source="a")


def lines(kind: Kind, content: bytes, address: str, media_type: str = "") -> list[Any]:
    given = PageGiven(kind=kind, media_type=media_type, address=address, source="a")
    return list(reading.read_page(given, io.BytesIO(content)))


def test_a_ckan_is_asked_from_where_the_page_ended_until_there_is_no_more() -> None:
    first = reading.first_address(Kind.CKAN, "https://data.example.org/")
    *_, last = lines(Kind.CKAN, json.dumps(RECORDED).encode(), first)
    end = {"success": True, "result": {"count": 5, "results": RECORDED["result"]["results"]}}  # type: ignore[index]
    none = {"success": True, "result": {"count": 5, "results": []}}

    assert first == (
        "https://data.example.org/api/3/action/package_search?rows=100&start=0&sort=name+asc"
    )
    assert first == reading.first_address(
        Kind.CKAN, "https://data.example.org/api/3/action/package_search"
    )
    assert last.next_address == first.replace("start=0", "start=5")
    for rest in (end, none):
        told = lines(Kind.CKAN, json.dumps(rest).encode(), first)
        assert all(each.next_address is None for each in told)


def test_a_dcat_catalogue_leads_on_by_hydra() -> None:
    document = dcat.catalogue(
        [make_facts()], SITE, address="a", next_address="?cursor=x", suffix="ttl"
    )
    document["hydra:view"]["hydra:next"] = {"@id": "https://b.example/next"}
    record, last = lines(
        Kind.DCAT, turtle.write(document).encode(), "https://b.example/c.ttl", TURTLE
    )

    assert reading.first_address(Kind.DCAT, "https://b.example/c.ttl") == "https://b.example/c.ttl"
    assert record.record.title == "港口作业气象风险指数"
    assert last.next_address == "https://b.example/next"


@pytest.mark.parametrize(
    ("before", "vanished", "is_too_much"),
    [(0, 0, False), (10, 2, False), (10, 3, True), (1, 1, True), (1000, 200, False)],
)
def test_more_than_a_fifth_at_once_is_too_much(
    before: int, vanished: int, is_too_much: bool
) -> None:
    assert vanishing.is_too_much(before, vanished) is is_too_much


def test_records_are_the_same_by_address_by_name_or_by_a_global_identifier() -> None:
    one = Record(id="1", title="题", source="a", publisher="甲", url="https://A.example/x")
    other = Record(id="2", title="题", source="b", publisher="甲", url="https://a.example/y")
    third = Record(id="3", title="别", source="b", publisher="甲", url="https://a.example/x")
    named = Record(id="urn:x:1", title="题", source="a")

    assert len(set(vanishing.keys(one)) & set(vanishing.keys(other))) == 1
    assert len(set(vanishing.keys(one)) & set(vanishing.keys(third))) == 1
    assert not set(vanishing.keys(other)) & set(vanishing.keys(third))
    assert len(vanishing.keys(named)) == 1
    assert vanishing.keys(Record(id="1", title="题", source="a")) == ()


def test_a_run_moves_as_its_table_says_and_no_other_way() -> None:
    for state in State:
        for event in Event:
            if (state, event) in TRANSITIONS:
                assert advance(state, event) is TRANSITIONS[state, event]
            else:
                with pytest.raises(HarvestEventNotAllowed):
                    advance(state, event)


_AS_IT_STANDS = {
    SourceState.ACTIVE: HarvestSourceActive,
    SourceState.PAUSED: HarvestSourcePaused,
    SourceState.RETIRED: HarvestSourceRetired,
}


@pytest.mark.parametrize("event", SourceEvent)
@pytest.mark.parametrize("state", SourceState)
def test_a_source_moves_as_its_table_says_or_is_refused_as_it_stands(
    state: SourceState, event: SourceEvent
) -> None:
    if (state, event) in SOURCE_MOVES:
        assert advance_source(state, event, code="city") is SOURCE_MOVES[state, event]
        return
    with pytest.raises(_AS_IT_STANDS[state]) as refused:
        advance_source(state, event, code="city")
    assert refused.value.facts == {"code": "city"}


def test_a_source_that_is_retired_goes_nowhere_and_both_others_may_be_retired() -> None:
    assert {at for at, event in SOURCE_MOVES if event is SourceEvent.RETIRE} == {
        SourceState.ACTIVE,
        SourceState.PAUSED,
    }
    assert SourceState.RETIRED not in {at for at, _ in SOURCE_MOVES}


def test_an_active_source_alone_is_read() -> None:
    check_read(SourceState.ACTIVE, code="city")
    for state in (SourceState.PAUSED, SourceState.RETIRED):
        with pytest.raises(_AS_IT_STANDS[state]):
            check_read(state, code="city")
