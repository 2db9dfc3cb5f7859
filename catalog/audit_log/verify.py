"""Check an exported log offline: no database, no service, no trust in who exported it (离线验证).

The order of the checks, each of which names what it finds wrong:

1. The checkpoint is signed by the log's key: the one given, or the one that the export names.
2. The signer's own journal and the stored checkpoints are the same line of signed notes.
3. Every leaf has the hash that its tile holds; the tree of all leaves has, at the size of every
   checkpoint, the root that was signed; state and tiles say the same.
4. Every payload is the one that its leaf commits to, and its plain columns say what both say.
5. Every record has its digest in the log, and every digest its record (``bound_records.py``).
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from catalog.audit_log import bound_records, key_chain, merkle, tiles
from catalog.audit_log import export_format as export
from catalog.audit_log.checkpoint import (
    Checkpoint,
    VerifierKey,
    VerifierKeyMalformed,
    parse_vkey,
)
from catalog.audit_log.export_reading import decoded, rows
from catalog.audit_log.leaf import VERSION, read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.order_counting import order_of
from catalog.audit_log.proven_log import widest
from catalog.audit_log.replay import Bundle, Replayed, Replayer, replay_each
from catalog.audit_log.signed_history import SignedHistory
from catalog.audit_log.stored_payloads import StoredPayloads
from catalog.audit_log.verdict import Findings, Unreadable, Verdict

T = TypeVar("T")

_WIDTH: Final = merkle.TILE_WIDTH
_HASH: Final = merkle.HASH_LENGTH


def verify_export(source: export.Source, trusted: VerifierKey | None = None) -> Verdict:
    """Return what is found in an export.

    ``trusted`` is the log's key as the checker knows it from elsewhere. Without it the export's
    own word is taken for it, and the verdict says so.

    :raises Unreadable: if this is no export at all.
    """
    raw = source.read(export.MANIFEST)
    if raw is None and source.read(export.CHECKPOINT) is None:
        raise Unreadable("neither manifest.json nor checkpoint is here")
    found = Findings()
    manifest = decoded(found, raw, export.Manifest, export.MANIFEST)
    keys = decoded(found, source.read(export.KEYS), export.Keys, export.KEYS)
    if manifest is not None and manifest.format != export.FORMAT:
        raise Unreadable(f"the format {manifest.format} is not known here")
    log_key = trusted or _embedded(found, keys)
    if log_key is None:
        return found.verdict()
    _Log(source, found, key_chain.followed(log_key, keys), manifest, keys).check()
    return found.verdict()


def verify_tree(
    source: export.Source,
    key: VerifierKey,
    keys: export.Keys | None = None,
    *,
    replayer: Replayer = replay_each,
) -> Verdict:
    """Return what is found in a published log alone: checkpoint, tiles and entries.

    ``keys`` are the published ones, among them the log's further keys. ``replayer`` may replay
    bundles on several cores.

    :raises Unreadable: if no checkpoint is there.
    """
    if source.read(export.CHECKPOINT) is None:
        raise Unreadable("no checkpoint is published here")
    found = Findings()
    log = _Log(source, found, key_chain.followed(key, keys), None, keys)
    log.check_tree(replayer)
    return found.verdict()


def _embedded(found: Findings, keys: export.Keys | None) -> VerifierKey | None:
    if keys is None:
        return None
    if keys.log is None:
        found.bad("key", "log", "the export names no key of the log; give the one you trust")
        return None
    found.note("the log's key was taken from the export itself; give the one you trust")
    try:
        return parse_vkey(keys.log)
    except VerifierKeyMalformed as error:
        found.bad("key", "log", f"the log's verifier key is malformed: {error.facts['reason']}")
        return None


class _Log:
    """One check of one export, in one pass over its leaves."""

    def __init__(
        self,
        source: export.Source,
        found: Findings,
        key: VerifierKey,
        manifest: export.Manifest | None,
        keys: export.Keys | None,
    ) -> None:
        self.source = source
        self.found = found
        self.key = key
        self.has_payloads = manifest is None or manifest.payloads
        self.keys = keys
        self.signed = SignedHistory(source, found, key, keys)
        self.edge = merkle.Edge()
        self.signed_edge = merkle.Edge()
        self.known_names: set[str] = set()
        self.sizes: list[
            int
        ] = []  # for which a root was signed, those still to come, largest first
        self.last_good = 0
        self.order_seqs: dict[str, int] = {}
        self.notices = key_chain.PlacesOfNotices(key, is_told=keys is not None)
        self.digests = bound_records.Digests()
        self.payloads: StoredPayloads | None = None  # of a tree alone

    def check(self) -> None:
        self.payloads = StoredPayloads(self.source, self.found, are_due=self.has_payloads)
        key_chain.tell_refused(self.found, self.key)
        self.signed.witnessed()
        newest = self.signed.checkpoint()
        self.signed.checkpoints(newest)
        self._tree(newest)
        self._state()
        self._tiles()
        self._unsequenced()
        for line in rows(self.source, self.found, export.STRAYS, export.Stray):
            self.found.bad(line.kind, line.id, "stands where the log has no place for it")
        bound_records.check(self.source, self.found, self.digests, self.keys)

    def check_tree(self, replayer: Replayer) -> None:
        key_chain.tell_refused(self.found, self.key)
        self.signed.witnessed()  # first: a live log may grow between two readings
        self._tree(self.signed.checkpoint(), replayer)
        self._tiles()

    def _tree(self, newest: Checkpoint | None, replayer: Replayer | None = None) -> None:
        self.sizes = sorted(self.signed.roots, reverse=True)
        if replayer is not None:
            self._full_bundles(newest, replayer)
        self._leaves(newest)
        if newest is not None and newest.size > self.edge.size:
            self.found.bad("entry", self.edge.size, f"is missing: {newest.size} were signed")
        elif newest is not None and newest.size < self.edge.size:
            waiting = self.edge.size - newest.size
            self.found.note(f"{waiting} entries have their place but are not signed yet")
        if self.payloads is not None:
            self.payloads.end()

    # ── leaves ──

    def _full_bundles(self, newest: Checkpoint | None, replayer: Replayer) -> None:
        """Take the full bundles before the first stretch in which anything is odd."""
        for replayed in replayer(self._full_bundle):
            if replayed is None or not self._orders_go_on(replayed):
                return
            self.order_seqs.update({each: last for each, (_, last) in replayed.orders.items()})
            for place, digests in replayed.notices:
                self.notices.see(self.found, self.edge.size + place, digests)
            for tile, root in zip(replayed.tiles, replayed.roots, strict=True):
                self._grow_by(tile, root, newest)

    def _full_bundle(self, number: int) -> Bundle | None:
        entries = self.source.read(str(tiles.TilePath(None, number)))
        tile = self.source.read(str(tiles.TilePath(0, number)))
        return None if entries is None or tile is None else Bundle(entries, tile)

    def _orders_go_on(self, replayed: Replayed) -> bool:
        return all(
            first == self.order_seqs.get(order, 0) + 1
            for order, (first, _) in replayed.orders.items()
        )

    def _grow_by(self, tile: bytes, root: merkle.Hash, newest: Checkpoint | None) -> None:
        if self.sizes and self.sizes[-1] <= self.edge.size + _WIDTH:
            self._grow([merkle.Hash(each) for each in merkle.split(tile)], newest)
        else:
            self.edge, filled = self.edge.with_tile(tile, root)
            self._look_at(filled)

    def _leaves(self, newest: Checkpoint | None) -> None:
        number = self.edge.size // _WIDTH
        while (bundle := self._bundle(number)) is not None:
            leaves = self._unpacked(bundle, number)
            hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
            start = number * _WIDTH
            self._compare_with_tile(number, leaves, hashes)
            for i, leaf in enumerate(leaves):
                self._leaf(start + i, leaf)
            self._grow(hashes, newest)
            if len(leaves) < _WIDTH:
                break
            number += 1
        self.found.count("entries", self.edge.size)
        self.notices.end(self.found, self.edge.size)

    def _bundle(self, number: int) -> bytes | None:
        return self._widest(tiles.TilePath(None, number))

    def _unpacked(self, bundle: bytes, number: int) -> list[bytes]:
        leaves: list[bytes] = []
        try:
            leaves.extend(tiles.unpack(bundle))
        except ValueError as error:
            self.found.bad("entry", number * _WIDTH + len(leaves), str(error))
        if len(leaves) > _WIDTH:
            self.found.bad("entry", (number + 1) * _WIDTH, "is one too many for its bundle")
            del leaves[_WIDTH:]
        return leaves

    def _compare_with_tile(
        self, number: int, leaves: list[bytes], hashes: list[merkle.Hash]
    ) -> None:
        """Name the leaf, or the tile, that was changed. The roots say whether any was."""
        stored = self._widest(tiles.TilePath(0, number))
        joined = b"".join(hashes)
        if stored is None or joined.startswith(stored):
            return  # a missing tile is named with the other tiles
        is_good = self._tile_is_good(number, stored, hashes)
        for i, each in enumerate(hashes):
            index = number * _WIDTH + i
            if leaves[i] and stored[i * _HASH : (i + 1) * _HASH] != each:
                if is_good:
                    reason = "its bytes do not have the hash that its tile holds"
                    self.found.bad("entry", index, reason)
                else:
                    self.found.bad("tile", f"0/{number}", f"hash {i} is not that of entry {index}")
                return

    def _tile_is_good(self, number: int, stored: bytes, hashes: list[merkle.Hash]) -> bool:
        """Tell whether a tile that differs from its leaves is what was signed."""
        if len(stored) == _WIDTH * _HASH:
            above, at = divmod(number, _WIDTH)
            tile = self._widest(tiles.TilePath(1, above)) or b""
            return merkle.perfect_root(stored) == tile[at * _HASH : (at + 1) * _HASH]
        width = len(stored) // _HASH
        signed = self.signed.roots.get(number * _WIDTH + width)
        return signed is None or self.edge.extended(hashes[:width])[0].root() != signed

    def _widest(self, path: tiles.TilePath) -> bytes | None:
        return widest(self.source, path)

    def _grow(self, hashes: list[merkle.Hash], newest: Checkpoint | None) -> None:
        start = self.edge.size
        end = start + len(hashes)
        done = start
        while self.sizes and self.sizes[-1] <= end:
            size = self.sizes.pop()
            self._extend(hashes[done - start : size - start])
            done = size
            self._compare_root(size)
            if newest is not None and size == newest.size:
                self.signed_edge = self.edge
        self._extend(hashes[done - start :])

    def _extend(self, hashes: list[merkle.Hash]) -> None:
        self.edge, filled = self.edge.extended(hashes)
        self._look_at(filled)

    def _look_at(self, filled: list[merkle.Tile]) -> None:
        for tile in filled:
            self._tile(tiles.TilePath(tile.level, tile.number), tile.hashes)

    def _tile(self, path: tiles.TilePath, hashes: bytes) -> None:
        name = str(path)
        self.known_names.add(name)
        self.found.count("tiles")
        stored = self.source.read(name)
        if stored is None:
            self.found.bad("tile", name, "is missing")
        elif stored != hashes:
            self.found.bad("tile", name, "is not the tile of these entries")

    def _compare_root(self, size: int) -> None:
        if self.edge.root() == self.signed.roots[size]:
            self.last_good = size
            return
        reason = f"entries {self.last_good} to {size - 1} do not have the signed root"
        self.found.bad("checkpoint", size, reason)

    def _leaf(self, index: int, raw: bytes) -> None:
        if not raw:
            self.found.bad("entry", index, "is missing")
            return
        leaf = self._read(index, raw)
        row = None if self.payloads is None else self.payloads.of(index)
        if leaf is None:
            return
        self.digests.add(leaf, index)
        self.notices.see(self.found, index, key_chain.bound_by(leaf))
        self._count_order(index, leaf)
        self._check_payload(f"entry {index}", leaf, row)

    def _read(self, index: object, raw: bytes) -> Leaf | None:
        try:
            leaf = read_leaf(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.found.bad("entry", index, f"is no leaf: {error}")
            return None
        if leaf.v != VERSION:
            self.found.bad("entry", index, f"has the unknown version {leaf.v}")
            return None
        return leaf

    def _count_order(self, index: object, leaf: Leaf) -> None:
        if leaf.order_seq is None:
            return
        order = order_of(leaf)
        expected = self.order_seqs.get(order, 0) + 1
        if leaf.order_seq != expected:
            reason = f"is number {leaf.order_seq} of order {order}, but {expected} was due"
            self.found.bad("entry", index, reason)
        self.order_seqs[order] = leaf.order_seq

    def _check_payload(self, name: str, leaf: Leaf, row: export.PayloadRow | None) -> None:
        if self.payloads is not None:
            self.payloads.check(name, leaf, row)

    def _unsequenced(self) -> None:
        for row in rows(self.source, self.found, export.UNSEQUENCED, export.PayloadRow):
            self.found.count("unsequenced")
            leaf = self._read(row.entry_id, row.leaf or b"")
            if leaf is None:
                continue
            self.digests.add(leaf)
            self._count_order(row.entry_id, leaf)
            self._check_payload(f"unsequenced {row.entry_id}", leaf, row)
        waiting = self.found.counts.get("unsequenced", 0)
        if waiting:
            self.found.note(f"{waiting} entries wait for their place; nothing proves them yet")

    # ── what is stored of the tree ──

    def _state(self) -> None:
        state = decoded(self.found, self.source.read(export.STATE), export.StateRow, export.STATE)
        if state is None:
            return
        if state.size < self.edge.size:
            self.found.bad("entry", state.size, "stands beyond the end of the log")
        elif state.size > self.edge.size:
            reason = f"says {state.size}, but there are {self.edge.size} entries"
            self.found.bad("state", "size", reason)
        elif state.root != self.edge.root():
            self.found.bad("state", "root", "is not the root of the entries")
        elif state.frontier != self.edge.packed():
            self.found.bad("state", "frontier", "is not the edge of the tree")

    def _tiles(self) -> None:
        """Check the unfinished tiles of the signed tree, and that nothing else lies there."""
        size = self.signed_edge.size
        for level, hashes in enumerate(self.signed_edge.partials):
            if hashes:
                number = size >> (8 * (level + 1))
                self._tile(tiles.TilePath(level, number, len(hashes) // _HASH), hashes)
        self.known_names.update(
            str(tiles.TilePath(None, n)) for n in range(self.edge.size // _WIDTH)
        )
        for end in {size, self.edge.size}:
            if end % _WIDTH:
                self.known_names.add(str(tiles.TilePath(None, end // _WIDTH, end % _WIDTH)))
        for name in sorted(self.source.names(export.TILES)):
            if name not in self.known_names:
                self.found.bad("tile", name, "belongs to no tree of this size")
