"""Object to what came of an auction while it is on public notice, and decide on it (成交异议)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from catalog.products.metadata import check_readable
from market.award_objections import queries
from market.award_objections.model import AwardObjection, Decided, Filed, ShownObjection
from market.award_objections.operations import deciding, filing
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_OF = "/api/v1/auctions/{auction_id:uuid}/objections"
_ONE = "/api/v1/award-objections/{objection_id:uuid}"


class ShownObjections(msgspec.Struct, frozen=True):
    """The objections to the results of an auction, as everybody reads them."""

    items: tuple[ShownObjection, ...]


class AwardObjections(msgspec.Struct, frozen=True):
    """Objections in full, for whom they concern."""

    items: tuple[AwardObjection, ...]


@post(_OF, summary="Object to a result", tags=["auctions"], opt=creates(AwardObjection))
async def object_to_result(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[Filed]
) -> Response[bytes]:
    """Object, as a bidder, to a result that is on public notice; nothing is awarded meanwhile (提出异议)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await filing.object_to(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            said=data,
        )
        return created(made, f"/api/v1/award-objections/{made.id}")

    return await command(request, act)


@get(
    _OF,
    summary="Objections to a result",
    tags=["auctions"],
    opt=answers(ShownObjections, refusals=(404,)),
)
async def list_shown_objections(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return how far the objections to an auction's results are, without who objects and why."""

    async def look(c: Command) -> ShownObjections:
        return ShownObjections(tuple(await queries.list_shown(c.tx, auction_id=auction_id)))

    return answer(await read(request, look))


@get(
    _OF + "/full",
    summary="Objections that concern oneself",
    tags=["auctions"],
    opt=answers(AwardObjections, refusals=(404,)),
)
async def list_award_objections(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one's own objections, those to one's own sale, or all to the houses, with their reasons."""

    async def look(c: Command) -> AwardObjections:
        found = await queries.list_of(c.tx, viewer=c.actor, auction_id=auction_id)
        return AwardObjections(tuple(found))

    return answer(await read(request, look))


@get(
    "/api/v1/award-objections",
    summary="Objections that wait",
    tags=["auctions"],
    opt=answers(AwardObjections),
)
async def list_waiting_objections(request: AnyRequest) -> Response[bytes]:
    """Return the objections that wait for a decision, those first that wait longest (待处理异议)."""

    async def look(c: Command) -> AwardObjections:
        return AwardObjections(tuple(await queries.list_waiting(c.tx, viewer=c.actor)))

    return answer(await read(request, look))


@post(
    _ONE + "/withdrawals",
    summary="Take an objection back",
    tags=["auctions"],
    opt=answers(AwardObjection),
)
async def withdraw_award_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's objection back; the auction goes on if no other one waits (撤回异议)."""

    async def act(c: Command) -> Answer:
        return done(
            await filing.withdraw(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
            )
        )

    return await command(request, act)


@post(
    _ONE + "/decisions",
    summary="Decide on an objection",
    tags=["auctions"],
    opt=answers(AwardObjection),
)
async def decide_award_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Decided]
) -> Response[bytes]:
    """Decide, as the authority: refused, the result stands; upheld, a winner is left out or all is void."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await deciding.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
                decided=data,
            )
        )

    return await command(request, act)
