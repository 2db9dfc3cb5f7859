"""Hold public comparisons of agencies: announce, bid, open, score, award (公开比选, HN-23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.agencies import queries as agencies
from catalog.agency_selection import queries
from catalog.agency_selection.model import (
    Bid,
    BidScore,
    Criterion,
    Expert,
    PanelDrawRecord,
    PublicSelection,
    Qualification,
    Remark,
    RemarkKind,
    ScoreSheet,
    SealedBid,
    Selection,
    SelectionFile,
)
from catalog.agency_selection.operations import announcing, bidding, evaluation, result
from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.permissions import Role

_Line = Annotated[str, Meta(min_length=1, max_length=200)]
_Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,49}$")]
_Text = Annotated[str, Meta(max_length=20_000)]
_Size = Annotated[int, Meta(ge=0, le=99)]


class GivenCriterion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bid is scored by (评分项), and its weight."""

    code: _Code
    name: _Line
    weight_bps: Annotated[int, Meta(ge=0, le=10_000)]
    is_past_performance: bool = False


class GivenQualification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agency must show (资格条件)."""

    code: _Code
    name: _Line


class Announce(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The announcement (比选公告)."""

    selection_number: Annotated[str, Meta(min_length=1, max_length=100)]
    title: _Line
    criteria: Annotated[tuple[GivenCriterion, ...], Meta(max_length=50)]
    qualifications: Annotated[tuple[GivenQualification, ...], Meta(max_length=50)]
    bids_until: dt.date
    panel_size: _Size = 3
    seats: _Size = 2
    follows: uuid.UUID | None = None


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


class Tell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everybody is told of the result."""

    result: _Text


class Say(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bureau says (监督意见)."""

    kind: RemarkKind
    text: _Text


class Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an objection was settled."""

    settlement: _Text


# ── everybody ───────────────────────────────────────────────────────────────────────────────


@get(
    "/api/v1/agency-selections",
    summary="Public comparisons of agencies",
    tags=["agencies"],
    opt=answers(Page[PublicSelection]),
)
async def list_agency_selections(
    request: AnyRequest,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return announcements and results (比选公告与结果公示), the newest first. Public."""

    async def look(c: Command) -> Page[PublicSelection]:
        return await queries.list_public(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/agency-selections/{selection_id:uuid}",
    summary="One public comparison",
    tags=["agencies"],
    opt=answers(PublicSelection),
)
async def get_agency_selection(
    request: AnyRequest, selection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return what everybody sees of a selection. Public."""

    async def look(c: Command) -> PublicSelection:
        return await queries.get_public(c.tx, selection_id=selection_id)

    return answer(await read(request, look))


@get(
    "/api/v1/agency-selections/{selection_id:uuid}/draw",
    summary="The record of a panel's draw",
    tags=["agencies"],
    opt=answers(PanelDrawRecord),
)
async def get_panel_draw(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the draw with its proof; ``market verify`` computes it again. Public with the result."""

    async def look(c: Command) -> PanelDrawRecord:
        return await queries.get_draw(c.tx, selection_id=selection_id, viewer=c.actor)

    return answer(await read(request, look))


# ── the operator ────────────────────────────────────────────────────────────────────────────


@post(
    "/api/v1/agency-selections",
    summary="Announce a public comparison",
    tags=["agencies"],
    opt=creates(Selection),
)
async def announce_agency_selection(
    request: AnyRequest, data: JSONBody[Announce]
) -> Response[bytes]:
    """Announce criteria, qualifications and the window for bids; the bureau is told."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        selection = await announcing.announce(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
            selection_number=data.selection_number,
            title=data.title,
            criteria=tuple(
                Criterion(
                    code=e.code,
                    name=e.name,
                    weight_bps=e.weight_bps,
                    is_past_performance=e.is_past_performance,
                )
                for e in data.criteria
            ),
            qualifications=tuple(
                Qualification(code=e.code, name=e.name) for e in data.qualifications
            ),
            bids_until=data.bids_until,
            panel_size=data.panel_size,
            seats=data.seats,
            follows=data.follows,
        )
        return created(selection, f"/api/v1/agency-selections/{selection.id}")

    return await command(request, act)


@get(
    "/api/v1/agency-selections/{selection_id:uuid}/file",
    summary="Panel, score sheets and remarks",
    tags=["agencies"],
    opt=answers(SelectionFile),
)
async def get_agency_selection_file(
    request: AnyRequest, selection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return panel, sheets and remarks to operator and bureau; to an expert what is his to see."""

    async def look(c: Command) -> SelectionFile:
        return await queries.get_file(c.tx, viewer=c.actor, selection_id=selection_id)

    return answer(await read(request, look))


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


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/awards",
    summary="Award",
    tags=["agencies"],
    opt=answers(Selection),
)
async def award_selection(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[Tell]
) -> Response[bytes]:
    """Choose the first of the ranking, two at least, and publish the result (定选)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await result.award(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=c.calendar,
                selection_id=selection_id,
                result=data.result,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/failures",
    summary="State that it failed",
    tags=["agencies"],
    opt=answers(Selection),
)
async def fail_selection(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[Tell]
) -> Response[bytes]:
    """State that fewer than two bid or qualify; it is to be announced again (重新比选)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await result.fail(
                c.tx, actor=c.actor, now=c.now, selection_id=selection_id, result=data.result
            )
        )

    return await command(request, act)


# ── the agencies ────────────────────────────────────────────────────────────────────────────


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


# ── the panel ───────────────────────────────────────────────────────────────────────────────


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


# ── the bureau ──────────────────────────────────────────────────────────────────────────────


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/remarks",
    summary="Comment or object",
    tags=["agencies"],
    opt=answers(Remark, 201),
)
async def remark_on_selection(
    request: AnyRequest, selection_id: FromPath[uuid.UUID], data: JSONBody[Say]
) -> Response[bytes]:
    """Comment on a selection or object to it, as the bureau; an objection holds contracts up."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await result.remark(
            c.tx,
            actor=c.actor,
            now=c.now,
            selection_id=selection_id,
            kind=data.kind,
            text=data.text,
        )
        return Answer(made, 201)

    return await command(request, act)


@post(
    "/api/v1/agency-selections/{selection_id:uuid}/remarks/{remark_id:uuid}/settlements",
    summary="Take an objection back",
    tags=["agencies"],
    opt=answers(Remark),
)
async def settle_remark(
    request: AnyRequest,
    selection_id: FromPath[uuid.UUID],
    remark_id: FromPath[uuid.UUID],
    data: JSONBody[Settle],
) -> Response[bytes]:
    """Take an objection back, as the bureau, because it was settled."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await result.settle(
                c.tx,
                actor=c.actor,
                now=c.now,
                selection_id=selection_id,
                remark_id=remark_id,
                settlement=data.settlement,
            )
        )

    return await command(request, act)


async def _experts(c: Command) -> list[Expert]:
    found = await identity.list_wearers(c.tx, role=Role.EXPERT, on=local_date(c.now))
    return [Expert(account_id=account, party_id=party) for account, party in found]
