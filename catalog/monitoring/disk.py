"""Keep a monitor's logs in a directory, what was accepted of each on disk before it counts (监控状态).

::

    monitor.json             that this is one
    lock                     held by the one process that follows
    logs/<H>/log.json        a log: origin, keys, address, policy, limits, watched subjects, and the keys that
                             were dropped; H as of witnesses
    logs/<H>/notices.json    by what notices of the log it was followed to further keys
    logs/<H>/accepted.jsonl  the checkpoints that were accepted, only ever appended to (as a signer's journal)
    logs/<H>/replayed.db     what was replayed of it; can be made again
    logs/<H>/evidence/       what contradicts what was accepted, with what it contradicts
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.disk import CheckpointJournal
from catalog.audit_log.further_lines import FurtherKey, parse_further_vkey
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.monitoring import dropping
from catalog.monitoring.alerts import Alert
from catalog.monitoring.db import MonitorDb
from catalog.monitoring.dropping import Dropped, Trusted
from catalog.monitoring.freshness import Limits
from catalog.subject_heads.heads import subject_hash
from catalog.witnessing import log_keys
from catalog.witnessing import policy as policies
from catalog.witnessing.disk import origin_hash, put_file, put_notices, read_notices
from catalog.witnessing.log_keys import LogKeys
from catalog.witnessing.policy import Policy, parse_policy

MOST_EVIDENCE: Final = 10_000  # kept per log; a log that lies once is done for


class MonitorExists(Conflict):
    """There is a monitor in this directory already; what it accepted is not thrown away."""

    code = "monitor_exists"


class MonitorMissing(Missing):
    """There is no monitor in this directory."""

    code = "monitor_missing"


class MonitorRuns(Conflict):
    """Another process follows the logs of this monitor."""

    code = "monitor_runs"


class LogNotFollowed(Missing):
    """The monitor does not follow this log."""

    code = "monitor_log_unknown"


class AlertMissing(Missing):
    """No alert stands under this key."""

    code = "monitor_alert_missing"


class SubjectMalformed(Invalid):
    """A subject is watched as ``kind:id``."""

    code = "monitor_subject_malformed"


class SubjectNotWatched(Missing):
    """The monitor does not watch this subject."""

    code = "monitor_subject_unknown"


class KeyNotTrusted(Missing):
    """The key is trusted for nothing here: none of this log, its further lines or its witnesses."""

    code = "monitor_key_unknown"


class KeyDropped(Conflict):
    """The key was dropped by a person; it counts again only when a person says so."""

    code = "monitor_key_dropped"


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is followed: who it is, where it is, what is asked of it."""

    origin: str
    keys: tuple[str, ...]
    url: str  # before /checkpoint and /tile
    keys_url: str | None = None  # where its public keys are told
    policy: str | None = None
    limits: Limits = Limits()
    watched: tuple[str, ...] = ()  # subjects, kind:id
    lines: tuple[str, ...] = ()  # further keys, by other algorithms, that must sign as well
    dropped: tuple[Dropped, ...] = ()

    @property
    def dropped_keys(self) -> frozenset[str]:
        """Return the keys that count for nothing, whatever else is said here."""
        return dropping.keys_of(self.dropped)

    @property
    def further_keys(self) -> list[FurtherKey]:
        """Return the further keys whose lines every checkpoint must bear, by these words or the policy's."""
        policy = self.witness_policy
        named = [] if policy is None else list(policy.further)
        every = [*map(parse_further_vkey, self.lines), *named]
        gone = self.dropped_keys
        return [
            key for key in dict.fromkeys(every) if key.name == self.origin and str(key) not in gone
        ]

    @property
    def witness_policy(self) -> Policy | None:
        """Return which witnesses are enough, None if none is asked for; of those dropped none counts."""
        if self.policy is None:
            return None
        return policies.without(parse_policy(self.policy.encode()), self.dropped_keys)

    @property
    def watched_hashes(self) -> frozenset[bytes]:
        """Return the hashes of the watched subjects."""
        return frozenset(subject_hash(each) for each in self.watched)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Two notes that one log signed and that do not fit together, as they were got."""

    at: dt.datetime
    alert: Alert
    accepted: str | None
    told: str
    witnessed: bool = False  # what was told is what the witnesses cosigned


def create(directory: Path) -> None:
    """Make a monitor that follows nothing yet.

    :raises MonitorExists: if there is one already.
    """
    (directory / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / "monitor.json").exists():
        raise MonitorExists(directory=str(directory))
    put_file(directory / "monitor.json", b'{"format":"shushi/monitor/1"}')


class Monitor:
    """A monitor: the logs it follows, and its memory of each."""

    def __init__(self, directory: Path) -> None:
        """Open one.

        :raises MonitorMissing: if there is none in the directory.
        """
        if not (directory / "monitor.json").exists():
            raise MonitorMissing(directory=str(directory))
        self._directory = directory

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from following.

        :raises MonitorRuns: if one does.
        """
        with (self._directory / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise MonitorRuns(directory=str(self._directory)) from error
            yield

    def add_log(self, log: Followed) -> None:
        """Follow a log from now on, or follow it otherwise; keys and watched subjects add up.

        What was dropped stays so.

        :raises SubjectMalformed: if a subject is none.
        :raises KeyDropped: if a key of it was dropped.
        """
        for subject in log.watched:
            kind, _, identifier = subject.partition(":")
            if not kind or not identifier:
                raise SubjectMalformed(subject=subject)
        known = self._find(log.origin)
        if known is not None:
            for key in (*log.keys, *log.lines):
                if key in known.dropped_keys:
                    raise KeyDropped(key=key)
            log = msgspec.structs.replace(
                log,
                keys=tuple(dict.fromkeys((*known.keys, *log.keys))),
                watched=tuple(dict.fromkeys((*known.watched, *log.watched))),
                dropped=known.dropped,
            )
        self._put(log)

    def drop_key(self, origin: str, vkey: str, *, now: dt.datetime, reason: str) -> Dropped:
        """Return that a key is trusted no more, and what hung on it; ``keep_dropped`` makes it count.

        :raises LogNotFollowed: if the log is not followed.
        :raises KeyDropped: if it was dropped before.
        :raises KeyNotTrusted: if it is trusted for nothing here.
        """
        log = self.log(origin)
        if vkey in log.dropped_keys:
            raise KeyDropped(key=vkey)
        was = dropping.trusted_for(vkey, self.keys_of(log), log.further_keys, log.witness_policy)
        if not was:
            raise KeyNotTrusted(key=vkey)
        made = Dropped(key=vkey, was=was, at=now, reason=reason)
        if Trusted.LOG not in was:
            return made
        left = self.keys_of(msgspec.structs.replace(log, dropped=(*log.dropped, made)))
        notes = (signed.note.encode() for signed in self.journal(origin).read())
        alone = dropping.accepted_alone(notes, left)
        return msgspec.structs.replace(made, accepted_alone=alone)

    def trust_again(self, origin: str, vkey: str, *, now: dt.datetime, reason: str) -> Dropped:
        """Return that a dropped key is trusted for what it was; ``keep_dropped`` makes it count.

        :raises LogNotFollowed: if the log is not followed.
        :raises KeyNotTrusted: if no such key was dropped.
        """
        for each in self.log(origin).dropped:
            if each.key == vkey and each.again_at is None:
                return msgspec.structs.replace(each, again_at=now, again_reason=reason)
        raise KeyNotTrusted(key=vkey)

    def keep_dropped(self, origin: str, dropped: Dropped) -> None:
        """Keep that a key was dropped, or taken back; whoever looks just now asks it from here on."""
        log = self.log(origin)
        closed = (
            each for each in log.dropped if each.key != dropped.key or each.again_at is not None
        )
        self._put(msgspec.structs.replace(log, dropped=(*closed, dropped)))

    def drop_subject(self, origin: str, subject: str) -> None:
        """Watch a subject no longer.

        :raises LogNotFollowed: if the log is not followed.
        :raises SubjectNotWatched: if it is not watched.
        """
        log = self.log(origin)
        if subject not in log.watched:
            raise SubjectNotWatched(subject=subject)
        left = tuple(each for each in log.watched if each != subject)
        self._put(msgspec.structs.replace(log, watched=left))

    def _put(self, log: Followed) -> None:
        place = self.place(log.origin)
        (place / "evidence").mkdir(mode=0o700, parents=True, exist_ok=True)
        put_file(place / "log.json", msgspec.json.encode(log))

    def logs(self) -> list[Followed]:
        """Return the logs that are followed, by their origins."""
        places = (self._directory / "logs").glob("*/log.json")
        found = [msgspec.json.decode(place.read_bytes(), type=Followed) for place in places]
        return sorted(found, key=lambda log: log.origin)

    def log(self, origin: str) -> Followed:
        """Return a log that is followed.

        :raises LogNotFollowed: if it is not.
        """
        found = self._find(origin)
        if found is None:
            raise LogNotFollowed(origin=origin)
        return found

    def place(self, origin: str) -> Path:
        """Return where all about a log lies."""
        return self._directory / "logs" / origin_hash(origin)

    def keys_of(self, log: Followed) -> LogKeys:
        """Return by which keys a log is known, with those that it was followed to, without those dropped."""
        pinned = [parse_vkey(key) for key in log.keys]
        notices = read_notices(self._directory / "logs", log.origin)
        gone = [parse_vkey(each.key) for each in log.dropped if _is_of_the_log(each)]
        return log_keys.known(pinned, notices, gone)

    def follow_keys(self, log: Followed, keys: LogKeys) -> None:
        """Keep by which notices a log was followed to further keys."""
        put_notices(self._directory / "logs", log.origin, keys.notices)

    def journal(self, origin: str) -> CheckpointJournal:
        """Return what was accepted of a log. It takes nothing that does not continue it."""
        return CheckpointJournal(self.place(origin) / "accepted.jsonl")

    @contextlib.contextmanager
    def memory(self, origin: str, *, is_glance: bool = False) -> Iterator[MonitorDb]:
        """Open what was replayed of a log; at a glance nothing can be written.

        :raises BusyNow: if it is a glance, and it can not be had at this moment.
        """
        memory = MonitorDb(self.place(origin) / "replayed.db", is_glance=is_glance)
        try:
            yield memory
        finally:
            memory.close()

    def keep(self, origin: str, evidence: Evidence) -> Path:
        """Keep what contradicts, each refused note once, and not without end; return where."""
        name = hashlib.sha256(evidence.told.encode()).hexdigest()
        path = self.place(origin) / "evidence" / f"{evidence.alert.kind}-{name[:16]}.json"
        if not path.exists() and sum(1 for _ in path.parent.iterdir()) < MOST_EVIDENCE:
            put_file(path, msgspec.json.encode(evidence))
        return path

    def _find(self, origin: str) -> Followed | None:
        try:
            raw = (self.place(origin) / "log.json").read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(raw, type=Followed)


def _is_of_the_log(dropped: Dropped) -> bool:
    return dropped.again_at is None and Trusted.LOG in dropped.was
