"""Plan, draw, carry out and publish spot checks (双随机、一公开, HN-21)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.certificates.states import State as CertificateState
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.products.model import Form
from catalog.registration.states import State as ApplicationState
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.confidential import read_confidential
from market.http.context import AnyRequest
from market.spot_checks import queries
from market.spot_checks.model import (
    DrawRecord,
    Finding,
    PopulationFilter,
    PublicSpotCheck,
    SpotCheck,
)
from market.spot_checks.operations import inspecting, planning, publishing, reading

_Line = Annotated[str, Meta(min_length=1, max_length=200)]
_Text = Annotated[str, Meta(max_length=20_000)]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan: what is checked, out of which cases, by whom (一单、两库)."""

    title: _Line
    items: Annotated[tuple[_Line, ...], Meta(max_length=50)]
    submitted_from: dt.date
    submitted_through: dt.date
    states: Annotated[tuple[ApplicationState, ...], Meta(max_length=20)] = ()
    forms: Annotated[tuple[Form, ...], Meta(max_length=20)] = ()
    operator_party_id: uuid.UUID | None = None
    agency_party_id: uuid.UUID | None = None
    certificate_states: Annotated[tuple[CertificateState, ...], Meta(max_length=20)] = ()
    sample_size: Annotated[int, Meta(ge=1, le=10_000)]
    inspector_account_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=500)]
    inspector_count: Annotated[int, Meta(ge=1, le=50)] = 2


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)]


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the applicants are told as well as the operator."""

    tell_applicants: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found of an item in a case."""

    application_id: uuid.UUID
    item: _Line
    conforms: bool
    fact: _Text
    evidence_file_id: uuid.UUID | None = None


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everybody is told."""

    summary: _Text


class Rectify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a finding was put right, and the proof."""

    finding_id: uuid.UUID
    rectification: _Text
    evidence_file_id: uuid.UUID


@get(
    "/api/v1/spot-checks",
    summary="Published spot checks",
    tags=["supervision"],
    opt=answers(Page[PublicSpotCheck]),
)
async def list_spot_checks(
    request: AnyRequest,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what was published (一公开), the newest first. Public."""

    async def look(c: Command) -> Page[PublicSpotCheck]:
        return await queries.list_published(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/spot-checks",
    summary="Plan a spot check",
    tags=["supervision"],
    opt=creates(SpotCheck),
)
async def plan_spot_check(request: AnyRequest, data: JSONBody[Plan]) -> Response[bytes]:
    """Fix what is checked, out of which cases, by whom; the commitment is in the log at once."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        planned = await planning.plan(
            c.tx,
            actor=c.actor,
            now=c.now,
            title=data.title,
            items=data.items,
            wanted=PopulationFilter(
                submitted_from=data.submitted_from,
                submitted_through=data.submitted_through,
                states=data.states,
                forms=data.forms,
                operator_party_id=data.operator_party_id,
                agency_party_id=data.agency_party_id,
                certificate_states=data.certificate_states,
            ),
            sample_size=data.sample_size,
            inspectors=tuple(sorted({str(each) for each in data.inspector_account_ids})),
            inspector_count=data.inspector_count,
        )
        return created(planned, f"/api/v1/spot-checks/{planned.id}")

    return await command(request, act)


@get(
    "/api/v1/spot-checks/{spot_check_id:uuid}",
    summary="One spot check",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def get_spot_check(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return a spot check as the supervisors see it."""

    async def look(c: Command) -> SpotCheck:
        return await reading.open_check(c.tx, actor=c.actor, now=c.now, spot_check_id=spot_check_id)

    return answer(await read_confidential(request, "spot_check", spot_check_id, look))


@get(
    "/api/v1/spot-checks/{spot_check_id:uuid}/draw",
    summary="The record of a draw",
    tags=["supervision"],
    opt=answers(DrawRecord),
)
async def get_draw(request: AnyRequest, spot_check_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the draw with its proof; ``market verify`` computes it again. Public once published."""

    async def look(c: Command) -> DrawRecord:
        return await reading.open_draw(c.tx, actor=c.actor, now=c.now, spot_check_id=spot_check_id)

    return answer(await read_confidential(request, "spot_check", spot_check_id, look))


@get(
    "/api/v1/spot-checks/{spot_check_id:uuid}/findings",
    summary="What was found",
    tags=["supervision"],
    opt=answers(Page[Finding]),
)
async def list_findings(request: AnyRequest, spot_check_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the findings of a spot check."""

    async def look(c: Command) -> Page[Finding]:
        return Page(
            await reading.open_findings(c.tx, actor=c.actor, now=c.now, spot_check_id=spot_check_id)
        )

    return answer(await read_confidential(request, "spot_check", spot_check_id, look))


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/draws",
    summary="Draw",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def draw_spot_check(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Draw cases and inspectors by the checkpoint that was signed after the commitment (双随机)."""

    async def act(c: Command) -> Answer:
        return done(
            await planning.draw(c.tx, actor=c.actor, now=c.now, spot_check_id=spot_check_id)
        )

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/recusals",
    summary="Stand aside",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def recuse(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Stand aside as a drawn inspector; the seat is drawn again (回避)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await planning.recuse(
                c.tx,
                actor=c.actor,
                now=c.now,
                spot_check_id=spot_check_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/beginnings",
    summary="Begin",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def begin(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID], data: JSONBody[Begin]
) -> Response[bytes]:
    """Tell the operator, and the applicants if that is wanted, and begin (通知检查)."""

    async def act(c: Command) -> Answer:
        return done(
            await inspecting.notify(
                c.tx,
                actor=c.actor,
                now=c.now,
                spot_check_id=spot_check_id,
                tell_applicants=data.tell_applicants,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/findings",
    summary="Record a finding",
    tags=["supervision"],
    opt=answers(Finding, 201),
)
async def record_finding(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID], data: JSONBody[Found]
) -> Response[bytes]:
    """Record what was found of an item in a drawn case (检查情况)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        finding = await inspecting.record_finding(
            c.tx,
            actor=c.actor,
            now=c.now,
            spot_check_id=spot_check_id,
            application_id=data.application_id,
            item=data.item,
            conforms=data.conforms,
            fact=data.fact,
            evidence_file_id=data.evidence_file_id,
        )
        return Answer(finding, 201)

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/conclusions",
    summary="Conclude",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def conclude(request: AnyRequest, spot_check_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Conclude once every item of every case was looked at (检查完毕)."""

    async def act(c: Command) -> Answer:
        return done(
            await inspecting.conclude(
                c.tx,
                actor=c.actor,
                now=c.now,
                spot_check_id=spot_check_id,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/publications",
    summary="Publish",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def publish(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID], data: JSONBody[Publish]
) -> Response[bytes]:
    """Publish what came of it, without names and contents (一公开)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await publishing.publish(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                spot_check_id=spot_check_id,
                summary=data.summary,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/spot-checks/{spot_check_id:uuid}/rectifications",
    summary="Show that a finding was put right",
    tags=["supervision"],
    opt=answers(SpotCheck),
)
async def rectify(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID], data: JSONBody[Rectify]
) -> Response[bytes]:
    """Show, as the operator, that a finding was put right (整改); the last one closes the check."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await publishing.rectify(
                c.tx,
                actor=c.actor,
                now=c.now,
                spot_check_id=spot_check_id,
                finding_id=data.finding_id,
                rectification=data.rectification,
                evidence_file_id=data.evidence_file_id,
            )
        )

    return await command(request, act)
