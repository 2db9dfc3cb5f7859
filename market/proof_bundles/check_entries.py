"""Check the entries of a bundle: under the checkpoint, about the subject, all of them, as they were said."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.leaf import commitment, read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import key_id_of
from catalog.subject_heads import check as subject_heads
from catalog.subject_heads import heads
from catalog.subject_heads.model import ENTRIES, HeadsRecord, SubjectEntries
from market.proof_bundles.model import (
    BINDINGS,
    CHECKPOINT,
    HEADS,
    LEAVES,
    MANIFEST,
    PAYLOADS,
    PROOFS,
    BindingLine,
    Manifest,
    PayloadLine,
    ProofLine,
    Shown,
)
from market.proof_bundles.reading import Bundle, Unread, both


class Line(msgspec.Struct, frozen=True):
    """A proven entry about the subject: its line in the bundle, its place, what it says."""

    number: int
    index: int
    leaf: Leaf
    payload: str | None  # None: not shown, or not what the leaf commits to

    def where(self) -> str:
        """Return how to find it."""
        return place(LEAVES, self.number, self.leaf.order_seq)


class Proven(msgspec.Struct, frozen=True):
    """What the checkpoint proves: the entries about the subject, and the newest digest of each record."""

    entries: tuple[Line, ...]
    digests: Mapping[tuple[str, str], str]
    places: Mapping[tuple[str, str], int]

    def is_bound(self, kind: str, identifier: str, record: bytes) -> bool:
        """Tell whether a proven entry holds the digest of a record, and no newer one another."""
        return self.digests.get((kind, identifier)) == sha256_hex(record)


def place(member: str, number: int, order_seq: int | None) -> str:
    """Return how to find a line, in both languages."""
    zh, en = f"{member} 第 {number} 行", f"{member} line {number}"
    if order_seq is not None:
        zh, en = f"{zh}，订单序号 {order_seq}", f"{en}, order sequence {order_seq}"
    return f"{zh} / {en}"


def check(
    found: Findings,
    bundle: Bundle,
    manifest: Manifest,
    checkpoint: Checkpoint,
    log_key: VerifierKey,
) -> Proven:
    """Return what is proven of the entries; whatever is wrong is told, the lowest place first.

    The checkpoint was signed by ``log_key``.

    :raises Unread: if a member is not what its name says.
    """
    leaves = bundle.lines(LEAVES)
    proofs = list(bundle.decoded_lines(PROOFS, ProofLine, exactly=True))
    payloads = list(bundle.decoded_lines(PAYLOADS, PayloadLine, exactly=True))
    for member, lines in ((PROOFS, proofs), (PAYLOADS, payloads)):
        if len(lines) != len(leaves):
            reason = both(
                f"有 {len(lines)} 行，而条目有 {len(leaves)} 条",
                f"it has {len(lines)} lines for {len(leaves)} entries",
            )
            raise Unread(member, reason)
    if len(leaves) != manifest.entry_count:
        reason = both(
            f"清单载明 {manifest.entry_count} 条，实有 {len(leaves)} 条",
            f"the manifest counts {manifest.entry_count} entries, and there are {len(leaves)}",
        )
        found.bad("member", LEAVES, reason, Fault.ENTRY_MISSING)
    digests: dict[tuple[str, str], tuple[int, str]] = {}
    entries: list[Line] = []
    last = -1
    for number, (raw, proof, payload) in enumerate(zip(leaves, proofs, payloads, strict=True), 1):
        leaf = _proven(found, LEAVES, number, raw, proof, checkpoint)
        if leaf is None:
            continue
        line = Line(number, proof.index, leaf, None)
        _check_place(found, manifest, line, last)
        said = _said(found, line, payload)
        last = proof.index
        entries.append(Line(number, proof.index, leaf, said))
        _bind(digests, proof.index, leaf)
    found.count("entries", len(entries))
    _check_bindings(found, bundle, checkpoint, digests)
    _check_count(found, entries)
    _check_whole(found, bundle, manifest, leaves, proofs, log_key)
    newest = {key: sha256 for key, (_, sha256) in digests.items()}
    places = {key: index for key, (index, _) in digests.items()}
    return Proven(tuple(entries), newest, places)


def _bind(digests: dict[tuple[str, str], tuple[int, str]], index: int, leaf: Leaf) -> None:
    for digest in leaf.digests:
        key = (digest.kind, digest.id)
        if digests.get(key, (-1, ""))[0] < index:
            digests[key] = (index, digest.sha256)


def _proven(  # noqa: PLR0917
    found: Findings,
    member: str,
    number: int,
    raw: bytes,
    proof: ProofLine,
    checkpoint: Checkpoint,
) -> Leaf | None:
    """Return what a leaf says if it lies under the checkpoint; tell it if it does not."""
    try:
        leaf = read_leaf(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        leaf = None
    where = place(member, number, None if leaf is None else leaf.order_seq)
    is_under = merkle.verify_inclusion(
        merkle.leaf_hash(raw), proof.index, checkpoint.size, proof.proof, checkpoint.root
    )
    if not is_under:
        reason = both(
            f"{where}：证明不通向已签名的根", "its proof does not lead to the signed root"
        )
        found.bad("entry", proof.index, reason, Fault.NOT_INCLUDED)
        return None
    if leaf is None:
        reason = both(f"{where}：不是日志条目", "it is no leaf")
        found.bad("entry", proof.index, reason, Fault.MALFORMED)
    return leaf


def _check_place(found: Findings, manifest: Manifest, line: Line, last: int) -> None:
    if line.index <= last:
        reason = both(f"{line.where()}：次序颠倒或重复", "it stands out of order, or twice")
        found.bad("entry", line.index, reason, Fault.CONTENT_DIFFERS)
    if all(subject.key != manifest.subject for subject in line.leaf.subjects):
        reason = both(f"{line.where()}：与本对象无关", f"it is not about {manifest.subject}")
        found.bad("entry", line.index, reason, Fault.CONTENT_DIFFERS)


def _said(found: Findings, line: Line, told: PayloadLine) -> str | None:
    """Return what an entry says, if it is shown and its leaf commits to it; tell it if not."""
    is_there = told.payload is not None and told.salt is not None
    if told.index != line.index or is_there is not (told.state is Shown.SHOWN):
        reason = both(
            f"{PAYLOADS} 第 {line.number} 行不属于该条目",
            f"line {line.number} is not of this entry",
        )
        found.bad("entry", line.index, reason, Fault.PAYLOAD_DIFFERS)
    elif told.payload is None or told.salt is None:
        found.count(f"payloads {told.state}")
    elif commitment(told.salt, told.payload.encode()) != line.leaf.payload_sha256:
        reason = both(
            f"{PAYLOADS} 第 {line.number} 行与条目的承诺不符",
            f"line {line.number} of the payloads is not what the leaf commits to",
        )
        found.bad("entry", line.index, reason, Fault.PAYLOAD_DIFFERS)
    else:
        found.count("payloads")
        return told.payload
    return None


def _check_bindings(
    found: Findings,
    bundle: Bundle,
    checkpoint: Checkpoint,
    digests: dict[tuple[str, str], tuple[int, str]],
) -> None:
    last = -1
    for number, line in enumerate(bundle.decoded_lines(BINDINGS, BindingLine, exactly=True), 1):
        proof = ProofLine(line.index, line.proof)
        leaf = _proven(found, BINDINGS, number, line.leaf.encode(), proof, checkpoint)
        if leaf is not None and line.index <= last:
            where = place(BINDINGS, number, None)
            reason = both(f"{where}：次序颠倒或重复", "it stands out of order, or twice")
            found.bad("entry", line.index, reason, Fault.CONTENT_DIFFERS)
        elif leaf is not None:
            found.count("binding entries")
            _bind(digests, line.index, leaf)
        last = line.index


def _check_whole(  # noqa: PLR0917
    found: Findings,
    bundle: Bundle,
    manifest: Manifest,
    leaves: list[bytes],
    proofs: list[ProofLine],
    log_key: VerifierKey,
) -> None:
    """Tell whether these are all entries about the subject, as far as the heads reach."""
    told = bundle.decoded(HEADS, SubjectEntries, exactly=True)
    if told.format != ENTRIES or told.leaves is not None:
        reason = both(
            "格式未知，或自带条目", f"it is of the format {told.format}, or has entries itself"
        )
        raise Unread(HEADS, reason)
    try:
        size = msgspec.json.decode(told.proof.record, type=HeadsRecord).log_size
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unread(
            HEADS, both("主体头无法读取", f"its record is not readable: {error}")
        ) from error
    if (told.proof.subject, size) != (manifest.subject, manifest.heads_log_size):
        reason = both("主体头属于另一对象或另一大小", "it is of another subject or size")
        found.bad("heads", manifest.subject, reason, Fault.CONTENT_DIFFERS)
        return
    if told.bound.checkpoint.encode() != bundle.parts[CHECKPOINT]:
        reason = both("主体头不在本检查点之下", f"its checkpoint is not the one of {MANIFEST}")
        found.bad("heads", manifest.subject, reason, Fault.CONTENT_DIFFERS)
        return
    within = tuple(leaf for leaf, proof in zip(leaves, proofs, strict=True) if proof.index < size)
    counted = _counted(told)
    if counted is not None and counted != len(within):
        reason = both(
            f"日志共有 {counted} 条，举证包只有 {len(within)} 条：有条目被隐去或添加",
            f"the log has {counted} entries and the bundle {len(within)}: some were left out or added",
        )
        found.bad("heads", manifest.subject, reason, Fault.ENTRY_MISSING)
        return
    whole = msgspec.structs.replace(told, leaves=within)
    if subject_heads.check_entries(found, whole, log_key) is None:
        return
    later = len(leaves) - len(within)
    if later:
        found.note(
            both(
                f"{later} 条条目晚于最近一次主体头：在日志之中，但尚未证明再无其他",
                f"{later} entries are younger than the newest heads: they are in the log, and that "
                "there are no others is not proven yet",
            )
        )


def _counted(told: SubjectEntries) -> int | None:
    """Return how many entries the heads count, None if they prove nothing."""
    try:
        _, head = heads.check(told.proof)
    except heads.HeadsDiffer:
        return None  # told by who checks the heads as a whole
    return 0 if head is None else head.count


def _check_count(found: Findings, entries: list[Line]) -> None:
    """Tell whether the numbered entries of an order count from 1 without a gap."""
    due = 1
    for line in entries:
        if line.leaf.order_seq is None:
            continue
        if line.leaf.order_seq != due:
            reason = both(
                f"{line.where()}：应为第 {due} 次使用",
                f"use {due} was due: one was left out or doubled",
            )
            found.bad("entry", line.index, reason, Fault.ENTRY_MISSING)
            due = line.leaf.order_seq
        due += 1


def check_keys(found: Findings, keys: Keys, proven: Proven) -> None:
    """Tell whether every key of the bundle has its digest in a proven entry."""
    for row in keys.keys:
        if key_id_of(row.public_key) != row.key_id:
            reason = both("公钥与其编号不符", "its id is not that of the key")
            found.bad("key", row.key_id, reason, Fault.MALFORMED)
        elif not proven.is_bound("key", row.key_id, _record(row)):
            reason = both("没有条目登记了这样的公钥", "no proven entry registers it like that")
            found.bad("key", row.key_id, reason, Fault.NOT_BOUND)
        else:
            found.count("keys")


def _record(row: KeyRow) -> bytes:
    """Return a key as the record that its entry binds."""
    return canonical(row)
