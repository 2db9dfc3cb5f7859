"""Ask for invoices and issue them (发票)."""

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
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.invoices import operations, queries
from settlement.invoices.model import AmountFen, Invoice, Wanted

_Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]
_Number = Annotated[str, Meta(min_length=1, max_length=20)]


class IssueInvoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under which number it was issued, and on which day if not today."""

    number: _Number
    issued_on: dt.date | None = None


class WhyNoInvoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is refused or voided."""

    reason: _Reason


class IssueRedLetter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is taken back, under which number, and why."""

    number: _Number
    amount_fen: AmountFen
    reason: _Reason


@post(
    "/api/v1/orders/{order_id:uuid}/invoices",
    summary="Ask for an invoice",
    tags=["payments"],
    opt=creates(Invoice),
)
async def request_invoice(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Wanted]
) -> Response[bytes]:
    """Ask for an invoice: the buyer for the product, the supplier for the platform's fee (申请开票)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        invoice = await operations.request(
            c.tx, actor=c.actor, now=c.now, order_id=order_id, wanted=data
        )
        return created(invoice, f"/api/v1/invoices/{invoice.id}")

    return await command(request, act)


@get("/api/v1/invoices", summary="Invoices", tags=["payments"], opt=answers(Page[Invoice]))
async def list_invoices(
    request: AnyRequest,
    *,
    order_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the invoices that one asked for or issues, or all; those of one order if named."""

    async def look(c: Command) -> Page[Invoice]:
        return await queries.list_invoices(
            c.tx, viewer=c.actor, order_id=order_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/invoices/{invoice_id:uuid}",
    summary="An invoice",
    tags=["payments"],
    opt=answers(Invoice),
)
async def get_invoice(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an invoice with its number and what was taken back of it."""

    async def look(c: Command) -> Invoice:
        return await queries.get_invoice(c.tx, viewer=c.actor, invoice_id=invoice_id)

    return answer(await read(request, look))


@post(
    "/api/v1/invoices/{invoice_id:uuid}/issuances",
    summary="Issue an invoice",
    tags=["payments"],
    opt=answers(Invoice),
)
async def issue_invoice(
    request: AnyRequest, invoice_id: FromPath[uuid.UUID], data: JSONBody[IssueInvoice]
) -> Response[bytes]:
    """Say under which number the invoice was issued in the tax authority's system (开具)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.issue(
                c.tx,
                actor=c.actor,
                now=c.now,
                invoice_id=invoice_id,
                number=data.number,
                issued_on=data.issued_on,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/invoices/{invoice_id:uuid}/refusals",
    summary="Refuse an invoice",
    tags=["payments"],
    opt=answers(Invoice),
)
async def refuse_invoice(
    request: AnyRequest, invoice_id: FromPath[uuid.UUID], data: JSONBody[WhyNoInvoice]
) -> Response[bytes]:
    """Refuse an invoice that was asked for, with the reason (不予开具)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.refuse(
                c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/invoices/{invoice_id:uuid}/withdrawals",
    summary="Take a request back",
    tags=["payments"],
    opt=answers(Invoice),
)
async def withdraw_invoice(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one asked for, before it is issued (撤回申请)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id)
        )

    return await command(request, act)


@post(
    "/api/v1/invoices/{invoice_id:uuid}/voidings",
    summary="Void an invoice",
    tags=["payments"],
    opt=answers(Invoice),
)
async def void_invoice(
    request: AnyRequest, invoice_id: FromPath[uuid.UUID], data: JSONBody[WhyNoInvoice]
) -> Response[bytes]:
    """Void an invoice in the month in which it was issued (作废)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.void(
                c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/invoices/{invoice_id:uuid}/red-letters",
    summary="Take an invoice back",
    tags=["payments"],
    opt=answers(Invoice),
)
async def redden_invoice(
    request: AnyRequest, invoice_id: FromPath[uuid.UUID], data: JSONBody[IssueRedLetter]
) -> Response[bytes]:
    """Take an invoice back, or a part of it, by a red-letter invoice (红冲)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.redden(
                c.tx,
                actor=c.actor,
                now=c.now,
                invoice_id=invoice_id,
                number=data.number,
                amount_fen=data.amount_fen,
                reason=data.reason,
            )
        )

    return await command(request, act)
