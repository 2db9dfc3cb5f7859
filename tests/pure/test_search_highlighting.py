"""Where the words of a question stand in a text as it was written."""

from __future__ import annotations

import pytest

from catalog.search import highlighting
from catalog.search.highlighting import normals


def places(text: str, words: list[str]) -> list[tuple[int, int]]:
    (normal,) = normals([text])
    return highlighting.places(normal, words)


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("港口作业气象", ["气象"], ["气象"]),
        ("圖書館開放時間", ["图书馆", "时间"], ["圖書館", "時間"]),
        ("ＡＰＩ 接口", ["api"], ["ＡＰＩ"]),
        ("停车场", ["停车", "车场", "停车场"], ["停车场"]),
        ("港口与港口", ["港口"], ["港口", "港口"]),
        ("㈱港口", ["港口", "(株)"], ["㈱港口"]),
        ("港\u200b口岸", ["港口"], ["港\u200b口"]),
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


@pytest.mark.parametrize(
    "texts",
    [["圖書館", "", "API 接口"], ["圖書館", "ＡＰＩ", "一\n二"], ["一\n二", "圖"], []],
)
def test_texts_are_made_normal_together_as_each_would_be_alone(texts: list[str]) -> None:
    alone = [normal for text in texts for normal in normals([text])]

    assert [(text, list(origins)) for text, origins in normals(texts)] == [
        (text, list(origins)) for text, origins in alone
    ]


def test_only_so_many_characters_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlighting, "_SMALL", highlighting._Small())
    monkeypatch.setattr(highlighting, "_REMEMBERED", 1)

    assert [text[begin:end] for text in ["ＡＢ"] for begin, end in places(text, ["ab"])] == ["ＡＢ"]
    assert len(highlighting._SMALL) == 1
