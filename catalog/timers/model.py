"""The nouns of this room: a timer (期限), what moved when a notice came, what to look for."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final, NewType

import msgspec

from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Deadline, Period
from catalog.kernel.workdays import Gap
from catalog.timers.states import State

TimerId = NewType("TimerId", uuid.UUID)

# The public owes nothing: what runs for it (the notice, 公示期) is fulfilled by running out.
PUBLIC: Final = "public"


class Pause(msgspec.Struct, frozen=True):
    """Days on which a timer stood still (中止计时), and why.

    ``cause`` is the key under which it began and ends: two causes may hold a timer at once.
    """

    gap: Gap
    note: str
    cause: str = "supplement"


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A clock that runs against someone (期限): about what, against which role, until when.

    ``kind`` is what is due, in the word that the rulebook has for it (``acceptance``, ``review``).
    The law counts from ``started_on``; ``started_at`` is when we wrote it down. ``overdue_since``
    is when it was marked overdue: a cancelled timer keeps it, only a later last day takes it back.
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
    overdue_since: dt.datetime | None = None
    note: str = ""
    pauses: tuple[Pause, ...] = ()
    extended_by: int = 0  # working days that were added

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return the days on which the clock stood still, as far as they have ended."""
        return tuple(pause.gap for pause in self.pauses if pause.gap.through is not None)

    @property
    def deadline(self) -> Deadline:
        """Return the end of the period as it is known now."""
        return Deadline(self.due_on, self.provisional)

    @property
    def ended_at(self) -> dt.datetime | None:
        """Return when it stopped running; None while it runs."""
        return self.met_at or self.cancelled_at


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A timer whose last day changed when a notice was loaded, before and after."""

    timer: Timer
    was_due_on: dt.date
    was_provisional: bool
    was_state: State


class DueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which timers are wanted; what is None does not matter.

    Only those whose days pass (open and overdue, not paused), unless a state is named or the overdue ones are asked for: of these the
    ended ones are part.
    """

    against: str | None = None
    kind: str | None = None
    subject_kind: str | None = None
    subject_id: uuid.UUID | None = None
    party_id: PartyId | None = None
    state: State | None = None
    provisional: bool | None = None
    was_overdue: bool | None = None
    due_from: dt.date | None = None
    due_through: dt.date | None = None


class Load(msgspec.Struct, frozen=True):
    """How many timers run, and how many of them to a day that is not final yet."""

    count: int
    provisional_count: int
