"""Let a buyer ask for an invoice on a page, and whoever owes it issue, refuse or redden it (发票)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.identity import queries as identity
from market.orders import queries as orders
from market.orders.model import Order
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from market.portal.written_amounts import Yuan, fen_of
from settlement.invoices import operations, queries
from settlement.invoices.model import For, Invoice, InvoiceType, Title, Wanted
from settlement.invoices.states import State

_ALL: Final = "/invoices"
_ONE: Final = "/invoices/{invoice_id:uuid}"
_OF_ORDER: Final = "/orders/{order_id:uuid}/invoices"
_PAGE_SIZE: Final = 20

_Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]
_Number = Annotated[str, Meta(min_length=1, max_length=20)]


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A form by which an invoice is asked for."""

    amount: Yuan
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    of: For = For.PRODUCT
    type: InvoiceType = InvoiceType.ORDINARY
    tax_number: Annotated[str, Meta(max_length=20)] = ""
    address_and_phone: Annotated[str, Meta(max_length=200)] = ""
    bank_and_account: Annotated[str, Meta(max_length=200)] = ""


class _Issued(msgspec.Struct, frozen=True):
    """Under which number it was issued, and when."""

    number: _Number
    issued_on: dt.date | None = None


class _Why(msgspec.Struct, frozen=True):
    """Why it is refused or voided."""

    reason: _Reason


class _Red(msgspec.Struct, frozen=True):
    """What is taken back, under which number, and why."""

    number: _Number
    amount: Yuan
    reason: _Reason


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Invoices, and who stands on them."""

    found: Page[Invoice]
    names: dict[Any, str]
    order: Order | None = None


@get(_ALL, include_in_schema=False)
async def list_invoices(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the invoices that one asked for or has to issue, the newest first."""
    listed = await read(request, lambda c: _look(c, None, cursor))
    return _list(request, listed, BLANK, is_continued=bool(cursor))


@get(_OF_ORDER, include_in_schema=False)
async def list_of_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show the invoices of an order, and the form by which one is asked for (申请开票)."""
    return _list(request, await read(request, lambda c: _look(c, order_id, None)), BLANK)


@post(_OF_ORDER, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def ask(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Ask for an invoice of an order (申请开票)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Asked, fields)
        wanted = Wanted(
            of=told.of,
            type=told.type,
            amount_fen=fen_of(told.amount),
            title=Title(
                name=told.name,
                tax_number=told.tax_number,
                address_and_phone=told.address_and_phone,
                bank_and_account=told.bank_and_account,
            ),
        )
        await operations.request(c.tx, actor=c.actor, now=c.now, order_id=order_id, wanted=wanted)

    async def again(form: Shown) -> Response[bytes]:
        return _list(request, await read(request, lambda c: _look(c, order_id, None)), form)

    return await run_step(request, act, place=f"/orders/{order_id}/invoices", again=again)


@get(_ONE, include_in_schema=False)
async def show_invoice(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an invoice with what was taken back of it, and what the reader may do."""
    return _show(request, await read(request, lambda c: _look_at(c, invoice_id)), BLANK)


@post(_ONE + "/issuances", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def issue(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say under which number it was issued (开具)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Issued, fields)
        await operations.issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            invoice_id=invoice_id,
            number=told.number,
            issued_on=told.issued_on,
        )

    return await _step(request, invoice_id, act)


@post(_ONE + "/refusals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def refuse(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Refuse an invoice, with the reason (不予开具)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await operations.refuse(
            c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id, reason=reason
        )

    return await _step(request, invoice_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one asked for (撤回申请)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id)

    return await _step(request, invoice_id, act)


@post(_ONE + "/voidings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def void(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Void an invoice in the month in which it was issued (作废)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await operations.void(c.tx, actor=c.actor, now=c.now, invoice_id=invoice_id, reason=reason)

    return await _step(request, invoice_id, act)


@post(_ONE + "/red-letters", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def redden(request: AnyRequest, invoice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take a part or all of an invoice back by a red letter (红字发票)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Red, fields)
        await operations.redden(
            c.tx,
            actor=c.actor,
            now=c.now,
            invoice_id=invoice_id,
            number=told.number,
            amount_fen=fen_of(told.amount),
            reason=told.reason,
        )

    return await _step(request, invoice_id, act)


async def _look(c: Command, order_id: uuid.UUID | None, cursor: str | None) -> Listed:
    order = None
    if order_id is not None:
        order = await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
    found = await queries.list_invoices(
        c.tx, viewer=c.actor, order_id=order_id, limit=_PAGE_SIZE, cursor=cursor or None
    )
    return Listed(found=found, names=await _names(c, found.items), order=order)


def _list(
    request: AnyRequest, listed: Listed, form: Shown, *, is_continued: bool = False
) -> Response[bytes]:
    return page(
        request,
        "invoices.html",
        status=form.status,
        cache=NOT_KEPT,
        listed=listed,
        found=listed.found,
        order=listed.order,
        form=form,
        kinds=tuple(InvoiceType),
        is_supplier=listed.order is not None
        and listed.order.supplier_party_id == actor(request).party_id,
        link=linker(_ALL, {}),
        is_continued=is_continued,
    )


async def _look_at(c: Command, invoice_id: uuid.UUID) -> Listed:
    found = await queries.get_invoice(c.tx, viewer=c.actor, invoice_id=invoice_id)
    return Listed(found=Page([found]), names=await _names(c, [found]))


def _show(request: AnyRequest, listed: Listed, form: Shown) -> Response[bytes]:
    (found,) = listed.found.items
    reader = actor(request)
    today = local_date(context(request).now())
    issued_on = found.issued_on
    return page(
        request,
        "invoice.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        wanted=found.wanted,
        names=listed.names,
        form=form,
        today=today,
        issues=reader.party_id == found.issuer_party_id and reader.may("invoice:issue"),
        asked=reader.party_id == found.payer_party_id and reader.may("invoice:request"),
        waits=found.state is State.REQUESTED,
        is_issued=found.state is State.ISSUED,
        is_voidable=issued_on is not None
        and (issued_on.year, issued_on.month) == (today.year, today.month)
        and not found.red_letters,
    )


async def _names(c: Command, found: list[Invoice]) -> dict[Any, str]:
    ids = {each for one in found for each in (one.issuer_party_id, one.payer_party_id)}
    parties = await identity.get_parties(c.tx, sorted(ids))
    return {party_id: party.name for party_id, party in parties.items()}


async def _step(request: AnyRequest, invoice_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return _show(request, await read(request, lambda c: _look_at(c, invoice_id)), form)

    return await run_step(request, act, place=f"{_ALL}/{invoice_id}", again=again)
