"""Check a trace offline (溯源核验): no database, no service, only the log's public key.

1. The checkpoint is signed by the log's key and says the size and root that the trace says.
2. Every entry's leaf is in that tree by its proof, and its plain columns say what the leaf says.
3. Every payload is the one that its leaf commits to.
4. Every record has the digest that the newest proven entry binds; no bound record is missing.
   Its signatures are those of the keys that are known for its kind.
   What its reader is not shown is left out, where that is said (``withheld.py``).
5. The entries stand under their steps in the order of the log, each once; those of one order that
   are numbered leave no number out.
"""

from __future__ import annotations

import base64
import hashlib
import uuid

import msgspec

from catalog.audit_log import further_lines, handed_out, merkle, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import ALWAYS_SIGNED, BOUND, SIGNED_FOR, Keys
from catalog.audit_log.leaf import commitment, instant, read_leaf
from catalog.audit_log.model import Leaf, Subject
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.signing.canonical import NotCanonical, canonical
from catalog.signing.model import key_id_of
from catalog.signing.verifier import fault_of
from market.supervision import withheld
from market.supervision.trace import FORMAT, Stage, Trace, TracedEntry, stage_of
from market.supervision.withheld import Withheld, keys_of


def read_trace(raw: bytes) -> Trace:
    """Return the trace that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        trace = msgspec.json.decode(raw, type=Trace)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no trace: {error}") from error
    if trace.format != FORMAT:
        raise Unreadable(f"the format {trace.format} is not known here")
    return trace


def verify(
    trace: Trace, key: VerifierKey, keys: Keys | None = None, *, left_out: Withheld | None = None
) -> Verdict:
    """Return what is found in a trace; the first thing wrong comes first.

    Without ``keys`` the signatures of its records are not checked, and the verdict says so. With
    ``left_out`` exactly that is missing, or the trace is not as it was drawn up.
    """
    found = Findings()
    if not _checkpoint_holds(found, trace, key, keys):
        return found.verdict()
    if not trace.is_complete:
        found.note("the line is longer than this trace")
    bound: dict[tuple[str, str], str] = {}
    places: dict[tuple[str, str], int] = {}
    numbers: dict[str, list[int]] = {}
    entries = [entry for stage in trace.stages for entry in stage.entries]
    placed = [entry for entry in entries if entry.index is not None]
    for entry in sorted(placed, key=lambda entry: entry.index or 0):
        leaf = _checked(found, trace, entry, is_told=left_out is not None)
        if leaf is None:
            continue
        found.count("entries")
        bound |= {(digest.kind, digest.id): digest.sha256 for digest in leaf.digests}
        for digest in leaf.digests:
            places.setdefault((digest.kind, digest.id), entry.index or 0)
        if leaf.order_seq is not None:
            order = next((each.id for each in leaf.subjects if each.kind == "order"), "")
            numbers.setdefault(order, []).append(leaf.order_seq)
    _check_waiting(found, trace, len(entries) - len(placed))
    _check_order(found, trace)
    _check_records(found, trace, bound, set() if left_out is None else keys_of(left_out.records))
    if left_out is not None:
        withheld.check(found, trace, left_out)
    _check_signatures(found, trace, keys, places)
    for order, seen in sorted(numbers.items()):
        if sorted(seen) != list(range(1, len(seen) + 1)):
            found.bad("order", order, "an entry of its line is left out or doubled")
    return found.verdict()


def _check_waiting(found: Findings, trace: Trace, waiting: int) -> None:
    if waiting:
        found.note(f"{waiting} entries wait for their place; nothing proves them yet")
    if waiting != trace.waiting_count:
        found.bad("trace", trace.product_id, f"{waiting} entries wait, not {trace.waiting_count}")


def _checkpoint_holds(found: Findings, trace: Trace, key: VerifierKey, keys: Keys | None) -> bool:
    stated = trace.checkpoint
    checkpoint = proven_log.opened(found, stated.note.encode(), key, stated.size)
    if checkpoint is None:
        return False
    root = base64.b64encode(checkpoint.root).decode()
    if (checkpoint.size, root) != (stated.size, stated.root):
        found.bad("checkpoint", stated.size, "the trace says another size or root than its note")
        return False
    note = stated.note.encode()
    further_lines.check(found, note, further_lines.further_keys(keys, key.name), stated.size)
    return True


def _checked(found: Findings, trace: Trace, entry: TracedEntry, *, is_told: bool) -> Leaf | None:
    """Return the leaf of an entry that is proven; whatever is wrong is told."""
    index = entry.index
    assert index is not None, "an entry that waits is not checked"
    root = base64.b64decode(trace.checkpoint.root)
    leaf_hash = merkle.leaf_hash(entry.leaf)
    proof = entry.proof or ()
    if not merkle.verify_inclusion(leaf_hash, index, trace.checkpoint.size, proof, root):
        found.bad("entry", index, "its proof does not lead to the signed root")
        return None
    leaf = read_leaf(entry.leaf)
    told = (str(entry.id), instant(entry.at), entry.event, entry.subjects)
    more = (entry.digests, entry.rules)
    if told != (leaf.id, leaf.at, leaf.event, leaf.subjects) or more != (leaf.digests, leaf.rules):
        found.bad("entry", index, "its columns say something else than its leaf")
    _check_payload(found, entry, index, leaf, is_told=is_told)
    return leaf


def _check_payload(
    found: Findings, entry: TracedEntry, index: int, leaf: Leaf, *, is_told: bool
) -> None:
    if entry.payload is None or entry.salt is None:
        if not is_told:  # otherwise it is told once, of all of them
            found.note(f"entry {index} comes without its payload")
        return
    try:
        payload = canonical(entry.payload)
    except NotCanonical:
        payload = b""
    if commitment(entry.salt, payload) != leaf.payload_sha256:
        found.bad("entry", index, "its payload is not the one that the leaf commits to")


def _check_order(found: Findings, trace: Trace) -> None:
    """Check that the trace is of its product, and every entry once and where it belongs."""
    of = Subject("product", str(trace.product_id))
    seen: set[uuid.UUID] = set()
    about = False
    stages = [stage.stage for stage in trace.stages]
    if stages != sorted(set(stages), key=list(Stage).index):
        found.bad("trace", trace.product_id, "its steps stand out of order")
    for stage in trace.stages:
        last = -1
        for entry in stage.entries:
            place = entry.id if entry.index is None else entry.index
            about = about or of in entry.subjects
            if entry.id in seen:
                found.bad("entry", place, "stands there twice")
            elif stage_of(entry.event) is not stage.stage:
                found.bad("entry", place, f"does not belong under {stage.stage.value}")
            elif entry.index is not None and entry.index < last:
                found.bad("entry", place, "stands out of order")
            seen.add(entry.id)
            last = max(last, -1 if entry.index is None else entry.index)
    if not about:
        found.bad("trace", trace.product_id, "no entry is about this product")


def _check_signatures(
    found: Findings, trace: Trace, keys: Keys | None, places: dict[tuple[str, str], int]
) -> None:
    if keys is None:
        found.note("the signatures of its records were not checked: no keys are given")
        return
    known = {row.key_id: row for row in keys.keys}
    for record in trace.records:
        purpose = SIGNED_FOR.get(record.kind)
        if not record.signatures and record.kind in ALWAYS_SIGNED:
            found.bad(record.kind, record.id, "it bears no signature")
        for signature in record.signatures:
            key = known.get(signature.key_id)
            if key is None or purpose is None or key.purpose != purpose.value:
                reason = f"its key {signature.key_id} is not known for this"
                found.bad(record.kind, record.id, reason, Fault.KEY_UNKNOWN)
            elif signature.algorithm != key.algorithm:
                reason = f"its signature names {signature.algorithm}, its key has {key.algorithm}"
                found.bad(record.kind, record.id, reason, Fault.ALGORITHM_DIFFERS)
            elif key_id_of(key.public_key) != key.key_id or fault_of(
                signature,
                algorithm=key.algorithm,
                public_key=key.public_key,
                purpose=purpose,
                document=record.record,
            ):
                reason = "its signature does not verify"
                found.bad(record.kind, record.id, reason, Fault.SIGNATURE_WRONG)
            else:
                found.count("signatures")
                place = places.get((record.kind, record.id))
                handed_out.check_trusted(found, keys, record.kind, record.id, signature, place)


def _check_records(
    found: Findings,
    trace: Trace,
    bound: dict[tuple[str, str], str],
    left_out: set[tuple[str, str]],
) -> None:
    seen = set()
    for record in trace.records:
        seen.add((record.kind, record.id))
        digest = bound.get((record.kind, record.id))
        if digest is None:
            found.note(f"nothing in the trace binds {record.kind} {record.id} yet")
        elif hashlib.sha256(record.record).hexdigest() != digest:
            found.bad(record.kind, record.id, "its bytes do not have the digest that the log holds")
        else:
            found.count(f"records of {record.kind}")
    for kind, identifier in sorted(set(bound) - seen - left_out):
        if kind in BOUND:
            found.bad(kind, identifier, "its digest is in the log, but the record is not here")
