"""Lay down an approval chain, ask one's own organisation, and decide (内部审批). Nobody else reads it."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.approvals import operations, queries
from market.approvals.model import Approval, Chain, Reason, Step, Verdict
from market.approvals.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.negotiations.operations import approving as of_negotiations
from market.orders.operations import approving as of_orders

_TAGS = ["approvals"]
CHAIN = "/api/v1/approval-chain"
BASE = "/api/v1/approvals"
ONE = BASE + "/{approval_id:uuid}"


class DefineChain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps in their order; none: nobody is asked any more."""

    steps: Annotated[tuple[Step, ...], Meta(max_length=10)]


class DecideStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided at the open step; whoever rejects or skips says why."""

    verdict: Verdict
    reason: Reason = ""


@get(
    CHAIN,
    summary="One's own approval chain",
    tags=_TAGS,
    opt=answers(Chain, refusals=(404,)),
)
async def get_approval_chain(request: AnyRequest) -> Response[bytes]:
    """Return the chain of one's own organisation (审批链)."""

    async def look(c: Command) -> Chain:
        return await queries.get_chain(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@put(CHAIN, summary="Lay down the approval chain", tags=_TAGS, opt=answers(Chain))
async def define_approval_chain(
    request: AnyRequest, data: JSONBody[DefineChain]
) -> Response[bytes]:
    """Lay down who of one's own organisation has to agree, from which amount on (设定审批链)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(await operations.define_chain(c.tx, actor=c.actor, now=c.now, steps=data.steps))

    return await command(request, act)


@post(
    "/api/v1/negotiations/{negotiation_id:uuid}/approvals",
    summary="Ask for approval of an offer",
    tags=_TAGS,
    opt=creates(Approval),
)
async def request_negotiation_approval(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Ask one's own organisation to approve the terms on the table; the other side is not told."""

    async def act(c: Command) -> Answer:
        asked = await of_negotiations.ask(
            c.tx, actor=c.actor, now=c.now, negotiation_id=negotiation_id
        )
        return created(asked, f"{BASE}/{asked.id}")

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/approvals",
    summary="Ask for approval of a contract",
    tags=_TAGS,
    opt=creates(Approval),
)
async def request_order_approval(
    request: AnyRequest, order_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Ask one's own organisation to approve the contract of an order before it is signed."""

    async def act(c: Command) -> Answer:
        asked = await of_orders.ask(c.tx, actor=c.actor, now=c.now, order_id=order_id)
        return created(asked, f"{BASE}/{asked.id}")

    return await command(request, act)


@get(BASE, summary="Approvals", tags=_TAGS, opt=answers(Page[Approval]))
async def list_approvals(
    request: AnyRequest,
    *,
    subject_id: FromQuery[uuid.UUID | None] = None,
    approval_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the approvals of one's own organisation, newest first."""

    async def look(c: Command) -> Page[Approval]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            subject_id=subject_id,
            state=approval_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(ONE, summary="An approval", tags=_TAGS, opt=answers(Approval))
async def get_approval(request: AnyRequest, approval_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an approval with each step: who decided, what, when, or why nobody was asked."""

    async def look(c: Command) -> Approval:
        return await queries.get(c.tx, viewer=c.actor, approval_id=approval_id)

    return answer(await read(request, look))


@post(ONE + "/decisions", summary="Decide a step", tags=_TAGS, opt=answers(Approval))
async def decide_approval(
    request: AnyRequest, approval_id: FromPath[uuid.UUID], data: JSONBody[DecideStep]
) -> Response[bytes]:
    """Approve, reject or skip the open step; nobody decides what he asked for (审批)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                approval_id=approval_id,
                verdict=data.verdict,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(ONE + "/withdrawals", summary="Take an approval back", tags=_TAGS, opt=answers(Approval))
async def withdraw_approval(
    request: AnyRequest, approval_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take back what one asked for or approved, as long as nothing was said by it (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, approval_id=approval_id)
        )

    return await command(request, act)
