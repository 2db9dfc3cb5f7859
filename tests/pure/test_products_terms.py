"""The words that products are found by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.products import terms
from catalog.products.documents import SUMMARY_LENGTH, document, summary
from tests.makers_products import make_description, make_product


def test_traditional_characters_are_simplified_by_words() -> None:
    assert terms.normal("臺灣乾燥 乾坤 頭髮 發展 皇后 以後") == "台湾干燥 乾坤 头发 发展 皇后 以后"


def test_traditional_full_width_and_capitals_meet_the_plain_form() -> None:
    assert terms.cut("港口氣象資料ＡＰＩ") == terms.cut("港口气象资料api")


def test_long_words_are_also_found_by_the_words_inside() -> None:
    assert {"食品", "行业", "食品行业"} <= set(terms.cut("食品行业"))


def test_what_nobody_sees_parts_no_word() -> None:
    assert terms.cut("港\u200b口\ufeff") == terms.cut("港口")
    assert terms.cut("inter\u00adnational \u202edata\u202c") == ["international", "data"]


def test_punctuation_and_empty_words_are_no_terms() -> None:
    assert terms.cut("的，。 ！\x00 -- the") == []
    assert terms.cut("") == []
    assert terms.cut("a" * 65) == []


def test_a_title_weighs_more_than_a_label_and_a_label_more_than_the_text() -> None:
    literal = terms.vector(title="港口", labels=["气象"], body="港口")

    assert literal == "'港口':1A,35C '气象':18B"


def test_a_word_that_stands_everywhere_keeps_within_the_limits_of_the_database() -> None:
    literal = terms.vector(title="", labels=[], body="港口 " * 20_000)

    places = literal.removeprefix("'港口':").split(",")
    assert len(places) == 255
    assert all(int(place.rstrip("C")) <= 16_383 for place in places)


def test_quotes_and_backslashes_stay_inside_a_lexeme() -> None:
    assert terms.quoted("a'b\\c") == "'a''b\\\\c'"


@given(st.text(max_size=200))
def test_every_term_of_any_text_is_a_bounded_word_of_it(text: str) -> None:
    normal = terms.normal(text)

    for term in terms.cut(text):
        assert 0 < len(term) <= terms.MAX_TERM_LENGTH
        assert any(c.isalnum() for c in term)
        assert term in normal


def test_a_summary_is_one_line_of_bounded_length() -> None:
    assert summary(" 一\n\n二 ") == "一 二"
    assert len(summary("长" * 1000)) == SUMMARY_LENGTH
    assert summary("长" * 1000).endswith("…")


def test_a_document_tells_what_the_public_finds() -> None:
    product = make_product()
    plain = make_description(classification=None, region="", description="")

    full = document(product, product.description)
    bare = document(product, plain)

    assert (full.level, full.region, full.form) == ("general", "海南", "data_indicator")
    assert (bare.level, bare.region, bare.summary) == (None, None, plain.value_statement)
    assert "'气象'" in full.terms


def test_dictionaries_may_be_loaded_before_somebody_asks() -> None:
    terms.load()

    assert terms.cut("数据") == ["数据"]
