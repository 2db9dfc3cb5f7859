"""Which words may be a group of synonyms, alone and beside those in force."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catalog.kernel.errors import DomainError
from catalog.thesaurus import grouping
from catalog.thesaurus.grouping import Table, tidy
from catalog.thesaurus.synonyms import MOST_WAYS
from seeds.synonyms import read_groups

MANY = [f"词{number}号" for number in range(MOST_WAYS + 1)]


def test_words_are_kept_as_they_were_written_without_space_around_them() -> None:
    assert tidy([" 公交车", "公車 ", "YouBike"]) == ("公交车", "公車", "YouBike")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "synonym_group_too_small"),
        (["公交"], "synonym_group_too_small"),
        (MANY, "synonym_group_too_large"),
        (["公交", ""], "synonym_word_empty"),
        (["公交", "的"], "synonym_word_empty"),
        (["公交", "…！"], "synonym_word_empty"),
        (["公交", "公交"], "synonym_says_the_same"),
        (["圖書館", "图书馆"], "synonym_says_the_same"),
        (["ＧＰＳ", "gps"], "synonym_says_the_same"),
        (["公交", "公\x00车"], "synonym_word_unreadable"),
        (["公交", "公\n车"], "synonym_word_unreadable"),
        (["公交", "公\u202e车"], "synonym_word_unreadable"),
        (["公交", "公\ud800车"], "synonym_word_unreadable"),
        (["公交", "长" * (grouping.LONGEST_WORD + 1)], "synonym_word_too_long"),
    ],
)
def test_what_is_no_group_is_refused_by_name(words: list[str], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        tidy(words)

    assert refused.value.code == code


def refusal(table: Table, words: Sequence[str]) -> str | None:
    try:
        table.add(words)
    except DomainError as error:
        return error.code
    return None


def test_a_group_that_is_said_already_is_refused_and_a_wider_one_is_not() -> None:
    table = Table([("公交", "公车", "巴士")])

    assert refusal(table, ("巴士", "公車")) == "synonym_group_known"
    assert table.has(("公交", "巴士"))
    assert refusal(table, ("公交", "巴士", "客车")) is None
    assert refusal(table, ("公交", "客车")) == "synonym_group_known"
    assert not table.has(("公交", "地铁"))


def test_a_word_in_several_groups_has_no_more_synonyms_than_are_asked_for() -> None:
    table = Table([("公交", *MANY[: MOST_WAYS - 2])])

    assert refusal(table, ("公交", "巴士")) is None
    assert refusal(table, ("公交", "客车")) == "synonym_word_overloaded"
    assert refusal(table, ("巴士", "客车")) is None


def test_groups_in_a_circle_stay_flat() -> None:
    table = Table()

    assert [refusal(table, pair) for pair in (("甲类", "乙类"), ("乙类", "丙类"))] == [None, None]
    assert refusal(table, ("丙类", "甲类")) is None
    assert not table.has(("甲类", "乙类", "丙类"))


def test_a_full_table_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_GROUPS", 1)

    assert refusal(Table([("公交", "巴士")]), ("地铁", "捷运")) == "synonym_table_full"


def test_the_list_that_comes_with_the_service_keeps_the_rules() -> None:
    table = Table()

    assert {refusal(table, tidy(words)) for words in read_groups()} == {None}
