"""Why a product stands where it does, in words."""

from __future__ import annotations

from catalog.search.explaining import why


def test_the_word_itself_and_where_it_stands() -> None:
    assert why(word="港口", by="港口", fields=("title", "text"), share=0.753) == (
        "名称、说明中有“港口”，占得分的 75%",
        "“港口” in title and description: 75% of the score",
    )


def test_a_synonym_is_named_beside_the_word_that_was_asked() -> None:
    assert why(word="公交", by="巴士", fields=("labels",), share=1.0) == (
        "标签中有“公交”的同义词“巴士”，占得分的 100%",
        "“巴士”, a synonym of “公交”, in labels: 100% of the score",
    )
