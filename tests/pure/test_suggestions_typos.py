"""What may have been meant by a word that stands nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.suggestions import typos

WORDS = st.text(alphabet="abc", max_size=6)


def test_a_question_is_looked_at_in_windows_of_chinese_characters_short_ones_first() -> None:
    assert typos.windows("空汽质量 abc 港口") == ["空汽质", "汽质量", "空汽质量"]
    assert typos.windows("港口") == []
    assert len(typos.windows("一" + "数据产品检索纠错" * 20)) <= typos.MOST_WINDOWS


def test_words_of_other_scripts_are_looked_at_whole_if_they_are_long_enough() -> None:
    assert typos.latin_words("youbyke 的 api 与 pm25数据 weather2") == [
        "youbyke",
        "pm25",
        "weather2",
    ]


@pytest.mark.parametrize(
    ("word", "other", "apart"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("abc", "abxc", 1),
        ("abc", "ac", 1),
        ("youbyke", "youbike", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_slips_are_counted(word: str, other: str, apart: int) -> None:
    assert typos.distance(word, other) == apart


@given(WORDS, WORDS)
def test_a_way_is_as_long_back_as_it_is_there(word: str, other: str) -> None:
    apart = typos.distance(word, other)

    assert apart == typos.distance(other, word)
    assert (apart == 0) == (word == other)
    assert abs(len(word) - len(other)) <= apart <= max(len(word), len(other))


def test_one_wrong_character_and_only_that_is_put_right() -> None:
    known = ["空气质量", "空气", "水汽质量", "空汽质量"]

    assert typos.meant_by("空汽质量", known) == ["空气质量", "水汽质量"]
    assert not typos.is_one_character_off("空汽质量", "空气质地")


def test_long_words_may_have_two_slips_and_short_ones_one() -> None:
    assert typos.meant_by("wether", ["weather", "wether", "leather"]) == ["weather"]
    assert typos.meant_by("tempreatuer", ["temperature"]) == ["temperature"]
    assert typos.meant_by("wthr", ["weather"]) == []
