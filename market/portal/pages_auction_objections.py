"""Object to the result of an auction, take that back, and decide on it, on its own page (成交异议)."""

from __future__ import annotations

import uuid

from litestar import Response, post
from litestar.params import FromPath

from market.award_objections.model import Decided, Filed
from market.award_objections.operations import deciding, filing
from market.award_objections.queries import AwardObjectionMissing
from market.http.command import Command
from market.http.context import AnyRequest
from market.portal.forms import MAX_FORM_BYTES, filled_in
from market.portal.pages_auctions import AUCTION, take_step


@post(AUCTION + "/objections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def object_to_result(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Object to the result while it is on public notice."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await filing.object_to(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            said=filled_in(Filed, fields),
        )

    return await take_step(request, auction_id, act)


@post(
    AUCTION + "/objection-withdrawals",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def withdraw_objection(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's objection back."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await filing.withdraw(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            objection_id=_objection(fields),
        )

    return await take_step(request, auction_id, act)


@post(
    AUCTION + "/objection-decisions",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def decide_objection(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decide on an objection."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await deciding.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            objection_id=_objection(fields),
            decided=filled_in(Decided, fields),
        )

    return await take_step(request, auction_id, act)


def _objection(fields: dict[str, str]) -> uuid.UUID:
    try:
        return uuid.UUID(fields.get("objection", ""))
    except ValueError as error:
        raise AwardObjectionMissing from error
