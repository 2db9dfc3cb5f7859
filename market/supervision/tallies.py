"""Count things in one way in every section of the report: a figure, a table, a span of days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from catalog.audit_log.events import Event
from market.supervision.facts import Fact
from market.supervision.history import History, Spans, counted
from market.supervision.model import Column, Figure, Table, Value

COUNT: Final = Column("count", "数量", "Count")


def count_of(history: History, code: str, zh: str, en: str, *events: str) -> Figure:
    """Return how often any of these events happened in the quarter."""
    return Figure(code, zh, en, len(history.of(*events)))


def overdue_of(history: History, kind: str, zh: str, en: str) -> Figure:
    """Return how many deadlines of one kind passed unmet (逾期)."""
    marked = history.of(Event.TIMER_OVERDUE)
    return Figure(f"{kind}_overdue", zh, en, sum(fact.text("kind") == kind for fact in marked))


def lengths_of(spans: Spans) -> tuple[Figure, ...]:
    """Return how long cases took, and how many of them were in time."""
    return (
        Figure(
            "median_working_days",
            "用时中位数（工作日）",
            "Median working days",
            spans.median_working_days,
        ),
        Figure(
            "maximum_working_days",
            "最长用时（工作日）",
            "Longest, working days",
            spans.maximum_working_days,
        ),
        Figure("on_time", "按期", "In time", spans.on_time),
        Figure("on_time_bps", "按期率（万分比）", "In time (bps)", spans.on_time_bps),
    )


def spans_by_rulebook(
    history: History, ends: list[Fact], measured: Callable[[list[Fact]], Spans]
) -> Table:
    """Return how long cases took under each rulebook, and how many were in time by its own days."""
    by_code: dict[str, list[Fact]] = {code: [] for code in history.rules.codes}
    for fact in ends:
        by_code[history.rulebook_of(fact).code].append(fact)
    columns = (Column(figure.code, figure.zh, figure.en) for figure in lengths_of(measured([])))
    return Table(
        "by_rulebook",
        "按适用规则",
        "By rulebook",
        (Column("rulebook", "适用规则", "Rulebook"), COUNT, *columns),
        tuple(
            (code, len(facts), *(figure.value for figure in lengths_of(measured(facts))))
            for code, facts in by_code.items()
        ),
    )


def by_rulebook(history: History, facts: list[Fact]) -> Table:
    """Return how many of these were of cases under each rulebook."""
    return tally(
        "by_rulebook",
        ("按适用规则", "By rulebook"),
        ("rulebook", "适用规则", "Rulebook"),
        counted(facts, lambda fact: history.rulebook_of(fact).code, history.rules.codes),
    )


def tally(
    code: str,
    title: tuple[str, str],
    column: tuple[str, str, str],
    rows: tuple[tuple[Value, ...], ...],
) -> Table:
    """Return a table of one column and its counts."""
    return Table(code, *title, (Column(*column), COUNT), rows)
