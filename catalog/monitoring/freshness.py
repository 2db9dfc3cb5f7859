"""Say what of a log is too old (新鲜度)."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.monitoring.alerts import Alert, Kind


class Limits(msgspec.Struct, frozen=True):
    """How old what may be, in seconds; None does not matter."""

    checkpoint: float | None = None
    heads: float | None = None
    quorum: float | None = None


class Times(msgspec.Struct, frozen=True):
    """What is known of the times of a log."""

    newest: dt.datetime | None = None  # its newest entry, or cosignature
    uncovered_since: dt.datetime | None = None  # the first entry that no heads cover
    unwitnessed_since: dt.datetime | None = None  # since when we know a checkpoint without quorum


def stale(times: Times, limits: Limits, now: dt.datetime) -> list[Alert]:
    """Return what is older than it may be. A log without entries is not old."""
    cases = (
        (Kind.CHECKPOINT_STALE, "checkpoint", times.newest, limits.checkpoint),
        (Kind.HEADS_STALE, "heads", times.uncovered_since, limits.heads),
        (Kind.QUORUM_MISSING, "checkpoint", times.unwitnessed_since, limits.quorum),
    )
    return [
        Alert(kind=kind, about=about, why=f"since {at.isoformat()}")
        for kind, about, at, limit in cases
        if at is not None and limit is not None and now - at > dt.timedelta(seconds=limit)
    ]


def instant_of(text: str) -> dt.datetime | None:
    """Return the instant that a leaf names, None if it names none."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
