"""Show which products are open or shall be: ask, confirm or refuse, close (开放申请与审核, GD-08, GD-17)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.products.states import State as ProductState
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.open_data import operations, queries
from market.open_data.model import Opening, Reason, Request
from market.open_data.states import State
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from seeds.open_licences import load_open_licences

_PATH: Final = "/openings"
_ONE: Final = "/openings/{opening_id:uuid}"
_PAGE_SIZE: Final = 20
_OWN_SHOWN: Final = 100


class _Decided(msgspec.Struct, frozen=True):
    """What is decided, and why; the button says which."""

    decision: Literal["confirm", "refuse"]
    reason: Reason


class _Closed(msgspec.Struct, frozen=True):
    """Why it is open no more."""

    reason: Reason


class Desk(msgspec.Struct, frozen=True):
    """A page of openings, and what of one's own could be opened."""

    openings: Page[Opening]
    own: list[Product]


@get(_PATH, include_in_schema=False)
async def list_openings(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show one's own openings, or all to the houses; with a product in the address, one to ask for."""
    wanted = {} if product_id is None else {"product_id": str(product_id)}
    return await _page(request, Shown(wanted), status=status, cursor=cursor or None)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def request_opening(request: AnyRequest) -> Response[bytes]:
    """Ask that one's own product be open data, under an open licence (申请开放)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        await operations.request(
            c.tx,
            actor=c.actor,
            now=c.now,
            asked=filled_in(Request, fields),
            licences={licence.code for licence in load_open_licences()},
        )

    return await _submit(request, act)


@post(f"{_ONE}/decisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decide_opening(request: AnyRequest, opening_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Confirm that a product is open, or refuse it (开放审核)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        decided = filled_in(_Decided, fields)
        await operations.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            opening_id=opening_id,
            is_confirmed=decided.decision == "confirm",
            reason=decided.reason,
        )

    return await _submit(request, act)


@post(f"{_ONE}/closings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def close_opening(request: AnyRequest, opening_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Stop that a product is open, or take the request back (停止开放)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        reason = filled_in(_Closed, fields).reason
        await operations.close(c.tx, actor=c.actor, now=c.now, opening_id=opening_id, reason=reason)

    return await _submit(request, act)


async def _submit(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _page(request, form, status=None)

    return await run_step(request, act, place=_PATH, again=again)


async def _page(
    request: AnyRequest, form: Shown, *, status: State | None, cursor: str | None = None
) -> Response[bytes]:
    async def look(c: Command) -> Desk:
        found = await queries.list_openings(
            c.tx, viewer=c.actor, state=status, limit=_PAGE_SIZE, cursor=cursor
        )
        own = await _own(c, form["product_id"]) if c.actor.may("opening:request") else []
        return Desk(found, own)

    desk = await read(request, look)
    return page(
        request,
        "openings.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        openings=desk.openings,
        own=desk.own,
        licences={licence.code: licence for licence in load_open_licences()},
        states=list(State),
        wanted=status,
        form=form,
        blank=BLANK,
        link=linker(_PATH, {"status": None if status is None else status.value}),
        is_continued=bool(cursor),
    )


async def _own(c: Command, wanted: str) -> list[Product]:
    """Return the products that could be opened: described, not public; the newest, and who is wanted."""
    found = await products.list_own(c.tx, viewer=c.actor, limit=_OWN_SHOWN)
    own = [
        each for each in found.items if each.state is ProductState.DESCRIBED and not each.is_public
    ]
    further = _id_of(wanted)
    if further is not None and further not in {each.id for each in own}:
        named = await products.find(c.tx, product_id=further)
        own += [named] if named is not None and named.supplier_party_id == c.actor.party else []
    return own


def _id_of(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None
