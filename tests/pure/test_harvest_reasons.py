"""What a harvest keeps as a reason is told in the reader's language; what others said is quoted."""

from __future__ import annotations

import pytest

from market.portal.harvest_reasons import why_ended, why_skipped
from market.portal.wording import Speaker, names_of

ZH, EN = Speaker("zh"), Speaker("en")


@pytest.mark.parametrize(
    ("written", "zh", "en", "is_quoted"),
    [
        (
            "40 of 50 are not there any more",
            "上次收录的 50 条中有 40 条不再出现",
            "40 of the 50 records of the last time are not there any more",
            False,
        ),
        (
            "harvest_source_unreachable {'reason': 'status 503'}",
            "无法读取收割来源：对方答复状态码 503。",
            "The harvest source can not be read: status 503.",
            False,
        ),
        ("harvest_source_unreachable {'reason'", "无法读取收割来源：—。", "The harvest source can not be read: —.", False),
        ("harvest_source_unreachable [1]", "无法读取收割来源：—。", "The harvest source can not be read: —.", False),
        ("by hand, since it was slow", "by hand, since it was slow", "by hand, since it was slow", True),
    ],
)  # fmt: skip
def test_why_a_run_ended_is_told_in_words(
    written: str, zh: str, en: str, *, is_quoted: bool
) -> None:
    assert (why_ended(written, ZH).text, why_ended(written, EN).text) == (zh, en)
    assert why_ended(written, ZH).is_quoted is is_quoted


def test_why_a_record_was_not_taken_in_is_told_in_words_with_what_was_said() -> None:
    assert why_skipped("title_missing", ZH).text == "没有标题"
    assert why_skipped("field_too_long title > 500", ZH).text == "字段过长（原文：title > 500）"
    assert why_skipped("record_doubled", EN).text == "The record is there twice"
    assert why_skipped("no identifier at all", EN).is_quoted
    assert all(why_skipped(code, EN).text != code for code in names_of("not_taken"))
