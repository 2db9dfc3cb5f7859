"""Hand bids in, open, score and rank them (递交、开启、评审应选文件, HN-23)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.agencies import queries as agencies
from catalog.agency_selection import queries
from catalog.agency_selection.model import (
    Bid,
    BidScore,
    Expert,
    ScoreSheet,
    SealedBid,
    Selection,
)
from catalog.agency_selection.operations import bidding, evaluation
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.permissions import Role

_Text = Annotated[str, Meta(max_length=20_000)]


class HandIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bid (应选文件). The files were uploaded with ``X-Sealed-For`` naming the selection."""

    proposal: _Text
    price_fen: Annotated[int, Meta(ge=0, le=10**13)]
    evidence: dict[str, uuid.UUID]
    related_party_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=200)] = ()


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)]


class GivenScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one bid is given: 0 to 100 for every criterion."""

    bid_id: uuid.UUID
    is_qualified: bool
    points: dict[str, int]
    remarks: _Text = ""


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole score sheet (评分表)."""

    scores: Annotated[tuple[GivenScore, ...], Meta(max_length=500)]


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/openings",
    summary="Open the bids",
    tags=["agencies"],
    opt=answers(Selection),
)
async def open_bids(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Open all bids together once the window is over (开启), and commit to the list of experts."""

    async def act(c: Command) -> Answer:
        return done(
            await evaluation.open_bids(
                c.tx,
                actor=c.actor,
                now=c.now,
                selection_id=selection_id,
                experts=await _experts(c),
            )
        )

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/panel-draws",
    summary="Draw the panel",
    tags=["agencies"],
    opt=answers(Selection),
)
async def draw_panel(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Draw the panel by the checkpoint that was signed after the commitment (随机抽取)."""

    async def act(c: Command) -> Answer:
        return done(
            await evaluation.draw_panel(
                c.tx,
                actor=c.actor,
                now=c.now,
                selection_id=selection_id,
                experts=await _experts(c),
            )
        )

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/rankings",
    summary="Rank the bids",
    tags=["agencies"],
    opt=answers(Selection),
)
async def rank_bids(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Rank the bids by the written rule once the whole panel has scored (汇总排序)."""

    async def act(c: Command) -> Answer:
        bids = await queries.list_bids(c.tx, viewer=c.actor, selection_id=selection_id)
        bidders = [each.bid.agency_party_id for each in bids]
        return done(
            await evaluation.evaluate(
                c.tx,
                actor=c.actor,
                now=c.now,
                selection_id=selection_id,
                past=await agencies.last_points(c.tx, agencies=bidders),
            )
        )

    return await command(request, act)


@get(
    "/api/v1/agency-selections/{selection_id:uuid}/bids",
    summary="Bids, sealed until they are opened",
    tags=["agencies"],
    opt=answers(Page[SealedBid]),
)
async def list_bids(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return who bid, when, and a digest; what it says to its agency, and to all concerned later."""

    async def look(c: Command) -> Page[SealedBid]:
        return Page(await queries.list_bids(c.tx, viewer=c.actor, selection_id=selection_id))

    return answer(await read(request, look))


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/bids",
    summary="Hand a bid in",
    tags=["agencies"],
    opt=creates(Bid),
)
async def hand_in_bid(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[HandIn]
) -> Response[bytes]:
    """Seal a bid (递交应选文件); one that was handed in before is replaced by it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        bid = await bidding.hand_in(
            c.tx,
            actor=c.actor,
            now=c.now,
            selection_id=selection_id,
            proposal=data.proposal,
            price_fen=data.price_fen,
            evidence=data.evidence,
            related=tuple(PartyId(each) for each in data.related_party_ids),
        )
        return created(bid, f"/api/v1/agency-selections/{selection_id}/bids")

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/bid-withdrawals",
    summary="Withdraw the bid",
    tags=["agencies"],
    opt=answers(Bid),
)
async def withdraw_bid(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Withdraw one's own bid (撤回应选文件); it is never opened."""

    async def act(c: Command) -> Answer:
        return done(
            await bidding.withdraw(c.tx, actor=c.actor, now=c.now, selection_id=selection_id)
        )

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/recusals",
    summary="Stand aside as an expert",
    tags=["agencies"],
    opt=answers(Selection),
)
async def recuse_expert(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Stand aside; the seat is drawn again (回避)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await evaluation.recuse(
                c.tx,
                actor=c.actor,
                now=c.now,
                selection_id=selection_id,
                reason=data.reason,
                experts=await _experts(c),
            )
        )

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/score-sheets",
    summary="Score the bids",
    tags=["agencies"],
    opt=answers(ScoreSheet, 201),
)
async def hand_in_sheet(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[Score]
) -> Response[bytes]:
    """Score every bid by every criterion, once (评分)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        sheet = await evaluation.hand_in_sheet(
            c.tx,
            actor=c.actor,
            now=c.now,
            selection_id=selection_id,
            scores=tuple(
                BidScore(
                    bid_id=each.bid_id,
                    is_qualified=each.is_qualified,
                    points=each.points,
                    remarks=each.remarks,
                )
                for each in data.scores
            ),
        )
        return Answer(sheet, 201)

    return await command(request, act)


async def _experts(c: Command) -> list[Expert]:
    found = await identity.list_wearers(c.tx, role=Role.EXPERT, on=local_date(c.now))
    return [Expert(account_id=account, party_id=party) for account, party in found]
