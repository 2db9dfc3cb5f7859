"""Somebody keeps a search, is told what is new in it, renames it and lets it go."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from market.saved_searches import keeping
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_registration import must, renewed
from tests.stages import staged
from tests.store.test_search import import_records

PATH = "/api/v1/my/saved-searches"
SEARCH = {"name": "海南港口", "text": "港口", "filters": {"region": "海南"}}


@staged
async def buyer(api: Api, db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.BUYER, now=clock.now())


async def test_a_search_is_kept_told_of_renamed_and_removed(
    api: Api, db: Database, clock: ManualClock, buyer: Member
) -> None:
    mine = api.as_(buyer.token)
    saved = must(await mine.post(PATH, SEARCH))
    await import_records(db, clock.now(), [("1", "港口船期", "船期", "海南", "csv")])
    clock.move_by(keeping.LOOKED_EVERY)
    buyer = await renewed(db, buyer, clock.now())
    mine = api.as_(buyer.token)

    assert (await api.run_jobs())["saved_searches_due"] == 1

    (match,) = must(await mine.get(f"{PATH}/{saved['id']}/matches"))["items"]
    assert match["name"] == "港口船期"
    (message,) = must(await mine.get("/api/v1/my/notifications"))["items"]
    assert message["topic"] == "saved_search_matched"
    opened = must(await mine.post(f"/api/v1/my/notifications/{message['id']}/openings"))
    assert "海南港口" in str(opened)

    renamed = must(await mine.put(f"{PATH}/{saved['id']}", {"name": " 港口 "}))
    assert renamed["name"] == "港口"
    (listed,) = must(await mine.get(PATH))["items"]
    assert (listed["name"], listed["filters"]["region"]) == ("港口", "海南")
    must(await mine.post(f"{PATH}/{saved['id']}/removals"))
    assert must(await mine.get(PATH))["items"] == []
    again = await mine.post(f"{PATH}/{saved['id']}/removals")
    assert (again.status_code, code(again)) == (404, "not_found")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"text": "", "filters": {}}, "saved_search_empty"),
        ({"name": "　"}, "saved_search_name_blank"),
        ({"name": "a\x00b"}, "text_unreadable"),
        ({"text": "港\x00口"}, "text_unreadable"),
        ({"text": "港" * 401}, "search_question_too_long"),
        ({"text": "港" * 10_000}, "search_question_too_long"),
        ({"text": "！？"}, "saved_search_empty"),
        ({"filters": {"form": "cheese"}}, "search_filter_unknown"),
        ({"filters": {"industry": "Z"}}, "search_filter_unknown"),
        ({"filters": {"region_code": "999999"}}, "search_filter_unknown"),
        ({"filters": {"zone": "nosuch"}}, "search_filter_unknown"),
        ({"filters": {"supplier_name": "长" * 201}}, "search_filter_unknown"),
        ({"filters": {"price_from_fen": 2, "price_to_fen": 1}}, "search_prices_unreadable"),
    ],
)
async def test_what_is_no_search_is_refused_and_nothing_is_kept(
    api: Api, buyer: Member, changes: dict[str, Any], refusal: str
) -> None:
    mine = api.as_(buyer.token)

    assert code(await mine.post(PATH, SEARCH | changes)) == refusal
    assert must(await mine.get(PATH))["items"] == []


async def test_filters_that_there_are_not_are_refused(api: Api, buyer: Member) -> None:
    refused = await api.as_(buyer.token).post(PATH, SEARCH | {"filters": {"colour": "red"}})

    assert refused.status_code == 422
    assert "colour" in refused.text


async def test_names_are_unique_and_searches_are_limited(
    api: Api, buyer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_PER_ACCOUNT", 2)
    mine = api.as_(buyer.token)
    first = must(await mine.post(PATH, SEARCH))
    assert code(await mine.post(PATH, SEARCH)) == "saved_search_name_taken"
    must(await mine.post(PATH, SEARCH | {"name": "另一个"}))

    assert code(await mine.post(PATH, SEARCH | {"name": "第三个"})) == "saved_searches_too_many"
    taken = await mine.put(f"{PATH}/{first['id']}", {"name": "另一个"})
    assert (taken.status_code, code(taken)) == (409, "saved_search_name_taken")
    blank = await mine.put(f"{PATH}/{first['id']}", {"name": " "})
    assert code(blank) == "saved_search_name_blank"
    page = must(await mine.get(PATH, limit=1))
    assert must(await mine.get(PATH, limit=1, cursor=page["next_cursor"]))["items"][0] == first
    assert code(await mine.get(PATH, cursor="nonsense")) == "cursor_unreadable"


async def test_another_ones_search_is_not_there(
    api: Api, db: Database, clock: ManualClock, buyer: Member
) -> None:
    saved = must(await api.as_(buyer.token).post(PATH, SEARCH))
    other = api.as_((await make_member(db, Role.BUYER, now=clock.now())).token)

    for answer in (
        await other.get(f"{PATH}/{saved['id']}/matches"),
        await other.put(f"{PATH}/{saved['id']}", {"name": "我的"}),
        await other.post(f"{PATH}/{saved['id']}/removals"),
    ):
        assert (answer.status_code, code(answer)) == (404, "not_found")
    assert must(await other.get(PATH))["items"] == []
    assert (await api.get(PATH)).status_code == 401
