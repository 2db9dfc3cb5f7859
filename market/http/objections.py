"""Object to a registration, answer, determine and settle it (异议, HN-20)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.objections import queries
from catalog.objections.model import Objection
from catalog.objections.operations import (
    closing,
    court,
    determination,
    filing,
    forwarding,
    reading,
    response,
)
from catalog.objections.outcome import Outcome
from catalog.objections.standing import Ground
from catalog.objections.states import State
from catalog.products.metadata import check_readable
from catalog.registration.acceptance import CorrectionItem
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.confidential import read_confidential
from market.http.context import AnyRequest
from market.http.reissues import Correction, corrected_of

_Text = Annotated[str, Meta(max_length=20_000)]
_Files = Annotated[tuple[uuid.UUID, ...], Meta(max_length=50)]


class FileObjection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objection to a product in notice or to a certificate: one of the two."""

    notice_id: uuid.UUID | None = None
    certificate_number: Annotated[str, Meta(max_length=50)] | None = None
    interest_statement: _Text
    statement: _Text = ""
    grounds: Annotated[tuple[Ground, ...], Meta(max_length=6)]
    evidence_file_ids: _Files = ()
    confidential_file_ids: _Files = ()  # of these, what the other side is not to read


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)]


class Forward(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the registrant is told: by a receipt of one's own, or else by the system's notification."""

    receipt: Annotated[str, Meta(max_length=500)] | None = None
    delivered_at: Annotated[dt.datetime, Meta(tz=True)] | None = None


class Respond(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The registrant's answer (反馈说明) with its evidence (佐证材料)."""

    statement: _Text
    evidence_file_ids: _Files = ()


class Determine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator determines (处理意见)."""

    outcome: Outcome
    reasons: _Text
    must_change: Annotated[tuple[CorrectionItem, ...], Meta(max_length=200)] = ()
    corrected: Correction | None = None  # with ``reissue``: what the new certificate says


class StartProceedings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a court or an arbitrator has the case (受理通知书)."""

    court: Annotated[str, Meta(max_length=200)]
    case_number: Annotated[str, Meta(max_length=200)]
    evidence_file_ids: _Files = ()


class AnswerOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether one accepts the outcome."""

    accepts: bool


@post(
    "/api/v1/objections", summary="File an objection", tags=["objections"], opt=creates(Objection)
)
async def file_objection(request: AnyRequest, data: JSONBody[FileObjection]) -> Response[bytes]:
    """File an objection as an interested party (利害关系者提出异议, HN-20(a))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        objection = await filing.file(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            notice_id=data.notice_id,
            certificate_number=data.certificate_number,
            interest_statement=data.interest_statement,
            statement=data.statement,
            grounds=data.grounds,
            evidence_file_ids=data.evidence_file_ids,
            confidential_file_ids=data.confidential_file_ids,
        )
        return created(objection, f"/api/v1/objections/{objection.id}")

    return await command(request, act)


@get("/api/v1/objections", summary="Objections", tags=["objections"], opt=answers(Page[Objection]))
async def list_objections(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the objections that one may see, the newest first."""

    async def look(c: Command) -> Page[Objection]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/objections/{objection_id:uuid}",
    summary="One objection",
    tags=["objections"],
    opt=answers(Objection),
)
async def get_objection(request: AnyRequest, objection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one objection, as far as one may see it; reading a stranger's is remembered."""

    async def look(c: Command) -> Objection:
        return await reading.open_file(c.tx, actor=c.actor, now=c.now, objection_id=objection_id)

    return answer(await read_confidential(request, "objection", objection_id, look))


@post(
    "/api/v1/objections/{objection_id:uuid}/rejections",
    summary="Reject an objection for its form",
    tags=["objections"],
    opt=answers(Objection),
)
async def reject_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Reject an objection that has no interest or no real evidence (不予受理)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await forwarding.reject(
                c.tx, actor=c.actor, now=c.now, objection_id=objection_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/forwardings",
    summary="Tell the registrant",
    tags=["objections"],
    opt=answers(Objection),
)
async def forward_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Forward]
) -> Response[bytes]:
    """Tell the registrant, whose seven days run from receipt (HN-20(b), (c))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await forwarding.forward(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
                receipt=data.receipt,
                delivered_at=data.delivered_at,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/responses",
    summary="Answer an objection",
    tags=["objections"],
    opt=answers(Objection),
)
async def respond_to_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Respond]
) -> Response[bytes]:
    """Answer as the registrant (反馈说明); what comes late is kept and marked."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await response.respond(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
                statement=data.statement,
                evidence_file_ids=data.evidence_file_ids,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/determinations",
    summary="Determine the matter",
    tags=["objections"],
    opt=answers(Objection),
)
async def determine_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Determine]
) -> Response[bytes]:
    """Determine the matter; both sides are asked whether they accept, unless it was admitted (处理意见)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        determined = await determination.determine(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            objection_id=objection_id,
            decided=data.outcome,
            reasons=data.reasons,
            must_change=data.must_change,
            corrected=await corrected_of(c, data.corrected),
        )
        return await _done(c, determined)

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/acceptances",
    summary="Accept or refuse the outcome",
    tags=["objections"],
    opt=answers(Objection),
)
async def answer_outcome(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[AnswerOutcome]
) -> Response[bytes]:
    """Accept or refuse the outcome as one of the two sides; the second yes carries it out."""

    async def act(c: Command) -> Answer:
        answered = await determination.answer_outcome(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            objection_id=objection_id,
            accepts=data.accepts,
        )
        return await _done(c, answered)

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/withdrawals",
    summary="Take an objection back",
    tags=["objections"],
    opt=answers(Objection),
)
async def withdraw_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Take one's own objection back (撤回异议)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        withdrawn = await closing.withdraw(
            c.tx, actor=c.actor, now=c.now, objection_id=objection_id, reason=data.reason
        )
        return await _done(c, withdrawn)

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/proceedings",
    summary="Show that a court has the case",
    tags=["objections"],
    opt=answers(Objection),
)
async def start_proceedings(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[StartProceedings]
) -> Response[bytes]:
    """Go to court or arbitration with what could not be settled (HN-20(2)); the register freezes."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        objection = await court.start_proceedings(
            c.tx,
            actor=c.actor,
            now=c.now,
            objection_id=objection_id,
            court=data.court,
            case_number=data.case_number,
            evidence_file_ids=data.evidence_file_ids,
        )
        return await _done(c, objection)

    return await command(request, act)


async def _done(c: Command, objection: Objection) -> Answer:
    """Answer with the objection, after what it did to a certificate was carried into the trade."""
    if objection.certificate_number is not None:
        await consequences.follow(c.tx, now=c.now, certificate_number=objection.certificate_number)
    return done(objection)
