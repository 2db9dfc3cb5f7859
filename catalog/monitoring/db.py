"""Keep what a monitor replayed of one log, in a file that a crash leaves whole (SQLite).

What was accepted stands in a journal of its own (``disk``); this here can be made again from the log.
A batch of leaves moves place, heads, orders and what is to be told in one transaction, or nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from catalog.audit_log.merkle import Edge, unpacked_edge
from catalog.audit_log.model import Digest
from catalog.monitoring import replaying
from catalog.monitoring.replaying import NO_HEAD, HeadOf, Run

_AT_ONCE: Final = 500  # below SQLite's limit of parameters
#: So many heads are held in memory; a log may have millions of subjects.
_HELD: Final = 200_000

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, edge BLOB NOT NULL,
        heads_size INTEGER NOT NULL, last_at TEXT NOT NULL, uncovered_since TEXT NOT NULL);
    INSERT OR IGNORE INTO progress VALUES (1, 0, x'', 0, '', '');
    CREATE TABLE IF NOT EXISTS heads (subject BLOB PRIMARY KEY, head BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS waiting (first INTEGER PRIMARY KEY, run BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS notices (
        idx INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (idx, sha256)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS alerts (
        key TEXT PRIMARY KEY, alert BLOB NOT NULL, since TEXT NOT NULL, acknowledged TEXT);
    CREATE TABLE IF NOT EXISTS outgoing (id INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"""


class BusyNow(Exception):
    """What is kept can not be read at this moment: another process writes it, or it is not made yet."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a log is replayed, and how far of it is under heads that were computed again."""

    edge: Edge
    heads_size: int
    last_at: str
    uncovered_since: str


class StandingAlert(msgspec.Struct, frozen=True):
    """An alert as kept: itself, since when, and who said that it was seen."""

    key: str
    alert: bytes
    since: str
    acknowledged: str | None


class MonitorDb:
    """The memory of one log's replay."""

    def __init__(self, path: Path, *, is_glance: bool = False) -> None:
        """Open it, and make it if there is none; at a glance it is only read.

        :raises BusyNow: if it is a glance, and it can not be had at this moment.
        """
        self._heads: dict[bytes, HeadOf] = {}
        self._changed: set[bytes] = set()  # of them those that are not in the file yet
        if is_glance:
            self._file = _opened_to_read(path)
            return
        # Transactions are ours to open; FULL: what was committed is on disk.
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("PRAGMA cache_size = -65536")
        self._file.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing of it."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._put_heads()
        except BaseException:
            self._file.execute("ROLLBACK")
            self._heads.clear()
            self._changed.clear()
            raise
        self._file.execute("COMMIT")
        if len(self._heads) > _HELD:
            self._heads.clear()

    # ── how far ─────────────────────────────────────────────────────────────────────────────

    def progress(self) -> Progress:
        """Return how far the log is replayed.

        :raises ValueError: if what is kept does not fit itself.
        """
        size, edge, heads_size, last_at, uncovered = self._file.execute(
            "SELECT size, edge, heads_size, last_at, uncovered_since FROM progress"
        ).fetchone()
        return Progress(
            edge=unpacked_edge(size, edge),
            heads_size=heads_size,
            last_at=last_at,
            uncovered_since=uncovered,
        )

    def put_progress(self, progress: Progress) -> None:
        """Keep how far the log is replayed."""
        self._file.execute(
            "UPDATE progress SET size = ?, edge = ?, heads_size = ?, last_at = ?, uncovered_since = ?",
            (
                progress.edge.size,
                progress.edge.packed(),
                progress.heads_size,
                progress.last_at,
                progress.uncovered_since,
            ),
        )

    def fact(self, name: str) -> str | None:
        """Return what is kept under a name."""
        row = self._file.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def put_fact(self, name: str, value: str | None) -> None:
        """Keep something under a name, or nothing any more."""
        if value is None:
            self._file.execute("DELETE FROM facts WHERE name = ?", (name,))
        else:
            self._file.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # ── heads ───────────────────────────────────────────────────────────────────────────────

    def grow_heads(self, run: Run) -> None:
        """Let leaves change the heads of what they name."""
        held = self._heads
        changed = set().union(*run.subjects)
        missing = [key for key in changed if key not in held]
        held.update(dict.fromkeys(missing, NO_HEAD))
        for some in _in_turn(missing):
            marks = ",".join("?" * len(some))
            found = self._file.execute(
                f"SELECT subject, head FROM heads WHERE subject IN ({marks})",  # noqa: S608 - marks only
                some,
            )
            held.update((key, replaying.unpacked(head)) for key, head in found)
        replaying.grow(held, run)
        self._changed |= changed
        if len(held) > _HELD:  # a log whose heads were not published for long names very many
            self._put_heads()
            held.clear()

    def _put_heads(self) -> None:
        # Once for all leaves of a transaction, and in the order in which the file has them.
        rows = [(key, replaying.packed(key, self._heads[key])) for key in sorted(self._changed)]
        self._file.executemany("INSERT OR REPLACE INTO heads VALUES (?, ?)", rows)
        self._changed.clear()

    def heads(self) -> Iterator[bytes]:
        """Yield all packed heads in the order of their subjects' hashes."""
        self._put_heads()
        for (head,) in self._file.execute("SELECT head FROM heads ORDER BY subject"):
            yield head

    def put_waiting(self, run: Run) -> None:
        """Keep leaves until heads are published over them."""
        if run.hashes:
            self._file.execute(
                "INSERT OR REPLACE INTO waiting VALUES (?, ?)", (run.first, replaying.spooled(run))
            )

    def take_waiting(self, size: int) -> Iterator[Run]:
        """Take the leaves below a place out, in order; of a run that reaches beyond it the rest stays."""
        while True:
            row = self._file.execute(
                "SELECT first, run FROM waiting WHERE first < ? ORDER BY first LIMIT 1", (size,)
            ).fetchone()
            if row is None:
                return
            self._file.execute("DELETE FROM waiting WHERE first = ?", (row[0],))
            run = replaying.unspooled(row[1])
            self.put_waiting(run.since(size))
            yield run.below(size)

    def waiting_since(self) -> str:
        """Return when the first leaf was made that waits for heads, empty if none does."""
        for (raw,) in self._file.execute("SELECT run FROM waiting ORDER BY first"):
            since = replaying.unspooled(raw).uncovered_since()
            if since:
                return since
        return ""

    # ── orders, keys ────────────────────────────────────────────────────────────────────────

    def orders(self, ids: Iterable[str]) -> dict[str, int]:
        """Return how many numbered entries orders have; who has none is not among them."""
        found: dict[str, int] = {}
        for some in _in_turn(list(ids)):
            marks = ",".join("?" * len(some))
            found.update(
                self._file.execute(
                    f"SELECT id, entries FROM orders WHERE id IN ({marks})",  # noqa: S608 - marks only
                    some,
                )
            )
        return found

    def put_orders(self, entries: Mapping[str, int]) -> None:
        """Keep how many numbered entries orders have."""
        self._file.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?)", entries.items())

    def key_sha256(self, key_id: str) -> str | None:
        """Return the digest of a key's record as the log had it last."""
        row = self._file.execute("SELECT sha256 FROM keys WHERE id = ?", (key_id,)).fetchone()
        return None if row is None else str(row[0])

    def put_keys(self, keys: Iterable[Digest]) -> None:
        """Keep the digests of keys' records; of several the last counts."""
        self._file.executemany(
            "INSERT OR REPLACE INTO keys VALUES (?, ?)", [(key.id, key.sha256) for key in keys]
        )

    def notices(self) -> list[tuple[int, str]]:
        """Return where the log has notices about its own keys, and their digests."""
        return self._file.execute("SELECT idx, sha256 FROM notices ORDER BY idx, sha256").fetchall()

    def put_notices(self, notices: Iterable[tuple[int, str]]) -> None:
        """Keep where the log has notices about its own keys."""
        self._file.executemany("INSERT OR IGNORE INTO notices VALUES (?, ?)", notices)

    # ── what is told ────────────────────────────────────────────────────────────────────────

    def alerts(self) -> list[StandingAlert]:
        """Return the alerts that stand, the oldest first."""
        rows = self._file.execute(
            "SELECT key, alert, since, acknowledged FROM alerts ORDER BY since, key"
        )
        return [StandingAlert(*row) for row in rows]

    def put_alert(self, alert: StandingAlert) -> None:
        """Keep an alert."""
        self._file.execute(
            "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?)",
            (alert.key, alert.alert, alert.since, alert.acknowledged),
        )

    def drop_alert(self, key: str) -> None:
        """Let go of an alert that is over."""
        self._file.execute("DELETE FROM alerts WHERE key = ?", (key,))

    def put_outgoing(self, lines: Iterable[bytes]) -> None:
        """Keep lines that are to be told."""
        self._file.executemany(
            "INSERT INTO outgoing (line) VALUES (?)", [(each,) for each in lines]
        )

    def outgoing(self) -> list[tuple[int, bytes]]:
        """Return the lines that were not told yet, in order."""
        return self._file.execute("SELECT id, line FROM outgoing ORDER BY id LIMIT 1000").fetchall()

    def drop_outgoing(self, ids: Iterable[int]) -> None:
        """Let go of lines that were told."""
        self._file.executemany("DELETE FROM outgoing WHERE id = ?", [(each,) for each in ids])


def _opened_to_read(path: Path) -> sqlite3.Connection:
    try:
        file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1)
        file.execute("BEGIN")
        file.execute("SELECT size FROM progress").fetchone()
    except sqlite3.OperationalError as error:
        raise BusyNow(str(error)) from error
    return file


def _in_turn(values: list[object] | list[str] | list[bytes]) -> Iterator[list[object]]:
    for start in range(0, len(values), _AT_ONCE):
        yield list(values[start : start + _AT_ONCE])
