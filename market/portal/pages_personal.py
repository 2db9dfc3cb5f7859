"""Show on what the use of personal data in a product rests: consents, anonymisations (个人授权、匿名化)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.products.queries import ProductMissing
from market.anonymisations import operations as anonymisations
from market.anonymisations import queries as anonymised
from market.anonymisations import states
from market.anonymisations.model import Anonymisation, Decision
from market.anonymisations.states import Event
from market.consents import operations as consents
from market.consents import queries as consented
from market.consents.model import Consent
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, scenario_names

_ONE: Final = "/products/{product_id:uuid}/personal-information"
_PAGE_SIZE: Final = 20


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its consents, as far as one reads them, and its anonymisations."""

    product: Product
    consents: Page[Consent] | None  # None: they are not this reader's to see
    anonymisations: list[Anonymisation]
    parties: Mapping[PartyId, Party]
    now: dt.datetime


@get(_ONE, include_in_schema=False)
async def show_personal_information(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the consents for a product, and the anonymisations of its content."""
    sheet = await read(request, lambda c: _look(c, product_id, cursor))
    return _page(request, sheet, BLANK, is_continued=bool(cursor))


@post(
    _ONE + "/consents/{consent_id:uuid}/withdrawals",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def withdraw(
    request: AnyRequest, product_id: FromPath[uuid.UUID], consent_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Withdraw a consent whose person told its holder so (代为撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await consents.withdraw(c.tx, actor=c.actor, now=c.now, consent_id=consent_id)

    return await _step(request, product_id, act)


@post(
    _ONE + "/anonymisations/{anonymisation_id:uuid}/decisions",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def decide(
    request: AnyRequest, product_id: FromPath[uuid.UUID], anonymisation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Accept, refuse or withdraw an anonymisation as its agency: the button says which."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await anonymisations.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            anonymisation_id=anonymisation_id,
            decision=filled_in(Decision, fields),
        )

    return await _step(request, product_id, act)


async def _step(
    request: AnyRequest,
    product_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        sheet = await read(request, lambda c: _look(c, product_id, None))
        return _page(request, sheet, form)

    return await run_step(
        request, act, place=f"/products/{product_id}/personal-information", again=again
    )


async def _look(c: Command, product_id: uuid.UUID, cursor: str | None) -> Sheet:
    product = await products.find(c.tx, product_id=product_id)
    if product is None:
        raise ProductMissing
    records = await anonymised.list_for_product(c.tx, viewer=c.actor, product_id=product_id)
    given = None
    if c.actor.may("consent:read"):
        given = await consented.list_consents(
            c.tx, viewer=c.actor, product_id=product_id, limit=_PAGE_SIZE, cursor=cursor or None
        )
    agencies = [PartyId(each.said.agency_party_id) for each in records]
    return Sheet(
        product=product,
        consents=given,
        anonymisations=records,
        parties=await identity.get_parties(c.tx, agencies),
        now=c.now,
    )


def _page(
    request: AnyRequest, sheet: Sheet, form: Shown, *, is_continued: bool = False
) -> Response[bytes]:
    here = f"/products/{sheet.product.id}/personal-information"
    return page(
        request,
        "personal_information.html",
        status=form.status,
        cache=NOT_KEPT,
        at=here,
        sheet=sheet,
        product=sheet.product,
        scenarios=scenario_names(sheet.product),
        moves=lambda record: [
            event for event in Event if (record.state, event) in states.TRANSITIONS
        ],
        link=linker(here, {}),
        is_continued=is_continued,
        form=form,
    )
