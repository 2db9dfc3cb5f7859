"""What pages show is decided without a database: the foot, kept searches, lists of words, names of codes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.facets import FACETS
from catalog.search.model import Filters
from market.http.wording import all_names, all_wordings, words
from market.portal.asked_search import read_search
from market.portal.kept_search import address_to_keep, asked_of
from market.portal.site_footer import FooterLine, SiteNames, footer_lines
from market.portal.synonym_lines import SynonymListUnreadable, groups_of, words_of
from market.portal.wording import all_words


def test_the_foot_has_only_lines_that_are_set_in_the_guidelines_order() -> None:
    assert footer_lines(SiteNames()) == []
    assert footer_lines(SiteNames(police_number="备案中", sponsor="示例局")) == [
        FooterLine("sponsor", "示例局"),
        FooterLine("police", "备案中"),
    ]


def test_a_number_of_the_public_security_leads_to_its_register() -> None:
    (line,) = footer_lines(SiteNames(police_number="琼公网安备 46010802000000号"))

    assert line.url == "https://beian.mps.gov.cn/#/query/webSearch?code=46010802000000"


@given(
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(FACETS), st.text("港口abc", min_size=1, max_size=9), max_size=4
    ),
)
def test_a_kept_search_is_asked_again_as_it_was(text: str, given: dict[str, str]) -> None:
    filters = msgspec.convert(given, Filters)

    asked = asked_of(text, filters)

    assert asked.words == text
    assert asked.filters == filters


def test_a_range_of_prices_is_asked_by_the_page_too() -> None:
    asked = asked_of("", Filters(form="dataset", price_from_fen=100, price_to_fen=500))

    assert asked.given == {"form": "dataset", "price_from_fen": "100", "price_to_fen": "500"}


def test_a_search_is_kept_by_its_words_and_filters_and_not_by_its_order() -> None:
    asked = read_search({"q": "港口", "form": "dataset", "sort": "oldest", "cursor": "x"})

    assert address_to_keep(asked) == "/my/saved-searches?q=%E6%B8%AF%E5%8F%A3&form=dataset"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("码头、泊位", ("码头", "泊位")),
        ("码头,  泊位，岸线；锚地;港池\n航道\t", ("码头", "泊位", "岸线", "锚地", "港池", "航道")),
        ("  、,", ()),
        ("sea surface, SST", ("sea surface", "SST")),
    ],
)
def test_words_are_set_apart_as_people_do(text: str, found: tuple[str, ...]) -> None:
    assert words_of(text) == found


def test_a_list_has_a_group_on_each_line_or_is_the_exported_table() -> None:
    assert groups_of("码头、泊位\n\n灯塔,航标\n") == (("码头", "泊位"), ("灯塔", "航标"))
    assert groups_of(' {"version": 3, "groups": [["码头", "泊位"]]}') == (("码头", "泊位"),)


@pytest.mark.parametrize(
    "text", ["", " \n、", "{", "{}", '{"groups": []}', '{"groups": [1]}', "{" * 9999]
)
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(SynonymListUnreadable):
        groups_of(text)


def test_pages_and_refusals_call_levels_and_roles_alike_in_chinese() -> None:
    pages = all_words("zh")

    for fact, group in (("level", "level"), ("role", "account_role")):
        for value, name in all_names()["zh"][fact].items():
            assert pages.get(f"label.{group}.{value}", name) == name


def test_a_refusal_tells_codes_in_words() -> None:
    told = words("quality_issue_event_not_allowed", {"state": "closed", "event": "feed_back"})
    level = words("preview_not_allowed_for_level", {"level": "bj_2"})
    several = words("open_data_not_allowed", {"items": "content_missing, important_data"})
    listed = words("catalog_attribute_missing", {"attributes": ["data_source", "usage_method"]})

    assert told.zh == "质量问题处于“已办结”状态，不能执行“反馈”。"
    assert told.en == "A quality issue in the state closed does not allow feed back."
    assert level.zh == "级别为“二级”的数据不展示样例，脱敏后也不展示。"
    assert "没有数据内容、含有重要数据" in several.zh
    assert "no content to deliver, important data" in several.en
    assert "数据来源、使用方法" in listed.zh


def test_what_is_prose_stays_as_it_is() -> None:
    told = words("body_malformed", {"reason": "Expected `int`, got `str`"})
    named = words("body_malformed", {"reason": "the column sea_surface is not there"})

    assert "Expected `int`, got `str`" in told.zh
    assert "the column sea_surface is not there" in named.en
    assert words("no_such_code", {}).zh == "no_such_code"


def test_names_stand_in_no_wording_that_is_not_theirs() -> None:
    names = tomllib.loads(Path("market/http/names.toml").read_text("utf-8"))

    for code, facts in names["of"].items():
        for fact in facts:
            assert "{" + fact + "}" in all_wordings()[code].zh, (code, fact)
