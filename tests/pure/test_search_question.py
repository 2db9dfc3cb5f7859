"""How a question is cut, weighed, and asked for fewer of its words."""

from __future__ import annotations

import math

import msgspec
import pytest

from catalog.search import model, question
from catalog.search.question import Weighed


def words(count: int) -> list[Weighed]:
    return [Weighed(f"w{i}", i + 1, 10.0 - i) for i in range(count)]


def test_a_question_is_cut_like_the_documents_each_word_once() -> None:
    assert question.read("港口　气象 港口") == ["港口", "气象"]
    assert question.read("") == []


def test_a_question_is_not_longer_than_a_question() -> None:
    question.read("港" * 400)
    with pytest.raises(question.SearchQuestionTooLong):
        question.read("港" * 401)
    with pytest.raises(question.SearchQuestionTooLong):
        question.read("x" * 10_000)


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m"])
def test_a_question_with_control_characters_is_refused(text: str) -> None:
    with pytest.raises(question.SearchQuestionUnreadable):
        question.read(text)


def test_a_rare_word_weighs_more_and_an_unknown_one_is_left_out() -> None:
    weighed = question.weigh([("common", 900), ("rare", 1), ("unknown", 0)], 1000)

    assert [w.term for w in weighed] == ["rare", "common"]
    assert weighed[0].weight > weighed[1].weight > 0


def test_a_long_question_keeps_its_most_telling_words() -> None:
    weighed = question.weigh([(f"w{i}", i + 1) for i in range(30)], 1000)

    assert len(weighed) == question.MAX_TERMS
    assert weighed[0].term == "w0"


def test_one_word_is_asked_once() -> None:
    assert list(question.ladder(words(1), common=100)) == ["'w0'"]


def test_two_words_are_asked_together_then_each() -> None:
    assert list(question.ladder(words(2), common=100)) == ["'w0' & 'w1'", "'w0' | 'w1'"]


def test_three_words_may_miss_one_before_they_stand_alone() -> None:
    assert list(question.ladder(words(3), common=100)) == [
        "'w0' & 'w1' & 'w2'",
        "('w0' & 'w1') | ('w0' & 'w2') | ('w1' & 'w2')",
        "'w0' | 'w1' | 'w2'",
    ]


def test_common_words_do_not_count_alone_beside_rare_ones() -> None:
    assert list(question.ladder(words(3), common=2))[-1] == "'w0'"
    assert list(question.ladder(words(2), common=1))[-1] == "'w0' | 'w1'"


def test_the_rarest_stand_alone_before_the_others_do() -> None:
    assert list(question.ladder(words(5), common=5))[-2:] == [
        "'w0' | 'w1' | 'w2'",
        "'w0' | 'w1' | 'w2' | 'w3'",
    ]


def test_rungs_of_too_many_combinations_are_left_out() -> None:
    rungs = list(question.ladder(words(10), common=100))

    assert all(rung.count(") | (") < 60 for rung in rungs)
    assert len(rungs) == 1 + sum(math.comb(10, m) <= 60 for m in range(1, 9)) + 2


def test_every_facet_narrows_a_search_and_is_told_with_what_was_found() -> None:
    narrowing = {field.name for field in msgspec.structs.fields(model.Filters)}
    told = {field.name for field in msgspec.structs.fields(model.Hit)}

    assert narrowing == set(model.FACETS)
    assert narrowing - told == {"supplier_name"}  # which a hit tells as its supplier
    assert model.Filters() == model.Filters(**dict.fromkeys(model.FACETS))
