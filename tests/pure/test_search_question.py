"""How a question is cut, and what is none."""

from __future__ import annotations

import msgspec
import pytest

from catalog.search import facets, model, port, question
from catalog.search.question import Concept


def test_a_question_is_cut_like_the_documents_each_word_once() -> None:
    assert [c.name for c in question.read("港口　气象 港口")] == ["港口", "气象"]
    assert question.read("") == ()


def test_words_by_which_a_question_is_put_are_asked_only_alone() -> None:
    assert [c.name for c in question.read("请问哪里有港口？")] == ["港口"]
    assert [c.name for c in question.read("哪里")] == ["哪里"]


def test_a_question_is_not_longer_than_a_question() -> None:
    question.read("港" * 400)
    with pytest.raises(question.SearchQuestionTooLong):
        question.read("港" * 401)
    with pytest.raises(question.SearchQuestionTooLong):
        question.read("x" * 10_000)


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "港\ufffd"])
def test_a_question_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(question.SearchQuestionUnreadable):
        question.read(text)


def test_of_a_whole_text_the_first_words_are_asked() -> None:
    asked = question.read(" ".join(f"w{i}" for i in range(100)))

    assert [c.name for c in asked] == [f"w{i}" for i in range(question.MAX_CONCEPTS)]


def test_postgresql_is_asked_for_every_way_to_say_it() -> None:
    ferry, port = Concept((("轮渡",), ("客运", "船舶"))), Concept((("o'neil",),))

    assert question.tsquery(ferry) == "('轮渡') | ('客运' & '船舶')"
    assert question.tsquery_of_all((ferry, port), least=2) == (
        "(('轮渡') | ('客运' & '船舶')) & ('o''neil')"
    )
    assert question.tsquery_of_all((port, port), least=1) == "(('o''neil')) | (('o''neil'))"
    assert question.tsquery_of_all((), least=0) == ""
    three = tuple(Concept(((word,),)) for word in "abc")
    assert question.tsquery_of_all(three, least=2) == (
        "(('a') & ('b')) | (('a') & ('c')) | (('b') & ('c'))"
    )


def test_every_facet_narrows_a_search_and_is_told_with_what_was_found() -> None:
    narrowing = set(facets.FACETS)
    told = {field.name for field in msgspec.structs.fields(model.Hit)}

    # A hit tells them as its supplier and as its lowest price; what is open tells the licence, by the openings.
    assert narrowing - told == {"supplier_name", "price", "open_data"}


def test_an_index_is_asked_for_everything_if_nothing_else_is_said() -> None:
    asked = port.Asked()

    assert (asked.concepts, asked.narrowed, asked.without) == ((), {}, frozenset())
    assert port.FEW < port.CANDIDATES


def test_all_of_a_question_is_needed_unless_less_is_said() -> None:
    two = (Concept((("港口",),)), Concept((("气象",),)))

    assert port.Asked(concepts=two).needed == 2
    assert port.Asked(concepts=two, least=1).needed == 1
