"""Check that a bundle as a whole is the one that the log knows: each byte of each member (整包核验)."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, receipts
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.merkle import leaf_hash
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings, Unreadable
from catalog.signing.canonical import canonical
from market.proof_bundles.model import ENTRY, MANIFEST, NAMES, RECEIPT, SIGNATURE, SUMS
from market.proof_bundles.reading import Bundle, Unread, both
from market.proof_bundles.sealing import KIND_OF_MEMBERS, digests_of

KIND: Final = "member"


def check(
    found: Findings,
    bundle: Bundle,
    keys: export.Keys,
    log: tuple[export.Source, VerifierKey] | None,
    origin: str,
) -> None:
    """Tell the first member that is another one than the entry of the log has, and a wrong receipt.

    ``origin`` is the name of the log that the checkpoint is of.

    :raises Unread: if entry or receipt is not what its name says.
    """
    leaf = _entry(bundle)
    if leaf.event != Event.PROOF_BUNDLE_ISSUED:
        reason = both("不是登记举证包的条目", "it is not the entry of a proof bundle")
        found.bad(KIND, ENTRY, reason, Fault.CONTENT_DIFFERS)
    _check_receipt(found, bundle, leaf, keys, log, origin)
    _check_members(found, bundle, leaf)


def _entry(bundle: Bundle) -> Leaf:
    raw = bundle.parts[ENTRY]
    try:
        return read_leaf(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unread(ENTRY, both("不是日志条目", f"it is no leaf: {error}")) from error


def _check_receipt(  # noqa: PLR0917
    found: Findings,
    bundle: Bundle,
    leaf: Leaf,
    keys: export.Keys,
    log: tuple[export.Source, VerifierKey] | None,
    origin: str,
) -> None:
    """Tell whether the log promised this very entry; with the log, whether it kept it."""
    bundle.decoded(RECEIPT, handed_out.HandedOut, exactly=True)
    try:
        told = receipts.look(found, bundle.parts[RECEIPT], keys, log)
    except Unreadable as error:
        raise Unread(RECEIPT, both("不是回执", str(error))) from error
    document = handed_out.read(bundle.parts[RECEIPT]).signed_bytes()
    is_exact = canonical(told) == document
    promised = (told.log, told.entry_id, told.leaf_hash)
    if not is_exact or promised != (origin, leaf.id, leaf_hash(bundle.parts[ENTRY]).hex()):
        reason = both("回执不属于此条目", f"it is not the receipt for {ENTRY}")
        found.bad(KIND, RECEIPT, reason, Fault.CONTENT_DIFFERS)


def _check_members(found: Findings, bundle: Bundle, leaf: Leaf) -> None:
    """Name the first member, in their order, that is not the one the entry knows."""
    known = {(each.kind, each.id): each.sha256 for each in leaf.digests}
    manifest, *members = digests_of(bundle.parts)
    differing = {each.id for each in members if known.get((each.kind, each.id)) != each.sha256}
    there = {each.id for each in members}
    differing |= {name for kind, name in known if kind == KIND_OF_MEMBERS and name not in there}
    if known.get((manifest.kind, manifest.id)) != manifest.sha256:
        differing.add(MANIFEST)
    # What the manifest names differs in the manifest too: the member itself comes first.
    for name in sorted(differing, key=_place):
        reason = both(
            "与日志登记的这份举证包不符",
            "it is not the one that the entry of the log knows of this bundle",
        )
        found.bad(KIND, name, reason, Fault.NOT_BOUND)
    if not differing:
        found.count("members in the log", len(members) + 1)


def _place(name: str) -> tuple[bool, int, str]:
    """Return in which order members are named: those that hold something, then what is made of them."""
    is_made = name in _MADE_OF_OTHERS
    return is_made, NAMES.index(name) if name in NAMES else len(NAMES), name


_MADE_OF_OTHERS: Final = (MANIFEST, SIGNATURE, SUMS)
