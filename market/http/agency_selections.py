"""Announce a public comparison of agencies, read it, award it (公开比选、定选, HN-23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.agency_selection import queries
from catalog.agency_selection.model import (
    Criterion,
    PanelDrawRecord,
    PublicSelection,
    Qualification,
    Remark,
    RemarkKind,
    Selection,
    SelectionFile,
)
from catalog.agency_selection.operations import announcing, result
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

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
            calendar=await c.calendar(),
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
                calendar=await c.calendar(),
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
