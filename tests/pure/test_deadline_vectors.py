"""Every row of RULES §11.3, put to the product and to the law as it is written a second time."""

from __future__ import annotations

import csv
import datetime as dt
import pathlib

import pytest

from catalog.kernel.periods import Deadline, Period, Unit, deadline
from seeds.workdays import load_calendar
from tests.reference import days

VECTORS = pathlib.Path(__file__).parents[1] / "vectors" / "deadlines.csv"
ROWS = list(csv.DictReader(VECTORS.read_text().splitlines()))
CALENDAR = load_calendar()
LAW = days.of_the_library(2024, 2025, 2026)


def test_all_rows_of_the_rules_are_here() -> None:
    rules = [row["rule"] for row in ROWS]

    counts = {rule: rules.count(rule) for rule in rules}
    assert counts == {
        "D1": 4, "D2": 3, "D3": 4, "D4": 4, "D5": 5, "D6": 3, "D15": 1, "D10": 1, "D9": 1, "any": 1,
    }  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['rule']} {row['start']}")
def test_a_period_ends_on_the_day_that_the_rules_give(row: dict[str, str]) -> None:
    start, last = (dt.date.fromisoformat(row[name]) for name in ("start", "last_day"))
    length, unit, unsure = int(row["length"]), Unit(row["unit"]), row["provisional"] == "yes"

    assert deadline(Period(length, unit, row["rule"]), start, CALENDAR) == Deadline(last, unsure)
    by_law = {
        Unit.WORKING_DAYS: LAW.working,
        Unit.DAYS: LAW.calendar,
        Unit.YEARS: days.years,
    }[unit]
    assert by_law(start, length) == (last, unsure)
