"""Say who has won, and what each pays, from what was bid (定标). Pure, and to be computed by anybody.

Of two bids alike the earlier counts: of sealed ones that whose commitment stands first in the log.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence

import msgspec

from market.auctions import sealing
from market.auctions.closing import Ending
from market.auctions.model import Fault, Kind, Lot, Outcome, Rules, ShownBid, Won


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed bid as it was handed in, with its place in the log."""

    paddle: int
    place: int
    commitment_sha256: str
    sealed: bytes


def opened(
    box: Box,
    *,
    auction_id: uuid.UUID,
    rules: Rules,
    most_fen: int,
    supplier_private: bytes,
    operator_private: bytes,
) -> ShownBid:
    """Return what a box says, or why its bid does not count (开标)."""
    shown = ShownBid(paddle=box.paddle, place=box.place, commitment_sha256=box.commitment_sha256)
    try:
        document = sealing.unseal(
            box.sealed, supplier_private=supplier_private, operator_private=operator_private
        )
        said = sealing.read(document)
    except sealing.SealUnreadable:
        return msgspec.structs.replace(shown, fault=Fault.UNREADABLE)
    told = msgspec.structs.replace(shown, amount_fen=said.amount_fen, nonce=said.nonce)
    fault = fault_of(told, auction_id=auction_id, rules=rules, most_fen=most_fen)
    return msgspec.structs.replace(told, fault=fault)


def fault_of(bid: ShownBid, *, auction_id: uuid.UUID, rules: Rules, most_fen: int) -> Fault | None:
    """Return why a bid that was opened does not count, as far as anybody can tell from the record."""
    if bid.amount_fen is None or bid.nonce is None:
        return Fault.UNREADABLE
    # Drawn up for its own bidder and auction: a bid copied from elsewhere differs.
    document = sealing.draw_up(
        auction_id, paddle=bid.paddle, amount_fen=bid.amount_fen, nonce=bid.nonce
    )
    if sealing.commitment(document) != bid.commitment_sha256:
        return Fault.COMMITMENT_DIFFERS
    if bid.amount_fen < rules.starting_price_fen:
        return Fault.BELOW_STARTING_PRICE
    if bid.amount_fen > most_fen:
        return Fault.OUTSIDE_FILED
    return None


def ranked(bids: Iterable[ShownBid], floor_fen: int) -> list[tuple[int, int]]:
    """Return who bid how much, the highest first, of each bidder its highest bid that counts."""
    best: dict[int, tuple[int, int]] = {}
    for bid in bids:
        if bid.fault is None and bid.amount_fen is not None and bid.amount_fen >= floor_fen:
            key = (-bid.amount_fen, bid.place)
            best[bid.paddle] = min(key, best.get(bid.paddle, key))
    return [(paddle, -best[paddle][0]) for paddle in sorted(best, key=best.__getitem__)]


def winners(
    kind: Kind,
    licences: int,
    bids: Iterable[ShownBid],
    *,
    floor_fen: int,
    left_out: Collection[int] = (),
) -> tuple[Won, ...]:
    """Return who wins how many licences there are, and at what price.

    ``left_out`` are those who defaulted, and those who have a licence already.
    """
    order = [each for each in ranked(bids, floor_fen) if each[0] not in left_out]
    first, rest = order[:licences], order[licences:]
    second = rest[0][1] if rest else floor_fen
    return tuple(
        Won(
            paddle=paddle,
            bid_fen=bid_fen,
            price_fen=second if kind is Kind.SEALED_SECOND_PRICE else bid_fen,
        )
        for paddle, bid_fen in first
    )


def outcome(
    lot: Lot,
    rules: Rules,
    bids: Sequence[ShownBid],
    ending: Ending,
    *,
    reserve: tuple[int, str] | None,
) -> Outcome:
    """Return what came of an auction; ``reserve`` is what was told of it in time, with its salt."""
    reserve_fen, salt = reserve or (None, None)
    floor_fen = max(rules.starting_price_fen, reserve_fen or 0)
    return Outcome(
        bids=tuple(bids),
        ended_at=ending.at,
        extension_count=ending.extension_count,
        floor_fen=floor_fen,
        reserve_fen=reserve_fen,
        reserve_salt=salt,
        winners=winners(rules.kind, lot.licences, bids, floor_fen=floor_fen),
    )
