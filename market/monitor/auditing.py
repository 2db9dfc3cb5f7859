"""Read a log again that was read before, all of it, and compare it with what is remembered (重读核对).

A look fetches what is new; whoever rewrites an old file afterwards is not seen by it. Here every entry is hashed
again, up to where the log was read: every tile must be what the entries below it give, and the tree must be
the one that was remembered. Nothing that is remembered changes.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Final

import msgspec

from catalog.audit_log.merkle import HASH_LENGTH, TILE_WIDTH, Edge
from catalog.audit_log.tiles import TilePath
from catalog.monitoring.alerts import Alert, Kind, Wrong
from catalog.monitoring.db import MonitorDb
from catalog.monitoring.disk import Followed
from market.monitor import reading
from market.monitor.files import LogFiles
from market.monitor.following import remember
from market.monitor.reading import Hashed, Spread

#: So many are told; whoever rewrote more is found all the same.
MOST: Final = 100


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What reading again found."""

    origin: str
    entries: int  # that were read again
    alerts: tuple[str, ...]  # by their keys
    is_reached: bool = True


def audit(
    log: Followed,
    memory: MonitorDb,
    files: LogFiles,
    now: dt.datetime,
    spread: Spread | None = None,
) -> Audited:
    """Read again all that was read of a log; what is found is kept to be told, until a person saw it."""
    held = memory.progress().edge
    opens: reading.Opens = (lambda: files) if spread is None else reading.At(log.url)
    again = _Again(files, held)
    for each in (spread or map)(
        functools.partial(reading.hashed, opens), reading.stretches(0, held.size)
    ):
        again.take(each)
        if each.is_broken_off:
            break
    found = again.end() if again.is_reached else []
    with memory.together():
        for alert in found:
            remember(memory, log.origin, alert, now)
    return Audited(
        origin=log.origin,
        entries=again.edge.size if again.is_reached else 0,
        alerts=tuple(alert.key for alert in found),
        is_reached=again.is_reached,
    )


class _Again:
    """The tree that the entries give this time, beside the one that is remembered."""

    def __init__(self, files: LogFiles, held: Edge) -> None:
        self._files = files
        self._held = held
        self._found: list[Alert] = []
        self.edge = Edge()
        self.is_reached = True

    def take(self, stretch: Hashed) -> None:
        for alert in stretch.alerts:
            if alert.kind is Kind.UNREACHABLE:
                self.is_reached = False
                return
            self._found.append(alert)
        roots = iter(stretch.roots)
        for tile in stretch.tiles:
            if len(tile) == TILE_WIDTH * HASH_LENGTH:
                self.edge, filled = self.edge.with_tile(tile, next(roots))
                upper = [each for each in filled if each.level]
            else:
                hashes = [tile[at : at + HASH_LENGTH] for at in range(0, len(tile), HASH_LENGTH)]
                self.edge, upper = self.edge.extended(hashes)
            for each in upper:
                self._compare(each.level, each.number, each.hashes)

    def _compare(self, level: int, number: int, mine: bytes) -> None:
        path = str(TilePath(level, number, len(mine) // HASH_LENGTH))
        try:
            served = self._files.tile(self._held.size, level, number)
        except Wrong as wrong:
            self._found.append(wrong.alert)
            return
        if served != mine:
            first = _first_that_differs(served, mine)
            span = TILE_WIDTH**level
            start = (number * TILE_WIDTH + first) * span
            why = f"the entries {start} to {start + span - 1} are not those that it names"
            self._found.append(Alert(kind=Kind.TILE_DIFFERS, about=path, why=why))

    def end(self) -> list[Alert]:
        """Return what is wrong, once everything was taken."""
        is_whole = self.edge.size == self._held.size
        for level, mine in enumerate(self.edge.partials if is_whole else ()):
            if level and mine:
                number = self.edge.size >> (8 * (level + 1))
                self._compare(level, number, mine)
        if is_whole:
            self._found += self._against_memory()
        return [_rewritten(alert) for alert in self._found[:MOST]]

    def _against_memory(self) -> Iterator[Alert]:
        """Name the parts of the tree whose remembered hashes are others."""
        for level, (held, mine) in enumerate(
            zip(self._held.partials, self.edge.partials, strict=True)
        ):
            base = (self._held.size >> (8 * (level + 1))) * TILE_WIDTH
            span = TILE_WIDTH**level
            for place in range(0, len(held), HASH_LENGTH):
                if held[place : place + HASH_LENGTH] != mine[place : place + HASH_LENGTH]:
                    start = (base + place // HASH_LENGTH) * span
                    about = f"entries {start} to {start + span - 1}"
                    why = "they hash to another tree than the one that was accepted"
                    yield Alert(kind=Kind.TILE_DIFFERS, about=about, why=why)


def _rewritten(alert: Alert) -> Alert:
    """Return what differs as what it is: it was read before, and was another then."""
    if alert.kind is Kind.FILE_MISSING:
        return alert
    return Alert(kind=Kind.REWRITTEN, about=alert.about, why=f"{alert.why}; it was another before")


def _first_that_differs(served: bytes, mine: bytes) -> int:
    return next(
        place // HASH_LENGTH
        for place in range(0, len(mine), HASH_LENGTH)
        if served[place : place + HASH_LENGTH] != mine[place : place + HASH_LENGTH]
    )
