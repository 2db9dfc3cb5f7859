"""Check the record of an auction as the service hands it out, offline (竞价记录核验).

1. It is signed by one of the service's keys for statements.
2. End, winners and prices are what its own rules, bids, boxes and keys come to.
3. With the log at hand: each sealed bid stands at its place with its commitment and its box, and the instants
   of the public bids are those of their entries, none left out.
"""

from __future__ import annotations

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Leaf, Subject
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import sha256_hex
from market.auctions import record
from market.auctions.record import Record

_KIND = "statement"
BID = "auction_bid"


def check(
    raw: bytes, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found; the first thing wrong comes first.

    :raises Unreadable: if it is no record of an auction.
    """
    try:
        held = handed_out.read(raw)
        document = held.signed_bytes()
    except ValueError as error:
        raise Unreadable(f"no record of an auction: {error}") from error
    found = Findings()
    found.count("auction records")
    name = handed_out.name_of(document)
    handed_out.check_signature(found, keys, _KIND, name, document, held.signature)
    handed_out.check_trusted(found, keys, _KIND, name, held.signature, None)
    try:
        told = record.read(document)
        differing = list(record.differences(told))
    except (msgspec.MsgspecError, DomainError, ValueError) as error:
        found.bad("auction", name, f"it can not be computed again: {error}")
        return found.verdict()
    for each in differing:
        found.bad("auction", name, each, Fault.CONTENT_DIFFERS)
    if told.outcome is None:
        found.note("its bids are not opened yet")
    elif log is None:
        found.note("whether its bids stand in the log is told by the log; give --log")
    else:
        _check_log(found, name, told, *log)
    return found.verdict()


def _check_log(
    found: Findings, name: str, told: Record, source: export.Source, key: VerifierKey
) -> None:
    auction = Subject("auction", told.auction_id)
    events = (Event.AUCTION_BID_MADE.value, Event.AUCTION_BID_HANDED_IN.value)
    log = proven_log.read(
        source, key, found, lambda leaf: leaf.event in events and auction in leaf.subjects
    )
    if log is None or told.outcome is None:
        return
    leaves = dict(log.found)
    if not told.rules.kind.is_sealed:
        _check_public(found, name, told, list(leaves.values()))
        return
    for box in told.boxes:
        if not _stands(leaves.get(box.place), box.commitment_sha256, sha256_hex(box.sealed)):
            reason = f"the sealed bid of bidder {box.paddle} does not stand at {box.place}"
            found.bad("auction", name, reason, Fault.NOT_BOUND)


def _check_public(found: Findings, name: str, told: Record, leaves: list[Leaf]) -> None:
    """Hold the bids that were made in public against their entries: how many, when, and how much."""
    bids = () if told.outcome is None else told.outcome.bids
    entered = sorted(leaf.at for leaf in leaves)
    if entered != sorted(instant(bid.at) for bid in bids if bid.at is not None):
        reason = "the log has other bids, or has them at other instants"
        found.bad("auction", name, reason, Fault.NOT_BOUND)
        return
    held = {each.sha256 for leaf in leaves for each in leaf.digests if each.kind == BID}
    differing = [
        bid.place for bid in bids if record.public_bid_sha256(told.auction_id, bid) not in held
    ]
    if not held and bids:
        found.note("the log has no digest of its bids, which were made before it held any")
    elif differing:
        places = ", ".join(map(str, differing))
        reason = f"the log has another amount or number for the bids {places}"
        found.bad("auction", name, reason, Fault.NOT_BOUND)


def _stands(leaf: Leaf | None, commitment_sha256: str, sealed_sha256: str) -> bool:
    if leaf is None:
        return False
    held = {each.kind: each.sha256 for each in leaf.digests}
    return held.get("auction_bid") == commitment_sha256 and held.get("auction_box") == sealed_sha256
