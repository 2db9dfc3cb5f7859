"""Say until when a registration is valid, and when it may be renewed (有效期、续期).

Both national texts bound validity and open renewal some time before its end; not renewed, it lapses.
Hainan's certificate has no term of its own: what ends is the product's validity (A23).
"""

from __future__ import annotations

import calendar as gregorian
import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.kernel.periods import Period, Unit
from catalog.rulebooks.rulebook import Rulebook

_ONE_DAY: Final = dt.timedelta(days=1)
_MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}


class RenewalNotOpen(Refused):
    """It is too early or too late to renew, or there is nothing to renew."""

    code = "renewal_not_open"


class RenewalWindow(msgspec.Struct, frozen=True):
    """The first and the last day on which a registration may be renewed."""

    opens_on: dt.date
    closes_on: dt.date


def valid_through(
    registered_on: dt.date, rulebook: Rulebook, operation_ends_on: dt.date | None = None
) -> dt.date | None:
    """Return the last day of validity, None where registrations have no term.

    That of an authorised operation counts if it ends sooner (NDRC26-15).
    """
    if rulebook.validity is None:
        return None
    last = _shifted(registered_on, rulebook.validity, 1)
    return last if operation_ends_on is None else min(last, operation_ends_on)


def window(valid_until: dt.date, rulebook: Rulebook) -> RenewalWindow | None:
    """Return when a registration that is valid until a day may be renewed, None if never."""
    if rulebook.renewal is None:
        return None
    closes_on = valid_until if rulebook.renewal.last_day_included else valid_until - _ONE_DAY
    return RenewalWindow(_shifted(valid_until, rulebook.renewal.opens_before, -1), closes_on)


def renewed_through(valid_until: dt.date, rulebook: Rulebook, today: dt.date) -> dt.date:
    """Return the last day after a renewal today; the new term begins on the day after the old.

    :raises RenewalNotOpen: if today is outside the window, or there is none.
    """
    open_days = window(valid_until, rulebook)
    if rulebook.renewal is None or open_days is None:
        raise RenewalNotOpen(opens_on=None, closes_on=None)
    if not open_days.opens_on <= today <= open_days.closes_on:
        raise RenewalNotOpen(
            opens_on=open_days.opens_on.isoformat(), closes_on=open_days.closes_on.isoformat()
        )
    return _shifted(valid_until, rulebook.renewal.at_most, 1)


def has_lapsed(valid_until: dt.date, today: dt.date) -> bool:
    """Tell whether a registration that was not renewed has ended (自动失效)."""
    return today > valid_until


def _shifted(day: dt.date, period: Period, direction: int) -> dt.date:
    """Return the day ``period`` later or earlier: the corresponding one, or the month's last."""
    if period.unit not in _MONTHS:
        return day + direction * dt.timedelta(days=period.length)
    months = day.year * 12 + day.month - 1 + direction * period.length * _MONTHS[period.unit]
    year, month0 = divmod(months, 12)
    last = gregorian.monthrange(year, month0 + 1)[1]
    return dt.date(year, month0 + 1, min(day.day, last))
