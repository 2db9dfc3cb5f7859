"""Follow a log from one of its keys to the next (密钥链): which key signed which part of it.

Each key of a log counts for the entries from ``first`` to before ``end``: places in the log, which
nobody can move, and no dates. Who knows one key knows them all, as far as notices lead (``key_notices``).
A key that no notice brings is none of the log's, whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from catalog.audit_log import key_notices
from catalog.audit_log.checkpoint import Checkpoint, Note, VerifierKey, is_signed_by
from catalog.audit_log.export_format import Keys, NoticeRow
from catalog.audit_log.key_notices import Action, KeyNotice
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.errors import DomainError

_BRINGS: Final = (Action.ANNOUNCE, Action.ROOT)


class Period(msgspec.Struct, frozen=True):
    """From which entry to before which one a key of the log counts, and who brought it."""

    key: VerifierKey
    first: int
    end: int | None = None
    distrusted_from: int | None = None
    by: VerifierKey | None = None

    def covers(self, index: int) -> bool:
        """Tell whether what the key says of the log up to this entry counts."""
        return self.first <= index and all(
            end is None or index < end for end in (self.end, self.distrusted_from)
        )

    def told(self, index: int) -> tuple[str, Fault]:
        """Return why it does not count there."""
        key = f"its key {self.key.note_id.hex()}"
        if self.distrusted_from is not None and index >= self.distrusted_from:
            reason = f"{key} is distrusted from entry {self.distrusted_from} on"
            return reason, Fault.KEY_DISTRUSTED
        if index < self.first:
            return f"{key} signs from entry {self.first} on only", Fault.KEY_NOT_VALID
        return f"{key} ended at entry {self.end}", Fault.KEY_NOT_VALID


class Placed(msgspec.Struct, frozen=True):
    """A notice, and the entry that binds it."""

    index: int
    notice: KeyNotice


class KeyChain(VerifierKey, frozen=True):
    """The keys of one log that are known through one of them; as a whole, the key of that log.

    ``name`` and ``public_key`` are those of the one from which the others are known. ``expected`` are
    the places of the notices and their digests: who reads the log looks whether they stand there.
    """

    periods: tuple[Period, ...] = ()
    expected: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()  # key of a notice that does not count, and why

    def has_signed(self, note: Note, checkpoint: Checkpoint) -> bool:
        """Tell whether a key signed the note that was in force at its size."""
        index = max(checkpoint.size - 1, 0)
        return any(
            period.covers(index) and is_signed_by(note, period.key) for period in self.periods
        )

    def why_not(self, note: Note, checkpoint: Checkpoint) -> tuple[str, Fault] | None:
        """Return why a note is not signed as it has to be, where one of the log's keys did sign it."""
        index = max(checkpoint.size - 1, 0)
        for period in self.periods:
            if is_signed_by(note, period.key):
                return period.told(index)
        for _, reason in self.refused:
            return reason, Fault.KEY_NOT_ANNOUNCED
        return None

    def in_force(self, index: int) -> tuple[VerifierKey, ...]:
        """Return which keys sign the log up to this entry, the oldest first."""
        return tuple(period.key for period in self.periods if period.covers(index))


def followed(key: VerifierKey, keys: Keys | None) -> VerifierKey:
    """Return all keys of the log that are known through ``key`` by the notices that are published.

    What of them does not count is left out and stays to be told (``refused``).
    """
    rows = [] if keys is None else [row for row in keys.notices if row.index is not None]
    return chained(key, rows) if rows else key


def chained(key: VerifierKey, rows: Iterable[NoticeRow]) -> KeyChain:
    """Return the chain through ``key`` of notices that have their places."""
    placed: list[Placed] = []
    refused: list[tuple[str, str]] = []
    expected: list[tuple[int, str]] = []
    for row in sorted(rows, key=lambda row: row.index or 0):
        assert row.index is not None, "it has its place"
        expected.append((row.index, key_notices.digest(row.note)))
        try:
            notice = key_notices.read(row.note)
        except DomainError as error:
            refused.append((str(row.index), f"its notice at entry {row.index}: {error.code}"))
            continue
        if notice.origin == key.name:
            placed.append(Placed(row.index, notice))
        else:
            reason = f"its notice at entry {row.index} is of the log {notice.origin}"
            refused.append((str(notice.key), reason))
    replay = _Replay(_first_of(key, placed))
    for each in placed:
        fault = replay.take(each)
        if fault is not None:
            refused.append((str(each.notice.key), fault))
    periods = tuple(replay.periods())
    return KeyChain(key.name, key.public_key, periods, tuple(expected), tuple(refused))


def _first_of(key: VerifierKey, placed: list[Placed]) -> VerifierKey:
    """Return the first key of the log, back from the one that is known, as far as it says so itself.

    The key that is known signed the notice that brought it, and so the name of the one before.
    """
    before: Placed | None = None
    while True:
        brought = next(
            (
                each
                for each in placed
                if each.notice.action in _BRINGS
                and each.notice.key == key
                and (before is None or each.index < before.index)
            ),
            None,
        )
        if brought is None:
            return key
        key, before = brought.notice.by, brought


class _Replay:
    """Take the notices in the order of their entries."""

    def __init__(self, first: VerifierKey) -> None:
        self._keys: dict[VerifierKey, Period] = {first: Period(first, 0)}
        self._roots: dict[VerifierKey, Period] = {}

    def periods(self) -> Iterator[Period]:
        """Yield the keys that sign checkpoints."""
        yield from self._keys.values()

    def take(self, each: Placed) -> str | None:
        """Let a notice count; return why it does not, if so."""
        notice, index = each.notice, each.index
        by = self._keys.get(notice.by) or self._roots.get(notice.by)
        if by is None:
            return "its notice is not signed by a key of the log"
        if not by.covers(index):
            return f"its notice at entry {index} does not count: {by.told(index)[0]}"
        if notice.action in _BRINGS:
            return self._bring(notice, index)
        period = self._keys.get(notice.key) or self._roots.get(notice.key)
        if period is None:
            return f"the notice at entry {index} is about a key that is not the log's"
        if notice.action is Action.END:
            return self._end(period, index)
        assert notice.since is not None, "a distrust names its entry"
        return self._distrust(period, by, notice.since)

    def _bring(self, notice: KeyNotice, index: int) -> str | None:
        if notice.key in self._keys or notice.key in self._roots:
            return f"its notice at entry {index} brings a key that was there before"
        kept = self._roots if notice.action is Action.ROOT else self._keys
        kept[notice.key] = Period(notice.key, index, by=notice.by)
        return None

    def _end(self, period: Period, index: int) -> str | None:
        if period.end is not None:
            return f"it ended before, at entry {period.end}"
        self._put(msgspec.structs.replace(period, end=index))
        return None

    def _distrust(self, period: Period, by: Period, since: int) -> str | None:
        # A thief may have brought keys of his own. Who says so must not be one of them.
        if any(each.key == by.key for each in self._brought_later(period.key, since)):
            return "its distrust would take away the key that signs it"
        for each in (period, *self._brought_later(period.key, since)):
            begins = since if each is period else each.first
            before = each.distrusted_from
            self._put(
                msgspec.structs.replace(
                    each, distrusted_from=begins if before is None else min(before, begins)
                )
            )
        return None

    def _brought_later(self, key: VerifierKey, since: int) -> list[Period]:
        """Return what a key brought from an entry on, and what that brought in its turn."""
        every = [*self._keys.values(), *self._roots.values()]
        direct = [each for each in every if each.by == key and each.first >= since]
        return direct + [more for each in direct for more in self._brought_later(each.key, 0)]

    def _put(self, period: Period) -> None:
        (self._keys if period.key in self._keys else self._roots)[period.key] = period


class PlacesOfNotices:
    """See, while the entries of a log are read, that its notices stand where they are said to.

    ``is_told`` says that what is published of the log's keys is at hand: then none may be missing there.
    """

    def __init__(self, key: VerifierKey, *, is_told: bool = False) -> None:
        self._is_told = is_told or isinstance(key, KeyChain)
        self._expected = dict(key.expected) if isinstance(key, KeyChain) else {}

    def see(self, found: Findings, index: int, bound: Sequence[str]) -> None:
        """Look at one entry, which binds these notices."""
        expected = self._expected.pop(index, None)
        if expected is not None and expected not in bound:
            found.bad("key", f"notice {index}", "its entry does not hold it", Fault.NOT_BOUND)
        elif expected is None and bound and self._is_told:
            reason = "the log has a notice about its keys here that keys.json does not tell"
            found.bad("entry", index, reason, Fault.NOT_BOUND)
        elif bound and expected is None:
            found.note(
                f"the log tells of a change of its keys at entry {index}; give its keys.json"
            )

    def end(self, found: Findings, size: int) -> None:
        """Look at what did not come, when ``size`` entries were read."""
        for index in sorted(self._expected):
            if index < size:
                found.bad("key", f"notice {index}", "its entry does not hold it", Fault.NOT_BOUND)
            else:
                found.note(f"the log shown ends before the notice at entry {index}")


def bound_by(leaf: Leaf) -> tuple[str, ...]:
    """Return the digests of the notices that an entry binds, mostly none."""
    return tuple(each.sha256 for each in leaf.digests if each.kind == key_notices.KIND)


def tell_refused(found: Findings, key: VerifierKey) -> None:
    """Tell which notices do not count, and why."""
    for name, reason in key.refused if isinstance(key, KeyChain) else ():
        found.bad("key", name, reason, Fault.KEY_NOT_ANNOUNCED)
