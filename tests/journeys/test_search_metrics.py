"""How the search does is told: to Prometheus, and to who asks whether the service is ready."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.search import queries as search
from market.metrics import standing
from market.metrics.counted import Counted
from tests.api import Api
from tests.makers_registration import must
from tests.store.test_search import import_records

RECORDS = [("1", "港口吞吐量", "集装箱", "海南", "csv"), ("2", "水库水位", "水位", "海南", "csv")]


def counted() -> dict[str, float]:
    return {
        ":".join((sample.name, *sample.labels.values())): sample.value
        for metric in Counted().collect()
        for sample in metric.samples
    }


async def told(api: Api) -> dict[str, float]:
    wiring = api.context
    found = await standing.read(
        wiring.db, wiring.now(), None, is_stamped=False, search_port=wiring.search
    )
    return {
        metric.name: metric.samples[0].value
        for metric in standing.gauges(found, wiring.settings.data_dir)
    }


async def test_an_index_that_is_missing_behind_or_up_to_date_is_told(
    api: Api, db: Database, clock: ManualClock
) -> None:
    assert (await told(api))["shushi_search_index_up"] == 0
    ready = must(await api.get("/healthz/ready"))
    assert ready["search"].startswith("answered by the database")

    await api.context.search_follower.follow(now=clock.now())
    assert (await told(api))["shushi_search_index_up"] == 1
    assert must(await api.get("/healthz/ready"))["search"] == "ok"

    await import_records(db, clock.now(), RECORDS)
    behind = await told(api)
    assert behind["shushi_search_behind_products"] == len(RECORDS)
    clock.move_to(
        dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    )  # outboxes have the database's time
    assert (await told(api))["shushi_search_behind_seconds"] >= 60
    assert must(await api.get("/healthz/ready"))["search"].startswith("behind since ")

    await api.context.search_follower.follow(now=clock.now())
    assert (await told(api))["shushi_search_behind_seconds"] == 0
    assert must(await api.get("/healthz/ready"))["search"] == "ok"


async def test_more_changes_than_are_laid_over_let_the_database_answer_and_that_is_told(
    api: Api, db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.context.search_follower.follow(now=clock.now())
    await import_records(db, clock.now(), RECORDS)
    monkeypatch.setattr(search, "MOST_CHANGED", 1)

    now = await told(api)

    assert (now["shushi_search_index_up"], now["shushi_search_behind_products"]) == (0, 2)


async def test_searches_are_counted_by_whether_they_found_anything(
    api: Api, db: Database, clock: ManualClock
) -> None:
    await import_records(db, clock.now(), RECORDS)
    before = counted()

    await api.get("/api/v1/products", q="港口")
    await api.get("/api/v1/products", q="没有这种东西")
    await api.get("/api/v1/products", q="长" * 500)
    await api.http.get("/products", params={"q": "水库"})

    now = counted()
    grown = {name: now[name] - before[name] for name in now if name.startswith("shushi_search")}
    assert grown["shushi_searches_total:found"] == 2
    assert grown["shushi_searches_total:nothing"] == 1
    assert grown["shushi_searches_total:refused"] == 1
    assert grown["shushi_search_seconds_count"] == 3
