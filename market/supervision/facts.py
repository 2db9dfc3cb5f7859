"""Say what a report counts: entries of the audit log and entries of the journal, as facts.

An entry's public leaf says what happened, when, and to what. Its payload says the rest: ``facts``,
and ``after`` where the entry holds a record. Both are read as one set of named values.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from catalog.audit_log.model import Digest, Subject
from catalog.kernel.workdays import Calendar, YearTable

CALENDAR_YEAR_LOADED: Final = "calendar_year:loaded"

#: Many, and of no use after their quarter: not read from before it.
ONLY_IN_THEIR_QUARTER: Final = (
    "audit_entries:read",
    "material:read",
    "material:denied",
    "session:opened",
    "session:closed",
    "sign_in:failed",
    "sign_in:held_off",
    "credential:refused",
    "access:denied",
    "object:denied",
    "data:accessed",
    "data:denied",
    "trace:read",
)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log, as far as a report reads it."""

    index: int
    at: dt.datetime
    event: str
    leaf_hash: str  # RFC 6962, hex
    subjects: tuple[Subject, ...] = ()
    digests: tuple[Digest, ...] = ()
    values: dict[str, Any] = {}
    actor_party_id: str | None = None

    def subject(self, kind: str) -> str | None:
        """Return the id of its subject of that kind, or None; also if it only names it."""
        for subject in self.subjects:
            if subject.kind == kind:
                return subject.id
        return self.text(f"{kind}_id")

    def text(self, *names: str) -> str | None:
        """Return the first of the named values that is a text."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str) and value:
                return value
        return None

    def count(self, *names: str) -> int:
        """Return the first of the named values that is a whole number, else 0."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return 0

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list; of its members' ``ground`` or ``code`` if they are records."""
        found = self.values.get(name)
        if not isinstance(found, list):
            return []
        plain = (_name(each) for each in found)
        return [each for each in plain if each is not None]


class JournalFact(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal, as far as a report reads it."""

    key: str
    kind: str
    amount_fen: int
    sha256: str
    booked_at: dt.datetime


def values_of(payload: dict[str, Any] | None) -> dict[str, Any]:
    """Return the named values of a payload; none if it was erased.

    What ``facts`` say goes before what ``after`` says. The form of an application and the
    description of a product that stand in either are read too, and their level.
    """
    if payload is None:
        return {}
    found: dict[str, Any] = {}
    for part in (payload.get("after"), payload.get("facts")):
        if isinstance(part, dict):
            for record in (
                part.get("form"),
                part.get("description"),
                part.get("told"),
                part,
            ):
                found |= _record_values(record)
    if payload.get("reason") is not None:
        found.setdefault("reason", payload["reason"])
    return found


def calendar_of(facts: list[Fact]) -> Calendar:
    """Return the working-day calendar as the log tells it: a later notice takes the place of one.

    So a report counts working days by the notices that were in the log when it was made.
    """
    years: dict[int, YearTable] = {}
    for fact in sorted(facts, key=lambda fact: fact.index):
        if fact.event == CALENDAR_YEAR_LOADED and "notice_number" in fact.values:
            table = msgspec.convert(
                {name: fact.values[name] for name in YearTable.__struct_fields__}, YearTable
            )
            years[table.year] = table
    return Calendar(years)


def _record_values(record: object) -> dict[str, Any]:
    if not isinstance(record, dict):
        return {}
    found = {name: value for name, value in record.items() if value is not None}
    classification = record.get("classification")
    if isinstance(classification, dict) and "level" in classification:
        found.setdefault("level", classification["level"])
    return found


def _name(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("ground") or value.get("code")
    return value if isinstance(value, str) else None
