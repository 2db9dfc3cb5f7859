"""Say the codes of the interface in the words of the pages: 中文, or English with ``--lang en``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from market.portal import dates
from market.portal.wording import Speaker


def due(t: Speaker, timer: dict[str, Any]) -> str:
    """Return a last day with its weekday, and whether it is provisional (暂定)."""
    day = dates.day(dt.date.fromisoformat(timer["due_on"]), t.language)
    return f"{day} {t('work.is_provisional')}" if timer["provisional"] else day


def at(t: Speaker, instant: str | None) -> str:
    """Return an instant as a clock in Beijing shows it, or a dash if there is none."""
    return "—" if instant is None else dates.instant(dt.datetime.fromisoformat(instant), t.language)


def left(t: Speaker, item: dict[str, Any], today: str) -> str:
    """Return how many working days are left, or by how many it is late."""
    pressing = item["pressing"]
    if pressing["working_days_late"]:
        return t.count("work.late", pressing["working_days_late"])
    if pressing["working_days_left"]:
        return t.count("work.left", pressing["working_days_left"])
    return t("work.just_over" if item["timer"]["due_on"] < today else "work.today")
