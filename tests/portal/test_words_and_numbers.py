"""How pages say dates, amounts and codes, and where a sign-in may lead to."""

from __future__ import annotations

import datetime as dt
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.portal import dates, report_cells, show
from market.portal.wording import Speaker


@pytest.mark.parametrize(
    ("on", "zh", "en"),
    [
        (dt.date(2026, 5, 13), "2026年5月13日 星期三 24时止", "24:00 on Wednesday, 13 May 2026"),
        (dt.date(2026, 10, 11), "2026年10月11日 星期日 24时止", "24:00 on Sunday, 11 October 2026"),
        (dt.date(2028, 2, 29), "2028年2月29日 星期二 24时止", "24:00 on Tuesday, 29 February 2028"),
    ],
)
def test_a_last_day_ends_at_24_oclock_of_a_named_day(on: dt.date, zh: str, en: str) -> None:
    assert dates.last_day(on, "zh") == zh
    assert dates.last_day(on, "en") == en


def test_a_day_is_said_without_its_weekday_where_nothing_is_counted() -> None:
    assert dates.plain(dt.date(2026, 1, 2), "zh") == "2026年1月2日"
    assert dates.plain(dt.date(2026, 1, 2), "en") == "2 January 2026"


def test_an_instant_is_shown_as_clocks_in_beijing_show_it() -> None:
    at = dt.datetime(2026, 12, 31, 16, 5, tzinfo=dt.UTC)

    assert dates.instant(at, "zh") == "2027年1月1日 00:05"
    assert dates.instant(at, "en") == "1 January 2027, 00:05 (UTC+8)"


def test_what_is_in_the_log_is_shown_to_the_second() -> None:
    at = dt.datetime(2026, 12, 31, 16, 5, 9, 999_999, tzinfo=dt.UTC)

    assert dates.second(at, "zh") == "2027年1月1日 00:05:09"
    assert dates.second(at, "en") == "1 January 2027, 00:05:09 (UTC+8)"


def test_a_day_is_read_from_a_document_or_left_as_it_is() -> None:
    assert dates.parsed("2026-03-02") == dt.date(2026, 3, 2)
    assert dates.parsed("长期") is None


@pytest.mark.parametrize(
    ("fen", "said"),
    [(0, "¥0.00"), (5, "¥0.05"), (123_450, "¥1,234.50"), (-1_280_001, "−¥12,800.01")],
)
def test_an_amount_is_said_in_yuan_to_the_fen(fen: int, said: str) -> None:
    assert show.yuan(fen) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024 * 1024 - 1, "1023.9 KiB"),
        (5 * 1024**3, "5.0 GiB"),
        (3 * 1024**5, "3072.0 TiB"),
    ],
)
def test_a_size_is_said_in_the_unit_that_fits(size_bytes: int, said: str) -> None:
    assert show.size(size_bytes) == said


def test_an_address_leaves_out_what_says_nothing() -> None:
    assert show.address("/products", {"q": "气 象", "form": None, "region": ""}) == (
        "/products?q=%E6%B0%94+%E8%B1%A1"
    )
    assert show.address("/products", {"q": ""}) == "/products"


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        (None, None),
        ("", None),
        ("\x00\n ", None),
        (" 海南\u202e\x00 ", "海南"),
        ("长" * 300, "长" * 200),
    ],
)
def test_what_is_typed_is_freed_of_what_can_not_be_read(
    typed: str | None, left: str | None
) -> None:
    assert show.cleaned(typed) == left


@given(st.text())
@example("//evil.example")
@example("/\\evil.example")
@example("/%09/evil.example")
@example("https://evil.example/")
@example("/reports?cursor=a&lang=en")
@example("///evil.example")
@example("/\t/evil.example")
@example("/.//evil.example")
@example("javascript:alert(1)")
def test_signing_in_never_leads_to_another_site(text: str) -> None:
    led = urllib.parse.urljoin("https://shushi.example/sign-in", show.own_path(text))

    assert urllib.parse.urlsplit(led)[:2] == ("https", "shushi.example")
    assert show.own_path(text).isascii()
    assert not {"\\", "\n", "\r", "\t"} & set(show.own_path(text))


def test_signing_in_leads_to_where_one_wanted_to_go() -> None:
    assert show.own_path("/reports?cursor=a_b-c&lang=en") == "/reports?cursor=a_b-c&lang=en"
    assert show.own_path(None) == "/"


@pytest.mark.parametrize(
    ("code", "value", "zh", "en"),
    [
        ("count", 1234, "1234", "1234"),
        ("amount_fen", 123_456_700, "123,456,700", "123,456,700"),
        ("form", "data_api", "数据接口", "Data API"),
        ("applicant_kind", "unknown", "未注明", "not stated"),
        ("conclusion", "pass", "通过", "passed"),
        ("at", "2026-04-01T01:00:00.000000Z", "2026年4月1日 09:00", "1 April 2026, 09:00 (UTC+8)"),
        ("event", "notice:published", "notice:published", "notice:published"),
        ("on_time_bps", None, "—", "—"),
    ],
)
def test_a_reports_value_is_shown_by_its_name(
    code: str, value: int | str | None, zh: str, en: str
) -> None:
    assert report_cells.shown(code, value, Speaker("zh")) == zh
    assert report_cells.shown(code, value, Speaker("en")) == en


def test_one_is_counted_differently_from_many() -> None:
    english = Speaker("en")

    assert english.count("products.count", 1) == "1 product"
    assert english.count("products.count", 64_087) == "64,087 products"
    assert english.label("form", "unheard_of") == "unheard_of"
    with pytest.raises(KeyError):
        english("no.such.words")
