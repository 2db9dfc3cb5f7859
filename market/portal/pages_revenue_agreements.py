"""Show how a product's revenue is shared, and let those who share agree or decline (收益分配约定)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.products.states import State as ProductState
from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.identity import queries as identity
from market.portal import sharing_form
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.pages_negotiations import product_name
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from market.revenue_agreements import operations, queries
from market.revenue_agreements.model import RevenueAgreement
from market.revenue_agreements.states import State
from settlement.money import percent
from settlement.revenue.split import Method, Share

_ALL: Final = "/revenue-agreements"
_NEW: Final = "/revenue-agreements/new"
_ONE: Final = "/revenue-agreements/{agreement_id:uuid}"
_PRODUCTS: Final = 100
_PAGE_SIZE: Final = 20


class _Why(msgspec.Struct, frozen=True):
    """Why it is declined, or ended."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Agreements with the names of their products and parties."""

    found: Page[RevenueAgreement]
    products: dict[Any, str | None]
    names: dict[Any, str]
    shares: tuple[Share, ...] = ()


@get(_ALL, include_in_schema=False)
async def list_agreements(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the agreements that name the reader's party, or all to staff and supervisor."""

    async def look(c: Command) -> Listed:
        found = await queries.list_revenue_agreements(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return await _listed(c, found)

    listed = await read(request, look)
    return page(
        request,
        "revenue_agreements.html",
        cache=NOT_KEPT,
        listed=listed,
        found=listed.found,
        percent=percent,
        own=actor(request).party_id,
        proposed=State.PROPOSED,
        link=linker(_ALL, {}),
        is_continued=bool(cursor),
    )


@get(_NEW, include_in_schema=False)
async def show_proposal_form(
    request: AnyRequest, *, method: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the form by which a supplier proposes how the revenue of a product is shared."""
    return await _form(request, one_of(Method, method) or Method.PROFIT_SHARING, BLANK)


@post(_NEW, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose(request: AnyRequest, *, method: FromQuery[str | None] = None) -> Response[bytes]:
    """Propose it; all who share are asked (提出)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        product_id, agreed = await sharing_form.read_agreed(c, fields)
        await operations.propose(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, agreed=agreed
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _form(request, one_of(Method, method) or Method.PROFIT_SHARING, form)

    return await run_step(request, act, place=_ALL, again=again)


@get(_ONE, include_in_schema=False)
async def show_agreement(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an agreement: what each gets, who has agreed, and what the reader may do."""
    return _show(request, await read(request, lambda c: _look_at(c, agreement_id)), BLANK)


@post(_ONE + "/consents", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def agree(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Agree for one's own party (同意)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.agree(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)

    return await _step(request, agreement_id, act)


@post(_ONE + "/declinations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decline(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decline for one's own party (不同意)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await operations.decline(
            c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=reason
        )

    return await _step(request, agreement_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one proposed (撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)

    return await _step(request, agreement_id, act)


@post(_ONE + "/endings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """End it for orders to come (终止)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await operations.end(
            c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=reason
        )

    return await _step(request, agreement_id, act)


async def _form(request: AnyRequest, method: Method, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> list[Product]:
        c.actor.require("revenue_agreement:propose")
        own = await products.list_own(c.tx, viewer=c.actor, limit=_PRODUCTS)
        return [each for each in own.items if each.state is not ProductState.WITHDRAWN]

    return page(
        request,
        "revenue_agreement_new.html",
        status=form.status,
        cache=NOT_KEPT,
        methods=tuple(Method),
        method=method,
        products=await read(request, look),
        form=form,
    )


async def _listed(c: Command, found: Page[RevenueAgreement]) -> Listed:
    ids = {party for each in found.items for party in each.asked}
    parties = await identity.get_parties(c.tx, sorted(ids))
    products = {each.product_id: None for each in found.items}
    return Listed(
        found=found,
        products={each: await product_name(c, each) for each in products},
        names={party_id: party.name for party_id, party in parties.items()},
    )


async def _look_at(c: Command, agreement_id: uuid.UUID) -> Listed:
    found = await queries.get_revenue_agreement(c.tx, viewer=c.actor, agreement_id=agreement_id)
    listed = await _listed(c, Page([found]))
    return msgspec.structs.replace(listed, shares=found.agreed.shares())


def _show(request: AnyRequest, listed: Listed, form: Shown) -> Response[bytes]:
    (found,) = listed.found.items
    own = actor(request).party_id
    return page(
        request,
        "revenue_agreement.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        listed=listed,
        form=form,
        percent=percent,
        own=own,
        is_asked=own in found.waits_for and found.state is State.PROPOSED,
        is_mine=own == found.supplier_party_id and found.state is State.PROPOSED,
        is_ended_by_reader=own in found.asked and found.state is State.IN_FORCE,
    )


async def _step(request: AnyRequest, agreement_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return _show(request, await read(request, lambda c: _look_at(c, agreement_id)), form)

    return await run_step(request, act, place=f"{_ALL}/{agreement_id}", again=again)
