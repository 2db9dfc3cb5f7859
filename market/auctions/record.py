"""Write the record of an auction, and compute it again from itself (竞价记录).

Whoever has the record needs nothing else: it holds rules, bids, boxes and keys, so that anybody opens each
bid, finds the end and the winners, and says where they differ from what was told. Bidders stand in
it by their numbers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from market.auctions import bidding, closing, deciding, sealing
from market.auctions.deciding import Box
from market.auctions.model import (
    Auction,
    Award,
    Bid,
    Key,
    Lot,
    Outcome,
    Rules,
    ShownBid,
    SignedRecord,
)
from market.auctions.states import State

FORMAT: Final = "shushi/auction-record-statement/1"


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A licence that was awarded, and what became of that."""

    paddle: int
    price_fen: int
    order_until: dt.date
    awarded_at: dt.datetime
    contracted_at: dt.datetime | None
    defaulted_at: dt.datetime | None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All that everybody may know of an auction."""

    format: str
    statement_id: str  # its number
    auction_id: str
    state: State
    supplier_party_id: str
    product_name: str
    filing_number: str
    least_fen: int
    most_fen: int
    lot: Lot
    rules: Rules
    announced_at: dt.datetime | None
    decided_at: dt.datetime | None
    operator_key: Key | None
    supplier_private_key: Key | None
    operator_private_key: Key | None
    boxes: tuple[Box, ...]
    outcome: Outcome | None
    awards: tuple[Sold, ...]
    reason: str | None
    notice_ends_at: dt.datetime | None = None
    excluded: tuple[int, ...] = ()  # after an objection was upheld


def drawn_up(auction: Auction, boxes: Sequence[Box], awards: Sequence[Award]) -> bytes:
    """Return the canonical bytes of a record; before the bids are opened it holds no box and no key."""
    is_open = auction.outcome is not None
    return canonical(
        Record(
            format=FORMAT,
            statement_id=auction.number,
            auction_id=str(auction.id),
            state=auction.state,
            supplier_party_id=str(auction.supplier_party_id),
            product_name=auction.product_name,
            filing_number=auction.filing_number,
            least_fen=auction.least_fen,
            most_fen=auction.most_fen,
            lot=auction.lot,
            rules=auction.rules,
            announced_at=auction.announced_at,
            decided_at=auction.decided_at,
            operator_key=auction.operator_key,
            supplier_private_key=auction.supplier_private_key if is_open else None,
            operator_private_key=auction.operator_private_key if is_open else None,
            boxes=tuple(boxes) if is_open else (),
            outcome=auction.outcome,
            awards=tuple(
                Sold(
                    paddle=each.paddle,
                    price_fen=each.price_fen,
                    order_until=each.order_until,
                    awarded_at=each.awarded_at,
                    contracted_at=each.contracted_at,
                    defaulted_at=each.defaulted_at,
                )
                for each in awards
            ),
            reason=auction.reason,
            notice_ends_at=auction.notice_ends_at,
            excluded=auction.excluded,
        )
    )


def signed(document: bytes, signer: Signer) -> SignedRecord:
    """Return a record with the service's signature."""
    return SignedRecord(
        type=FORMAT,
        document=document,
        signature=signer.seal(document),
        sha256=sha256_hex(document),
    )


def read(document: bytes) -> Record:
    """Return the record in these bytes.

    :raises msgspec.MsgspecError: if they hold none.
    """
    return msgspec.json.decode(document, type=Record)


def as_shown(bid: Bid) -> ShownBid:
    """Return a bid that was made in public as everybody reads it."""
    return ShownBid(paddle=bid.paddle, place=bid.place, amount_fen=bid.amount_fen, at=bid.at)


def public_bid_sha256(auction_id: str, bid: ShownBid) -> str:
    """Return what the log holds of a bid that was made in public: whose it is, how much, and when."""
    told = {
        "auction_id": auction_id,
        "paddle": bid.paddle,
        "place": bid.place,
        "amount_fen": bid.amount_fen,
        "at": None if bid.at is None else instant(bid.at),
    }
    return sha256_hex(canonical(told))


def differences(record: Record) -> Iterator[str]:
    """Yield in which respects a record is not what its own rules and bids come to."""
    told = record.outcome
    if told is None:
        return
    if told.reserve_fen is not None:
        salt = told.reserve_salt or ""
        if sealing.reserve_commitment(told.reserve_fen, salt) != record.rules.reserve_sha256:
            yield "the reserve is not the one to which the announcement is bound"
    yield from _sealed(record, told) if record.rules.kind.is_sealed else _public(record, told)
    reserve = None if told.reserve_fen is None else (told.reserve_fen, told.reserve_salt or "")
    ending = closing.Ending(told.ended_at, told.extension_count)
    again = deciding.outcome(record.lot, record.rules, told.bids, ending, reserve=reserve)
    if again.floor_fen != told.floor_fen:
        yield "the least price that wins is another one"
    if again.winners != told.winners:
        yield "the winners, or what they pay, are others"


def _sealed(record: Record, told: Outcome) -> Iterator[str]:
    supplier, operator = record.supplier_private_key, record.operator_private_key
    if supplier is None or operator is None:
        yield "a key is missing that opens the bids"
        return
    halves = (sealing.public_half(supplier), sealing.public_half(operator))
    if halves != (record.rules.supplier_key, record.operator_key):
        yield "a key is not the half of the one that was announced"
        return
    again = tuple(
        deciding.opened(
            box,
            auction_id=uuid.UUID(record.auction_id),
            rules=record.rules,
            most_fen=record.most_fen,
            supplier_private=supplier,
            operator_private=operator,
        )
        for box in sorted(record.boxes, key=lambda box: box.place)
    )
    if again != told.bids:
        yield "the bids are not those that lie in the boxes"
    if (told.ended_at, told.extension_count) != (record.rules.closes_at, 0):
        yield "the end is another one"


def _public(record: Record, told: Outcome) -> Iterator[str]:
    instants = [bid.at for bid in told.bids if bid.at is not None]
    ending = closing.Ending(record.rules.closes_at)
    standing: int | None = None
    for bid in told.bids:
        amount, at = bid.amount_fen, bid.at
        lowest = bidding.lowest_next(record.rules, standing)
        if amount is None or at is None or not lowest <= amount <= record.most_fen:
            yield f"bid {bid.place} is not one that could be made"
            return
        if not record.rules.opens_at <= at < ending.at:
            yield f"bid {bid.place} was made at a time when none is taken"
        ending, standing = closing.moved(record.rules, ending, at), amount
    if instants != sorted(instants):
        yield "the bids do not follow each other"
    if (told.ended_at, told.extension_count) != (ending.at, ending.extension_count):
        yield "the end is another one"
