"""Print every deadline day by day (期限), and the notices by which the days were counted (工作日历)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from catalog.kernel.periods import CHOSEN
from market.case_files.model import CaseFile
from market.case_files.printed.markup import lines, table, text, when
from market.case_files.words import DAY_WITHOUT_CLOCK, UNITS, word

_WEEKDAYS: Final = "一二三四五六日"


def deadlines(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the deadlines: from when, how long, by which article, each day."""
    for clock in case.clocks:
        yield "".join(_clock(clock))
    if not case.clocks:
        yield "<p>无。</p>"


def _clock(clock: Mapping[str, Any]) -> Iterable[str]:
    timer, period = clock["timer"], clock["timer"]["period"]
    due = f"{clock['last_day']}{'（暂定）' if clock['provisional'] else ''}"
    yield (
        f"<h3>{text(_name(timer))}：{text(due)} 届满，{text(word(timer['state']))}</h3>"
        f"<p>{text(clock['counted_from'])} 起算（当日不计），{period['length']}"
        f"{UNITS[period['unit']]}，依据 {_source(period['source'])}"
    )
    if timer["extended_by"]:
        yield f"；顺延 {timer['extended_by']} 个工作日"
    numbers = "、".join(clock["notice_numbers"])
    yield f"；工作日依 {text(numbers)}。" if numbers else "。"
    done, ended = when(timer["met_at"]), when(timer["cancelled_at"])
    yield (
        f"办结于 {text(done)}。</p>" if done else f"终止于 {text(ended)}。</p>" if ended else "</p>"
    )
    if clock["days"]:
        yield _weeks(clock["days"])


def _name(timer: Mapping[str, Any]) -> str:
    """Return what was due; of a change it says so, whose clocks go by the names of a registration's."""
    of = "变更登记 · " if timer["subject_kind"] == "change" else ""
    return f"{of}{word(timer['kind'])}"


def _source(source: str) -> str:
    return f"{CHOSEN}（条文未定，由规则设置）" if source == CHOSEN else text(source)


def _weeks(days: Sequence[Mapping[str, Any]]) -> str:
    """Return the days as a calendar, a week a row: which is the how-manieth, and why one is not."""
    cells = {dt.date.fromisoformat(str(step["day"])): _day(step) for step in days}
    first, last = min(cells), max(cells)
    monday = first - dt.timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    rows = "".join(
        "<tr>"
        + "".join(
            cells.get(monday + dt.timedelta(days=7 * week + n), "<td></td>") for n in range(7)
        )
        + "</tr>"
        for week in range(weeks)
    )
    head = "".join(f"<th>周{each}</th>" for each in _WEEKDAYS)
    return f'<table class="weeks"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _day(step: Mapping[str, Any]) -> str:
    day = dt.date.fromisoformat(str(step["day"]))
    reason = DAY_WITHOUT_CLOCK if step["reason"] == "paused" else word(step["reason"])
    date = f"{day.month}月{day.day}日"
    if step["counted"]:
        unusual = "" if step["reason"] == "weekday" else f"<br>{text(reason)}"
        return f"<td>{date}<br><b>第 {step['counted']} 日</b>{unusual}</td>"
    return f'<td class="not">{date}<br>{text(reason)}，不计</td>'


def calendar(case: CaseFile) -> str:
    """Return the yearly notices (节假日安排) by which days were counted, with all their days."""
    return table(
        ("年度", "通知", "放假", "调休上班"),
        (
            (
                year.year,
                lines(year.notice_number, f"{year.issued_on} 印发"),
                "、".join(_dates(year.holidays)),
                "、".join(_dates(year.workdays)) or "—",
            )
            for year in case.calendar
        ),
    )


def _dates(days: Sequence[dt.date]) -> Iterable[str]:
    """Return days as ranges: 2月15日—23日 instead of nine days."""
    runs: list[list[dt.date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == dt.timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        first, last = run[0], run[-1]
        start = f"{first.month}月{first.day}日"
        end = f"{last.day}日" if first.month == last.month else f"{last.month}月{last.day}日"
        yield start if first == last else f"{start}—{end}"
