"""Know a log by keys that were pinned, and follow it by itself to those it announces (跟随日志密钥).

Whoever follows a log pinned a key of it once. A later key counts as soon as its announcement is seen: a notice
of the log (``audit_log/key_notices``) whose entry lies under a checkpoint that was accepted by the keys
known until then. So the old key spoke twice: in the notice, and for its place. What is not so
announced is no key of the log, whoever shows it; who slept through the whole overlap pins the next
one by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from catalog.audit_log import key_chain, key_notices, merkle
from catalog.audit_log.checkpoint import Checkpoint, Note, VerifierKey
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_chain import KeyChain
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.merkle import Hash
from catalog.kernel.errors import DomainError
from catalog.witnessing.cosignature import is_signed_by_log

#: Return the tiles of the tree of that size, each as wide as the tree makes it.
Tiles = Mapping[tuple[int, int], bytes]
FetchTiles = Callable[[int, set[tuple[int, int]]], Tiles]


class LogKeys(msgspec.Struct, frozen=True):
    """The keys of one log that are known: the pinned ones, and where notices lead from them.

    A person may have ``dropped`` some: they sign nothing here, and nothing that they say counts.
    """

    pinned: tuple[VerifierKey, ...]
    notices: tuple[NoticeRow, ...]
    chains: tuple[KeyChain, ...]
    dropped: tuple[VerifierKey, ...] = ()

    @property
    def every(self) -> tuple[VerifierKey, ...]:
        """Return all keys that ever were the log's; a wrong line of any of them spoils a note."""
        periods = [period for chain in self.chains for period in chain.periods]
        return tuple(dict.fromkeys(period.key for period in periods))

    def in_force(self, index: int) -> tuple[VerifierKey, ...]:
        """Return the keys that sign the log up to this entry."""
        found = [key for chain in self.chains for key in chain.in_force(index)]
        return tuple(dict.fromkeys(found))

    def distrusted(self) -> list[tuple[VerifierKey, int]]:
        """Return the keys that the log itself distrusts, and from which entry on."""
        found = {
            period.key: period.distrusted_from
            for chain in self.chains
            for period in chain.periods
            if period.distrusted_from is not None
        }
        return list(found.items())

    def has_signed(self, note: Note, checkpoint: Checkpoint) -> bool:
        """Tell whether a key that is in force at its size signed a note, and no line is a wrong one."""
        return is_signed_by_log(note, self.every) and any(
            chain.has_signed(note, checkpoint) for chain in self.chains
        )

    def why_not(self, note: Note, checkpoint: Checkpoint) -> str:
        """Return why a note is not signed as it has to be."""
        if not any(key.has_line(note) for key in self.every):
            return "none of the keys known here signed it"
        if not is_signed_by_log(note, self.every):
            return "a line in the name of one of its keys is not its own"
        reasons = [why for chain in self.chains if (why := chain.why_not(note, checkpoint))]
        return reasons[0][0]


class NoticeFault(msgspec.Struct, frozen=True):
    """A notice that is told and does not count, and why."""

    index: int
    reason: str


def known(
    pinned: Iterable[VerifierKey],
    notices: Iterable[NoticeRow] = (),
    dropped: Iterable[VerifierKey] = (),
) -> LogKeys:
    """Return what is known of a log's keys through these pins and notices, without those dropped."""
    gone = tuple(dropped)
    keys = tuple(key for key in pinned if key not in gone)
    rows = tuple(sorted((row for row in notices if not is_of(row, gone)), key=_place))
    return LogKeys(keys, rows, tuple(key_chain.chained(key, rows) for key in keys), gone)


def is_of(row: NoticeRow, keys: Collection[VerifierKey]) -> bool:
    """Tell whether a notice is about one of these keys, or said by one."""
    if not keys:
        return False
    try:
        notice = key_notices.read(row.note)
    except DomainError:
        return False
    return notice.key in keys or notice.by in keys


def followed(
    before: LogKeys,
    told: Iterable[NoticeRow],
    size: int,
    is_bound: Callable[[NoticeRow], bool],
) -> tuple[LogKeys, tuple[NoticeFault, ...]]:
    """Return the keys after the notices that lie under an accepted tree of ``size``, and which do not count.

    ``is_bound`` tells whether the entry of a notice, in that tree, holds it. What lies beyond the tree waits.
    What a dropped key says, or another one says of it, is passed over.
    """
    faults: list[NoticeFault] = []
    if not before.chains:
        return before, ()  # nobody is left from whom a notice could lead on
    for row in sorted(told, key=_place):
        if row.index is None or row.index >= size or row in before.notices:
            continue
        if is_of(row, before.dropped):
            continue
        if not is_bound(row):
            faults.append(NoticeFault(row.index, "its entry does not hold it"))
            continue
        after = known(before.pinned, (*before.notices, row), before.dropped)
        new = [_new_refusals(*each) for each in zip(before.chains, after.chains, strict=True)]
        if all(new):
            faults.append(NoticeFault(row.index, new[0][0]))
        else:
            before = after
    return before, tuple(faults)


def is_bound(row: NoticeRow, leaf: bytes, size: int, root: Hash, fetch: FetchTiles) -> bool:
    """Tell whether a leaf holds a notice, and stands at the notice's place of a tree.

    :raises ValueError: if the tiles have not the widths of that tree.
    """
    assert row.index is not None, "it has its place"
    spans = merkle.inclusion_spans(row.index, size)
    proof = merkle.hashes_of(spans, fetch(size, merkle.tiles_of(spans)))
    if not merkle.verify_inclusion(merkle.leaf_hash(leaf), row.index, size, proof, root):
        return False
    try:
        return key_notices.digest(row.note) in key_chain.bound_by(read_leaf(leaf))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def _new_refusals(before: KeyChain, after: KeyChain) -> list[str]:
    """Return why a chain refuses what the one before it did not have."""
    told = list(before.refused)
    found = []
    for each in after.refused:
        if each in told:
            told.remove(each)
        else:
            found.append(each[1])
    return found


def _place(row: NoticeRow) -> int:
    return -1 if row.index is None else row.index
