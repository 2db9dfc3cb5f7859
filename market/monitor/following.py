"""Follow one log: accept its checkpoint, replay what is new, say what is wrong.

1. The checkpoint is opened with the keys known, and must continue the one that was accepted last.
2. It is written into the journal, on disk, before anything else is done with it.
3. Every entry up to it is fetched, compared with the tree, read and kept; in batches, each proven
   to lie under the accepted checkpoint before it is kept.
4. What the witnesses saw must be the same tree; the published keys must be those that the log has; a key of
   the log that it announced in what was accepted is known from then on.
5. What is too old is told.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Final

import msgspec

from catalog.audit_log import key_notices, merkle, tiles
from catalog.audit_log.disk import Signed
from catalog.audit_log.export_format import KeyRow, Keys, NoticeRow
from catalog.audit_log.leaf import instant
from catalog.audit_log.merkle import TILE_WIDTH, Hash
from catalog.monitoring import accepting, freshness, replaying
from catalog.monitoring.accepting import Accepted
from catalog.monitoring.alerts import LASTING, Alert, Kind, Wrong, line
from catalog.monitoring.db import MonitorDb, Progress, StandingAlert
from catalog.monitoring.disk import Evidence, Followed, Monitor
from catalog.signing.canonical import canonical, sha256_hex
from catalog.witnessing.log_keys import LogKeys
from market.monitor import keys, reading
from market.monitor.files import LogFiles
from market.monitor.reading import Spread

CHECKPOINT: Final = "checkpoint"
WITNESSED: Final = "checkpoint.witnessed"
_UNWITNESSED: Final = "unwitnessed_since"
_COSIGNED: Final = "cosigned_at"


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a log found."""

    size: int  # up to which it is accepted
    replayed: int  # up to which it is read
    entries: int  # that were read now
    is_reached: bool


class Follower:
    """One log, its memory open."""

    def __init__(
        self,
        monitor: Monitor,
        log: Followed,
        memory: MonitorDb,
        files: LogFiles,
        spread: Spread | None = None,
    ) -> None:
        self._monitor = monitor
        # Other processes open the address themselves.
        self._opens: reading.Opens = (lambda: files) if spread is None else reading.At(log.url)
        self._spread = spread or map
        self._log = log
        self._memory = memory
        self._files = files
        self._journal = monitor.journal(log.origin)
        self._found: list[Alert] = []

    def follow(self, now: dt.datetime) -> Round:
        """Look once; what is wrong and what is new is kept to be told."""
        self._found = []
        before = self._memory.progress().edge.size
        is_reached = True
        try:
            self._attempt(lambda: self._accept(now))
            held = self._held()
            self._attempt(lambda: self._replay(held, now))
            self._attempt(lambda: self._look_at_witnesses(held, now))
            self._attempt(lambda: self._look_at_keys(held, now))
        except Wrong as wrong:
            self._found.append(wrong.alert)
            is_reached = False
        self._found += freshness.stale(self._times(), self._log.limits, now)
        self._settle(now, is_reached=is_reached)
        replayed = self._memory.progress().edge.size
        return Round(
            size=self._held().size,
            replayed=replayed,
            entries=replayed - before,
            is_reached=is_reached,
        )

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do one step; what it finds wrong stops it alone, unless the log can not be asked at all."""
        try:
            step()
        except Wrong as wrong:
            if wrong.alert.kind is Kind.UNREACHABLE:
                raise
            self._found.append(wrong.alert)

    def _keys(self) -> LogKeys:
        # Read anew: a key that somebody drops while we look counts for nothing at once.
        return self._monitor.keys_of(self._monitor.log(self._log.origin))

    def _held(self) -> Accepted:
        last = self._journal.last()
        return Accepted() if last is None else Accepted(last.size, Hash(last.root))

    # ── the checkpoint ──────────────────────────────────────────────────────────────────────

    def _accept(self, now: dt.datetime) -> None:
        held = self._held()
        raw = self._files.get(CHECKPOINT)
        if raw is None:
            if held.size:
                raise Wrong(Kind.FILE_MISSING, CHECKPOINT, "it was there before")
            return
        told = accepting.opened(raw, self._log.origin, self._keys())
        self._found += accepting.line_alerts(raw, self._log.further_keys)
        try:
            proof = accepting.proof_that_it_continues(held, told, self._files.tiles)
        except Wrong as wrong:
            if wrong.alert.kind is not Kind.UNREACHABLE:
                self._keep_evidence(wrong.alert, raw, now)
            raise
        if told.size > held.size:
            # On disk for good, and it takes no other story: whatever happens to us from here on.
            signed = Signed(size=told.size, root=told.root, note=raw.decode(), at=now)
            self._journal.append(signed, proof)

    def _keep_evidence(
        self, alert: Alert, raw: bytes, now: dt.datetime, *, witnessed: bool = False
    ) -> None:
        last = self._journal.last()
        evidence = Evidence(
            at=now,
            alert=alert,
            accepted=None if last is None else last.note,
            told=raw.decode(),
            witnessed=witnessed,
        )
        self._monitor.keep(self._log.origin, evidence)

    # ── the entries ─────────────────────────────────────────────────────────────────────────

    def _replay(self, held: Accepted, now: dt.datetime) -> None:
        start = self._memory.progress().edge.size
        if start >= held.size:
            return
        edge = self._memory.progress().edge
        known = edge.partials[0] if start % TILE_WIDTH else b""
        some = reading.stretches(start, held.size, known, self._log.watched_hashes)
        for each in self._spread(functools.partial(reading.read, self._opens), some):
            if each.alert is not None:
                raise Wrong(each.alert.kind, each.alert.about, each.alert.why)
            assert each.part is not None, "one of them is there"
            self._take(held, each.part, now)

    def _take(self, held: Accepted, part: replaying.Part, now: dt.datetime) -> None:
        """Keep leaves that lie under the accepted checkpoint, and all that follows from them."""
        progress = self._memory.progress()
        start = progress.edge.size
        edge, filled = progress.edge.extended(part.run.hashes)
        for tile in filled:
            if tile.level and self._files.tile(held.size, tile.level, tile.number) != tile.hashes:
                path = str(tiles.TilePath(tile.level, tile.number))
                raise Wrong(Kind.TILE_DIFFERS, path, "the tiles below it give others")
        self._check_under(held, start, edge)
        with self._memory.together():
            before = self._memory.orders({order for _, order, _ in part.numbered})
            after, faults = replaying.counted(before, part.numbered)
            self._memory.put_orders(after)
            self._memory.put_keys(part.keys)
            self._memory.put_notices(part.notices)
            heads_size, heads_faults = self._take_heads(progress.heads_size, part)
            for alert in (*part.faults, *faults, *heads_faults):
                self._raise(alert, now)
            self._memory.put_outgoing(self._told_of(hit) for hit in part.hits)
            uncovered = progress.uncovered_since
            if part.claims or not uncovered:
                uncovered = self._memory.waiting_since()
            self._memory.put_progress(
                Progress(
                    edge=edge,
                    heads_size=heads_size,
                    last_at=part.run.ats[-1] or progress.last_at,
                    uncovered_since=uncovered,
                )
            )

    def _check_under(self, held: Accepted, start: int, edge: merkle.Edge) -> None:
        if edge.size == held.size:
            is_under = edge.root() == held.root
        else:
            spans = merkle.consistency_spans(edge.size, held.size)
            proof = merkle.hashes_of(spans, self._files.tiles(held.size, merkle.tiles_of(spans)))
            is_under = merkle.verify_consistency(
                edge.size, held.size, edge.root(), held.root, proof
            )
        if not is_under:
            why = "they do not lie under the accepted checkpoint, though bundles and tiles agree"
            raise Wrong(Kind.TILE_DIFFERS, f"entries {start} to {edge.size - 1}", why)

    def _take_heads(self, size: int, part: replaying.Part) -> tuple[int, list[Alert]]:
        """Return up to where heads are computed after some leaves, and which published ones differ."""
        faults: list[Alert] = []
        waits = part.run
        for claim in part.claims:
            about = f"heads of {claim.log_size}"
            if not size <= claim.log_size <= claim.index:
                why = f"entry {claim.index} publishes them, and those of {size} came before"
                faults.append(Alert(kind=Kind.HEADS_DIFFER, about=about, why=why))
                continue
            for run in self._memory.take_waiting(claim.log_size):
                self._memory.grow_heads(run)
            self._memory.grow_heads(waits.below(claim.log_size))
            waits = waits.since(claim.log_size)
            size = claim.log_size
            expected = replaying.record_sha256(size, self._memory.heads())
            if claim.sha256 != expected:
                why = f"the leaves give {expected}, and entry {claim.index} binds {claim.sha256}"
                faults.append(Alert(kind=Kind.HEADS_DIFFER, about=about, why=why))
        self._memory.put_waiting(waits)
        return size, faults

    def _told_of(self, hit: replaying.Hit) -> bytes:
        told = msgspec.structs.asdict(hit)
        return msgspec.json.encode({"type": "entry", "log": self._log.origin} | told)

    # ── witnesses and keys ──────────────────────────────────────────────────────────────────

    def _look_at_witnesses(self, held: Accepted, now: dt.datetime) -> None:
        policy = self._log.witness_policy
        if policy is None or not held.size:
            return
        raw = self._files.get(WITNESSED)
        seen, is_covered = None, False
        try:
            if raw is not None:
                seen = accepting.witnessed(raw, policy, self._keys())
                accepting.check_part(seen.checkpoint, held, self._files.tiles)
                is_covered = seen.checkpoint.size >= held.size
        except Wrong as wrong:
            if wrong.alert.kind is Kind.FORKED and raw is not None:
                self._keep_evidence(wrong.alert, raw, now, witnessed=True)
            raise
        finally:
            with self._memory.together():
                if is_covered:
                    self._memory.put_fact(_UNWITNESSED, None)
                elif self._memory.fact(_UNWITNESSED) is None:
                    self._memory.put_fact(_UNWITNESSED, instant(now))
                if seen is not None and seen.cosigned:
                    at = dt.datetime.fromtimestamp(max(seen.cosigned.values()), dt.UTC)
                    self._memory.put_fact(_COSIGNED, instant(at))

    def _look_at_keys(self, held: Accepted, now: dt.datetime) -> None:
        told = Keys(None, [])
        if self._log.keys_url is not None:
            told = keys.told_at(self._files, self._log.keys_url)
            self._compare_keys(told)
        self._follow_keys(held, told, now)

    def _follow_keys(self, held: Accepted, told: Keys, now: dt.datetime) -> None:
        """Know the log by the keys that it announced in what was accepted, and say what it does not tell."""
        before = self._keys()
        after, faults = keys.follow(self._files, before, told, held.size, held.root)
        if after.notices != before.notices:
            # What is told comes first: killed in between, it is told once more.
            new = [row for row in after.notices if row not in before.notices]
            with self._memory.together():
                self._memory.put_outgoing(self._told_of_key(row) for row in new)
                for key, since in after.distrusted():
                    why = f"the log itself distrusts what it signed of entry {since} and later"
                    about = str(key)
                    self._raise(Alert(kind=Kind.KEY_DISTRUSTED, about=about, why=why), now)
            self._monitor.follow_keys(self._log, after)
        for fault in faults:
            about = f"notice {fault.index}"
            self._found.append(Alert(kind=Kind.NOTICE_WRONG, about=about, why=fault.reason))
        shown = {(row.index, key_notices.digest(row.note)) for row in told.notices}
        shown |= {(row.index, key_notices.digest(row.note)) for row in after.notices}
        for index, sha256 in self._memory.notices():
            if (index, sha256) not in shown:
                why = "the log has a notice about its keys there, and it is not told (--keys-url)"
                about = f"notice {index}"
                self._found.append(Alert(kind=Kind.NOTICE_MISSING, about=about, why=why))
        pinned = set(self._log.keys) - self._log.dropped_keys
        known = {*map(str, after.in_force(max(held.size - 1, 0))), *pinned}
        if told.log is not None and told.log not in known | keys.waiting(told, held.size):
            why = "it says that another key signs this log, and no notice that was accepted says so"
            self._found.append(Alert(kind=Kind.KEY_NOT_LOGGED, about=told.log, why=why))

    def _told_of_key(self, row: NoticeRow) -> bytes:
        notice = key_notices.read(row.note)
        return msgspec.json.encode(
            {
                "type": "key",
                "log": self._log.origin,
                "index": row.index,
                "action": notice.action,
                "key": str(notice.key),
                "by": str(notice.by),
                "from": notice.since,
            }
        )

    def _compare_keys(self, told: Keys) -> None:
        last_at = self._memory.progress().last_at
        for row in told.keys:
            if _is_of_the_past(row, last_at) and self._memory.key_sha256(row.key_id) != _digest(
                row
            ):
                why = "the log has no such key, or another state of it"
                self._found.append(Alert(kind=Kind.KEY_NOT_LOGGED, about=row.key_id, why=why))

    # ── what is told ────────────────────────────────────────────────────────────────────────

    def _times(self) -> freshness.Times:
        progress = self._memory.progress()
        cosigned = self._memory.fact(_COSIGNED)
        told = (freshness.instant_of(progress.last_at), freshness.instant_of(cosigned or ""))
        return freshness.Times(
            newest=max((each for each in told if each is not None), default=None),
            uncovered_since=freshness.instant_of(progress.uncovered_since),
            unwitnessed_since=freshness.instant_of(self._memory.fact(_UNWITNESSED) or ""),
        )

    def _raise(self, alert: Alert, now: dt.datetime) -> None:
        remember(self._memory, self._log.origin, alert, now)

    def _settle(self, now: dt.datetime, *, is_reached: bool) -> None:
        """Keep what was found, and let go of what is over, if it was looked for."""
        found = {each.key for each in self._found}
        with self._memory.together():
            for alert in self._found:
                self._raise(alert, now)
            for standing in self._memory.alerts():
                alert = msgspec.json.decode(standing.alert, type=Alert)
                is_looked_for = is_reached or alert.kind is Kind.UNREACHABLE
                if standing.key in found or alert.kind in LASTING or not is_looked_for:
                    continue
                self._memory.drop_alert(standing.key)
                told = line(self._log.origin, alert, since=now, is_over=True)
                self._memory.put_outgoing([told])


def remember(memory: MonitorDb, origin: str, alert: Alert, now: dt.datetime) -> None:
    """Keep an alert and that it is to be told, if it does not stand already."""
    if any(each.key == alert.key for each in memory.alerts()):
        return
    raw = msgspec.json.encode(alert)
    memory.put_alert(StandingAlert(alert.key, raw, instant(now), None))
    memory.put_outgoing([line(origin, alert, since=now)])


def _is_of_the_past(row: KeyRow, last_at: str) -> bool:
    """Tell whether all that a key's row says happened before the newest entry that was read."""
    instants = (row.valid_from, row.valid_to, row.revoked_at)
    return all(at is None or at < last_at for at in instants)


def _digest(row: KeyRow) -> str:
    return sha256_hex(canonical(msgspec.to_builtins(row)))
