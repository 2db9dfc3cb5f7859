"""Read the yearly plans: everybody those that are published, the authority its drafts."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from market.open_plans import store
from market.open_plans.model import Plan, PlanFile
from market.open_plans.planning import ordered, progress

#: Years of which there can be a plan.
FIRST_YEAR: Final = 2020
LAST_YEAR: Final = 2100


class OpenPlanMissing(Missing):
    """There is no plan of that year, or none that this actor may know of."""

    code = "not_found"


def check_year(year: int) -> int:
    """Return a year of which there can be a plan.

    :raises OpenPlanMissing: if no plan can be of that year.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OpenPlanMissing
    return year


async def list_plans(tx: Tx) -> list[Plan]:
    """Return the plans, the newest year first."""
    return await store.list_plans(tx)


async def get(tx: Tx, *, year: int, now: dt.datetime) -> PlanFile:
    """Return the plan of a year with all that it promises, and how far each department is.

    :raises OpenPlanMissing: if there is none that the actor may see.
    """
    plan = await store.find(tx, year)
    if plan is None:
        raise OpenPlanMissing
    items, today = await store.list_items(tx, plan.id), local_date(now)
    return PlanFile(plan=plan, items=ordered(items, today), progress=progress(items, today))
