"""Say what is handed in to a lane: an entry, and what moves with it (记账请求)."""

from __future__ import annotations

import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.errors import Conflict
from settlement.ledger.journal import Entry


class LaneTaken(Conflict):
    """Another process writes this lane just now."""

    code = "lane_taken"


class LaneFull(Conflict):
    """More waits in the lane than it takes on. Nothing was done; the same request may be sent again."""

    code = "lane_full"


class LaneLost(Conflict):
    """Another writer took the lane over before this was posted. Nothing was done."""

    code = "lane_lost"


class StateMoved(Conflict):
    """What the entry belongs to is not in the state any more in which it was to be posted."""

    code = "lane_state_moved"


class Transition(msgspec.Struct, frozen=True):
    """One move of a state that many rows make together, each with an entry of its own.

    ``sql`` takes the ids ($1, uuid[]), the keys of their entries ($2, uuid[]) and the instant ($3), and
    touches a row only while it is in the state from which it may move. ``event`` is remembered of each.
    """

    name: str
    sql: str
    subject: str
    event: Event


class Move(msgspec.Struct, frozen=True):
    """The row that moves with an entry, or else the entry is not posted either."""

    transition: Transition
    id: uuid.UUID


class Request(msgspec.Struct, frozen=True):
    """What one caller hands in."""

    entry: Entry
    move: Move | None = None
