"""Auctions: put up for bids, announce, bid, open, award (竞价)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from market.auctions import queries, record
from market.auctions.model import (
    Amount,
    Auction,
    Bid,
    Bidder,
    Handed,
    Joining,
    Key,
    Mine,
    Planned,
    PublicAuction,
    SealedBid,
    Sha256,
    SignedRecord,
)
from market.auctions.operations import awarding, bidding, opening, planning
from market.auctions.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_AT = "/api/v1/auctions/{auction_id:uuid}"


class AnnounceAuction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's half of the key, where bids are sealed."""

    operator_key: Key | None = None


class EndAuction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an auction is taken back, or its result declared void."""

    reason: Annotated[str, Meta(max_length=2_000)] = ""


class MakeBid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is bid for one licence. It carries no time: the clock of the service counts."""

    amount_fen: Amount


class HandInBid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bid in its box, and the commitment to what lies in it (``auctions/sealing.py`` says how both are made)."""

    commitment_sha256: Sha256
    sealed: Annotated[bytes, Meta(max_length=1_000)]


class DeclareDefault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By its number, which winner let its days pass."""

    paddle: Annotated[int, Meta(ge=1)]


@post(
    "/api/v1/auctions",
    summary="Draft an auction",
    tags=["auctions"],
    opt=creates(PublicAuction),
)
async def draft_auction(request: AnyRequest, data: JSONBody[Planned]) -> Response[bytes]:
    """Draft an auction of one's own listed product, within the price that is filed for it (发起竞价)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await planning.draft(c.tx, actor=c.actor, now=c.now, planned=data)
        return created(await _shown(c, made), f"/api/v1/auctions/{made.id}")

    return await command(request, act)


@get(
    "/api/v1/auctions",
    summary="Auctions",
    tags=["auctions"],
    opt=answers(Page[PublicAuction]),
)
async def list_auctions(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the auctions that were announced, the newest first, without their bids (竞价公告)."""

    async def look(c: Command) -> Page[PublicAuction]:
        return await queries.list_auctions(
            c.tx,
            states=() if status is None else (status,),
            product_id=product_id,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/my/auctions",
    summary="One's own auctions",
    tags=["auctions"],
    opt=answers(Page[PublicAuction]),
)
async def list_own_auctions(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the auctions of one's own party, drafts too, the newest first."""

    async def look(c: Command) -> Page[PublicAuction]:
        return await queries.list_own(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(_AT, summary="An auction", tags=["auctions"], opt=answers(PublicAuction, refusals=(404,)))
async def get_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an auction with its public bids, and with its result once it is decided."""

    async def look(c: Command) -> PublicAuction:
        return await queries.get(c.tx, auction_id=auction_id)

    return answer(await read(request, look))


@get(
    _AT + "/record",
    summary="The record of an auction, signed",
    tags=["auctions"],
    opt=answers(SignedRecord, refusals=(404, 409)),
)
async def get_auction_record(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return all that everybody may know of an auction, signed, so that it can be computed again."""

    async def look(c: Command) -> SignedRecord:
        document = await queries.draw_up_record(c.tx, auction_id=auction_id)
        return record.signed(document, c.context.signers[Purpose.STATEMENT])

    return answer(await read(request, look))


@get(
    _AT + "/mine",
    summary="One's own bids in an auction",
    tags=["auctions"],
    opt=answers(Mine, refusals=(404,)),
)
async def get_my_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one's number, one's sealed bids (by their digests) and what one has won."""

    async def look(c: Command) -> Mine:
        return await queries.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)

    return answer(await read(request, look))


@post(
    _AT + "/announcements",
    summary="Announce an auction",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def announce_auction(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[AnnounceAuction]
) -> Response[bytes]:
    """Announce an auction as its supplier drafted it; of a sealed one with the operator's key (公告)."""

    async def act(c: Command) -> Answer:
        announced = await planning.announce(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            operator_key=data.operator_key,
        )
        return done(await _shown(c, announced))

    return await command(request, act)


@post(
    _AT + "/cancellations",
    summary="Take an auction back",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def cancel_auction(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[EndAuction]
) -> Response[bytes]:
    """Take an auction back with the reason: its supplier until it opens, the operator until it ends."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        cancelled = await planning.cancel(
            c.tx, actor=c.actor, now=c.now, auction_id=auction_id, reason=data.reason
        )
        return done(await _shown(c, cancelled))

    return await command(request, act)


@post(
    _AT + "/bidders",
    summary="Join an auction",
    tags=["auctions"],
    opt=creates(Bidder),
)
async def join_auction(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[Joining]
) -> Response[bytes]:
    """Declare what the announcement asks for, and get the number under which one bids (竞买登记)."""

    async def act(c: Command) -> Answer:
        bidder = await bidding.join(
            c.tx, actor=c.actor, now=c.now, auction_id=auction_id, said=data
        )
        return created(bidder, f"/api/v1/auctions/{auction_id}/mine")

    return await command(request, act)


@post(_AT + "/bids", summary="Bid in public", tags=["auctions"], opt=creates(Bid))
async def make_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[MakeBid]
) -> Response[bytes]:
    """Bid in public, at the instant at which the service hears it (公开出价)."""

    async def act(c: Command) -> Answer:
        made = await bidding.bid(
            c.tx, actor=c.actor, now=c.now, auction_id=auction_id, amount_fen=data.amount_fen
        )
        return created(made, f"/api/v1/auctions/{auction_id}")

    return await command(request, act)


@post(
    _AT + "/sealed-bids",
    summary="Hand a sealed bid in",
    tags=["auctions"],
    opt=creates(SealedBid),
)
async def hand_in_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[HandInBid]
) -> Response[bytes]:
    """Hand a bid in that nobody can read before all are opened; an earlier one is replaced (密封出价)."""

    async def act(c: Command) -> Answer:
        made = await bidding.hand_in(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            commitment_sha256=data.commitment_sha256,
            sealed=data.sealed,
        )
        return created(made, f"/api/v1/auctions/{auction_id}/mine")

    return await command(request, act)


@post(
    _AT + "/withdrawals",
    summary="Take one's sealed bid back",
    tags=["auctions"],
    opt=answers(SealedBid),
)
async def withdraw_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's sealed bid back before the end; it is never opened (撤回出价)."""

    async def act(c: Command) -> Answer:
        return done(await bidding.withdraw(c.tx, actor=c.actor, now=c.now, auction_id=auction_id))

    return await command(request, act)


@post(
    _AT + "/handovers",
    summary="Hand over what opens an auction",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def hand_over(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[Handed]
) -> Response[bytes]:
    """Hand over one's private half of the key, and the reserve; with the last all bids are opened (开标)."""

    async def act(c: Command) -> Answer:
        after = await opening.hand_over(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            handed=data,
        )
        return done(await _shown(c, after))

    return await command(request, act)


@post(
    _AT + "/awards",
    summary="Award what was won",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def award_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Award, as the supplier, to whoever has won: each is offered its special price (确认成交)."""

    async def act(c: Command) -> Answer:
        after = await awarding.award(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), auction_id=auction_id
        )
        return done(await _shown(c, after))

    return await command(request, act)


@post(
    _AT + "/defaults",
    summary="Declare that a winner defaulted",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def declare_auction_default(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[DeclareDefault]
) -> Response[bytes]:
    """Declare that a winner let its days pass: it is on its record, and the next one comes (违约)."""

    async def act(c: Command) -> Answer:
        after = await awarding.declare_default(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            paddle=data.paddle,
        )
        return done(await _shown(c, after))

    return await command(request, act)


@post(
    _AT + "/voidings",
    summary="Declare a result void",
    tags=["auctions"],
    opt=answers(PublicAuction),
)
async def void_auction(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[EndAuction]
) -> Response[bytes]:
    """Declare, as the authority, a result void, with the reason; offered prices are taken back (作废)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        after = await awarding.void(
            c.tx, actor=c.actor, now=c.now, auction_id=auction_id, reason=data.reason
        )
        return done(await _shown(c, after))

    return await command(request, act)


async def _shown(c: Command, auction: Auction) -> PublicAuction:
    return await queries.show(c.tx, auction)
