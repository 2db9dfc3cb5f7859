"""Let a buyer order a product on a page: choose a price, see what it comes to, say what for (下单)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import UnsetType

from catalog.kernel.errors import DomainError
from catalog.products import queries as products
from catalog.products.model import Product
from market.contracts import buying, document
from market.contracts import queries as contracts
from market.contracts.model import Agreement
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.orders import PlaceOrder
from market.orders import queries as orders
from market.orders.cross_border import CrossBorderRoute, RouteKind
from market.orders.operations import placing
from market.orders.terms import RequestedTerms
from market.portal import terms_form
from market.portal.auction_fields import read_fen
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
from market.portal.pages_orders import PATH
from market.portal.refused_fields import CLAUSE
from market.portal.render import NOT_KEPT, page
from market.portal.terms_choices import Choices, find_choices
from market.pricing import compute, metered, offers
from market.pricing import queries as pricing
from market.pricing.compute import PriceLine
from market.pricing.model import PlanTax, UseCategory
from market.special_prices.queries import SpecialPriceMissing
from settlement.taxes.model import Taxed

_HERE: Final = "/products/{product_id:uuid}/orders"
_USUAL: Final = RequestedTerms()
_TICKED: Final = ("destroys_at_end", "onward_use", "is_cross_border")
#: What is chosen first, since the price comes of it.
_CHOSEN: Final = ("price_item", "quantity", "scenario", "use_category", "special_price_id")
_YES: Final = "true"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the price comes of."""

    price_item: str
    quantity: int = 1
    scenario: str
    use_category: UseCategory | None = None
    special_price_id: uuid.UUID | None = None


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """What the chosen quantity comes to, line by line; a special price has no lines."""

    lines: tuple[PriceLine, ...]
    amount_fen: int  # what is paid, with the tax
    taxed: Taxed | None  # what of it is tax; None: the plan does not say
    tax: PlanTax | UnsetType
    is_metered: bool = False  # it is charged as it is used, so a credit limit may be agreed


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """What the form is about."""

    product: Product
    choices: Choices
    agreement: Agreement | None
    quoted: Quoted | None  # None: nothing was chosen yet, or it is refused
    refused: DomainError | None


@get(_HERE, include_in_schema=False)
async def show_order_form(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show the form; what was chosen stands in the address, an agreement fills it in."""
    asked = {name: value for name, value in request.query_params.items() if value.strip()}
    counter = await read(request, lambda c: _look(c, product_id, asked))
    form = BLANK if counter.refused is None else shown_again(request, asked, counter.refused)
    return _page(request, counter, asked, form)


@post(_HERE, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def place_order(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Place the order, at the price that was shown (下单)."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        wanted = wanted_of(product_id, fields)
        order = await placing.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=wanted,
            retention_most_bps=c.context.settings.retention_max_bps,
        )
        return f"{PATH}/{order.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        counter = await read(request, lambda c: _look(c, product_id, fields))
        return _page(request, counter, fields, shown_again(request, fields, error))


def wanted_of(product_id: uuid.UUID, fields: Mapping[str, str]) -> placing.PlacedOrder:
    """Return what a form orders.

    :raises FormFieldInvalid: if a field can not hold that, or was left empty and may not be.
    """
    said: dict[str, Any] = dict(fields)
    said |= {name: fields.get(name) == _YES for name in _TICKED}
    if fields.get("kind"):
        said["cross_border_route"] = filled_in(CrossBorderRoute, fields)
    if fields.get("credit_limit"):
        said["credit_limit_fen"] = read_fen(fields, "credit_limit")
    terms = filled_in(RequestedTerms, said)
    asked = filled_in(PlaceOrder, said | {"product_id": str(product_id), "terms": terms})
    return placing.PlacedOrder(**msgspec.structs.asdict(asked))


async def _look(c: Command, product_id: uuid.UUID, asked: Mapping[str, str]) -> Counter:
    product = await products.get(c.tx, viewer=c.actor, product_id=product_id)
    choices = await find_choices(c, product_id)
    agreement = await _agreement(c, product_id, asked.get("agreement_id"))
    chosen = filled(agreement) | dict(asked)
    quoted, refused = None, None
    if "price_item" in chosen:
        try:
            quoted = await quote(c, product_id, choices, filled_in(Choice, chosen))
        except SHOWN_AGAIN as error:
            refused = error
    return Counter(
        product=product, choices=choices, agreement=agreement, quoted=quoted, refused=refused
    )


async def _agreement(c: Command, product_id: uuid.UUID, named: str | None) -> Agreement | None:
    """Return the agreement that is ordered by, if one of one's own about the product is named."""
    try:
        agreement_id = None if named is None else uuid.UUID(named)
    except ValueError:
        return None  # an address that somebody changed
    if agreement_id is None:
        return None
    found = await contracts.get(c.tx, viewer=c.actor, agreement_id=agreement_id)
    return found if found.product_id == product_id else None


async def quote(c: Command, product_id: uuid.UUID, choices: Choices, chosen: Choice) -> Quoted:
    """Return what the choice costs this buyer, by the rule by which the order is priced."""
    filing = await pricing.find_effective(
        c.tx,
        product_id=product_id,
        use_category=chosen.use_category,
        scenario=chosen.scenario,
    )
    if filing is None:
        raise buying.PricingFilingRequired
    item = offers.item_of(filing, chosen.price_item)
    if chosen.special_price_id is not None:
        offered = (each for each in choices.special_prices if each.id == chosen.special_price_id)
        given = next(offered, None)
        if given is None:
            raise SpecialPriceMissing
        amount_fen = given.amount_fen
        return Quoted(
            lines=(), amount_fen=amount_fen, taxed=compute.taxed(item, amount_fen), tax=item.tax
        )
    before = await orders.count_bought_before(c.tx, item, filing, buyer=c.actor.party)
    amount_fen = compute.price_fen(item, chosen.quantity, bought_before=before)
    told = compute.priced(item, chosen.quantity, bought_before=before)
    return Quoted(
        lines=told.lines,
        amount_fen=amount_fen,
        taxed=told.taxed,
        tax=item.tax,
        is_metered=metered.is_metered(item),
    )


def filled(agreement: Agreement | None) -> dict[str, str]:
    """Return how the form is filled in first: as usual, or as it was agreed."""
    usual = {
        "quantity": "1",
        "inspection_days": str(_USUAL.inspection_days),
        "term_days": str(_USUAL.term_days),
        "destroys_at_end": _YES,
    }
    if agreement is None:
        return usual
    agreed = terms_form.typed(document.read(agreement.document).terms)
    clauses = {
        name.removeprefix(CLAUSE): words
        for name, words in agreed.items()
        if name.startswith(CLAUSE)
    }
    named = {
        "agreement_id": str(agreement.id),
        "region": agreed.get("regions", "").partition("\n")[0],
    }
    return usual | agreed | clauses | named


def _page(
    request: AnyRequest, counter: Counter, asked: Mapping[str, str], form: Shown
) -> Response[bytes]:
    typed = form if form["purpose"] else Shown(filled(counter.agreement) | dict(asked))
    here = f"/products/{counter.product.id}/orders"
    return page(
        request,
        "order_new.html",
        status=form.status,
        cache=NOT_KEPT,
        at=here,
        product=counter.product,
        choices=counter.choices,
        agreement=counter.agreement,
        quoted=counter.quoted,
        chosen=[(name, typed[name]) for name in _CHOSEN if typed[name]],
        route_kinds=list(RouteKind),
        typed=typed
        if typed is form
        else Shown(typed.fields, wrong=form.wrong, refused=form.refused),
        form=form,
    )
