"""Let buyers bid at an auction: declare what is asked for, bid in public, or hand a sealed bid in (竞买)."""

from __future__ import annotations

import secrets
import uuid

from litestar import Response, post
from litestar.params import FromPath

from market.auctions import queries, sealing
from market.auctions.bidding import AuctionIsSealed, NotABidder
from market.auctions.model import Joining, PublicAuction
from market.auctions.operations import bidding
from market.http.command import Command
from market.http.context import AnyRequest
from market.portal.auction_fields import read_fen
from market.portal.forms import MAX_FORM_BYTES
from market.portal.pages_auctions import AUCTION, take_step


@post(AUCTION + "/bidders", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def join_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Declare what the announcement asks for, and get a number."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        said = Joining(
            accepts_rules="accepts_rules" in fields,
            is_unrelated="is_unrelated" in fields,
            deposit_fen=wanted.rules.deposit_fen if "accepts_deposit" in fields else 0,
            limit_fen=read_fen(fields, "limit") if "limit" in fields else None,
        )
        await bidding.join(c.tx, actor=c.actor, now=c.now, auction_id=auction_id, said=said)

    return await take_step(request, auction_id, act)


@post(AUCTION + "/bids", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def make_bid(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Bid in public."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await bidding.bid(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            amount_fen=read_fen(fields, "amount"),
        )

    return await take_step(request, auction_id, act)


@post(AUCTION + "/sealed-bids", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_in_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Seal a bid here and hand it in: what was typed is forgotten with this request."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        mine = await queries.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)
        if mine.bidder is None:
            raise NotABidder
        commitment, sealed = _sealed(wanted, mine.bidder.paddle, read_fen(fields, "amount"))
        await bidding.hand_in(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            commitment_sha256=commitment,
            sealed=sealed,
        )

    return await take_step(request, auction_id, act)


@post(AUCTION + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's sealed bid back."""

    async def act(c: Command, _: dict[str, str]) -> None:
        await bidding.withdraw(c.tx, actor=c.actor, now=c.now, auction_id=auction_id)

    return await take_step(request, auction_id, act)


def _sealed(auction: PublicAuction, paddle: int, amount_fen: int) -> tuple[str, bytes]:
    """Return the commitment to a bid and its box; nothing of them is kept but these."""
    supplier_key, operator_key = auction.rules.supplier_key, auction.operator_key
    if supplier_key is None or operator_key is None:
        raise AuctionIsSealed(kind=auction.rules.kind.value)
    made = sealing.put_in_box(
        auction.id,
        paddle=paddle,
        amount_fen=amount_fen,
        supplier_key=supplier_key,
        operator_key=operator_key,
        nonce=secrets.token_hex(32),
        ephemeral=secrets.token_bytes(32),
    )
    return made.commitment_sha256, made.box
