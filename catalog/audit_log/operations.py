"""Append entries, give them their places, sign the tree; enter and revoke keys.

``append`` is called by every command, in its transaction. ``sequence`` and ``publish`` are called
by the job, in transactions of their own and with the sequencer's role.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from catalog.audit_log import (
    further_lines,
    growing,
    key_chain,
    key_notices,
    leaf,
    merkle,
    order_counting,
    queries,
    receipts,
    store,
)
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, sign_line, signed_note
from catalog.audit_log.disk import CheckpointJournal, FilesDiffer, LogDirectory, Signed
from catalog.audit_log.events import Event
from catalog.audit_log.key_record import key_record
from catalog.audit_log.model import Appended, Digest, EntryId, Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx, Write
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.signing import operations as signing
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

BATCH: Final = 16_384


class LogBroken(RuntimeError):
    """What is stored is not what was signed or sequenced. Nothing more is signed until mended."""


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


class Placed(msgspec.Struct, frozen=True):
    """A batch that got its places: how many entries, and when they were made."""

    count: int
    made_at: list[dt.datetime]


# ── the commands' part ──────────────────────────────────────────────────────────────────────


async def append(
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    subjects: Iterable[Subject],
    facts: Any = None,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
    rules: Iterable[str] = (),
    digests: Iterable[Digest] = (),
    order_seq: int | None = None,
    entry_id: EntryId | None = None,
    beside: Sequence[Write] = (),
) -> Appended:
    """Remember ``event`` in the caller's transaction. Plain inserts, no lock.

    ``beside`` are writes that go to the database in the same statement; one that names the entry
    needs its id beforehand: ``entry_id``, from ``new_entry_id``.

    ``subjects`` and ``digests`` are public; what stands in ``facts``, ``before``, ``after`` and
    ``reason`` goes into the payload, of which the public leaf has only a salted commitment.

    :raises EntryTooLong: if the leaf does not fit a bundle.
    :raises NotCanonical: if a value has no canonical JSON form.
    """
    entry_id = entry_id or new_entry_id()
    about = tuple(subjects)
    salt = secrets.token_bytes(leaf.SALT_LENGTH)
    payload = leaf.payload_bytes(actor, facts=facts, before=before, after=after, reason=reason)
    public = leaf.leaf_bytes(
        entry_id,
        now,
        event.value,
        subjects=about,
        payload_sha256=leaf.commitment(salt, payload),
        digests=digests,
        rules=rules,
        order_seq=order_seq,
    )
    await store.append(
        tx,
        entry_id=entry_id,
        leaf=public,
        at=now,
        event=event.value,
        subjects=[subject.key for subject in about],
        actor_account_id=actor.account_id,
        actor_party_id=actor.party_id,
        salt=salt,
        payload=payload,
        beside=beside,
    )
    tx.remember()
    return Appended(entry_id, public)


def new_entry_id() -> EntryId:
    """Return the id of an entry that is yet to be appended."""
    return EntryId(new_id())


def receipt(entry: Appended, *, signer: Signer, log: str, now: dt.datetime) -> str:
    """Return the signed promise that an entry will be in the log (``receipts``)."""
    document = receipts.drawn_up(entry, log=log, now=now)
    return receipts.packed(document, signer.seal(document))


# ── the job's part ──────────────────────────────────────────────────────────────────────────


async def sequence(tx: Tx, *, limit: int = BATCH, signed_size: int = 0) -> Placed:
    """Give the entries that wait their places in the tree; return which these were.

    ``signed_size`` is what the signer's journal has: a database that has fewer entries is an older
    copy, and gives no places that belong to others.

    The state's row is the fence: a second sequencer waits for it and then sees the new size.
    Leaves, tiles and state move together or not at all, so no place is ever burned.

    :raises LogBroken: if the stored state does not fit itself, or an entry of an order is missing.
    """
    if not await store.has_outbox(tx):
        return Placed(
            0, []
        )  # without the lock, which would be written to disk several times a second
    state = await store.lock_state(tx)
    if state.size < signed_size:
        raise LogBroken(f"{signed_size} entries were signed, and this database has {state.size}")
    leaves = await store.place_outbox(tx, state.size, limit)
    if not leaves:
        return Placed(0, [])
    edge = state.edge()
    if edge.root() != state.root:
        raise LogBroken(f"the frontier of {state.size} leaves does not have the stored root")
    grown, tiles = edge.extended([merkle.leaf_hash(each) for each in leaves])
    await store.add_tiles(tx, tiles)
    await _count_orders(tx, leaves)
    moved = await store.advance_state(tx, old_size=state.size, edge=grown, root=grown.root())
    if moved != 1:
        raise LogBroken(f"the log moved on from {state.size} under the lock")
    return Placed(len(leaves), _times_of(leaves))


def _times_of(leaves: Iterable[bytes]) -> list[dt.datetime]:
    times = (leaf.made_at(each) for each in leaves)
    return [at for at in times if at is not None]


async def _count_orders(tx: Tx, leaves: list[bytes]) -> None:
    numbered = order_counting.numbered(leaves)
    if not numbered:
        return
    before = await store.read_order_counts(tx, {order for order, _ in numbered})
    try:
        after = order_counting.counted(before, numbered)
    except order_counting.OrderGap as error:
        raise LogBroken(str(error)) from error
    await store.put_order_counts(tx, after)


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
    state = await store.lock_state(tx)
    last = await asyncio.to_thread(journal.last)
    await _catch_up_with(tx, last)
    signed_size = 0 if last is None else last.size
    if state.size == signed_size and (last is None or last.root == state.root):
        return []
    made_at = await _reread(tx, state, last)
    if directory is not None:
        await _write_files(tx, directory, state.size, state.root)
    spans = merkle.consistency_spans(signed_size, state.size)
    tiles = await store.read_tiles(tx, state, merkle.tiles_of(spans))
    by = await _in_force(tx, signer, state.size)
    note = signer.note(state.size, state.root, previous=signed_size, now=now, by=by)
    new = Signed(size=state.size, root=state.root, note=note.decode(), at=now)
    await asyncio.to_thread(journal.append, new, merkle.hashes_of(spans, tiles))
    await store.add_checkpoint(tx, size=new.size, root=new.root, note=note, published_at=now)
    return made_at


async def show_files(tx: Tx, *, directory: LogDirectory) -> bool:
    """Show the newest checkpoint among the public files, after all of its tree; tell whether it was new.

    :raises LogBroken: if the files that lie there are of another history.
    """
    signed = await store.last_checkpoint(tx)
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
        async for index, each in store.read_leaves(tx, start, size):
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
    state, stored = await store.get_state(tx), await store.last_checkpoint(tx)
    return (state.size, state.root) == (last.size, last.root) and stored == store.Published(
        last.size, merkle.Hash(last.root), last.note.encode()
    )


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


async def _catch_up_with(tx: Tx, last: Signed | None) -> None:
    stored = await store.last_checkpoint(tx)
    if last is None:
        if stored is not None:
            raise LogBroken(f"a checkpoint of {stored.size} is stored, but the journal is empty")
        return
    if stored is None or stored.size < last.size:
        await store.add_checkpoint(
            tx, size=last.size, root=last.root, note=last.note.encode(), published_at=last.at
        )
    elif (stored.size, stored.root, stored.note) != (last.size, last.root, last.note.encode()):
        raise LogBroken(f"a checkpoint of {stored.size} is stored that the journal does not have")


async def _reread(tx: Tx, state: store.State, last: Signed | None) -> list[dt.datetime]:
    size = 0 if last is None else last.size
    if state.size <= size:
        raise LogBroken(f"{size} leaves were signed, but the log has {state.size}")
    wanted = [(n, size >> (8 * (n + 1))) for n, w in enumerate(merkle.edge_widths(size)) if w]
    tiles = await store.read_tiles(tx, state, wanted)
    try:
        edge = merkle.edge_at(size, lambda level, number: tiles.get((level, number), b""))
    except ValueError as error:
        raise LogBroken(str(error)) from error
    if last is not None and edge.root() != last.root:
        raise LogBroken(f"the tiles do not have the root that was signed for {size}")
    expected = size
    hashes: list[merkle.Hash] = []
    beginnings: list[bytes] = []
    async for index, each in store.read_leaves(tx, size, state.size):
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
    return _times_of(beginnings)


async def refill(tx: Tx, *, leaves: list[bytes], grown: merkle.Edge) -> None:
    """Put leaves of the log back behind those that a restored database has; with the sequencer's role.

    ``grown`` is the edge of the tree with them, which the caller has proven to lie under what was
    signed. What waits in the outbox and has its place among them does not get another.

    :raises LogBroken: if they do not lead to that edge, or an entry of an order is missing.
    """
    state = await store.lock_state(tx)
    edge, tiles = state.edge().extended([merkle.leaf_hash(each) for each in leaves])
    if (edge.size, edge.root()) != (grown.size, grown.root()):
        raise LogBroken(f"the leaves behind {state.size} are not those that were proven")
    entries = [(uuid.UUID(leaf.read_leaf(each).id), each) for each in leaves]
    await store.drop_from_outbox(tx, [entry_id for entry_id, _ in entries])
    await store.add_leaves(tx, state.size, entries)
    await store.add_tiles(tx, tiles)
    await _count_orders(tx, leaves)
    await store.advance_state(tx, old_size=state.size, edge=edge, root=edge.root())


async def refill_checkpoints(tx: Tx, *, journal: CheckpointJournal) -> int:
    """Store again what the signer's journal has of the log; return how many checkpoints were missing."""
    state, stored = await store.get_state(tx), await store.last_checkpoint(tx)
    known = 0 if stored is None else stored.size
    missing = [each for each in journal.read() if known < each.size <= state.size]
    for each in missing:
        await store.add_checkpoint(
            tx, size=each.size, root=each.root, note=each.note.encode(), published_at=each.at
        )
    return len(missing)


async def remember_refilled(
    tx: Tx, *, actor: Actor, now: dt.datetime, start: int, end: int, orders: Iterable[str]
) -> Appended:
    """Remember that entries were put back, and which orders they count.

    :raises NotPermitted: if the actor does not refill the log.
    """
    actor.require("log:refill")
    return await append(
        tx,
        Event.LOG_REFILLED,
        actor=actor,
        now=now,
        subjects=[Subject("log", "1")],
        facts={"start": start, "end": end, "orders": sorted(orders)},
    )


async def find_again(tx: Tx, *, leaves: list[bytes]) -> None:
    """Let entries be found by what their leaves tell; who acted and why is lost with their payloads."""
    told = [leaf.read_leaf(each) for each in leaves]
    await store.add_erased_payloads(
        tx,
        [
            (
                uuid.UUID(each.id),
                dt.datetime.fromisoformat(each.at),
                each.event,
                [subject.key for subject in each.subjects],
            )
            for each in told
        ],
    )


async def stop(tx: Tx, *, now: dt.datetime, reason: str) -> None:
    """Keep that the log is stopped, and why; nothing is metered until it goes on (``promising``)."""
    await store.put_stop(tx, at=now, reason=reason)


async def resume(tx: Tx, *, now: dt.datetime) -> bool:
    """Keep that the log goes on; tell whether it was stopped."""
    return await store.end_stop(tx, at=now) > 0


# ── keys ────────────────────────────────────────────────────────────────────────────────────


async def register_service_keys(
    tx: Tx,
    *,
    now: dt.datetime,
    keys: Mapping[Purpose, bytes],
    of_the_log: Mapping[Algorithm, bytes] = MappingProxyType({}),
    of_certificates: Mapping[Algorithm, bytes] = MappingProxyType({}),
    certify: Callable[[PublicKey], bytes] | None = None,
    overlap: dt.timedelta = dt.timedelta(0),
) -> list[PublicKey]:
    """Enter the service's own public keys where they are new, and end what signed before them.

    ``keys`` are of each purpose's own algorithm; ``of_the_log`` sign checkpoints beside that, by other
    algorithms, and ``of_certificates`` certificates. What signed before may sign on for the ``overlap``.
    ``certify`` makes the X.509 of the key that seals papers.
    Called whenever the service starts; returns what changed, mostly nothing.

    :raises KeyNotValid: if one of them was ended or revoked: the service does not start with it.
    :raises KeyNotAnnounced: if the log has another key than the one that signs it.
    """
    changed = await signing.enter_service_keys(
        tx,
        now=now,
        keys=keys,
        of_the_log=of_the_log,
        of_certificates=of_certificates,
        certify=certify,
        overlap=overlap,
    )
    if changed:
        await remember_keys(tx, Event.KEY_REGISTERED, actor=system("keys"), now=now, keys=changed)
    return changed


async def register_party_key(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    purpose: Purpose,
    public_key: bytes,
    possession: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> PublicKey:
    """Register a key of the actor's party, whose private half the service never sees.

    ``possession`` is the signature, with that very key, over ``signing.possession.statement``.

    :raises PurposeNotForParties: if only the service signs for that purpose.
    :raises PossessionNotProven: if the signature is not the key's.
    :raises KeyTaken: if the key is registered already.
    """
    key = await signing.enter_party_key(
        tx,
        actor=actor,
        now=now,
        purpose=purpose,
        public_key=public_key,
        possession_signature=possession,
        algorithm=algorithm,
    )
    await remember_keys(tx, Event.KEY_REGISTERED, actor=actor, now=now, keys=[key])
    return key


async def revoke_key(
    tx: Tx, *, actor: Actor, now: dt.datetime, key_id: str, reason: str
) -> PublicKey:
    """Revoke a key: what it signs from now on does not count; what it signed before does.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyAlreadyRevoked: if it was revoked before.
    """
    key = await signing.revoke_key(tx, actor=actor, now=now, key_id=key_id)
    await remember_keys(tx, Event.KEY_REVOKED, actor=actor, now=now, keys=[key], reason=reason)
    return key


async def remember_keys(
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    keys: Sequence[PublicKey],
    facts: Any = None,
    reason: str | None = None,
    notice: bytes | None = None,
) -> Appended:
    """Bind keys as they are now, and the notice about the log's own key where there is one."""
    digests = [Digest("key", key.key_id, sha256_hex(key_record(key))) for key in keys]
    if notice is not None:
        sha256 = key_notices.digest(notice)
        digests.append(Digest(key_notices.KIND, sha256[:16], sha256))
    entry = await append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("key", key.key_id) for key in keys],
        facts=facts,
        after=keys,
        reason=reason,
        digests=digests,
    )
    if notice is not None:
        told = key_notices.read(notice)
        await store.add_key_notice(
            tx,
            entry_id=entry.id,
            action=told.action.value,
            key_id=key_id_of(told.key.public_key),
            note=notice,
        )
    return entry
