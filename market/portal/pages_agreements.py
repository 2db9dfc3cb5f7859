"""Show agreements with what is left of them, and let their end be proposed, declined, confirmed (协议)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.contracts import document, operations, queries
from market.contracts.document import AgreementWords
from market.contracts.model import Agreement, LineageLink
from market.contracts.policy import Relation
from market.contracts.states import State
from market.cut_offs import queries as cut_offs
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.operations import by_agreement
from market.portal import offer_words
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker
from market.portal.terms_choices import Choices, find_choices
from market.portal.wording import Speaker

PATH: Final = "/agreements"
_ONE: Final = "/agreements/{agreement_id:uuid}"
_PAGE_SIZE: Final = 20
_ORDERS_AT_MOST: Final = 100


class _Why(msgspec.Struct, frozen=True):
    """Why it is to end."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class Listed(msgspec.Struct, frozen=True):
    """One line of the list: an agreement, and what its words say."""

    agreement: Agreement
    told: AgreementWords


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A page of agreements."""

    items: list[Listed]
    next_cursor: str | None
    now: dt.datetime


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement with all that its page needs."""

    agreement: Agreement
    told: AgreementWords
    lineage: list[LineageLink]
    parties: Mapping[PartyId, Party]
    choices: Choices
    orders: list[Order]  # those that were placed by it
    is_frozen: bool  # 切断
    now: dt.datetime

    @property
    def holds(self) -> bool:
        """Tell whether it may be used, amended and ended now."""
        is_there = self.agreement.state in (State.IN_FORCE, State.ENDING)
        return is_there and self.now < self.agreement.ends_at


@get(PATH, include_in_schema=False)
async def list_agreements(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show one's own agreements, the newest first, each with what is left of it."""

    async def look(c: Command) -> Board:
        found = await queries.list_page(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return board(c, found)

    return page(
        request,
        "agreements.html",
        cache=NOT_KEPT,
        board=await read(request, look),
        link=linker(PATH, {}),
        is_continued=bool(cursor),
    )


def board(c: Command, found: Page[Agreement]) -> Board:
    """Return agreements with what their words say."""
    return Board(
        items=[Listed(each, document.read(each.document)) for each in found.items],
        next_cursor=found.next_cursor,
        now=c.now,
    )


@get(_ONE, include_in_schema=False)
async def show_agreement(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an agreement: words, terms, digest, both signatures, its line, and how it may end."""
    sheet = await read(request, lambda c: _look(c, agreement_id))
    return _page(request, sheet, BLANK)


@post(_ONE + "/end-proposals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose_end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Propose to the other side to end it (提出解除)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Why, fields).reason
        await operations.propose_end(
            c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=reason
        )

    return await _step(request, agreement_id, act)


@post(_ONE + "/end-refusals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decline_end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decline the end that was proposed, or take one's own proposal back."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.decline_end(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)

    return await _step(request, agreement_id, act)


@post(_ONE + "/end-confirmations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def confirm_end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Confirm the end that the other side proposed; what stands under it ends too (协商一致解除)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await by_agreement.end(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)

    return await _step(request, agreement_id, act)


async def _step(
    request: AnyRequest,
    agreement_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        sheet = await read(request, lambda c: _look(c, agreement_id))
        return _page(request, sheet, form)

    return await run_step(request, act, place=f"{PATH}/{agreement_id}", again=again)


async def _look(c: Command, agreement_id: uuid.UUID) -> Sheet:
    found = await queries.get(c.tx, viewer=c.actor, agreement_id=agreement_id)
    of_product = await orders.list_orders(
        c.tx, viewer=c.actor, product_id=found.product_id, limit=_ORDERS_AT_MOST
    )
    ordered = [each for each in of_product.items if each.agreement_id == found.id]
    sides = [found.buyer_party_id, found.supplier_party_id]
    return Sheet(
        agreement=found,
        told=document.read(found.document),
        lineage=await queries.list_lineage(c.tx, viewer=c.actor, agreement_id=agreement_id),
        parties=await identity.get_parties(c.tx, sides),
        choices=await find_choices(c, found.product_id),
        orders=ordered,
        is_frozen=await cut_offs.is_cut_off(
            c.tx, found.id, found.product_id, *sides, *(each.id for each in ordered)
        ),
        now=c.now,
    )


def _page(request: AnyRequest, sheet: Sheet, form: Shown) -> Response[bytes]:
    speaker = Speaker(language_of(request))
    terms = sheet.told.terms
    return page(
        request,
        "agreement.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{sheet.agreement.id}",
        sheet=sheet,
        agreement=sheet.agreement,
        told=sheet.told,
        terms=offer_words.terms_of(terms, speaker, sheet.choices.names(speaker)),
        machine=msgspec.json.format(msgspec.json.encode(terms), indent=2).decode(),
        relations=list(Relation),
        form=form,
    )
