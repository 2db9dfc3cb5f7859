"""The nouns of this room: a timer (期限), what moved when a notice came, what to look for."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Deadline, Period
from catalog.timers.states import State

TimerId = NewType("TimerId", uuid.UUID)


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A clock that runs against someone (期限): about what, against which role, until when.

    ``kind`` is what is due, in the word that the rulebook has for it (``acceptance``, ``review``).
    The law counts from ``started_on``; ``started_at`` is when we wrote it down.
    """

    id: TimerId
    kind: str
    subject_kind: str
    subject_id: uuid.UUID
    against: str
    party_id: PartyId | None
    rulebook: str
    started_on: dt.date
    started_at: dt.datetime
    period: Period
    due_on: dt.date
    ends_at: dt.datetime
    provisional: bool
    state: State
    met_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    note: str = ""

    @property
    def deadline(self) -> Deadline:
        """Return the end of the period as it is known now."""
        return Deadline(self.due_on, self.provisional)


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A timer whose last day changed when a notice was loaded, before and after."""

    timer: Timer
    was_due_on: dt.date
    was_provisional: bool
    was_state: State


class DueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which running timers are wanted; what is None does not matter."""

    against: str | None = None
    kind: str | None = None
    subject_kind: str | None = None
    party_id: PartyId | None = None
    state: State | None = None
    provisional: bool | None = None
    due_through: dt.date | None = None
