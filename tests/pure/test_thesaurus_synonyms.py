"""Words for one thing, whoever calls it so."""

from __future__ import annotations

import tomllib

from catalog.products import terms
from catalog.search import question
from catalog.thesaurus import synonyms
from catalog.thesaurus.synonyms import NO_SYNONYMS
from seeds.synonyms import FILE, load_synonyms

GROUPS = [["停车场", "驻车场"], ["碳排放", "温室气体"], ["停车场", "车位"], ["的", "了"]]


def test_a_word_is_asked_for_by_all_its_ways_its_own_first() -> None:
    known = synonyms.read(GROUPS)

    (parking, free) = question.read("停車場 空位", known)
    assert parking.ways[0] == ("停车场",)
    assert set(parking.ways) == {("停车场",), tuple(terms.cut("驻车场")), ("车位",)}
    assert free.ways == (("空位",),)


def test_a_synonym_of_several_words_is_one_thing() -> None:
    known = synonyms.read(GROUPS)

    (carbon,) = question.read("碳排放", known)
    assert carbon.name == "".join(carbon.ways[0])
    assert ("温室", "气体") in carbon.ways or ("温室气体",) in carbon.ways


def test_what_has_no_synonyms_is_cut_as_it_is_stored() -> None:
    plain = question.read("停车场 港口", NO_SYNONYMS)

    assert [c.name for c in plain] == list(dict.fromkeys(terms.cut("停车场 港口")))
    assert NO_SYNONYMS.at(["港口"], 0) == (0, ())


def test_a_word_asked_twice_is_one_thing() -> None:
    assert len(question.read("停车场 停车场 驻车场", synonyms.read(GROUPS))) == 2


def test_empty_words_have_no_synonyms_and_no_groups_no_words() -> None:
    assert synonyms.read([["的", "了"]]) == NO_SYNONYMS
    assert synonyms.read([]) == NO_SYNONYMS
    assert terms.words("") == []


def test_what_comes_with_the_service_names_each_word_of_a_group_once() -> None:
    groups = tomllib.loads(FILE.read_text("utf-8"))["groups"]

    assert [group for group in groups if len(set(group)) < max(len(group), 2)] == []
    assert all(terms.normal(word) == word for group in groups for word in group)
    known = load_synonyms()
    assert all(len(ways) <= synonyms.MOST_WAYS for ways in known.ways.values())
    assert set(known.ways[("捷运",)]) >= {("捷运",), ("地铁",)}
