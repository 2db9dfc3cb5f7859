"""Order, sign, read and cancel (下单、签约、取消)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.products.model import DeliveryMode
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import framed
from catalog.signing.model import KeyId, Signature
from catalog.signing.purposes import Purpose
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
from market.http.context import AnyRequest, context
from market.orders import queries
from market.orders.model import CancellationReason, Contract, ContractSignature, Order
from market.orders.operations import clearing, contracting, placing
from market.orders.states import State
from market.orders.terms import RequestedTerms
from market.pricing.model import UseCategory


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is ordered, at which filed price, what for, and on which terms."""

    product_id: uuid.UUID
    price_item: Annotated[str, Meta(max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=10**9)] = 1
    purpose: Annotated[str, Meta(max_length=500)]
    scenario: Annotated[str, Meta(max_length=64)]
    delivery_mode: DeliveryMode
    use_category: UseCategory | None = None
    expected_amount_fen: Annotated[int, Meta(ge=0, le=10**15)] | None = None
    special_price_id: uuid.UUID | None = None
    agreement_id: uuid.UUID | None = None  # negotiated and signed before
    terms: RequestedTerms


class SignContract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party's signature over the contract, with a key that it registered."""

    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    signature: Annotated[bytes, Meta(min_length=8, max_length=2420)]  # base64 in JSON
    algorithm: Algorithm = Algorithm.ED25519


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class ContractView(msgspec.Struct, frozen=True, kw_only=True):
    """A contract: what it says, its exact bytes, and what one signs."""

    order_id: uuid.UUID
    content: dict[str, Any]
    document: bytes  # base64 in JSON: the canonical bytes
    signing_input: bytes  # base64 in JSON: purpose and bytes, as they are signed
    sha256: str
    drafted_at: dt.datetime
    signatures: tuple[ContractSignature, ...]
    is_concluded: bool


@post("/api/v1/orders", summary="Place an order", tags=["orders"], opt=creates(Order))
async def place_order(request: AnyRequest, data: JSONBody[PlaceOrder]) -> Response[bytes]:
    """Order a product at its filed price, for a declared purpose (下单)."""
    check_readable(data)
    wanted = placing.PlacedOrder(**msgspec.structs.asdict(data))

    async def act(c: Command) -> Answer:
        order = await placing.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=wanted,
            retention_most_bps=c.context.settings.retention_max_bps,
        )
        return created(order, f"/api/v1/orders/{order.id}")

    return await command(request, act)


@get("/api/v1/orders", summary="Orders", tags=["orders"], opt=answers(Page[Order]))
async def list_orders(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    order_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's purchases and sales, or all orders for the operator and the regulator."""

    async def look(c: Command) -> Page[Order]:
        return await queries.list_orders(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            state=order_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get("/api/v1/orders/{order_id:uuid}", summary="An order", tags=["orders"], opt=answers(Order))
async def get_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an order to its parties, the operator and the regulator."""

    async def look(c: Command) -> Order:
        return await queries.get_order(c.tx, viewer=c.actor, order_id=order_id)

    return answer(await read(request, look))


@post(
    "/api/v1/orders/{order_id:uuid}/clearances",
    summary="Check an order",
    tags=["orders"],
    opt=answers(Order),
)
async def clear_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Check an order for compliance (合规评估): cleared, or rejected with every reason."""
    settings = context(request).settings

    async def act(c: Command) -> Answer:
        return done(
            await clearing.clear(
                c.tx,
                actor=c.actor,
                now=c.now,
                order_id=order_id,
                platform_bps=settings.platform_fee_bps,
                treasury_bps=settings.treasury_bps,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/orders/{order_id:uuid}/contract",
    summary="The contract",
    tags=["orders"],
    opt=answers(ContractView),
)
async def get_contract(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the contract with the exact bytes that both parties sign (合同)."""

    async def look(c: Command) -> ContractView:
        return _view(await queries.get_contract(c.tx, viewer=c.actor, order_id=order_id))

    return answer(await read(request, look))


@post(
    "/api/v1/orders/{order_id:uuid}/signatures",
    summary="Sign the contract",
    tags=["orders"],
    opt=answers(ContractView),
)
async def sign_contract(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[SignContract]
) -> Response[bytes]:
    """Sign the contract with a key of one's own; it is concluded when both have signed."""
    signature = Signature(key_id=KeyId(data.key_id), value=data.signature, algorithm=data.algorithm)

    async def act(c: Command) -> Answer:
        signed = await contracting.sign(
            c.tx, actor=c.actor, now=c.now, order_id=order_id, signature=signature
        )
        return done(_view(signed))

    return await command(request, act)


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the order is given up: a code that can be counted, and in words."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]
    code: CancellationReason = CancellationReason.OTHER


@post(
    "/api/v1/orders/{order_id:uuid}/cancellations",
    summary="Cancel",
    tags=["orders"],
    opt=answers(Order),
)
async def cancel_order(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Cancel]
) -> Response[bytes]:
    """Give an order up before it is delivered (取消); what was paid goes back."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await placing.cancel(
                c.tx,
                actor=c.actor,
                now=c.now,
                order_id=order_id,
                code=data.code,
                reason=data.reason,
            )
        )

    return await command(request, act)


def _view(contract: Contract) -> ContractView:
    return ContractView(
        order_id=contract.order_id,
        content=msgspec.json.decode(contract.document),
        document=contract.document,
        signing_input=framed(Purpose.CONTRACT, contract.document),
        sha256=contract.sha256,
        drafted_at=contract.drafted_at,
        signatures=contract.signatures,
        is_concluded=contract.is_concluded,
    )
