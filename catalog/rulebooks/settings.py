"""Check what is set of a rulebook, and put it over the text (规则设置).

What stands in a text of law is never set. Each rulebook says itself what it leaves open and within which
bounds (``Rulebook.open``); a value counts for cases filed from its day on.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.periods import CHOSEN, Period, Unit
from catalog.rulebooks.rulebook import Kind, Open, Rulebook


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
    default: Any
    value: Any
    bounds: Open


def open_values(rulebook: Rulebook, in_force: Rulebook) -> list[OpenValue]:
    """Return what may be set of ``rulebook``, with what is in force."""
    return [
        OpenValue(
            name=name,
            bounds=bounds,
            default=msgspec.to_builtins(getattr(rulebook, name)),
            value=msgspec.to_builtins(getattr(in_force, name)),
        )
        for name, bounds in sorted(rulebook.open.items())
    ]


def check(rulebook: Rulebook, name: str, value: Any) -> Any:
    """Return ``value`` as it is kept, if it may be set.

    :raises SettingUnknown: if the value is not open.
    :raises SettingValueInvalid: if it is of another kind or out of bounds.
    """
    bounds = rulebook.open.get(name)
    if bounds is None:
        raise SettingUnknown(name=name)
    if bounds.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise SettingValueInvalid(name=name)
        return value
    if bounds.kind is Kind.TEXT:
        if not isinstance(value, str) or re.fullmatch(bounds.pattern, value) is None:
            raise SettingValueInvalid(name=name, pattern=bounds.pattern)
        return value
    if value is None and bounds.may_be_none:
        return None
    return _period(name, value, bounds)


def check_day(effective_from: dt.date, today: dt.date) -> None:
    """Return if a setting begins tomorrow or later.

    :raises SettingRetroactive: if it would touch cases that are filed already.
    """
    if effective_from <= today:
        raise SettingRetroactive(earliest=(today + dt.timedelta(days=1)).isoformat())


def overlay(rulebook: Rulebook, settings: Iterable[Setting]) -> Rulebook:
    """Return ``rulebook`` with these settings over it, the later over the earlier.

    One that the rulebook does not leave open, or not so far, was never in force: the text goes before.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        try:
            kept = check(rulebook, setting.name, setting.value)
        except (SettingUnknown, SettingValueInvalid):
            continue
        values[setting.name] = _value(kept)
    return msgspec.structs.replace(rulebook, **values) if values else rulebook


def _period(name: str, value: Any, bounds: Open) -> Any:
    try:
        given = msgspec.convert(value, GivenPeriod)
    except msgspec.ValidationError as error:
        raise SettingValueInvalid(name=name) from error
    if given.unit not in bounds.units or not bounds.least <= given.length <= bounds.most:
        raise SettingValueInvalid(
            name=name,
            least=bounds.least,
            most=bounds.most,
            units=[unit.value for unit in bounds.units],
        )
    return msgspec.to_builtins(given)


def _value(kept: Any) -> Any:
    if not isinstance(kept, dict):
        return kept
    given = msgspec.convert(kept, GivenPeriod)
    return Period(given.length, given.unit, CHOSEN, "set")
