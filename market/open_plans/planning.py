"""Count the days of a yearly plan, and how far it is (GD-08, D18)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.kernel.periods import Period, Unit
from market.open_plans.model import Field, Item, Progress
from market.open_plans.states import State

#: A plan each year (D18); the text names no day: by the end of March we say [P].
YEARLY: Final = Period(1, Unit.YEARS, "GD-08", "D18; 31 March is ours [P]")
_PUBLISHED_BY: Final = (3, 31)
# 优先气象、科研、交通 (GD-08), in the order of the text.
_ORDER: Final = {field: place for place, field in enumerate(Field)}


class OpenPlanPostponedBackwards(Invalid):
    """What is postponed is due later than it was."""

    code = "open_plan_postponed_backwards"


def plan_due_on(year: int) -> dt.date:
    """Return until when the plan of a year is to be published."""
    return dt.date(year, *_PUBLISHED_BY)


def last_day(year: int, quarter: int) -> dt.date:
    """Return the last day of a quarter."""
    following = dt.date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return following - dt.timedelta(days=1)


def is_overdue(item: Item, today: dt.date) -> bool:
    """Tell whether something that was promised is not open after its last day."""
    return item.state is not State.OPENED and today > last_day(item.due_year, item.due_quarter)


def check_later(item: Item, *, due_year: int, due_quarter: int) -> None:
    """Return if the new quarter comes after the one that was promised.

    :raises OpenPlanPostponedBackwards: if not.
    """
    if (due_year, due_quarter) <= (item.due_year, item.due_quarter):
        raise OpenPlanPostponedBackwards(year=item.due_year, quarter=item.due_quarter)


def ordered(items: Iterable[Item], today: dt.date) -> list[Item]:
    """Return the promises as they are shown: priority fields first, then by their quarter."""
    looked_at = [
        msgspec.structs.replace(item, is_overdue=is_overdue(item, today)) for item in items
    ]
    return sorted(
        looked_at,
        key=lambda item: (_ORDER[item.field], item.due_year, item.due_quarter, item.number),
    )


def progress(items: Sequence[Item], today: dt.date) -> list[Progress]:
    """Return how far each department is, by its name."""
    departments = sorted({item.department for item in items})
    return [
        Progress(
            department=department,
            promised=len(own),
            opened=sum(item.state is State.OPENED for item in own),
            overdue=sum(is_overdue(item, today) for item in own),
        )
        for department in departments
        for own in [[item for item in items if item.department == department]]
    ]
