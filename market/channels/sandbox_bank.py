"""Keep what the sandbox's bank did: a file of lines, which every worker and the next start reads.

A bank is another system than ours. What it booked stays booked when we forget it, so that it can be
asked for later and stands in its statement.
"""

from __future__ import annotations

import fcntl
import os
import pathlib

import msgspec

from settlement.payments.channel import ChannelEvent, EventKind


class Booked(msgspec.Struct, frozen=True):
    """One thing that the bank did; ``event`` None: it stopped answering about the reference.

    ``of`` is the transaction that it sends back.
    """

    reference: str
    event: ChannelEvent | None = None
    of: str | None = None


class Bank:
    """The bank's own book."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._read = 0
        self._by_reference: dict[str, list[Booked]] = {}

    def book(self, booked: Booked) -> Booked:
        """Write it down; what has the same event was booked before and is returned as it was."""
        event = booked.event
        for earlier in self.booked(booked.reference):
            if event and earlier.event and earlier.event.event_id == event.event_id:
                return earlier
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(msgspec.json.encode(booked) + b"\n")
        return booked

    def booked(self, reference: str) -> list[Booked]:
        """Return what was booked under a reference, the oldest first."""
        self._catch_up()
        return self._by_reference.get(reference, [])

    def transaction(self, transaction_id: str) -> ChannelEvent | None:
        """Return a transaction by which money came, or None."""
        for each in self.all_booked():
            event = each.event
            if event is None or each.of is not None or event.kind is not EventKind.SUCCEEDED:
                continue
            if event.channel_transaction_id == transaction_id:
                return event
        return None

    def sent_back(self, transaction_id: str, *, but: str) -> int:
        """Return what was sent back of a transaction under other references than ``but``."""
        return sum(
            each.event.amount_fen
            for each in self.all_booked()
            if each.event
            and each.of == transaction_id
            and each.reference != but
            and each.event.kind is EventKind.SUCCEEDED
        )

    def all_booked(self) -> list[Booked]:
        """Return everything that was booked, by reference."""
        self._catch_up()
        return [each for booked in self._by_reference.values() for each in booked]

    def _catch_up(self) -> None:
        if not self._path.exists() or self._path.stat().st_size == self._read:
            return
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            file.seek(self._read)
            for line in file:
                booked = msgspec.json.decode(line, type=Booked)
                self._by_reference.setdefault(booked.reference, []).append(booked)
            self._read = file.tell()
