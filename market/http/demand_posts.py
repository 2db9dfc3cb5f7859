"""Demand posts: draft, hand in, review, show, match (供需对接: 需求发布、审核、撮合)."""

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
from catalog.products.model import DeliveryMode, Form
from market.demand_posts import queries
from market.demand_posts.model import (
    DemandAsked,
    DemandMatch,
    DemandPost,
    DemandPosting,
    NotRelevant,
    PostFile,
    Rejection,
    SupplierMatch,
    Verdict,
)
from market.demand_posts.operations import matching, posting, reviewing
from market.demand_posts.queries import Narrowed
from market.demand_posts.states import State
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    expected_version,
    read,
)
from market.http.context import AnyRequest
from market.pricing.model import UseCategory

BASE = "/api/v1/demand-posts"
ONE = BASE + "/{post_id:uuid}"
FILES = "/api/v1/demand-post-files"

Text = Annotated[str, Meta(max_length=2_000)]


class SayWhy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a demand is taken back, or how it was met."""

    reason: Text


class RejectPost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a demand is not published: a code, and words for its buyer."""

    rejection: Rejection
    reason: Text


class AnswerMatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one side says of a match; who dismisses it says why."""

    verdict: Verdict
    reason: NotRelevant | None = None


@post(BASE, summary="Draft a demand", tags=["demands"], opt=creates(DemandPost, version=True))
async def draft_post(request: AnyRequest, data: JSONBody[DemandAsked]) -> Response[bytes]:
    """Draft what one's party needs; nobody else sees it before it is handed in (起草需求)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        drafted = await posting.draft(c.tx, actor=c.actor, now=c.now, asked=data)
        return created(drafted, f"{FILES}/{drafted.id}", drafted.version)

    return await command(request, act)


@get(BASE, summary="The demand board", tags=["demands"], opt=answers(Page[DemandPosting]))
async def list_board(
    request: AnyRequest,
    *,
    form: FromQuery[Form | None] = None,
    industry: FromQuery[str | None] = None,
    region_code: FromQuery[str | None] = None,
    delivery: FromQuery[DeliveryMode | None] = None,
    use_category: FromQuery[UseCategory | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what is asked for now, newest first; a code of an industry or region names its subtree."""
    narrowed = Narrowed(
        form=form,
        industry=industry,
        region_code=region_code,
        delivery_mode=delivery,
        use_category=use_category,
    )

    async def look(c: Command) -> Page[DemandPosting]:
        return await queries.list_board(c.tx, narrowed=narrowed, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(ONE, summary="A demand", tags=["demands"], opt=answers(DemandPosting, refusals=(404,)))
async def get_posting(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the public side of a demand (需求公示)."""

    async def look(c: Command) -> DemandPosting:
        return await queries.get_posting(c.tx, post_id=post_id)

    return answer(await read(request, look))


@put(ONE, summary="Revise a demand", tags=["demands"], opt=answers(DemandPost, version=True))
async def revise_post(
    request: AnyRequest, post_id: FromPath[uuid.UUID], data: JSONBody[DemandAsked]
) -> Response[bytes]:
    """Say otherwise what is needed; what was published is reviewed again (修改需求)."""
    check_readable(data)
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        revised = await posting.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            post_id=post_id,
            expected_version=version,
            asked=data,
        )
        return done(revised, revised.version)

    return await command(request, act)


@post(ONE + "/submissions", summary="Hand a demand in", tags=["demands"], opt=answers(DemandPost))
async def submit_post(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand a draft in; the operator reads it before everybody does (提交需求)."""

    async def act(c: Command) -> Answer:
        return done(
            await posting.submit(
                c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), post_id=post_id
            )
        )

    return await command(request, act)


@post(ONE + "/withdrawals", summary="Take a demand back", tags=["demands"], opt=answers(DemandPost))
async def withdraw_post(
    request: AnyRequest, post_id: FromPath[uuid.UUID], data: JSONBody[SayWhy]
) -> Response[bytes]:
    """Take a demand back, with the reason (撤回需求)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await posting.withdraw(
                c.tx, actor=c.actor, now=c.now, post_id=post_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(ONE + "/fulfilments", summary="It was met", tags=["demands"], opt=answers(DemandPost))
async def fulfil_post(
    request: AnyRequest, post_id: FromPath[uuid.UUID], data: JSONBody[SayWhy]
) -> Response[bytes]:
    """Say that a demand was met, and how (需求已满足)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await posting.fulfil(
                c.tx, actor=c.actor, now=c.now, post_id=post_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(ONE + "/publications", summary="Publish a demand", tags=["demands"], opt=answers(DemandPost))
async def publish_post(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Publish a demand that was read (审核通过)."""

    async def act(c: Command) -> Answer:
        return done(await reviewing.publish(c.tx, actor=c.actor, now=c.now, post_id=post_id))

    return await command(request, act)


@post(ONE + "/rejections", summary="Reject a demand", tags=["demands"], opt=answers(DemandPost))
async def reject_post(
    request: AnyRequest, post_id: FromPath[uuid.UUID], data: JSONBody[RejectPost]
) -> Response[bytes]:
    """Do not publish a demand, and say why (不予发布)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await reviewing.reject(
                c.tx,
                actor=c.actor,
                now=c.now,
                post_id=post_id,
                rejection=data.rejection,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(FILES, summary="Demands", tags=["demands"], opt=answers(Page[DemandPost]))
async def list_posts(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own demands with their budgets, or all to the houses, newest first."""

    async def look(c: Command) -> Page[DemandPost]:
        return await queries.list_posts(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(FILES + "/{post_id:uuid}", summary="All of a demand", tags=["demands"], opt=answers(PostFile))
async def get_post_file(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a demand with all that it ever said, to its buyer and the houses."""

    async def look(c: Command) -> PostFile:
        return await queries.get_file(c.tx, viewer=c.actor, post_id=post_id)

    return answer(await read(request, look))


@get(
    FILES + "/{post_id:uuid}/matches",
    summary="What fits a demand",
    tags=["demands"],
    opt=answers(list[DemandMatch]),
)
async def list_demand_matches(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the products that fit a demand, best first, with the reasons in words."""

    async def look(c: Command) -> list[DemandMatch]:
        return await queries.list_matches(c.tx, viewer=c.actor, post_id=post_id)

    return answer(await read(request, look))


@post(
    ONE + "/matches/{product_id:uuid}/answers",
    summary="Answer a match",
    tags=["demands"],
    opt=answers(DemandMatch),
)
async def answer_match(
    request: AnyRequest,
    post_id: FromPath[uuid.UUID],
    product_id: FromPath[uuid.UUID],
    data: JSONBody[AnswerMatch],
) -> Response[bytes]:
    """Accept or dismiss a match, as its buyer or its supplier; what is said is kept (撮合反馈)."""

    async def act(c: Command) -> Answer:
        return done(
            await matching.answer(
                c.tx,
                actor=c.actor,
                now=c.now,
                post_id=post_id,
                product_id=product_id,
                verdict=data.verdict,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/my/demand-matches",
    summary="Demands that one's products fit",
    tags=["demands"],
    opt=answers(Page[SupplierMatch]),
)
async def list_supplier_matches(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the demands that one's own products fit, newest first, and why."""

    async def look(c: Command) -> Page[SupplierMatch]:
        return await queries.list_supplier_matches(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))
