"""The days of a yearly plan, and how far it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.ids import new_id
from market.open_plans import planning
from market.open_plans.model import Field, Item, ItemId, PlanId
from market.open_plans.planning import OpenPlanPostponedBackwards
from market.open_plans.states import State

DAY = dt.date(2026, 7, 1)


def item(**changes: Any) -> Item:
    values: dict[str, Any] = {
        "id": ItemId(new_id()),
        "plan_id": PlanId(new_id()),
        "number": 1,
        "department": "省气象局",
        "title": "逐小时降水",
        "field": Field.METEOROLOGY,
        "due_year": 2026,
        "due_quarter": 2,
        "state": State.PLANNED,
    }
    return Item(**(values | changes))


def test_a_plan_is_published_by_the_end_of_march() -> None:
    assert planning.plan_due_on(2027) == dt.date(2027, 3, 31)


@pytest.mark.parametrize(
    ("quarter", "day"),
    [
        (1, dt.date(2028, 3, 31)),
        (2, dt.date(2028, 6, 30)),
        (3, dt.date(2028, 9, 30)),
        (4, dt.date(2028, 12, 31)),
    ],
)
def test_a_quarter_ends_with_its_last_month(quarter: int, day: dt.date) -> None:
    assert planning.last_day(2028, quarter) == day


def test_what_is_not_open_the_day_after_its_quarter_is_late() -> None:
    assert planning.is_overdue(item(), DAY)
    assert planning.is_overdue(item(state=State.POSTPONED), DAY)
    assert not planning.is_overdue(item(), dt.date(2026, 6, 30))
    assert not planning.is_overdue(item(state=State.OPENED), DAY)
    assert not planning.is_overdue(item(due_quarter=3), DAY)


def test_what_is_postponed_is_due_later() -> None:
    planning.check_later(item(), due_year=2026, due_quarter=3)
    planning.check_later(item(), due_year=2027, due_quarter=1)
    for year, quarter in ((2026, 2), (2026, 1), (2025, 4)):
        with pytest.raises(OpenPlanPostponedBackwards):
            planning.check_later(item(), due_year=year, due_quarter=quarter)


def test_priority_fields_come_first_then_what_is_due_sooner() -> None:
    shown = planning.ordered(
        [
            item(number=1, field=Field.OTHER, due_quarter=1),
            item(number=2, field=Field.TRANSPORT),
            item(number=3, field=Field.METEOROLOGY, due_quarter=4),
            item(number=4, field=Field.METEOROLOGY, due_quarter=2),
            item(number=5, field=Field.RESEARCH),
        ],
        DAY,
    )

    assert [each.number for each in shown] == [4, 3, 5, 2, 1]
    assert [each.is_overdue for each in shown] == [True, False, True, True, True]


def test_each_department_is_told_how_far_it_is() -> None:
    items = [
        item(),
        item(state=State.OPENED),
        item(due_quarter=4),
        item(department="省交通运输厅", state=State.OPENED),
    ]

    found = planning.progress(items, DAY)

    assert [(p.department, p.promised, p.opened, p.overdue) for p in found] == [
        ("省交通运输厅", 1, 1, 0),
        ("省气象局", 3, 1, 1),
    ]
