"""Promise an entry its place in the log, before it has one (回执): what a buyer holds from the first moment.

Whoever has a receipt finds out whether the entry was dropped between its commit and its place: after the
maximum merge delay a leaf of the log has the hash that the receipt names, or the log is convicted by its own
signature. The same idea as the signed certificate timestamp of RFC 6962 §3.2.
"""

from __future__ import annotations

import base64
import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.leaf import instant
from catalog.audit_log.merkle import leaf_hash
from catalog.audit_log.model import Appended
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel import base64_text
from catalog.signing.canonical import canonical
from catalog.signing.model import Signature

FORMAT: Final = "shushi/receipt/1"
KIND: Final = "receipt"
MAXIMUM_MERGE_DELAY: Final = dt.timedelta(minutes=5)  # [P]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is promised: a leaf of this hash is in the log after the delay at the latest."""

    format: str
    log: str  # the origin
    entry_id: str
    leaf_hash: str  # hex of SHA-256(00 ‖ leaf)
    at: str
    maximum_merge_delay_seconds: int


def drawn_up(entry: Appended, *, log: str, now: dt.datetime) -> bytes:
    """Return what is signed: the promise for one entry of the log with this origin."""
    return canonical(
        Receipt(
            format=FORMAT,
            log=log,
            entry_id=str(entry.id),
            leaf_hash=leaf_hash(entry.leaf).hex(),
            at=instant(now),
            maximum_merge_delay_seconds=int(MAXIMUM_MERGE_DELAY.total_seconds()),
        )
    )


def packed(document: bytes, signature: Signature) -> str:
    """Return a receipt as it travels in a header: base64 of the signed document."""
    held = handed_out.HandedOut(FORMAT, msgspec.to_builtins(document), signature)
    return base64.b64encode(msgspec.json.encode(held)).decode()


def unpacked(text: str) -> bytes:
    """Return the signed document of a receipt as it came in a header.

    :raises ValueError: if it is not base64.
    """
    return base64_text.decoded(text.strip())


def check(
    raw: bytes, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found: signed by the service, and, with the log, kept.

    :raises Unreadable: if it is no receipt.
    """
    found = Findings()
    look(found, raw, keys, log)
    return found.verdict()


def look(
    found: Findings,
    raw: bytes,
    keys: export.Keys,
    log: tuple[export.Source, VerifierKey] | None = None,
) -> Receipt:
    """Return what a receipt promises; what is wrong with it is told.

    :raises Unreadable: if it is no receipt.
    """
    try:
        held = handed_out.read(raw)
        document = held.signed_bytes()
        told = msgspec.json.decode(document, type=Receipt)
        promised_at = dt.datetime.fromisoformat(told.at)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Unreadable(f"no receipt: {error}") from error
    found.count(KIND)
    handed_out.check_signature(found, keys, KIND, told.entry_id, document, held.signature)
    place = None
    if log is None:
        found.note(
            "回执是否兑现，须对照日志（--log）· whether it was kept is told by the log; give --log"
        )
    elif log[1].name != told.log:
        found.bad(KIND, told.entry_id, f"it is of the log {told.log}", Fault.OTHER_LOG)
    else:
        due = promised_at + dt.timedelta(seconds=told.maximum_merge_delay_seconds)
        place = _check_kept(found, told, instant(due), *log)
    handed_out.check_trusted(found, keys, KIND, told.entry_id, held.signature, place)
    return told


def _check_kept(
    found: Findings, told: Receipt, due: str, source: export.Source, key: VerifierKey
) -> int | None:
    """Return the entry that keeps the promise; None, and what is wrong is told, if none does."""
    log = proven_log.read(source, key, found, lambda leaf: leaf.id == told.entry_id)
    if log is None:
        return None
    for (index, _), each in zip(log.found, log.hashes, strict=True):
        if each.hex() == told.leaf_hash:
            found.count("receipts kept")
            return index
    if log.hashes:
        reason = "the log has another leaf for it"
        found.bad(KIND, told.entry_id, reason, Fault.CONTENT_DIFFERS)
    elif log.last_at > due:
        reason = "the log reaches beyond the delay, and has no leaf for it: it was dropped"
        found.bad(KIND, told.entry_id, reason, Fault.NOT_BOUND)
    else:
        found.note(f"the log does not reach beyond {due} yet")
    return None
