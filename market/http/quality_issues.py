"""Report what is wrong with data, trace it, answer it, tell of it (质量问题逐级倒查反馈, BJ-24)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.quality_issues import operations as issues
from catalog.quality_issues import queries
from catalog.quality_issues.model import QualityIssue, Remark, Report
from catalog.quality_issues.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_PATH = "/api/v1/quality-issues/{issue_id:uuid}"


class TraceIssue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The product that was looked at next on the way up, and what was found there."""

    product_id: uuid.UUID
    result: Remark


class AnswerIssue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it is put right, and how; or why there is nothing to put right."""

    is_fixed: bool
    reply: Remark


class FeedBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What who reported it is told."""

    feedback: Remark


@post(
    "/api/v1/products/{product_id:uuid}/quality-issues",
    summary="Report a problem of quality",
    tags=["products"],
    opt=creates(QualityIssue),
)
async def report_issue(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[Report]
) -> Response[bytes]:
    """Report what is wrong with the data of a product: accuracy, relevance, completeness, timeliness."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        issue = await issues.report(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, said=data
        )
        return created(issue, f"/api/v1/quality-issues/{issue.id}")

    return await command(request, act)


@post(f"{_PATH}/hops", summary="Go one source up", tags=["products"], opt=answers(QualityIssue))
async def trace_issue(
    request: AnyRequest, issue_id: FromPath[uuid.UUID], data: JSONBody[TraceIssue]
) -> Response[bytes]:
    """Look at the reported product first, then at one of its sources, then at one of its (逐级倒查)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await issues.trace(
                c.tx,
                actor=c.actor,
                now=c.now,
                issue_id=issue_id,
                product_id=data.product_id,
                result=data.result,
            )
        )

    return await command(request, act)


@post(
    f"{_PATH}/assignments",
    summary="Hand it to who supplies what the walk came to",
    tags=["products"],
    opt=answers(QualityIssue),
)
async def assign_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let the provider answer; ten working days begin."""

    async def act(c: Command) -> Answer:
        return done(
            await issues.assign(
                c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), issue_id=issue_id
            )
        )

    return await command(request, act)


@post(f"{_PATH}/answers", summary="Answer it", tags=["products"], opt=answers(QualityIssue))
async def answer_issue(
    request: AnyRequest, issue_id: FromPath[uuid.UUID], data: JSONBody[AnswerIssue]
) -> Response[bytes]:
    """Say that it is put right, or why not; for its provider."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await issues.answer(
                c.tx,
                actor=c.actor,
                now=c.now,
                issue_id=issue_id,
                is_fixed=data.is_fixed,
                reply=data.reply,
            )
        )

    return await command(request, act)


@post(
    f"{_PATH}/feedbacks",
    summary="Tell who reported it",
    tags=["products"],
    opt=answers(QualityIssue),
)
async def feed_back(
    request: AnyRequest, issue_id: FromPath[uuid.UUID], data: JSONBody[FeedBack]
) -> Response[bytes]:
    """Tell who reported it what came of it (反馈)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await issues.feed_back(
                c.tx, actor=c.actor, now=c.now, issue_id=issue_id, feedback=data.feedback
            )
        )

    return await command(request, act)


@post(f"{_PATH}/closures", summary="Close it", tags=["products"], opt=answers(QualityIssue))
async def close_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Close an issue of one's own that was fed back (办结)."""

    async def act(c: Command) -> Answer:
        return done(await issues.close(c.tx, actor=c.actor, now=c.now, issue_id=issue_id))

    return await command(request, act)


@get(_PATH, summary="One problem of quality", tags=["products"], opt=answers(QualityIssue))
async def get_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an issue with each step of the way up."""

    async def look(c: Command) -> QualityIssue:
        return await queries.get(c.tx, viewer=c.actor, issue_id=issue_id)

    return answer(await read(request, look))


@get(
    "/api/v1/quality-issues",
    summary="Problems of quality",
    tags=["products"],
    opt=answers(Page[QualityIssue]),
)
async def list_issues(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    provider_party_id: FromQuery[uuid.UUID | None] = None,
    in_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return issues, the newest first: reported, supplied or to be answered by one's own party."""

    async def look(c: Command) -> Page[QualityIssue]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            provider_party_id=provider_party_id,
            state=in_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))
