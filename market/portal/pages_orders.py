"""Show orders, and let each be taken on by forms of its page: signed, delivered, accepted, objected to (我的订单)."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.errors import FieldError
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.signing.canonical import sha256_hex
from market.access.model import Asked
from market.complaints.operations import disputes
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.deliveries import hand_out
from market.identity import queries as identity
from market.identity.model import Party
from market.orders import queries as orders
from market.orders.contract import read_document
from market.orders.model import CancellationReason, Order
from market.orders.operations import (
    approving,
    clearing,
    contracting,
    delivery,
    destruction,
    placing,
    stopping,
)
from market.orders.operations.destruction import Destroyed
from market.orders.states import State
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    FormFieldInvalid,
    Shown,
    Step,
    filled_in,
    form_key,
    read_form,
    run_step,
    shown_again,
)
from market.portal.order_sheet import OrderSheet, find_sheet
from market.portal.pasted_signatures import read_signature, signing_input
from market.portal.reason_words import in_words
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import address, one_of

PATH: Final = "/orders"
_ONE: Final = "/orders/{order_id:uuid}"
_FORM: Final[Mapping[str, Any]] = {
    "include_in_schema": False,
    "request_max_body_size": MAX_FORM_BYTES,
}


class OrderList(msgspec.Struct, frozen=True):
    """A page of orders, and what their parties are called."""

    page: Page[Order]
    parties: Mapping[PartyId, Party]


class _Why(msgspec.Struct, frozen=True):
    """Why."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class _GivenUp(_Why, frozen=True):
    """Why an order is given up: a code that can be counted, and in words."""

    code: CancellationReason


@get(PATH, include_in_schema=False)
async def show_orders(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the orders in which one's party buys or sells, the newest first."""
    wanted = one_of(State, status)

    async def look(c: Command) -> OrderList:
        found = await orders.list_orders(c.tx, viewer=c.actor, state=wanted, cursor=cursor or None)
        sides = {
            party for each in found.items for party in (each.buyer_party_id, each.supplier_party_id)
        }
        return OrderList(found, await identity.get_parties(c.tx, sides))

    listed = await read(request, look)
    following = listed.page.next_cursor
    asked = {"status": None if wanted is None else wanted.value}
    return page(
        request,
        "orders.html",
        cache=NOT_KEPT,
        listed=listed,
        states=list(State),
        wanted=wanted,
        first=address(PATH, asked),
        following=following and address(PATH, asked | {"cursor": following}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one order: what is next and whose turn it is, its forms, its usage, its bill.

    :raises OrderMissing: if there is none, or it is another's.
    """
    sheet = await read(request, lambda c: find_sheet(c, order_id))
    return _page(request, sheet, BLANK)


@get(_ONE + "/signing-input", include_in_schema=False)
async def get_order_signing_input(
    request: AnyRequest, order_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the exact bytes that are signed over the contract, as a file (待签内容).

    :raises ContractMissing: if there is no contract yet.
    """

    async def look(c: Command) -> bytes:
        found = await orders.get_contract(c.tx, viewer=c.actor, order_id=order_id)
        return found.document

    return signing_input(await read(request, look), f"contract-{order_id}.bin")


@post(_ONE + "/clearances", **_FORM)
async def clear(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Check an order for compliance (合规评估): it is cleared, or rejected with every reason."""
    settings = context(request).settings

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await clearing.clear(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=order_id,
            platform_bps=settings.platform_fee_bps,
            treasury_bps=settings.treasury_bps,
        )

    return await _step(request, order_id, act)


@post(_ONE + "/approvals", **_FORM)
async def ask_for_approval(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Ask one's own organisation to approve the contract before it is signed (提交内部审批)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await approving.ask(c.tx, actor=c.actor, now=c.now, order_id=order_id)

    return await _step(request, order_id, act)


@post(_ONE + "/signatures", **_FORM)
async def sign(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Sign the contract with a key of one's own; it is concluded when both have signed (签署)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await contracting.sign(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=order_id,
            signature=await read_signature(c, fields),
        )

    return await _step(request, order_id, act)


@post(_ONE + "/deliveries", **_FORM)
async def deliver(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Deliver an order (交付): the buyer gets a licence, and the manifest with its digests."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await delivery.deliver(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            order_id=order_id,
            low_percent=c.context.settings.usage_low_percent,
        )

    return await _step(request, order_id, act)


@post(_ONE + "/content", status_code=200, **_FORM)
async def open_content(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[Any]:
    """Hand the content out (使用): counted once however often the form is sent, or denied in words."""
    fields = await read_form(request)
    try:
        return await hand_out(request, order_id, Asked(), f"form:{form_key(fields)}")
    except SHOWN_AGAIN as error:
        return await _again(request, order_id, shown_again(request, fields, error))


@post(_ONE + "/acceptances", **_FORM)
async def accept(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Accept a delivery (验收)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await delivery.accept(c.tx, actor=c.actor, now=c.now, order_id=order_id)

    return await _step(request, order_id, act)


@post(_ONE + "/issues", **_FORM)
async def object_to_delivery(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Object to a delivery inside the inspection period (提出异议); a complaint opens with it."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await disputes.raise_issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            order_id=order_id,
            reason=filled_in(_Why, fields).reason,
        )

    return await _step(request, order_id, act)


@post(_ONE + "/destruction-statements", **_FORM)
async def state_destruction(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """State that what was delivered is destroyed (销毁说明)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await destruction.state(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=order_id,
            destroyed=filled_in(Destroyed, fields),
        )

    return await _step(request, order_id, act)


@post(_ONE + "/cancellations", **_FORM)
async def cancel(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Give an order up before it is delivered, for a reason of the list (取消)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        why = filled_in(_GivenUp, fields)
        await placing.cancel(
            c.tx, actor=c.actor, now=c.now, order_id=order_id, code=why.code, reason=why.reason
        )

    return await _step(request, order_id, act)


@post(_ONE + "/cut-offs", **_FORM)
async def cut_off(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Stop all use of an order at once, for the time being or for good (终止授权使用, BJ-28)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await stopping.cut_off(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=order_id,
            reason=filled_in(_Why, fields).reason,
            for_good=_for_good(fields),
        )

    return await _step(request, order_id, act)


@post(_ONE + "/resumptions", **_FORM)
async def resume(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let a suspended order go on where it stood (恢复)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await stopping.resume(c.tx, actor=c.actor, now=c.now, order_id=order_id, reason=reason)

    return await _step(request, order_id, act)


def _for_good(fields: Mapping[str, str]) -> bool:
    """Return whether an order ends or only rests; it is chosen, never guessed."""
    chosen = {"for_good": True, "for_now": False}.get(fields.get("extent", ""))
    if chosen is None:
        raise FormFieldInvalid(errors=(FieldError("/extent", "invalid", "for_good or for_now"),))
    return chosen


async def _step(request: AnyRequest, order_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, order_id, form)

    return await run_step(request, act, place=f"{PATH}/{order_id}", again=again)


async def _again(request: AnyRequest, order_id: uuid.UUID, form: Shown) -> Response[bytes]:
    return _page(request, await read(request, lambda c: find_sheet(c, order_id)), form)


def _page(request: AnyRequest, sheet: OrderSheet, form: Shown) -> Response[bytes]:
    contract = sheet.contract
    return page(
        request,
        "order.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{sheet.order.id}",
        sheet=sheet,
        told=None if contract is None else read_document(contract.document),
        digest=None if contract is None else sha256_hex(contract.document),
        form=form,
        blank=BLANK,
        because=functools.partial(in_words, language=language_of(request)),
        step=request.url.path.rpartition("/")[2] if form.refused else None,
        extents=("for_now", "for_good"),
    )
