"""Show what is wrong with data and let it be handled: report, trace, hand over, answer (质量问题, BJ-24)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.profiles.quality import Dimension
from catalog.quality_issues import operations as issues
from catalog.quality_issues import queries
from catalog.quality_issues.model import QualityIssue, Remark, Report
from catalog.quality_issues.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    Step,
    filled_in,
    read_form,
    run_step,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_PATH: Final = "/quality-issues"
_ONE: Final = "/quality-issues/{issue_id:uuid}"
_REPORT: Final = "/products/{product_id:uuid}/quality-issues"
_PAGE_SIZE: Final = 20


class _Hop(msgspec.Struct, frozen=True):
    """The product that was looked at, and what was found there."""

    product_id: uuid.UUID
    result: Remark


class _Answer(msgspec.Struct, frozen=True):
    """What the provider says."""

    reply: Remark


class _Feedback(msgspec.Struct, frozen=True):
    """What who reported it is told."""

    feedback: Annotated[str, Meta(min_length=1, max_length=1000)]


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """An issue with all that its page needs."""

    issue: QualityIssue
    names: Mapping[PartyId, str]
    next: Mapping[uuid.UUID, str]  # at which products the walk may look next


@get(_PATH, include_in_schema=False)
async def list_quality_issues(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show issues, the newest first: to the houses all, to others those that are theirs."""

    async def look(c: Command) -> Page[QualityIssue]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            state=status,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    asked = {
        "status": None if status is None else status.value,
        "product_id": None if product_id is None else str(product_id),
    }
    return page(
        request,
        "quality_issues.html",
        cache=NOT_KEPT,
        issues=await read(request, look),
        states=list(State),
        wanted=status,
        product_id=product_id,
        link=linker(_PATH, asked),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_quality_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an issue with each step of the way up, and what the reader may do about it."""
    desk = await read(request, lambda c: _look(c, issue_id))
    return _desk(request, desk, BLANK)


@get(_REPORT, include_in_schema=False)
async def show_report_form(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show the form that reports what is wrong with the data of a product."""
    return await _report_form(request, product_id, BLANK)


@post(_REPORT, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def report_issue(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Report what is wrong with the data of a product (质量问题上报)."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        issue = await issues.report(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, said=filled_in(Report, fields)
        )
        return f"{_PATH}/{issue.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _report_form(request, product_id, shown_again(request, fields, error))


@post(f"{_ONE}/hops", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def trace_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Look at the next product on the way up (逐级倒查)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        hop = filled_in(_Hop, fields)
        await issues.trace(
            c.tx,
            actor=c.actor,
            now=c.now,
            issue_id=issue_id,
            product_id=hop.product_id,
            result=hop.result,
        )

    return await _step(request, issue_id, act)


@post(f"{_ONE}/assignments", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def assign_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand an issue to who supplies what the walk came to (交办)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await issues.assign(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), issue_id=issue_id
        )

    return await _step(request, issue_id, act)


@post(f"{_ONE}/answers", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def answer_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say that it is put right, or why not: the button says which (提供方处理)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await issues.answer(
            c.tx,
            actor=c.actor,
            now=c.now,
            issue_id=issue_id,
            is_fixed=fields.get("answer") == "fixed",
            reply=filled_in(_Answer, fields).reply,
        )

    return await _step(request, issue_id, act)


@post(f"{_ONE}/feedbacks", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def feed_back(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Tell who reported it what came of it (反馈)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        feedback = filled_in(_Feedback, fields).feedback
        await issues.feed_back(c.tx, actor=c.actor, now=c.now, issue_id=issue_id, feedback=feedback)

    return await _step(request, issue_id, act)


@post(f"{_ONE}/closures", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def close_issue(request: AnyRequest, issue_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Close an issue of one's own that was fed back (办结)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await issues.close(c.tx, actor=c.actor, now=c.now, issue_id=issue_id)

    return await _step(request, issue_id, act)


async def _step(
    request: AnyRequest,
    issue_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        desk = await read(request, lambda c: _look(c, issue_id))
        return _desk(request, desk, form)

    return await run_step(request, act, place=f"{_PATH}/{issue_id}", again=again)


async def _look(c: Command, issue_id: uuid.UUID) -> Desk:
    issue = await queries.get(c.tx, viewer=c.actor, issue_id=issue_id)
    told = {issue.supplier_party_id, issue.reporter_party_id, issue.provider_party_id}
    parties = await identity.get_parties(c.tx, [each for each in told if each is not None])
    walks = issue.state in (State.REPORTED, State.TRACED)
    may_walk = walks and c.actor.may("quality_issue:handle")
    return Desk(
        issue=issue,
        names={each: party.name for each, party in parties.items()},
        next=await queries.list_next(c.tx, viewer=c.actor, issue=issue) if may_walk else {},
    )


def _desk(request: AnyRequest, desk: Desk, form: Shown) -> Response[bytes]:
    return page(
        request,
        "quality_issue.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{desk.issue.id}",
        desk=desk,
        issue=desk.issue,
        form=form,
    )


async def _report_form(request: AnyRequest, product_id: uuid.UUID, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> Product:
        return await products.get(c.tx, viewer=c.actor, product_id=product_id)

    return page(
        request,
        "quality_issue_new.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"/products/{product_id}/quality-issues",
        product=await read(request, look),
        dimensions=list(Dimension),
        form=form,
    )
