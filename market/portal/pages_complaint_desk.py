"""Let the houses handle complaints, and their two parties follow them (投诉办理, RULES §6.3)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.errors import FieldError
from catalog.kernel.paging import Page
from catalog.profiles.quality import Dimension
from market.complaints import handling, queries
from market.complaints.model import (
    Award,
    Basis,
    Complaint,
    MeasureKind,
    Outcome,
    Resolution,
    Words,
)
from market.complaints.operations import (
    arbitration,
    closing,
    deciding,
    hearing,
    investigating,
    triage,
)
from market.complaints.operations.triage import Decision
from market.complaints.states import Event, State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.orders.operations.delivery import Ruling
from market.portal.complaint_file import CaseFile, look_at
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    FormFieldInvalid,
    Shown,
    Step,
    filled_in,
    run_step,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_DESK: Final = "/complaints/desk"
_ONE: Final = "/complaints/{complaint_id:uuid}"
_PAGE_SIZE: Final = 20
_Text = Annotated[str, Meta(max_length=20_000)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class _Triage(msgspec.Struct, frozen=True):
    """Whether it is taken, and why not; of wrong data, what is wrong with them."""

    decision: Decision
    reason: _Text = ""
    dimension: Dimension = Dimension.ACCURACY


class _Freeze(msgspec.Struct, frozen=True):
    """What is frozen, and the risk that it is frozen for."""

    measure: str
    risk: _Text = ""


class _Lift(msgspec.Struct, frozen=True):
    """What is lifted, and why; without ``restores`` it stays as another decision left it."""

    measure: str
    reason: _Text = ""
    restores: bool = False


class _Resolved(msgspec.Struct, frozen=True):
    """What was found, what is to be done, and for whom a disputed order is decided."""

    outcome: Outcome
    findings: Words
    ordered: _Text = ""
    ruling: Ruling | None = None
    refund_fen: Annotated[int, Meta(ge=1, le=10**15)] | None = None


class _Reason(msgspec.Struct, frozen=True):
    """Why."""

    reason: _Text = ""


class _Position(msgspec.Struct, frozen=True):
    """What one side says."""

    text: _Text = ""


class _Refer(msgspec.Struct, frozen=True):
    """To which arbitral institution, under which number, and why that one."""

    institution: _Name
    case_number: _Name
    basis: Basis


@get(_DESK, include_in_schema=False)
async def show_desk(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the complaints that one's house handles, the newest first; it is remembered."""

    async def look(c: Command) -> Page[Complaint]:
        return await queries.list_complaints(
            c.tx, viewer=c.actor, state=status, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "complaint_desk.html",
        cache=NOT_KEPT,
        complaints=await read(request, look),
        states=list(State),
        wanted=status,
        link=linker(_DESK, {"status": None if status is None else status.value}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_complaint(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a complaint to who handles it and to its two parties, with what each may do now."""
    file = await read(request, lambda c: look_at(c, complaint_id))
    return _page(request, file, BLANK)


@post(_ONE + "/triages", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def triage_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take it, send it where it belongs, or decline it (受理、转办、不予受理)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Triage, fields)
        await triage.triage(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            complaint_id=complaint_id,
            decision=said.decision,
            reason=said.reason,
            dimension=said.dimension,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/investigations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def investigate_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Begin to investigate, or take it over; the evidence is held from now on (调查、固定证据)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await investigating.investigate(c.tx, actor=c.actor, now=c.now, complaint_id=complaint_id)

    return await _step(request, complaint_id, act)


@post(_ONE + "/measures", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def take_measure(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Freeze a listing, the use of an order or its payment, at once (临时措施)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Freeze, fields)
        kind, target_id = _measure(said.measure)
        await investigating.freeze(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            kind=kind,
            target_id=target_id,
            risk=said.risk,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/liftings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def lift_measure(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Lift what was frozen (解除临时措施)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Lift, fields)
        kind, target_id = _measure(said.measure)
        await investigating.lift(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            kind=kind,
            target_id=target_id,
            reason=said.reason,
            restores=said.restores,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/resolutions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def resolve_complaint(
    request: AnyRequest, complaint_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Decide it; a disputed order is decided with it (处理决定)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Resolved, fields)
        await deciding.resolve(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            complaint_id=complaint_id,
            resolution=Resolution(
                outcome=said.outcome, findings=said.findings, ordered=said.ordered
            ),
            ruling=said.ruling,
            refund_fen=said.refund_fen,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/statements", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def state_position(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """State one's position before it is decided, as one of the two, once (陈述)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await hearing.state(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            text=filled_in(_Position, fields).text,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/appeals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def appeal(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Go to the authority against the decision, as one of the two, once (申请复核)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await deciding.appeal(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            complaint_id=complaint_id,
            reason=filled_in(_Reason, fields).reason,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/reviews", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def review(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decide, as the authority, on the appeal (复核决定)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await deciding.review(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            resolution=filled_in(Resolution, fields),
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/arbitrations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def refer(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Refer a decided complaint to arbitration, as one of the two (转仲裁)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Refer, fields)
        await arbitration.refer(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            institution=said.institution,
            case_number=said.case_number,
            basis=said.basis,
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/awards", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def record_award(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Record what was awarded (登记裁决)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await arbitration.record_award(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            award=filled_in(Award, fields),
        )

    return await _step(request, complaint_id, act)


@post(_ONE + "/closings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def close(request: AnyRequest, complaint_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Close it when nothing is open any more that it holds open (办结)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await closing.close(
            c.tx,
            actor=c.actor,
            now=c.now,
            complaint_id=complaint_id,
            reason=filled_in(_Reason, fields).reason,
        )

    return await _step(request, complaint_id, act)


async def _step(
    request: AnyRequest,
    complaint_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        file = await read(request, lambda c: look_at(c, complaint_id))
        return _page(request, file, form)

    return await run_step(request, act, place=f"/complaints/{complaint_id}", again=again)


def _measure(value: str) -> tuple[MeasureKind, uuid.UUID]:
    kind, _, target = value.partition(":")
    try:
        return MeasureKind(kind), uuid.UUID(target)
    except ValueError as error:
        raise FormFieldInvalid(errors=(FieldError("/measure", "invalid"),)) from error


def _page(request: AnyRequest, file: CaseFile, form: Shown) -> Response[bytes]:
    return page(
        request,
        "complaint.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"/complaints/{file.complaint.id}",
        file=file,
        complaint=file.complaint,
        standing=handling.standing(file.complaint),
        may=lambda name: file.may(Event(name)),
        decisions=list(Decision),
        dimensions=list(Dimension),
        outcomes=list(Outcome),
        rulings=list(Ruling),
        bases=list(Basis),
        form=form,
    )
