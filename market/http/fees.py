"""Show and set what a registration costs, and record what became of a fee (收费标准, HN-04)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.fees import operations, queries
from catalog.fees.model import Fee, FeeSchedule
from catalog.fees.schedule import ApplicationKind, Price
from catalog.fees.states import State
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Reason = Annotated[str, Meta(max_length=2_000)]
_Receipt = Annotated[str, Meta(max_length=500)]


class SetPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kind of application costs from a coming day on, by which document, and why."""

    application_kind: ApplicationKind
    amount_fen: Annotated[int, Meta(ge=0, le=100_000_000_00)]
    effective_on: dt.date
    ends_on: dt.date | None = None
    legal_basis: Annotated[str, Meta(max_length=500)] = ""
    reason: _Reason


class RecordPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receipt of a payment (缴费凭据)."""

    receipt: _Receipt


class RecordRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receipt of a refund, and why (退费)."""

    receipt: _Receipt
    reason: _Reason


class Waive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a fee is let off (减免)."""

    reason: _Reason


@get(
    "/api/v1/fee-schedule",
    summary="What a registration costs",
    tags=["fees"],
    opt=answers(FeeSchedule),
)
async def get_fee_schedule(request: AnyRequest) -> Response[bytes]:
    """Return what every kind of application costs today, and every price there was (收费公示)."""

    async def look(c: Command) -> FeeSchedule:
        return await queries.get_schedule(c.tx, now=c.now)

    return answer(await read(request, look))


@post("/api/v1/fee-schedule/prices", summary="Set a price", tags=["fees"], opt=creates(Price))
async def set_fee_price(request: AnyRequest, data: JSONBody[SetPrice]) -> Response[bytes]:
    """Set a price for days to come; it ends the one that stands (收费标准, HN-04)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        price = await operations.set_price(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_kind=data.application_kind,
            amount_fen=data.amount_fen,
            effective_on=data.effective_on,
            ends_on=data.ends_on,
            legal_basis=data.legal_basis,
            reason=data.reason,
        )
        return created(price, "/api/v1/fee-schedule")

    return await command(request, act)


@get("/api/v1/fees", summary="Fees", tags=["fees"], opt=answers(Page[Fee]))
async def list_fees(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    subject_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the fees that one may see, the newest first."""

    async def look(c: Command) -> Page[Fee]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, subject_id=subject_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post("/api/v1/fees/{fee_id:uuid}/payments", summary="Fee paid", tags=["fees"], opt=answers(Fee))
async def record_fee_payment(
    request: AnyRequest, fee_id: FromPath[uuid.UUID], data: JSONBody[RecordPayment]
) -> Response[bytes]:
    """Record that a fee was paid, with the receipt (缴费登记)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.record_payment(
                c.tx, actor=c.actor, now=c.now, fee_id=fee_id, receipt=data.receipt
            )
        )

    return await command(request, act)


@post("/api/v1/fees/{fee_id:uuid}/refunds", summary="Fee refunded", tags=["fees"], opt=answers(Fee))
async def record_fee_refund(
    request: AnyRequest, fee_id: FromPath[uuid.UUID], data: JSONBody[RecordRefund]
) -> Response[bytes]:
    """Record that a fee was given back, with the receipt and why (退费)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.refund(
                c.tx,
                actor=c.actor,
                now=c.now,
                fee_id=fee_id,
                receipt=data.receipt,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/fees/{fee_id:uuid}/waivers", summary="Let a fee off", tags=["fees"], opt=answers(Fee)
)
async def waive_fee(
    request: AnyRequest, fee_id: FromPath[uuid.UUID], data: JSONBody[Waive]
) -> Response[bytes]:
    """Let a fee off, and say why (减免)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.waive(
                c.tx, actor=c.actor, now=c.now, fee_id=fee_id, reason=data.reason
            )
        )

    return await command(request, act)
