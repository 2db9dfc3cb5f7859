"""Show a demand to its buyer and the operator: its course, what fits, quotes side by side (需求办理)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.demand_posts import queries
from market.demand_posts.model import (
    DemandMatch,
    DemandPost,
    NotRelevant,
    PostFile,
    Rejection,
)
from market.demand_posts.operations import matching, posting, reviewing
from market.demand_posts.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.demand_posts import AnswerMatch, RejectPost, SayWhy
from market.identity import queries as identity
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    Shown,
    Step,
    filled_in,
    read_form,
    run_step,
    submit,
)
from market.portal.pages_demands import FILES, end_of
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from market.quotes import queries as quotes
from market.quotes.model import QuotesAsked, RequestFile
from market.quotes.operations import inviting

_PAGE_SIZE: Final = 20
_ONE: Final = FILES + "/{post_id:uuid}"


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """All of a demand."""

    file: PostFile
    is_own: bool
    buyer: str
    matches: list[DemandMatch]
    requests: list[RequestFile]
    names: dict[PartyId, str]

    def called(self, party: PartyId | None) -> str:
        """Return what a party is called."""
        return "—" if party is None else self.names.get(party, "—")


@get(FILES, include_in_schema=False)
async def list_demand_files(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show one's own demands, or all to the houses."""
    wanted = one_of(State, status)

    async def look(c: Command) -> Page[DemandPost]:
        return await queries.list_posts(
            c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "demand_files.html",
        cache=NOT_KEPT,
        found=await read(request, look),
        states=list(State),
        wanted=wanted,
        link=linker(FILES, {"status": wanted and wanted.value}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_demand_file(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a demand with what it said, what fits, and what was quoted."""
    return _page(request, post_id, await read(request, lambda c: _look(c, post_id)), BLANK)


@post(_ONE + "/submissions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def submit_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand a draft in."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        del fields
        await posting.submit(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), post_id=post_id
        )

    return await _submit(request, post_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take a demand back, with the reason."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(SayWhy, fields).reason
        await posting.withdraw(c.tx, actor=c.actor, now=c.now, post_id=post_id, reason=reason)

    return await _submit(request, post_id, act)


@post(_ONE + "/fulfilments", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def fulfil_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say that a demand was met, and how."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(SayWhy, fields).reason
        await posting.fulfil(c.tx, actor=c.actor, now=c.now, post_id=post_id, reason=reason)

    return await _submit(request, post_id, act)


@post(_ONE + "/publications", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def publish_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Publish a demand that was read."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        del fields
        await reviewing.publish(c.tx, actor=c.actor, now=c.now, post_id=post_id)

    return await _submit(request, post_id, act)


@post(_ONE + "/rejections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def reject_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Do not publish a demand, and say why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(RejectPost, fields)
        await reviewing.reject(
            c.tx,
            actor=c.actor,
            now=c.now,
            post_id=post_id,
            rejection=said.rejection,
            reason=said.reason,
        )

    return await _submit(request, post_id, act)


@post(_ONE + "/quote-requests", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def ask_for_quotes(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Invite suppliers to quote."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        invited = [key.partition(":")[2] for key in fields if key.startswith("invite:")]
        told = fields.get("suppliers", "").replace(",", " ").split()
        asked = {
            **fields,
            "supplier_party_ids": [*invited, *told],
            "quotes_until": end_of(fields.get("quotes_until")),
        }
        await inviting.send(
            c.tx,
            actor=c.actor,
            now=c.now,
            post_id=post_id,
            asked=filled_in(QuotesAsked, {k: v for k, v in asked.items() if v is not None}),
        )

    return await _submit(request, post_id, act)


@post(
    "/demand-matches/{post_id:uuid}/{product_id:uuid}/answers",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def answer_demand_match(
    request: AnyRequest, post_id: FromPath[uuid.UUID], product_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Say what one thinks of a match, as its buyer or its supplier, and lead back there."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        said = filled_in(AnswerMatch, fields)
        await matching.answer(
            c.tx,
            actor=c.actor,
            now=c.now,
            post_id=post_id,
            product_id=product_id,
            verdict=said.verdict,
            reason=said.reason,
        )
        own = await queries.find(c.tx, post_id=post_id)
        is_buyer = own is not None and own.buyer_party_id == c.actor.party_id
        return f"{FILES}/{post_id}" if is_buyer else "/my/demand-matches"

    return await submit(request, fields, act)


async def _submit(request: AnyRequest, post_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        sheet = await read(request, lambda c: _look(c, post_id))
        return _page(request, post_id, sheet, form)

    return await run_step(request, act, place=f"{FILES}/{post_id}", again=again)


def _page(request: AnyRequest, post_id: uuid.UUID, sheet: Sheet, form: Shown) -> Response[bytes]:
    return page(
        request,
        "demand_file.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{FILES}/{post_id}",
        sheet=sheet,
        post=sheet.file.post,
        asked=sheet.file.post.asked,
        place=f"{FILES}/{post_id}",
        rejections=list(Rejection),
        not_relevant=list(NotRelevant),
        form=form,
    )


async def _look(c: Command, post_id: uuid.UUID) -> Sheet:
    file = await queries.get_file(c.tx, viewer=c.actor, post_id=post_id)
    listed = await quotes.list_requests(c.tx, viewer=c.actor, post_id=post_id, limit=_PAGE_SIZE)
    requests = [
        await quotes.get_file(c.tx, viewer=c.actor, request_id=each.id) for each in listed.items
    ]
    matches = await queries.list_matches(c.tx, viewer=c.actor, post_id=post_id)
    named = {file.post.buyer_party_id}
    named |= {each.supplier_party_id for each in matches if each.supplier_party_id is not None}
    named |= {each.supplier_party_id for one in requests for each in one.invited}
    parties = await identity.get_parties(c.tx, named)
    names = {party_id: party.name for party_id, party in parties.items()}
    return Sheet(
        file=file,
        is_own=file.post.buyer_party_id == c.actor.party_id,
        buyer=names.get(file.post.buyer_party_id, "—"),
        matches=matches,
        requests=requests,
        names=names,
    )
