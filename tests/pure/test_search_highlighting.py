"""Where the words of a question stand in a text as it was written."""

from __future__ import annotations

import pytest

from catalog.search.highlighting import places


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("港口作业气象", ["气象"], ["气象"]),
        ("圖書館開放時間", ["图书馆", "时间"], ["圖書館", "時間"]),
        ("ＡＰＩ 接口", ["api"], ["ＡＰＩ"]),
        ("停车场", ["停车", "车场", "停车场"], ["停车场"]),
        ("港口与港口", ["港口"], ["港口", "港口"]),
        ("㈱港口", ["港口", "(株)"], ["㈱港口"]),
        ("港口", ["机场"], []),
        ("", ["港口"], []),
        ("aaa", ["aa"], ["aaa"]),
    ],
)
def test_words_are_marked_as_they_stand(text: str, words: list[str], marked: list[str]) -> None:
    assert [text[begin:end] for begin, end in places(text, words)] == marked


def test_a_text_whose_simplification_changes_its_length_is_marked_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("catalog.products.terms.normal", lambda text: text + "!")

    assert places("港口", ["港口"]) == [(0, 2)]
