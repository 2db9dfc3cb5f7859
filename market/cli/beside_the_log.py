"""Compare what is kept beside the log with the log, and name what differs (日志旁存数据核对).

An export does not hold it: it is computed from what an export holds, or witnesses and authorities said
it. But whoever changes it hides an entry from a search, or keeps from a reader what proves one.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log import key_notices
from catalog.audit_log.checkpoint import parse_note
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import read_leaf
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import canonical
from catalog.signing.model import key_id_of
from catalog.subject_heads import heads
from catalog.subject_heads.model import HEADS
from catalog.timestamps import archive, hashing
from catalog.timestamps.model import TIMESTAMP, Kind, Record
from catalog.witnessing import policy as policies
from catalog.witnessing.cosignature import cosigned_at, parse_witness_vkey
from catalog.witnessing.policy import Policy
from market.cli import queries

_ORDER: Final = "order"


async def differences(tx: Tx, policy: Policy | None) -> list[str]:
    """Return what differs from the log, each with its table, its key and why; nothing, as a rule.

    ``policy`` says which witnesses of our log are enough; without one only their lines are checked.
    """
    found = [line async for line in _index(tx)]
    found += [line async for line in _heads(tx)]
    found += [line async for line in _timestamps(tx)]
    found += [line async for line in _key_notices(tx)]
    found += [line async for line in _cosignatures(tx, policy)]
    return found


async def miscounted_orders(tx: Tx) -> list[str]:
    """Return the orders whose entries the sequencer does not count as the log has them.

    With the sequencer's role, which alone may see its counts.
    """
    told = {row["order_id"]: row["entries"] async for row in queries.read(tx, queries.ORDER_COUNTS)}
    counted: dict[str, int] = {}
    async for row in queries.read(tx, queries.LEAVES_OF_ORDERS):
        try:
            leaf = read_leaf(row["leaf"])
        except msgspec.MsgspecError:  # named where the log is read
            continue
        for subject in leaf.subjects:
            if subject.kind == _ORDER and leaf.order_seq is not None:
                counted[subject.id] = leaf.order_seq
    return [
        f"order_counts {order}: {told.get(order)} is told, and the log has {counted.get(order)}"
        for order in sorted(told.keys() | counted.keys())
        if told.get(order) != counted.get(order)
    ]


# ── the index of the log ──


async def _index(tx: Tx) -> AsyncIterator[str]:
    sizes = [row async for row in queries.read(tx, queries.INDEX_SIZE)]
    if len(sizes) != 1 or not 0 <= sizes[0]["size"] <= sizes[0]["sequenced"]:
        yield f"search_state {len(sizes)} rows: it is not told how far the log is indexed"
    for sql in (queries.INDEX_OF_ENTRIES, queries.INDEX_OF_SUBJECTS):
        async for row in queries.read(tx, sql):
            yield f"{row['name']} {row['idx']}: the index {row['wrong']}"


# ── the heads of all subjects ──


async def _heads(tx: Tx) -> AsyncIterator[str]:
    """Compare bundles and tiles with the record that the log binds: its root is over all of them."""
    kept = [row async for row in queries.read(tx, queries.HEAD_SNAPSHOTS)]
    for row in kept:
        if not _is_of_its_entry(row, Event.HEADS_PUBLISHED, f"{HEADS}:{row['log_size']}"):
            yield f"head_snapshots {row['log_size']}: it is not what its entry tells"
    records = {row["log_size"]: row["record"] for row in kept[-2:]}  # older heads were let go
    bundles: dict[int, dict[int, tuple[bytes, bytes]]] = {size: {} for size in records}
    async for row in queries.read(tx, queries.HEAD_BUNDLES):
        held = bundles.setdefault(row["log_size"], {})
        held[row["number"]] = (row["first_hash"], row["heads"])
    tiles: dict[int, dict[tuple[int, int], bytes]] = {size: {} for size in records}
    async for row in queries.read(tx, queries.HEAD_TILES):
        tiles.setdefault(row["log_size"], {})[row["level"], row["number"]] = row["hashes"]
    for size in sorted(bundles.keys() | tiles.keys()):
        reason = _wrong_heads(size, records.get(size), bundles.get(size, {}), tiles.get(size, {}))
        if reason is not None:
            yield f"heads {size}: {reason}"


def _wrong_heads(
    size: int,
    record: bytes | None,
    bundles: dict[int, tuple[bytes, bytes]],
    tiles: dict[tuple[int, int], bytes],
) -> str | None:
    if record is None:
        return "nothing was published of this size, or it was let go"
    try:
        standing = heads.standing(each for _, each in bundles.values())
    except ValueError as error:
        return f"a bundle of heads is none: {error}"
    drawn_up = heads.draw_up(size, standing.values())
    if canonical(drawn_up.record) != record:
        return "its heads are not those of the record that the log binds"
    if bundles != {i: (each[:32], each) for i, each in enumerate(drawn_up.bundles)}:
        return "its bundles are not in their order"
    if tiles != drawn_up.tiles:
        return "its tiles are not those over its heads"
    return None


def _is_of_its_entry(row: Row, event: Event, subject: str) -> bool:
    """Tell whether the entry that a row names is about it, and of that event and instant."""
    subjects = row["subjects"] or []
    return row["event"] == event and subject in subjects and row["at"] == row["kept_at"]


# ── timestamps ──


class _Facts(msgspec.Struct, frozen=True):
    """What the log tells of a timestamp."""

    authority: str
    stamped_at: dt.datetime
    ends_at: dt.datetime


class _Payload(msgspec.Struct, frozen=True):
    facts: _Facts


async def _timestamps(tx: Tx) -> AsyncIterator[str]:
    archives = {row["number"]: row async for row in queries.read(tx, queries.ARCHIVE_HASHES)}
    async for row in queries.read(tx, queries.TIMESTAMP_ROWS):
        number = row["number"]
        if not _is_of_its_entry(row, Event.LOG_TIMESTAMPED, f"{TIMESTAMP}:{number}"):
            yield f"timestamps {number}: it is not what its entry tells"
        elif row["payload"] is not None and not _is_as_told(row):
            yield f"timestamps {number}: authority or instants are not those that the log tells"
        reason = _wrong_archive(row, archives.pop(number, None))
        if reason is not None:
            yield f"archive_hashes {number}: {reason}"
    for number in sorted(archives):
        yield f"archive_hashes {number}: there is no such archive stamp"


def _is_as_told(row: Row) -> bool:
    try:
        facts = msgspec.json.decode(row["payload"], type=_Payload).facts
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    told = (facts.authority, facts.stamped_at, facts.ends_at)
    return told == (row["authority"], row["stamped_at"], row["ends_at"])


def _wrong_archive(row: Row, held: Row | None) -> str | None:
    """Return what is wrong with the hashes under an archive stamp, whose text has their roots."""
    try:
        record = msgspec.json.decode(row["record"], type=Record)
        if record.kind is not Kind.ARCHIVE:
            return None if held is None else "this is no archive stamp"
        text = archive.parse(record.covers)
    except (msgspec.MsgspecError, UnicodeDecodeError, DomainError):
        return None  # the record is not the one that the log binds: named there
    if held is None:
        return "the hashes under this archive stamp are gone"
    records, bundles = (
        archive.split(text.algorithm, held[name]) for name in ("records", "bundles")
    )
    roots = tuple(hashing.root_of(text.algorithm, each) for each in (records, bundles))
    if (held["covers"], len(records)) != (text.count, text.count):
        return f"it covers {text.count} timestamps"
    if roots != (text.records_root, text.entries_root):
        return "the hashes are not those that were stamped"
    return None


# ── what was said of keys, and by witnesses ──


async def _key_notices(tx: Tx) -> AsyncIterator[str]:
    async for row in queries.read(tx, queries.KEY_NOTICE_ROWS):
        try:
            notice = key_notices.read(row["note"])
        except DomainError as error:
            yield f"key_notices {row['entry_id']}: {error.code}"
            continue
        if row["action"] != notice.action or row["key_id"] != key_id_of(notice.key.public_key):
            yield f"key_notices {row['entry_id']}: its note is of another action or key"
        elif not row["is_in_the_log"]:
            yield f"key_notices {row['entry_id']}: there is no such entry"


async def _cosignatures(tx: Tx, policy: Policy | None) -> AsyncIterator[str]:
    """See that every line is its witness's, and that each quorum's checkpoint is made of such lines."""
    lines: dict[int, dict[str, bytes]] = {}  # of each size, by the witness's key
    async for row in queries.read(tx, queries.COSIGNATURES):
        reason = _wrong_line(row)
        if reason is not None:
            yield f"cosignatures {row['size']} {row['witness']}: {reason}"
        lines.setdefault(row["size"], {})[row["witness"]] = row["line"]
    if policy is None:
        return
    enough: dict[int, set[str]] = {}
    async for row in queries.read(tx, queries.WITNESSED_ROWS):
        size = row["size"]
        held = lines.get(size, {})
        enough[size] = {witness for witness, line in held.items() if line in row["note"]}
        reason = _wrong_quorum(policy, row, held.values())
        if reason is not None:
            yield f"witnessed_checkpoints {size}: {reason}"
    for size in _missed(policy, lines, enough):
        yield f"witnessed_checkpoints {size}: enough witnesses cosigned it, and it is not kept"


def _wrong_line(row: Row) -> str | None:
    if row["note"] is None:
        return "no checkpoint of this size was signed"
    try:
        witness = parse_witness_vkey(row["witness"])
        at = cosigned_at(parse_note(row["note"] + row["line"]), witness)
    except DomainError as error:
        return error.code
    if at is None or dt.datetime.fromtimestamp(at, dt.UTC) != row["cosigned_at"]:
        return "the line is not of this witness and instant"
    return None


def _wrong_quorum(policy: Policy, row: Row, lines: Iterable[bytes]) -> str | None:
    try:
        policies.check(policy, row["note"])
    except DomainError as error:
        return error.code
    if row["signed"] is None:
        return "no checkpoint of this size was signed"
    added = row["note"].removeprefix(row["signed"])
    if added == row["note"] or not set(added.splitlines(keepends=True)) <= set(lines):
        return "it is not the signed checkpoint with the lines of its witnesses"
    return None


def _missed(
    policy: Policy, lines: dict[int, dict[str, bytes]], enough: dict[int, set[str]]
) -> Iterator[int]:
    """Yield the sizes that were cosigned by those who were enough before or after, and are not kept.

    Not by those who are enough now: a policy may ask for fewer than it did.
    """
    kept = sorted(enough)
    for size in sorted(lines.keys() - enough.keys()):
        at = bisect.bisect(kept, size)
        near = [*kept[max(at - 1, 0) : at], *kept[at : at + 1]]
        names = {each.name for each in policy.witnesses if str(each.key) in lines[size]}
        if enough[near[0]] <= lines[size].keys() if near else policy.is_met_by(names):
            yield size
