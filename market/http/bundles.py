"""Order of several suppliers at once, and state what was destroyed (组合订单、销毁说明)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest
from market.http.orders import PlaceOrder
from market.orders import queries
from market.orders.model import BundleFile, DestructionStatement
from market.orders.operations import bundling, destruction, placing
from market.orders.operations.destruction import Destroyed


class PlaceBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is ordered together: each as if it were ordered alone."""

    items: Annotated[tuple[PlaceOrder, ...], Meta(min_length=2, max_length=20)]
    expected_total_fen: Annotated[int, Meta(ge=0, le=10**15)] | None = None


@post("/api/v1/bundles", summary="Order together", tags=["orders"], opt=creates(BundleFile))
async def place_bundle(request: AnyRequest, data: JSONBody[PlaceBundle]) -> Response[bytes]:
    """Place an order for each product, all of them or none (组合下单)."""
    check_readable(data)
    wanted = [placing.PlacedOrder(**msgspec.structs.asdict(item)) for item in data.items]

    async def act(c: Command) -> Answer:
        file = await bundling.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=wanted,
            expected_total_fen=data.expected_total_fen,
            retention_most_bps=c.context.settings.retention_max_bps,
        )
        return created(file, f"/api/v1/bundles/{file.bundle.id}")

    return await command(request, act)


@get(
    "/api/v1/bundles/{bundle_id:uuid}",
    summary="What was ordered together",
    tags=["orders"],
    opt=answers(BundleFile),
)
async def get_bundle(request: AnyRequest, bundle_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a bundle to its buyer, with how far each of its orders is."""

    async def look(c: Command) -> BundleFile:
        return await queries.get_bundle(c.tx, viewer=c.actor, bundle_id=bundle_id)

    return answer(await read(request, look))


@post(
    "/api/v1/orders/{order_id:uuid}/destruction-statements",
    summary="State that the data are destroyed",
    tags=["orders"],
    opt=creates(DestructionStatement),
)
async def state_destruction(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Destroyed]
) -> Response[bytes]:
    """State, when the use is over, that what was delivered is destroyed (销毁说明, BJ-27(b))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        stated = await destruction.state(
            c.tx, actor=c.actor, now=c.now, order_id=order_id, destroyed=data
        )
        return created(stated, f"/api/v1/orders/{order_id}/destruction-statement")

    return await command(request, act)


@get(
    "/api/v1/orders/{order_id:uuid}/destruction-statement",
    summary="Whether the data are destroyed",
    tags=["orders"],
    opt=answers(DestructionStatement),
)
async def get_destruction(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the buyer's statement of destruction to the parties and the supervisors."""

    async def look(c: Command) -> DestructionStatement:
        return await queries.get_destruction(c.tx, viewer=c.actor, order_id=order_id)

    return answer(await read(request, look))
