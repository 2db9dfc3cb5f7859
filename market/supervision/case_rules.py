"""Say under which rules a case of the log stands (适用规则): its rulebook, as set when it was filed.

Only the log is asked: an application names its rulebook, and whatever is set of one is remembered.
So a report judges each case by its own periods, and comes out the same from an export.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from catalog.audit_log.events import Event
from catalog.rulebooks import settings
from catalog.rulebooks.registry import RULEBOOKS
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.settings import Setting
from market.supervision.facts import Fact


class CaseRules:
    """The rulebooks with all that was ever set of them, as the log tells it."""

    def __init__(self, facts: Iterable[Fact], province: Rulebook) -> None:
        self._books: Final = RULEBOOKS | {province.code: province}
        self._province: Final = province
        self._set: dict[str, list[Setting]] = defaultdict(list)
        for fact in sorted(facts, key=lambda fact: fact.index):
            code = fact.subject("rulebook")
            if fact.event == Event.RULEBOOK_SET and code is not None:
                self._set[code].append(_setting(code, fact))
        for each in self._set.values():
            each.sort(key=lambda setting: setting.effective_from)

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of all rulebooks, in the order of the registry."""
        return tuple(self._books)

    def in_force(self, code: str | None, on: dt.date) -> Rulebook:
        """Return a rulebook as it stood on a day; the province's if the log names none that is known."""
        book = self._books.get(code or "", self._province)
        counted = (each for each in self._set[book.code] if each.effective_from <= on)
        return settings.overlay(book, counted)


def _setting(code: str, fact: Fact) -> Setting:
    return Setting(
        rulebook=code,
        name=fact.text("name") or "",
        value=fact.values.get("value"),
        effective_from=dt.date.fromisoformat(str(fact.values["effective_from"])),
        reason="",
        set_by="",
        set_at=fact.at,
    )
