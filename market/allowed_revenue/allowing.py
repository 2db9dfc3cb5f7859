"""Compute what an operator may take, how much of it is taken, and what is carried on (65号).

Allowed revenue = operating cost net of subsidies + that cost × rate + tax, less what was taken too
much before. The rate is the average yield of ten-year treasury bonds of the year before, and at most
six percentage points. All in whole fen; the profit is rounded down, in favour of who pays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.allowed_revenue.model import Allowance, Decided, Task
from market.allowed_revenue.states import State
from settlement.money import CEILING, WHOLE

MOST_PREMIUM_BPS: Final = 600  # 不超过 6 个百分点, 65号
LONGEST_YEARS: Final = 3  # 监管周期不超过 3 年, 65号
WARNINGS_BPS: Final = (8_000, 10_000)  # [P], RULES §6.1
SMALL_DEVIATION_BPS: Final = 1_000  # 10 %, 65号

TIMER: Final = "price_adjustment"
ADJUSTED_WITHIN: Final = Period(20, Unit.WORKING_DAYS, CHOSEN)


class RatePremiumTooHigh(Invalid):
    """More is added to the treasury rate than six percentage points."""

    code = "allowance_premium_too_high"


class AllowancePeriodInvalid(Invalid):
    """The period ends before it begins, or is longer than three years."""

    code = "allowance_period_invalid"


class AllowancePeriodsOverlap(Refused):
    """The operator has an allowance for some of these days."""

    code = "allowance_periods_overlap"


class AllowanceTooLarge(Invalid):
    """It comes to more than this market keeps books about."""

    code = "allowance_too_large"


class PeriodNotOver(Refused):
    """The period is not over, so nobody knows what it brought in."""

    code = "allowance_period_not_over"


def check(decided: Decided, others: Iterable[Decided]) -> None:
    """Return if an allowance can be laid down beside those that the operator has.

    :raises AllowancePeriodInvalid: if it ends before it begins, or lasts longer than three years.
    :raises RatePremiumTooHigh: if more than six percentage points are added.
    :raises AllowancePeriodsOverlap: if another one holds on some of its days.
    :raises AllowanceTooLarge: if it is beyond the books.
    """
    begins, ends = decided.period_from, decided.period_to
    if not begins <= ends < _years_later(begins, LONGEST_YEARS):
        raise AllowancePeriodInvalid(years=LONGEST_YEARS)
    if decided.premium_bps > MOST_PREMIUM_BPS:
        raise RatePremiumTooHigh(premium_bps=decided.premium_bps, most_bps=MOST_PREMIUM_BPS)
    for other in others:
        if begins <= other.period_to and other.period_from <= ends:
            raise AllowancePeriodsOverlap(
                period_from=other.period_from.isoformat(), period_to=other.period_to.isoformat()
            )
    if gross_fen(decided) > CEILING:
        raise AllowanceTooLarge(amount_fen=gross_fen(decided))


def gross_fen(decided: Decided) -> int:
    """Return cost + cost × rate + tax, before anything is deducted."""
    cost = max(decided.cost_fen - decided.subsidies_fen, 0)
    profit = cost * (decided.treasury_rate_bps + decided.premium_bps) // WHOLE
    return cost + profit + decided.tax_fen


def deducted(gross: int, owed_fen: int) -> tuple[int, int]:
    """Return what remains when it was taken too much before, and what of that did not fit."""
    return max(gross - owed_fen, 0), max(owed_fen - gross, 0)


def over_fen(allowed_fen: int, carried_fen: int, recovered_fen: int) -> int:
    """Return what the next period gives back: what was taken too much, and what did not fit here."""
    return max(recovered_fen - allowed_fen, 0) + carried_fen


def burnt_bps(allowed_fen: int, recovered_fen: int) -> int:
    """Return the share of an allowance that was taken, in ten-thousandths, rounded down.

    Of nothing, whatever was taken is all of it.
    """
    if allowed_fen == 0:
        return WHOLE if recovered_fen else 0
    return recovered_fen * WHOLE // allowed_fen


def warning_bps(allowed_fen: int, recovered_fen: int, warned_bps: int) -> int | None:
    """Return the highest threshold that was reached and not told yet, or None."""
    reached = [
        each
        for each in WARNINGS_BPS
        if recovered_fen and each <= burnt_bps(allowed_fen, recovered_fen) and each > warned_bps
    ]
    return max(reached, default=None)


def deviation_bps(filed: int, actual: int) -> int:
    """Return how far a figure is from the filed one, in ten-thousandths of it, rounded up.

    Rounded down, a hair above ten percent would be ten percent.
    """
    difference = abs(actual - filed)
    return -(-difference * WHOLE // max(filed, 1))


def task_of(decided: Decided, *, actual_cost_fen: int, actual_volume: int) -> tuple[int, Task]:
    """Return the larger deviation of cost and volume, and who adjusts: up to 10 % fees, else ceilings."""
    found = max(
        deviation_bps(decided.cost_fen, actual_cost_fen),
        deviation_bps(decided.expected_volume, actual_volume),
    )
    if found == 0:
        return 0, Task.NONE
    return found, Task.FEES if found <= SMALL_DEVIATION_BPS else Task.CEILINGS


def is_to_compare(allowance: Allowance, today: dt.date) -> bool:
    """Tell whether the period is over and nobody compared what it brought with what was filed."""
    is_over = today > allowance.decided.period_to
    return is_over and allowance.compared is None and allowance.state is State.LAID_DOWN


def check_over(decided: Decided, today: dt.date) -> None:
    """Return if the period is over.

    :raises PeriodNotOver: if its last day is not.
    """
    if today <= decided.period_to:
        raise PeriodNotOver(period_to=decided.period_to.isoformat())


def _years_later(day: dt.date, years: int) -> dt.date:
    """Return the same day so many years later; of a leap day, the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)
