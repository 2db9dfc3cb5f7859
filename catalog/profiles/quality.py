"""Score how good data are on the four dimensions of BJ-24 (质量评分): 准确性、相关性、完整性、时效性.

Each rule is one function: facts in, whole points of a hundred out, with its reason in words; what can
not be measured gets none and counts for nothing. A rule that is changed gets a new version. Scores are
computed when they are read: every fact they rest on is kept, so an old score can be computed again.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from catalog.products.items import key_of
from catalog.products.model import Description, Item, ItemType, UpdateCycle
from catalog.profiles.conformance import accepts
from catalog.profiles.model import Column, Profile

FULL: Final = 100
_NUMBERS: Final = (ItemType.INTEGER, ItemType.DECIMAL)
# How many days lie between two versions, at most; what changes within a day is held to a day.
_DAYS: Final = {
    UpdateCycle.REAL_TIME: 1,
    UpdateCycle.HOURLY: 1,
    UpdateCycle.DAILY: 1,
    UpdateCycle.WEEKLY: 7,
    UpdateCycle.MONTHLY: 31,
    UpdateCycle.QUARTERLY: 92,
    UpdateCycle.HALF_YEARLY: 184,
    UpdateCycle.YEARLY: 366,
}
# [P] After so many cycles without a new version, data are worth nothing for what asks for new ones.
_CYCLES: Final = 3
_TWO: Final = 2


class Dimension(enum.StrEnum):
    """What is asked of data (质量维度, E31)."""

    ACCURACY = "accuracy"  # 准确性
    RELEVANCE = "relevance"  # 相关性
    COMPLETENESS = "completeness"  # 完整性
    TIMELINESS = "timeliness"  # 时效性


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says."""

    rule: str
    version: int
    dimension: Dimension
    points: int | None  # of a hundred; None: it can not be measured here
    zh: str
    en: str


class DimensionScore(msgspec.Struct, frozen=True):
    """The mean of what the rules of a dimension say."""

    dimension: Dimension
    points: int | None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How good the data are, and why."""

    overall: int | None  # the mean of the dimensions that were measured
    measured: int  # of four
    dimensions: tuple[DimensionScore, ...]
    rules: tuple[Judged, ...]
    content_version: int | None
    as_of: dt.date


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at; ``columns`` are by the keys of their names."""

    description: Description
    attached_on: tuple[dt.date, ...]  # the versions of the content
    profile: Profile | None
    today: dt.date

    @property
    def columns(self) -> dict[str, Column]:
        """Return the columns of the file by what makes two names the same."""
        return {key_of(c.name): c for c in self.profile.columns} if self.profile else {}

    @property
    def pairs(self) -> list[tuple[Item, Column]]:
        """Return the declared items that are in the file, with their columns."""
        columns = self.columns
        return [
            (item, columns[key_of(item.name)])
            for item in self.description.items
            if key_of(item.name) in columns
        ]


class Said(msgspec.Struct, frozen=True):
    """What a rule found: points, and the reason in words."""

    points: int | None
    zh: str
    en: str


_UNKNOWN: Final = Said(None, "内容不是可读取的表格，或尚未读取", "No table was read of it")
_NO_DICTIONARY: Final = Said(None, "没有数据字典", "There is no data dictionary")


def values_have_their_type(facts: Facts) -> Said:
    """Judge by the share of values that have the type that the dictionary declares."""
    if facts.profile is None:
        return _UNKNOWN
    if not facts.pairs:
        return _NO_DICTIONARY
    good = sum(accepts(item.type, column) for item, column in facts.pairs)
    return _share(
        good,
        sum(column.values for _, column in facts.pairs),
        "{of} 个值中 {good} 个符合数据字典声明的类型",
        "values have their declared type",
    )


def rows_are_whole(facts: Facts) -> Said:
    """Judge by the share of rows that have as many values as there are columns."""
    if facts.profile is None:
        return _UNKNOWN
    rows = facts.profile.rows
    return _share(
        rows - facts.profile.ragged_rows,
        rows,
        "{of} 行中 {good} 行的值与列数一致",
        "rows have a value for each column",
    )


def values_fit_their_length(facts: Facts) -> Said:
    """Judge by the share of columns of which no value is longer than declared."""
    if facts.profile is None:
        return _UNKNOWN
    bounded = [(i, c) for i, c in facts.pairs if i.length is not None]
    if not bounded:
        return Said(None, "数据字典没有声明长度", "The dictionary declares no length")
    good = sum(column.longest <= (item.length or 0) for item, column in bounded)
    return _share(
        good, len(bounded), "{of} 列中 {good} 列不超过声明的长度", "columns keep to their length"
    )


def file_and_dictionary_are_about_the_same(facts: Facts) -> Said:
    """Judge by the columns that both have, of all that one of them has."""
    if facts.profile is None:
        return _UNKNOWN
    if not facts.description.items:
        return _NO_DICTIONARY
    declared = {key_of(item.name) for item in facts.description.items}
    found = set(facts.columns)
    return _share(
        len(declared & found),
        len(declared | found),
        "{of} 列中 {good} 列在文件与数据字典中都有",
        "columns stand in the file and in the dictionary",
    )


def it_says_what_it_is_for(facts: Facts) -> Said:
    """Judge by whether scenarios, keywords, an industry and a region are named."""
    said = facts.description
    named = (
        bool(said.scenarios),
        bool(said.keywords),
        bool(said.industry_section or said.industry_division or said.industry_class),
        bool(said.region or said.region_code),
    )
    return _share(
        sum(named),
        len(named),
        "场景、关键词、行业、地区 {of} 项中 {good} 项已说明",
        "of scenario, keywords, industry and region are named",
    )


def values_are_there(facts: Facts) -> Said:
    """Judge by the share of cells that hold a value."""
    if facts.profile is None:
        return _UNKNOWN
    good = sum(column.values for column in facts.profile.columns)
    return _share(
        good,
        good + sum(column.nulls for column in facts.profile.columns),
        "{of} 个单元格中 {good} 个有值",
        "cells hold a value",
    )


def required_values_are_there(facts: Facts) -> Said:
    """Judge by the share of required items that lack no value."""
    if facts.profile is None:
        return _UNKNOWN
    required = [column for item, column in facts.pairs if item.is_required]
    if not required:
        return Said(None, "没有声明必填的信息项", "No item is declared as required")
    good = sum(column.nulls == 0 for column in required)
    return _share(
        good, len(required), "{of} 个必填信息项中 {good} 个没有缺值", "required items lack no value"
    )


def items_are_explained(facts: Facts) -> Said:
    """Judge by the share of items that have a title, and of numbers a unit."""
    items = facts.description.items
    if not items:
        return _NO_DICTIONARY
    good = sum(bool(i.title) and (i.type not in _NUMBERS or bool(i.unit)) for i in items)
    return _share(
        good,
        len(items),
        "{of} 个信息项中 {good} 个有标题（数值另有单位）",
        "items have a title, and numbers a unit",
    )


def it_is_as_new_as_promised(facts: Facts) -> Said:
    """Judge the age of the newest content by its update cycle: whole within one, nothing after three."""
    cycle = facts.description.update_cycle
    if not facts.attached_on:
        return Said(None, "尚未挂接内容", "Nothing is attached")
    if cycle is UpdateCycle.STATIC:
        return Said(FULL, "静态数据，不更新", "Static data are not renewed")
    if cycle not in _DAYS:
        return Said(None, "不定期更新，无法衡量", "It promises no cycle")
    days, age = _DAYS[cycle], (facts.today - facts.attached_on[-1]).days
    left = _CYCLES * days - age
    points = FULL if age <= days else max(0, FULL * left // ((_CYCLES - 1) * days))
    return Said(
        points,
        f"最新内容距今 {age} 天，更新周期 {days} 天",
        f"The newest content is {age} days old, and its cycle {days} long",
    )


def it_was_renewed_as_promised(facts: Facts) -> Said:
    """Judge by the share of versions that came within a cycle and a half of the one before."""
    days = _DAYS.get(facts.description.update_cycle)
    if days is None or len(facts.attached_on) < _TWO:
        return Said(None, "版本不足，无法衡量", "There are too few versions, or no cycle")
    steps = [
        (later - earlier).days
        for earlier, later in zip(facts.attached_on, facts.attached_on[1:], strict=False)
    ]
    good = sum(step * _TWO <= days * 3 for step in steps)
    return _share(
        good, len(steps), "{of} 次更新中 {good} 次按周期完成", "renewals came in their cycle"
    )


RULES: Final[Sequence[tuple[str, int, Dimension, Callable[[Facts], Said]]]] = (
    ("Q-ACC-1", 1, Dimension.ACCURACY, values_have_their_type),
    ("Q-ACC-2", 1, Dimension.ACCURACY, rows_are_whole),
    ("Q-ACC-3", 1, Dimension.ACCURACY, values_fit_their_length),
    ("Q-REL-1", 1, Dimension.RELEVANCE, file_and_dictionary_are_about_the_same),
    ("Q-REL-2", 1, Dimension.RELEVANCE, it_says_what_it_is_for),
    ("Q-COM-1", 1, Dimension.COMPLETENESS, values_are_there),
    ("Q-COM-2", 1, Dimension.COMPLETENESS, required_values_are_there),
    ("Q-COM-3", 1, Dimension.COMPLETENESS, items_are_explained),
    ("Q-TIM-1", 1, Dimension.TIMELINESS, it_is_as_new_as_promised),
    ("Q-TIM-2", 1, Dimension.TIMELINESS, it_was_renewed_as_promised),
)


def score(facts: Facts) -> Score:
    """Return what all rules say, and the means of it."""
    judged = tuple(_judged(rule, facts) for rule in RULES)
    dimensions = tuple(
        DimensionScore(each, _mean([j.points for j in judged if j.dimension is each]))
        for each in Dimension
    )
    return Score(
        overall=_mean([each.points for each in dimensions]),
        measured=sum(each.points is not None for each in dimensions),
        dimensions=dimensions,
        rules=judged,
        content_version=len(facts.attached_on) or None,
        as_of=facts.today,
    )


def _judged(rule: tuple[str, int, Dimension, Callable[[Facts], Said]], facts: Facts) -> Judged:
    code, version, dimension, judge = rule
    said = judge(facts)
    return Judged(
        rule=code,
        version=version,
        dimension=dimension,
        points=said.points,
        zh=said.zh,
        en=said.en,
    )


def _share(good: int, of: int, zh: str, en: str) -> Said:
    points = FULL if of == 0 else FULL * good // of
    return Said(points, zh.format(of=f"{of:,}", good=f"{good:,}"), f"{good:,} of {of:,} {en}")


def _mean(points: Sequence[int | None]) -> int | None:
    known = [each for each in points if each is not None]
    return sum(known) // len(known) if known else None
