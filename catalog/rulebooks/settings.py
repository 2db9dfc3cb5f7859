"""Say which values of a rulebook may be set, to what, and put them over it (规则设置).

What stands in a text of law is never set. What the text leaves open is ours: a number marked [P], or one
of the interpretations of ``interpretations.py``. A value counts for cases filed from its day on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.periods import CHOSEN, Period, Unit
from catalog.rulebooks.rulebook import Rulebook

MOST_DAYS: Final = 366
MOST_YEARS: Final = 100

#: What no text decides, by the interpretation that does (RULES §10).
FLAGS: Final = {
    "reviews_run_in_parallel": "A8",
    "review_pauses_for_material": "A44",
    "voluntary_transfer_allowed": "A22",
    "correction_may_skip_compliance": "A21",
    "unpaid_fee_stops_acceptance": "[P]",
}
#: Periods that need not be: no limit until one is set.
OPTIONAL: Final = {"correction_window": "A10", "issuing": "[P]"}
_UNITS: Final = {
    Unit.WORKING_DAYS: MOST_DAYS,
    Unit.DAYS: MOST_DAYS,
    Unit.MONTHS: 12 * MOST_YEARS,
    Unit.YEARS: MOST_YEARS,
}


class SettingUnknown(Invalid):
    """The rulebook has no such value, or it stands in the text and is not ours to set."""

    code = "rulebook_setting_not_open"


class SettingValueInvalid(Invalid):
    """The value is of another kind, or out of bounds."""

    code = "rulebook_setting_invalid"


class SettingRetroactive(Refused):
    """A setting counts from tomorrow on at the earliest; no case changes its rules."""

    code = "rulebook_setting_retroactive"


class GivenPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period as it is set."""

    length: int
    unit: Unit


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was set: which, to what, from when, why, by whom."""

    rulebook: str
    name: str
    value: Any
    effective_from: dt.date
    reason: str
    set_by: str
    set_at: dt.datetime


class OpenValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a rulebook that may be set, and what it is now."""

    name: str
    source: str  # [P], or the interpretation
    default: Any
    value: Any


def open_values(rulebook: Rulebook, in_force: Rulebook) -> list[OpenValue]:
    """Return what may be set of ``rulebook``, with what is in force."""
    return [
        OpenValue(
            name=name,
            source=source,
            default=msgspec.to_builtins(getattr(rulebook, name)),
            value=msgspec.to_builtins(getattr(in_force, name)),
        )
        for name, source in sorted(_open(rulebook).items())
    ]


def check(rulebook: Rulebook, name: str, value: Any) -> Any:
    """Return ``value`` as it is kept, if it may be set.

    :raises SettingUnknown: if the value is not open.
    :raises SettingValueInvalid: if it is of another kind or out of bounds.
    """
    if name not in _open(rulebook):
        raise SettingUnknown(name=name)
    if name in FLAGS:
        if not isinstance(value, bool):
            raise SettingValueInvalid(name=name)
        return value
    if value is None and name in OPTIONAL:
        return None
    try:
        given = msgspec.convert(value, GivenPeriod)
    except msgspec.ValidationError as error:
        raise SettingValueInvalid(name=name) from error
    if not 1 <= given.length <= _UNITS[given.unit]:
        raise SettingValueInvalid(name=name)
    return msgspec.to_builtins(given)


def check_day(effective_from: dt.date, today: dt.date) -> None:
    """Return if a setting begins tomorrow or later.

    :raises SettingRetroactive: if it would touch cases that are filed already.
    """
    if effective_from <= today:
        raise SettingRetroactive(earliest=(today + dt.timedelta(days=1)).isoformat())


def overlay(rulebook: Rulebook, settings: Iterable[Setting]) -> Rulebook:
    """Return ``rulebook`` with these settings over it, the later over the earlier."""
    values: dict[str, Any] = {}
    for setting in settings:
        values[setting.name] = _value(setting)
    return msgspec.structs.replace(rulebook, **values) if values else rulebook


def _value(setting: Setting) -> Any:
    if setting.name in FLAGS or setting.value is None:
        return setting.value
    given = msgspec.convert(setting.value, GivenPeriod)
    return Period(given.length, given.unit, CHOSEN, "set")


def _open(rulebook: Rulebook) -> dict[str, str]:
    periods = {
        name: CHOSEN
        for name, value in msgspec.structs.asdict(rulebook).items()
        if isinstance(value, Period) and value.source == CHOSEN
    }
    return periods | OPTIONAL | FLAGS
