"""Say days and instants in words, as notices of law do: 2026年5月13日 星期三 24时止."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.local_time import SHANGHAI, local_date

_ZH_DAYS: Final = "一二三四五六日"
_EN_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EN_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def day(on: dt.date, language: str) -> str:
    """Return a day with its weekday."""
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日 星期{_ZH_DAYS[on.weekday()]}"
    return f"{_EN_DAYS[on.weekday()]}, {on.day} {_EN_MONTHS[on.month - 1]} {on.year}"


def plain(on: dt.date, language: str) -> str:
    """Return a day without its weekday, where a law does not count to it."""
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day} {_EN_MONTHS[on.month - 1]} {on.year}"


def last_day(on: dt.date, language: str) -> str:
    """Return a last day as it ends: at 24:00 of it (民法典 203)."""
    if language == "zh":
        return f"{day(on, 'zh')} 24时止"
    return f"24:00 on {day(on, 'en')}"


def instant(at: dt.datetime, language: str) -> str:
    """Return an instant as a clock in Beijing shows it."""
    local = at.astimezone(SHANGHAI)
    clock = f"{local.hour:02}:{local.minute:02}"
    if language == "zh":
        return f"{local.year}年{local.month}月{local.day}日 {clock}"
    return f"{local.day} {_EN_MONTHS[local.month - 1]} {local.year}, {clock} (UTC+8)"


def second(at: dt.datetime, language: str) -> str:
    """Return an instant to the second, where the order of what happened matters."""
    local = at.astimezone(SHANGHAI)
    day = plain(local.date(), language)
    if language == "zh":
        return f"{day} {local:%H:%M:%S}"
    return f"{day}, {local:%H:%M:%S} (UTC+8)"


def left(time: dt.timedelta, language: str) -> str:
    """Return how long it still is, in words; of minutes the one that has begun counts."""
    minutes = max(0, -(-int(time.total_seconds()) // 60))
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    said = [
        (f"{count} {zh}" if language == "zh" else f"{count} {en}{'' if count == 1 else 's'}")
        for count, zh, en in (
            (days, "天", "day"),
            (hours, "小时", "hour"),
            (minutes, "分钟", "minute"),
        )
        if count
    ]
    return " ".join(said) or ("不到 1 分钟" if language == "zh" else "less than a minute")


def parsed(text: str) -> dt.date | None:
    """Return the day that a document names in ISO 8601, or None if it names none."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def days_until(end: dt.datetime, now: dt.datetime) -> int:
    """Return how many days are left until the day at whose end, or in which, it is over."""
    return days_to(local_date(end - dt.timedelta(microseconds=1)), now) if end > now else -1


def days_to(last: dt.date, now: dt.datetime) -> int:
    """Return how many days are left until a last day; below zero it is past."""
    return (last - local_date(now)).days
