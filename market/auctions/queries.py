"""Read auctions: what everybody may know, what is one's own, and the record that can be computed again."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.model import EntryId
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.auctions import awarding, bidding, closing, record, store
from market.auctions.deciding import Box
from market.auctions.model import Auction, AuctionId, Bidder, Mine, PublicAuction, ShownBid, Won
from market.auctions.states import State
from market.identity import queries as identity
from settlement.deposits import queries as deposits
from settlement.deposits.model import Deposit

_DRAFT: Final = (State.DRAFT,)
_SHOWN: Final = tuple(state for state in State if state is not State.DRAFT)


class AuctionMissing(Missing):
    """There is no such auction, or none that this actor may know of."""


class NotYetInLog(Refused):
    """The last bids have no place in the log yet, by which ties are broken; ask again in a moment."""

    code = "auction_not_yet_in_log"


async def get(tx: Tx, *, auction_id: uuid.UUID) -> PublicAuction:
    """Return an auction as everybody reads it; a draft to its supplier and the houses.

    :raises AuctionMissing: if there is none that the actor may see.
    """
    return await show(tx, await _find(tx, auction_id))


async def list_auctions(
    tx: Tx,
    *,
    states: Sequence[State] = (),
    product_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PublicAuction]:
    """Return a page of auctions that were announced, the newest first."""
    wanted = [state for state in states or _SHOWN if state is not State.DRAFT]
    query = paging.fingerprint(
        "auctions", ",".join(sorted(state.value for state in wanted)), str(product_id)
    )
    found = await store.list_page(
        tx,
        states=wanted or _SHOWN,
        product_id=product_id,
        supplier=None,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    more = paging.next_by_id(query, found, limit)
    return Page([await _in_short(tx, each) for each in found[:limit]], more)


async def list_own(
    tx: Tx,
    *,
    viewer: Actor,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PublicAuction]:
    """Return a page of the auctions of one's own party, drafts too, the newest first.

    :raises NotPermitted: if the viewer sells nothing.
    """
    viewer.require("auction:draft")
    query = paging.fingerprint("auctions_of", str(viewer.party))
    found = await store.list_page(
        tx,
        states=(),
        product_id=None,
        supplier=viewer.party,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    more = paging.next_by_id(query, found, limit)
    return Page([await _in_short(tx, each) for each in found[:limit]], more)


async def list_to_announce(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT
) -> list[PublicAuction]:
    """Return the drafts that wait for the operator, the newest first.

    :raises NotPermitted: if the viewer announces none.
    """
    viewer.require("auction:announce")
    found = await store.list_page(
        tx, states=_DRAFT, product_id=None, supplier=None, before=None, limit=limit
    )
    return [await _in_short(tx, each) for each in found]


async def get_mine(tx: Tx, *, viewer: Actor, auction_id: uuid.UUID) -> Mine:
    """Return one's number, one's sealed bids (by their digests) and one's awards in an auction.

    :raises NotPermitted: if the viewer buys nothing.
    :raises AuctionMissing: if there is none that the actor may see.
    """
    viewer.require("auction:bid")
    auction = await _find(tx, auction_id)
    party = viewer.party
    return Mine(
        auction_id=auction.id,
        bidder=await store.find_bidder(tx, auction.id, party),
        sealed_bids=tuple(await store.list_sealed(tx, auction.id, party)),
        awards=tuple(
            each for each in await store.list_awards(tx, auction.id) if each.party_id == party
        ),
    )


async def draw_up_record(tx: Tx, *, auction_id: uuid.UUID) -> bytes:
    """Return the bytes of an auction's record, as far as everybody may know it.

    :raises AuctionMissing: if there is none that was announced.
    """
    auction = await _find(tx, auction_id)
    if auction.state is State.DRAFT:
        raise AuctionMissing
    boxes: list[Box] = []
    if auction.rules.kind.is_sealed and auction.outcome is not None:
        boxes = await list_boxes(tx, auction)
    async with beyond_own_rows(tx):  # of the awards the record tells numbers and prices
        awards = await store.list_awards(tx, auction.id)
    return record.drawn_up(auction, boxes, awards)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the auctions for which something is due by the clock."""
    return await store.list_due(tx, now=now, waited_for=closing.WAITED_FOR, limit=limit)


async def list_awarded(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return the auctions with a winner of whom no contract is known, those looked at least lately first."""
    return await store.list_awarded(tx, limit=limit)


async def list_boxes(tx: Tx, auction: Auction) -> list[Box]:
    """Return the standing boxes of an auction in the order of their places in the log.

    :raises NotYetInLog: if one has no place yet.
    """
    async with beyond_own_rows(tx):
        held = await store.list_boxes(tx, auction.id)
    found = []
    for bid, sealed in held:
        place = await log.find_index(tx, EntryId(bid.entry_id))
        if place is None:
            raise NotYetInLog
        found.append(
            Box(
                paddle=bid.paddle,
                place=place,
                commitment_sha256=bid.commitment_sha256,
                sealed=sealed,
            )
        )
    return sorted(found, key=lambda box: box.place)


async def public_bids(tx: Tx, auction: Auction) -> tuple[ShownBid, ...]:
    """Return the bids that were made in public, in their order."""
    return tuple(record.as_shown(bid) for bid in await store.list_bids(tx, auction.id))


async def list_deposits(tx: Tx, *, viewer: Actor, auction_id: uuid.UUID) -> list[Deposit]:
    """Return what one laid down for an auction, the newest last.

    :raises NotPermitted: if the viewer buys nothing.
    :raises AuctionMissing: if there is none that the actor may see.
    """
    viewer.require("auction:bid")
    auction = await _find(tx, auction_id)
    return await deposits.list_of(tx, secures=auction.id, payer=viewer.party)


async def find_bidder(tx: Tx, *, auction_id: uuid.UUID, party: PartyId) -> Bidder | None:
    """Return the number that a party has in an auction, or None, for rooms above."""
    return await store.find_bidder(tx, AuctionId(auction_id), party)


async def list_parties(tx: Tx, *, auction: Auction) -> list[PartyId]:
    """Return whose auction it is and who bids in it, for a rule about who has a part in it."""
    async with beyond_own_rows(tx):
        bidders = await store.list_bidders(tx, auction.id)
    return [auction.supplier_party_id, *(each.party_id for each in bidders)]


async def _winners(tx: Tx, auction: Auction) -> tuple[Won, ...]:
    if auction.state not in (State.DECIDED, State.OBJECTED):
        return ()
    async with beyond_own_rows(tx):  # of the awards numbers alone are read
        awards = await store.list_awards(tx, auction.id)
    return awarding.next_winners(auction, awards)


async def _find(tx: Tx, auction_id: uuid.UUID) -> Auction:
    found = await store.find(tx, auction_id)
    if found is None:
        raise AuctionMissing
    return found


async def _in_short(tx: Tx, auction: Auction) -> PublicAuction:
    """Return an auction as it stands in a list: with the highest bid, and without the others."""
    last = await store.find_standing(tx, auction.id)
    shown = await _written(tx, auction, (), None if last is None else last.amount_fen)
    return msgspec.structs.replace(shown, outcome=None)


async def show(tx: Tx, auction: Auction) -> PublicAuction:
    """Return an auction as everybody reads it, with its bids."""
    if auction.rules.kind.is_sealed:
        bids = () if auction.outcome is None else auction.outcome.bids
        return await _written(tx, auction, bids, None)
    bids = await public_bids(tx, auction)
    return await _written(tx, auction, bids, bids[-1].amount_fen if bids else None)


async def _written(
    tx: Tx, auction: Auction, bids: tuple[ShownBid, ...], standing: int | None
) -> PublicAuction:
    supplier = await identity.get_party(tx, auction.supplier_party_id)
    is_public = not auction.rules.kind.is_sealed
    is_running = is_public and auction.state in (State.ANNOUNCED, State.OPEN)
    return PublicAuction(
        id=auction.id,
        number=auction.number,
        state=auction.state,
        supplier_party_id=auction.supplier_party_id,
        supplier_name=supplier.name,
        product_name=auction.product_name,
        filing_number=auction.filing_number,
        least_fen=auction.least_fen,
        most_fen=auction.most_fen,
        lot=auction.lot,
        rules=auction.rules,
        operator_key=auction.operator_key,
        ends_at=auction.ends_at,
        extension_count=auction.extension_count,
        bids=bids,
        standing_fen=standing,
        lowest_next_fen=bidding.lowest_next(auction.rules, standing) if is_running else None,
        outcome=auction.outcome,
        notice_ends_at=auction.notice_ends_at,
        excluded=auction.excluded,
        winners=await _winners(tx, auction),
        reason=auction.reason,
        announced_at=auction.announced_at,
        closed_at=auction.closed_at,
        decided_at=auction.decided_at,
        hand_over_until=auction.hand_over_until,
    )
