"""Cut off, lift, and list what stands (切断、解除, BJ-28, E48)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.cut_offs import operations, queries
from market.cut_offs.model import CutOff, Level, Reason
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest
from market.orders.operations import wide_stops


class OrderCutOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stopped, and why."""

    level: Level
    subject_id: uuid.UUID  # of the product, grant, zone or party; of an agreement, its order
    reason: Reason


class LiftCutOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it may go on."""

    reason: Reason


class Stopped(msgspec.Struct, frozen=True):
    """The cut-offs that stand now: one, or one for each product of a zone."""

    cut_offs: list[CutOff]


@post(
    "/api/v1/cut-offs",
    summary="Cut off a product, an agreement, a zone, a grant or a party",
    tags=["orders"],
    opt=answers(Stopped),
)
async def order_cut_off(request: AnyRequest, data: JSONBody[OrderCutOff]) -> Response[bytes]:
    """Stop every use of a thing at once, running downloads too (切断, BJ-28)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            Stopped(
                await wide_stops.cut_off(
                    c.tx,
                    actor=c.actor,
                    now=c.now,
                    level=data.level,
                    subject_id=data.subject_id,
                    reason=data.reason,
                )
            )
        )

    return await command(request, act)


@get("/api/v1/cut-offs", summary="Cut-offs", tags=["orders"], opt=answers(Page[CutOff]))
async def list_cut_offs(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return cut-offs, newest first: all to the operator and the authority, else one's own."""

    async def look(c: Command) -> Page[CutOff]:
        return await queries.list_cut_offs(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/cut-offs/{cut_off_id:uuid}/liftings",
    summary="Lift a cut-off",
    tags=["orders"],
    opt=answers(CutOff),
)
async def lift_cut_off(
    request: AnyRequest, cut_off_id: FromPath[uuid.UUID], data: JSONBody[LiftCutOff]
) -> Response[bytes]:
    """Let what was stopped go on as it stood (解除)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.lift(
                c.tx, actor=c.actor, now=c.now, cut_off_id=cut_off_id, reason=data.reason
            )
        )

    return await command(request, act)
