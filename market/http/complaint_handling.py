"""Complaints at the desk: triage, investigate, freeze, decide, arbitrate, close (RULES §6.3)."""

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
from catalog.profiles.quality import Dimension
from market.complaints import queries
from market.complaints.model import (
    Award,
    Basis,
    Complaint,
    ComplaintCounts,
    Kind,
    MeasureKind,
    Outcome,
    Resolution,
    Words,
)
from market.complaints.operations import (
    arbitration,
    closing,
    crediting,
    deciding,
    investigating,
    triage,
)
from market.complaints.operations.triage import Decision
from market.complaints.states import State
from market.credit.model import Act, CreditRecord
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    read,
)
from market.http.complaints import WithReason
from market.http.context import AnyRequest
from market.orders.operations.delivery import Ruling

_TAGS = ["complaints"]
_Text = Annotated[str, Meta(max_length=20_000)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Triage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether it is taken; the reason if it is not; of wrong data, what is wrong with them."""

    decision: Decision
    reason: _Text = ""
    dimension: Dimension = Dimension.ACCURACY


class Freeze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is frozen, by the id of its listing or order, and the risk that it is frozen for."""

    kind: MeasureKind
    target_id: uuid.UUID
    risk: _Text


class Lift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is lifted and why; without ``restores`` the thing stays as another decision left it."""

    kind: MeasureKind
    target_id: uuid.UUID
    reason: _Text
    restores: bool = True


class ResolveComplaint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found, what is to be done, and for whom a disputed order is decided."""

    outcome: Outcome
    findings: Words
    ordered: _Text = ""
    ruling: Ruling | None = None
    refund_fen: Annotated[int, Meta(ge=1, le=10**15)] | None = None  # of a ruling in part


class FindByComplaint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done, in words that its party reads."""

    act: Act
    facts: Annotated[str, Meta(min_length=1, max_length=5_000)]


class Refer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To which arbitral institution it is referred, under which number, and why that one decides."""

    institution: _Name
    case_number: _Name
    basis: Basis


@get(
    "/api/v1/complaint-statistics",
    summary="How many complaints were closed, and how",
    tags=_TAGS,
    opt=answers(ComplaintCounts),
)
async def count_complaints(request: AnyRequest) -> Response[bytes]:
    """Return how many complaints were closed, by year, kind and ending; no word of any of them."""

    async def look(c: Command) -> ComplaintCounts:
        return ComplaintCounts(tuple(await queries.list_counts(c.tx)))

    return answer(await read(request, look))


@get(
    "/api/v1/complaints",
    summary="Complaints that one's house handles",
    tags=_TAGS,
    opt=answers(Page[Complaint]),
)
async def list_complaints(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    kind: FromQuery[Kind | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return complaints, the newest first; of the operator's conduct only the authority reads."""

    async def look(c: Command) -> Page[Complaint]:
        return await queries.list_complaints(
            c.tx, viewer=c.actor, state=status, kind=kind, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/complaints/{complaint_id:uuid}/triages",
    summary="Take, redirect or decline a complaint",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def triage_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Triage]
) -> Response[bytes]:
    """Say inside five working days whether it is taken, belongs elsewhere, or is declined."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await triage.triage(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                complaint_id=complaint_id,
                decision=data.decision,
                reason=data.reason,
                dimension=data.dimension,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/investigations",
    summary="Investigate a complaint",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def investigate_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Begin to investigate, or take it over; the evidence is held from now on."""

    async def act(c: Command) -> Answer:
        return done(
            await investigating.investigate(
                c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/measures",
    summary="Freeze something meanwhile",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def take_measure(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Freeze]
) -> Response[bytes]:
    """Freeze a listing, the keys of an order, or its payment, at once (临时措施)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await investigating.freeze(
                c.tx,
                actor=c.actor,
                now=c.now,
                complaint_id=complaint_id,
                kind=data.kind,
                target_id=data.target_id,
                risk=data.risk,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/liftings",
    summary="Lift what was frozen",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def lift_measure(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Lift]
) -> Response[bytes]:
    """Lift an interim measure, and let the thing go on unless it stays as it is."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await investigating.lift(
                c.tx,
                actor=c.actor,
                now=c.now,
                complaint_id=complaint_id,
                kind=data.kind,
                target_id=data.target_id,
                reason=data.reason,
                restores=data.restores,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/resolutions",
    summary="Decide a complaint",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def resolve_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[ResolveComplaint]
) -> Response[bytes]:
    """Decide a complaint; a disputed order is decided with it (处理决定)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await deciding.resolve(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                complaint_id=complaint_id,
                resolution=Resolution(
                    outcome=data.outcome, findings=data.findings, ordered=data.ordered
                ),
                ruling=data.ruling,
                refund_fen=data.refund_fen,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/reviews",
    summary="Decide an appeal",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def review_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Resolution]
) -> Response[bytes]:
    """Decide, as the authority, on what one of the two came with (复核决定)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await deciding.review(
                c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id, resolution=data
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/arbitrations",
    summary="Refer a complaint to arbitration",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def refer_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Refer]
) -> Response[bytes]:
    """Refer a decided complaint to arbitration, as one of the two, by agreement or by law."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await arbitration.refer(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            institution=data.institution,
            case_number=data.case_number,
            basis=data.basis,
        )
        return done(await queries.get(c.tx, viewer=c.actor, complaint_id=complaint_id))

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/awards",
    summary="Record an award",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def record_award(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[Award]
) -> Response[bytes]:
    """Record what was awarded; what moves a registration is a legal instrument (§5.4)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await arbitration.record_award(
                c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id, award=data
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/closings",
    summary="Close a complaint",
    tags=_TAGS,
    opt=answers(Complaint),
)
async def close_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[WithReason]
) -> Response[bytes]:
    """Close a complaint when nothing is open any more that it holds open (办结)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await closing.close(
                c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/complaints/{complaint_id:uuid}/credit-findings",
    summary="Find a dishonest act by a complaint",
    tags=_TAGS,
    opt=creates(CreditRecord),
)
async def find_dishonest(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID], data: JSONBody[FindByComplaint]
) -> Response[bytes]:
    """Find that who was complained of did something dishonest, by a complaint that was upheld."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        record = await crediting.find_dishonest(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            complaint_id=complaint_id,
            act=data.act,
            facts=data.facts,
        )
        return created(record, f"/api/v1/credit-records/{record.id}")

    return await command(request, act)
