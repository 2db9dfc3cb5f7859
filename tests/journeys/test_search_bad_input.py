"""What is no question, no filter and no place in a list is refused by its name, at the door."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.makers_registration import must
from tests.store.test_search import RECORDS, import_records

PATH = "/api/v1/products"


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"q": "港" * 401}, "search_question_too_long"),
        ({"q": "a" * 10_000}, "search_question_too_long"),
        ({"q": "港\x00口"}, "parameter_invalid"),
        ({"q": "港\x1b[31m口"}, "search_question_unreadable"),
        ({"form": "cheese"}, "search_filter_unknown"),
        ({"supplier": "长" * 201}, "search_filter_unknown"),
        ({"region": "x" * 10_000}, "search_filter_unknown"),
        ({"industry": "ZZ9"}, "search_filter_unknown"),
        ({"certified": "maybe"}, "search_filter_unknown"),
        ({"region": ""}, "search_filter_unknown"),
        ({"zone": "nosuch"}, "search_filter_unknown"),
        ({"q": "港口", "zone": str(uuid.UUID(int=7))}, "search_filter_unknown"),
        ({"regoin": "海南"}, "parameter_unknown"),
        ({"price_from_fen": 5, "price_to_fen": 4}, "search_prices_unreadable"),
        ({"limit": 0}, "limit_out_of_range"),
        ({"limit": 101}, "limit_out_of_range"),
        ({"cursor": "%%%"}, "cursor_unreadable"),
        ({"cursor": "A" * 5_000}, "cursor_unreadable"),
    ],
)
async def test_it_is_refused_by_name(api: Api, asked: dict[str, Any], refusal: str) -> None:
    refused = await api.get(PATH, **asked)

    assert refused.status_code in (400, 422)
    assert code(refused) == refusal


async def test_bytes_that_are_no_text_are_refused(api: Api) -> None:
    refused = await api.get(f"{PATH}?q=%E6%B8")

    assert (refused.status_code, code(refused)) == (422, "search_question_unreadable")


@pytest.mark.parametrize(
    "other",
    [
        {"q": "停车场"},
        {"q": "港口", "region": "海南"},
        {"q": "港口", "price_from_fen": 1},
        {"q": "港口", "sort": "newest"},
        {},
    ],
)
async def test_a_cursor_of_another_question_is_refused(
    api: Api, db: Database, clock: ManualClock, other: dict[str, Any]
) -> None:
    await import_records(db, clock.now(), RECORDS)
    asked = {"q": "港口 停车场 水位", "limit": 1}
    cursor = must(await api.get(PATH, **asked))["next_cursor"]
    assert must(await api.get(PATH, **asked, cursor=cursor))["items"]

    refused = await api.get(PATH, **other, limit=1, cursor=cursor)

    assert (refused.status_code, code(refused)) == (400, "cursor_unreadable")
