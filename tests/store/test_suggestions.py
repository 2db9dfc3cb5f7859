"""Who finds little is told what else to ask, each question with what it would find."""

from __future__ import annotations

import datetime as dt
import functools
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from catalog.kernel.actor import PUBLIC
from catalog.kernel.db import Database, begin
from catalog.search import operations as indexing
from catalog.search.disk.reading import TantivyIndex
from catalog.search.model import Filters, Found, SuggestionKind
from catalog.suggestions import queries
from catalog.thesaurus import synonyms
from tests.store.test_search import import_records

RECORDS = [
    ("1", "空气质量监测", "各测站的空气质量", "台北", "csv"),
    ("2", "空气质量预报", "空气质量指数的预报", "海南", "csv"),
    ("3", "停车场剩余车位", "youbike 与停车场", "台北", "api"),
    ("4", "港口吞吐量", "集装箱 temperature", "海南", "csv"),
    ("5", "港区气象", "港区风速", "海南", "csv"),
    ("6", "巴士路线", "巴士站", "台北", "csv"),
]
BUSES = synonyms.read([["公交", "公交车", "巴士"]])
Ask = Callable[..., Awaitable[Found]]


@pytest.fixture
async def ask(db: Database, now: dt.datetime, tmp_path: pathlib.Path) -> AsyncIterator[Ask]:
    await import_records(db, now, RECORDS)
    index = TantivyIndex(tmp_path)
    await indexing.Follower(db, index).rebuild()
    async with begin(db, PUBLIC) as tx:
        yield functools.partial(queries.search_with_help, tx, port=index)


def texts(found: Found, kind: SuggestionKind) -> list[tuple[str, int]]:
    return [(each.text, each.count) for each in found.suggestions if each.kind is kind]


async def test_one_wrong_character_is_put_right_and_the_question_is_left_as_it_is(ask: Ask) -> None:
    found = await ask(text="空汽质量")

    assert ("空气质量", 2) in texts(found, SuggestionKind.SPELLING)
    assert "空汽质量" not in "".join(hit.name for hit in found.items)
    assert "".join(dict.fromkeys("".join(found.terms))) == "空汽质量"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("停车唱", "停车场"),
        ("youbyke", "youbike"),
        ("tempreatuer", "temperature"),
        ("空汽质量 预报", "空气质量 预报"),
        ("空汽質量", "空气质量"),
    ],
)
async def test_slips_are_put_right(ask: Ask, text: str, meant: str) -> None:
    found = await ask(text=text)

    assert meant in [suggested for suggested, _ in texts(found, SuggestionKind.SPELLING)]


async def test_a_word_too_many_is_left_out_the_rarest_first_with_what_is_found_then(
    ask: Ask,
) -> None:
    found = await ask(text="空气质量 预报 集装箱")

    without = [each for each in found.suggestions if each.kind is SuggestionKind.FEWER_WORDS]
    assert without
    assert all(each.count > 0 for each in without)
    assert "集装箱" in [each.replaced for each in without]


async def test_a_single_character_leads_to_the_words_that_begin_with_it(ask: Ask) -> None:
    found = await ask(text="港")

    assert {text for text, _ in texts(found, SuggestionKind.LONGER)} == {"港口", "港区"}


async def test_other_words_for_a_part_of_a_long_word_are_told(ask: Ask) -> None:
    found = await ask(text="公交车站", synonyms=BUSES)

    assert texts(found, SuggestionKind.RELATED) == [("巴士", 1)]
    assert [hit.source_id for hit in (await ask(text="公交", synonyms=BUSES)).items] == ["6"]


async def test_each_suggestion_finds_what_it_promises_with_the_same_filters(ask: Ask) -> None:
    filters = Filters(region="海南")
    found = await ask(text="空汽质量", filters=filters)

    assert texts(found, SuggestionKind.SPELLING) == [("空气质量", 1)]
    again = await ask(text=found.suggestions[0].text, filters=filters)
    assert again.total == 1


@pytest.mark.parametrize("text", ["", "空气质量监测站", "的", "！", "x", "(.*){9}"])
async def test_what_needs_no_help_or_has_none_is_answered_alone(ask: Ask, text: str) -> None:
    found = await ask(text=text)

    assert not texts(found, SuggestionKind.SPELLING)
    assert not texts(found, SuggestionKind.LONGER)


async def test_without_an_index_words_are_left_out_all_the_same(ask: Ask) -> None:
    found = await ask(text="空气质量 集装箱", port=None)

    assert texts(found, SuggestionKind.FEWER_WORDS)
    assert not texts(await ask(text="空汽质量", port=None), SuggestionKind.SPELLING)
    assert not texts(await ask(text="港", port=None), SuggestionKind.LONGER)


async def test_a_second_page_has_no_suggestions(ask: Ask) -> None:
    first = await ask(text="空气质量 集装箱", limit=1)
    assert first.suggestions

    second = await ask(text="空气质量 集装箱", limit=1, cursor=first.next_cursor)
    assert second.suggestions == []
