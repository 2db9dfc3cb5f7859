"""Begin a negotiation on a page: ask for terms, offer them, or let an agreement be followed (发起磋商)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.model import Product
from market.contracts import document
from market.contracts import queries as contracts
from market.contracts.model import Agreement
from market.contracts.policy import Relation
from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.negotiations.operations import sending
from market.orders.terms import RequestedTerms
from market.portal import terms_form
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    filled_in,
    read_form,
    shown_again,
    submit,
)
from market.portal.pages_negotiations import PATH
from market.portal.refused_fields import CLAUSE
from market.portal.render import NOT_KEPT, page
from market.portal.show import address, one_of
from market.portal.terms_choices import Choices, find_choices

_HERE: Final = "/products/{product_id:uuid}/negotiations"
_USUAL: Final = RequestedTerms()
#: How long an offer stands open if nobody says otherwise [P].
_OPEN_FOR: Final = dt.timedelta(days=14)


class _To(msgspec.Struct, frozen=True):
    """To which buyer a supplier makes its offer."""

    consumer_party_id: uuid.UUID


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the form is about."""

    product: Product
    choices: Choices
    follows: Agreement | None
    now: dt.datetime


@get(_HERE, include_in_schema=False)
async def show_form(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    template: FromQuery[str | None] = None,
    follows: FromQuery[uuid.UUID | None] = None,
    relation: FromQuery[Relation] = Relation.AMENDS,
) -> Response[bytes]:
    """Show the form; with ``follows`` it is filled in with the terms of an agreement."""
    wanted = await read(request, lambda c: _look(c, product_id, follows))
    return _page(request, wanted, relation, template, BLANK)


@post(_HERE, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def begin(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Begin: the buyer with a request, the supplier with an offer to a buyer."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        product = await products.get(c.tx, viewer=c.actor, product_id=product_id)
        is_own = product.supplier_party_id == c.actor.party_id
        begun = await sending.begin(
            c.tx,
            actor=c.actor,
            now=c.now,
            product_id=product_id,
            wanted=terms_form.wanted(fields, None),
            consumer_party_id=filled_in(_To, fields).consumer_party_id if is_own else None,
        )
        return f"{PATH}/{begun.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        wanted = await read(request, lambda c: _look(c, product_id, _id(fields.get("follows"))))
        relation = one_of(Relation, fields.get("relation")) or Relation.AMENDS
        return _page(request, wanted, relation, None, shown_again(request, fields, error))


async def _look(c: Command, product_id: uuid.UUID, follows: uuid.UUID | None) -> Wanted:
    followed = (
        None if follows is None else await contracts.get(c.tx, viewer=c.actor, agreement_id=follows)
    )
    return Wanted(
        product=await products.get(c.tx, viewer=c.actor, product_id=product_id),
        choices=await find_choices(c, product_id),
        follows=followed,
        now=c.now,
    )


def _id(text: str | None) -> uuid.UUID | None:
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError:
        return None  # a hidden field that somebody changed: nothing is followed


def _page(
    request: AnyRequest, wanted: Wanted, relation: Relation, template: str | None, form: Shown
) -> Response[bytes]:
    product, follows = wanted.product, wanted.follows
    typed = form if form["price_item"] or form.refused else Shown(_filled(wanted, relation))
    here = f"/products/{product.id}/negotiations"
    chooser = address(
        here,
        {"follows": None if follows is None else str(follows.id), "relation": relation.value},
    )
    return page(
        request,
        "negotiation_new.html",
        status=form.status,
        cache=NOT_KEPT,
        at=here,
        product=product,
        follows=follows,
        buyer="" if follows is None else document.read(follows.document).buyer,
        is_own=product.supplier_party_id == actor(request).party_id,
        choices=wanted.choices.chosen(template or typed["template"]),
        chooser=f"{chooser}&template=",
        typed=typed,
        form=form,
    )


def _filled(wanted: Wanted, relation: Relation) -> dict[str, str]:
    """Return how the form is filled in first: as usual, or as the agreement that is followed."""
    today = local_date(wanted.now)
    usual = {
        "quantity": "1",
        "ends_at": (today + dt.timedelta(days=_USUAL.term_days)).isoformat(),
        "valid_until": (today + _OPEN_FOR).isoformat(),
        "destroys_at_end": "true",
        f"{CLAUSE}inspection_days": str(_USUAL.inspection_days),
    }
    if wanted.follows is None:
        return usual
    followed = terms_form.typed(document.read(wanted.follows.document).terms)
    return (
        usual
        | followed
        | {
            "follows": str(wanted.follows.id),
            "relation": relation.value,
            "consumer_party_id": str(wanted.follows.buyer_party_id),
        }
    )
