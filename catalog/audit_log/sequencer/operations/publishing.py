"""Sign the tree, and show it: what is signed was read and hashed again (签发检查点)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Iterable, Sequence

import msgspec

from catalog.audit_log import (
    further_lines,
    growing,
    key_chain,
    key_notices,
    leaf,
    merkle,
    queries,
)
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, sign_line, signed_note
from catalog.audit_log.disk import CheckpointJournal, FilesDiffer, LogDirectory, Signed
from catalog.audit_log.sequencer.operations.sequencing import BATCH, LogBroken, times_of
from catalog.audit_log.store import checkpoints, tree
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.signing.signer import Signer


class LogKeyNotInForce(Refused):
    """No key of the log that is at hand may sign it: it ended, or no notice brought it."""

    code = "log_key_not_in_force"


class LogSigner(msgspec.Struct, frozen=True):
    """Sign the checkpoints of one log: its origin, which is its name, and the checkpoint keys.

    ``signer`` is of Ed25519; ``further`` are of other algorithms. ``outgoing`` are keys before the
    first one, which sign beside it as long as they are in force.
    """

    origin: str
    signer: Signer
    further: tuple[Signer, ...] = ()
    outgoing: tuple[Signer, ...] = ()

    @property
    def key(self) -> VerifierKey:
        """Return the public half, under the log's name."""
        return self._key(self.signer)

    def able(self, in_force: Collection[VerifierKey]) -> tuple[Signer, ...]:
        """Return which of the keys at hand may sign, the newest first."""
        return tuple(
            signer
            for signer in (self.signer, *self.outgoing)
            if VerifierKey(self.origin, signer.public_key) in in_force
        )

    def note(
        self,
        size: int,
        root: merkle.Hash,
        *,
        previous: int,
        now: dt.datetime | None = None,
        by: Sequence[Signer] = (),
    ) -> bytes:
        """Return the signed checkpoint; it names the size that was signed before.

        ``now`` is signed by the keys that sign a time, 1970 if it is not told. ``by`` are the keys
        of Ed25519 that sign, the one of the log if none are told.
        """
        checkpoint = Checkpoint(self.origin, size, root, previous)
        text = checkpoint.text()
        at = 0 if now is None else int(now.timestamp())
        first, *more = by or (self.signer,)
        note = signed_note(checkpoint, self._key(first), first.sign(text.encode()))
        for signer in more:
            note += sign_line(self._key(signer), signer.sign(text.encode())).encode()
        for signer in self.further:
            key = further_lines.FurtherKey(self.origin, signer.algorithm, signer.public_key)
            signature = signer.sign(further_lines.message(key, checkpoint, text, at))
            note += further_lines.line(key, signature, at).encode()
        return note

    def _key(self, signer: Signer) -> VerifierKey:
        return VerifierKey(self.origin, signer.public_key)


async def publish(
    tx: Tx,
    *,
    now: dt.datetime,
    signer: LogSigner,
    journal: CheckpointJournal,
    directory: LogDirectory | None = None,
) -> list[dt.datetime]:
    """Sign the tree as it stands, if it grew; return when each entry was made that it covers first.

    1. What the journal says was signed is stored, should a crash have come between.
    2. The tree at the last signed size is rebuilt from the tiles and must have the signed root.
    3. Every later leaf is read again and hashed again; the root must be the stored one.
    4. Where the log has public files, those of the new tree are written: what is signed can be had
       from them, whatever happens to the database.
    5. It is signed by those of the keys at hand that are in force at this size (``key_chain``).
    6. The journal checks the proof of consistency and writes the checkpoint down.
    7. Only then is it stored, and so published.

    :raises LogBroken: if anything stored differs from what was signed or hashed before.
    :raises CheckpointRefused: if the journal refuses.
    :raises LogKeyNotInForce: if no key at hand may sign.
    """
    last = await asyncio.to_thread(journal.last)
    if last is not None and await _is_published(tx, last):
        return []
    state = await tree.lock_state(tx)
    last = await asyncio.to_thread(journal.last)
    await _catch_up_with(tx, journal, last)
    signed_size = 0 if last is None else last.size
    if state.size == signed_size and (last is None or last.root == state.root):
        return []
    made_at = await _reread(tx, state, last)
    if directory is not None:
        await _write_files(tx, directory, state.size, state.root)
    spans = merkle.consistency_spans(signed_size, state.size)
    tiles = await tree.read_tiles(tx, state, merkle.tiles_of(spans))
    by = await _in_force(tx, signer, state.size)
    note = signer.note(state.size, state.root, previous=signed_size, now=now, by=by)
    new = Signed(size=state.size, root=state.root, note=note.decode(), at=now)
    await asyncio.to_thread(journal.append, new, merkle.hashes_of(spans, tiles))
    await checkpoints.add_checkpoint(tx, size=new.size, root=new.root, note=note, published_at=now)
    return made_at


async def show_files(tx: Tx, *, directory: LogDirectory) -> bool:
    """Show the newest checkpoint among the public files, after all of its tree; tell whether it was new.

    :raises LogBroken: if the files that lie there are of another history.
    """
    signed = await checkpoints.last_checkpoint(tx)
    shown = await _edge_of_files(directory)
    if signed is None or signed.size <= shown.size:
        return False
    edge = await _write_files(tx, directory, signed.size, signed.root)
    return await asyncio.to_thread(directory.show, signed.note, edge)


async def _write_files(
    tx: Tx, directory: LogDirectory, size: int, root: merkle.Hash
) -> merkle.Edge:
    """Write the tiles and bundles of a tree, from what lies there on; return its edge."""
    edge = await _edge_of_files(directory)
    known: list[bytes] = []
    some: list[bytes] = []
    start = edge.size - edge.size % merkle.TILE_WIDTH
    try:
        async for index, each in tree.read_leaves(tx, start, size):
            (known if index < edge.size else some).append(each)
            if len(some) == BATCH - len(known):  # a whole number of bundles
                edge, files = growing.grown(edge, known, some)
                finished = {name: files[name] for name in files if not growing.is_unfinished(name)}
                await asyncio.to_thread(directory.write, finished)
                known, some = [], []
        edge, files = growing.grown(edge, known, some)
        if edge.root() != root:
            raise LogBroken(f"the leaves below {size} do not continue the public files")
        await asyncio.to_thread(directory.write, files)
    except FilesDiffer as error:
        raise LogBroken(str(error)) from error
    return edge


async def _edge_of_files(directory: LogDirectory) -> merkle.Edge:
    try:
        return await asyncio.to_thread(directory.edge)
    except FilesDiffer as error:
        raise LogBroken(str(error)) from error


async def _is_published(tx: Tx, last: Signed) -> bool:
    """Tell whether nothing has come after what was signed last, and it is stored as it was."""
    state, stored = await tree.get_state(tx), await checkpoints.last_checkpoint(tx)
    return (state.size, state.root) == (last.size, last.root) and _is(stored, last)


async def _in_force(tx: Tx, signer: LogSigner, size: int) -> tuple[Signer, ...]:
    """Return which keys at hand sign a tree of that size: the one there is, until it was changed."""
    notices = await queries.list_key_notices(tx)
    rows = [row for row in notices if row.index is not None and row.index < size]
    if not rows:
        return (signer.signer, *signer.outgoing)[-1:]
    first = key_notices.read(rows[0].note).by
    able = signer.able(key_chain.chained(first, rows).in_force(size - 1))
    if not able:
        raise LogKeyNotInForce(key_id=signer.signer.key_id, size=size)
    return able


async def _catch_up_with(tx: Tx, journal: CheckpointJournal, last: Signed | None) -> None:
    """Store what was signed and is not stored: more than one, if crashes followed each other."""
    stored = await checkpoints.last_checkpoint(tx)
    if last is None:
        if stored is not None:
            raise LogBroken(f"a checkpoint of {stored.size} is stored, but the journal is empty")
        return
    if _is(stored, last):
        return
    signed = await asyncio.to_thread(lambda: list(journal.read()))
    if stored is not None and not any(_is(stored, each) for each in signed):
        raise LogBroken(f"a checkpoint of {stored.size} is stored that the journal does not have")
    await store_behind(tx, signed, 0 if stored is None else stored.size)


async def store_behind(tx: Tx, signed: Iterable[Signed], size: int) -> int:
    """Store the checkpoints that were signed behind one of ``size``; return how many there are."""
    missing = [each for each in signed if each.size > size]
    for each in missing:
        await checkpoints.add_checkpoint(
            tx, size=each.size, root=each.root, note=each.note.encode(), published_at=each.at
        )
    return len(missing)


def _is(stored: checkpoints.Published | None, signed: Signed) -> bool:
    """Tell whether what is stored is that checkpoint, to the byte."""
    return stored == checkpoints.Published(
        signed.size, merkle.Hash(signed.root), signed.note.encode()
    )


async def _reread(tx: Tx, state: tree.State, last: Signed | None) -> list[dt.datetime]:
    size = 0 if last is None else last.size
    if state.size <= size:
        raise LogBroken(f"{size} leaves were signed, but the log has {state.size}")
    wanted = [(n, size >> (8 * (n + 1))) for n, w in enumerate(merkle.edge_widths(size)) if w]
    tiles = await tree.read_tiles(tx, state, wanted)
    try:
        edge = merkle.edge_at(size, lambda level, number: tiles.get((level, number), b""))
    except ValueError as error:
        raise LogBroken(str(error)) from error
    if last is not None and edge.root() != last.root:
        raise LogBroken(f"the tiles do not have the root that was signed for {size}")
    expected = size
    hashes: list[merkle.Hash] = []
    beginnings: list[bytes] = []
    async for index, each in tree.read_leaves(tx, size, state.size):
        if index != expected:
            raise LogBroken(f"leaf {expected} is missing")
        hashes.append(merkle.leaf_hash(each))
        beginnings.append(each[: leaf.BEGINNING])
        expected += 1
        if len(hashes) == BATCH:
            edge, hashes = edge.extended(hashes)[0], []
    edge, _ = edge.extended(hashes)
    if edge.size != state.size or edge.root() != state.root:
        raise LogBroken(f"the leaves from {size} to {state.size} do not have the stored root")
    return times_of(beginnings)
