"""Check what was signed of a log: the newest checkpoint, those stored, the signer's own journal.

All of them have to be one line of signed notes, with one root for a size.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import further_lines
from catalog.audit_log.checkpoint import (
    Checkpoint,
    NoteMalformed,
    VerifierKey,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
)
from catalog.audit_log.export_reading import rows
from catalog.audit_log.leaf import instant
from catalog.audit_log.verdict import Fault, Findings


class _SignedLine(msgspec.Struct, frozen=True):
    """A line of the signer's own journal, as far as it matters here."""

    size: int
    root: bytes
    note: str
    at: dt.datetime


class SignedHistory:
    """What was signed of one log, as far as it was read: a root for each size."""

    def __init__(
        self, source: export.Source, found: Findings, key: VerifierKey, keys: export.Keys | None
    ) -> None:
        self.source = source
        self.found = found
        self.key = key
        self.further = further_lines.further_keys(keys, key.name)
        self.roots: dict[int, bytes] = {}
        self.distrusted: set[int] = set()  # sizes that only a distrusted key signed
        self.witnessed_size = 0

    def witnessed(self) -> None:
        """Take what witnesses saw for signed. Whether they are enough, a policy says."""
        raw = self.source.read(export.WITNESSED)
        checkpoint = None if raw is None else self._opened(raw, "witnessed")
        if checkpoint is not None:
            self.witnessed_size = checkpoint.size
            self._remember_root(checkpoint)

    def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint, None if it is missing or not signed by the log."""
        raw = self.source.read(export.CHECKPOINT)
        if raw is None:
            self.found.bad("checkpoint", "newest", "is missing")
            return None
        newest = self._opened(raw, "newest")
        if newest is not None:
            further_lines.note_missing(self.found, raw, self.further)
            self._remember_root(newest)
            if newest.size < self.witnessed_size:
                reason = (
                    f"is older than what was witnessed, which has {self.witnessed_size} entries"
                )
                self.found.bad("checkpoint", newest.size, reason)
        return newest

    def _opened(self, note: bytes, name: str, *, is_past: bool = False) -> Checkpoint | None:
        try:
            checkpoint = open_checkpoint(note, self.key)
        except NoteMalformed as error:
            self.found.bad("checkpoint", name, f"is malformed: {error.facts['reason']}")
            return None
        if checkpoint is None:
            return self._not_signed(note, name, is_past=is_past)
        further_lines.check(self.found, note, self.further, name)
        return checkpoint

    def _not_signed(self, raw: bytes, name: str, *, is_past: bool) -> Checkpoint | None:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
        reason, fault = self.key.why_not(note, checkpoint) or ("", None)
        if is_past and fault is Fault.KEY_DISTRUSTED:
            # It proves nothing. But what is trusted has to go on from it, as from all that was signed.
            self.distrusted.add(checkpoint.size)
            self.found.counts["checkpoints of a distrusted key"] = len(self.distrusted)
            return checkpoint
        told = f"is not signed by {self.key.name}"
        self.found.bad("checkpoint", name, f"{told}: {reason}" if reason else told, fault)
        return None

    def checkpoints(self, newest: Checkpoint | None) -> None:
        """Compare the stored checkpoints with each other, the newest and the signer's journal."""
        journal = self._signer_journal()
        stored: list[int] = []
        for row in rows(self.source, self.found, export.CHECKPOINTS, export.CheckpointRow):
            self.found.count("checkpoints")
            if stored and row.size <= stored[-1]:
                self.found.bad("checkpoint", row.size, "stands out of order")
            checkpoint = self._signed_as_stored(row, journal)
            if checkpoint is not None:
                self._follows(checkpoint, stored[-1] if stored else 0)
                stored.append(row.size)
        for size in sorted((journal or {}).keys() - set(stored)):
            self.found.bad("checkpoint", size, "was signed, but is not stored")
        if newest is not None and stored and stored[-1] != newest.size:
            self.found.bad("checkpoint", newest.size, "is not the newest one stored")

    def _follows(self, checkpoint: Checkpoint, before: int) -> None:
        if checkpoint.previous not in (None, before):
            reason = (
                f"was signed after one of {checkpoint.previous}, which is not the one before it"
            )
            self.found.bad("checkpoint", checkpoint.size, reason)

    def _signed_as_stored(
        self, row: export.CheckpointRow, journal: dict[int, _SignedLine] | None
    ) -> Checkpoint | None:
        checkpoint = self._opened(row.note, str(row.size), is_past=True)
        if checkpoint is None:
            return None
        if (checkpoint.size, checkpoint.root) != (row.size, row.root):
            self.found.bad("checkpoint", row.size, "its columns differ from its note")
        elif journal is not None and row.size not in journal:
            self.found.bad("checkpoint", row.size, "the signer's journal does not have it")
        elif journal is not None and row.note != journal[row.size].note.encode():
            self.found.bad("checkpoint", row.size, "its note is not that of the signer's journal")
        elif journal is not None and row.published_at != instant(journal[row.size].at):
            self.found.bad("checkpoint", row.size, "was signed at another time")
        self._remember_root(checkpoint)
        return checkpoint

    def _remember_root(self, checkpoint: Checkpoint) -> None:
        if self.roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            self.found.bad("checkpoint", checkpoint.size, "two roots were signed for this size")

    def _signer_journal(self) -> dict[int, _SignedLine] | None:
        if self.source.read(export.SIGNER_JOURNAL) is None:
            self.found.note("the signer's own journal was not exported")
            return None
        sizes: dict[int, _SignedLine] = {}
        last = -1
        for line in rows(self.source, self.found, export.SIGNER_JOURNAL, _SignedLine):
            name = f"{line.size} of the signer's journal"
            checkpoint = self._opened(line.note.encode(), name, is_past=True)
            if checkpoint is None:
                continue
            if (checkpoint.size, checkpoint.root) != (line.size, line.root) or line.size <= last:
                self.found.bad("checkpoint", line.size, "the signer's journal contradicts itself")
            self._remember_root(checkpoint)
            last = line.size
            sizes[line.size] = line
        return sizes
