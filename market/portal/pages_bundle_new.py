"""Let a buyer order products of several suppliers at once: all of them, or none (组合下单)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import Response, get, post

from catalog.kernel.errors import DomainError, FieldError, Missing
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.search.model import Hit
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.orders.operations import bundling
from market.orders.operations.bundling import BundleDoubled
from market.portal import finding
from market.portal.forms import (
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    FormFieldInvalid,
    Shown,
    filled_in,
    read_form,
    shown_again,
    submit,
)
from market.portal.pages_order_new import Choice, Quoted, filled, quote, wanted_of
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned
from market.portal.terms_choices import Choices, find_choices

_HERE: Final = "/bundles/new"
MOST: Final = 20  # as the interface takes
_FOUND_AT_MOST: Final = 8
#: What is chosen for each product; its place stands before the name.
_EACH: Final = ("price_item", "quantity", "scenario", "use_category", "delivery_mode")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One product of a bundle: what it can be had for, and what was chosen costs."""

    place: int
    product: Product
    choices: Choices
    chosen: dict[str, str]
    quoted: Quoted | None
    refused: DomainError | None


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What is put together so far, and what was found to add to it."""

    items: Sequence[Item]
    found: Sequence[Hit]

    @property
    def total_fen(self) -> int | None:
        """Return what all of it comes to; None while one has no price, or there is but one."""
        amounts = [each.quoted.amount_fen for each in self.items if each.quoted is not None]
        is_whole = len(amounts) == len(self.items) > 1
        return sum(amounts) if is_whole else None

    @property
    def refused(self) -> DomainError | None:
        """Return why the first one that is refused is."""
        return next((each.refused for each in self.items if each.refused is not None), None)


@get(_HERE, include_in_schema=False)
async def show_bundle_form(request: AnyRequest) -> Response[bytes]:
    """Show what is put together; all of it stands in the address."""
    asked = {name: value for name, value in request.query_params.items() if value.strip()}
    basket = await read(request, lambda c: _look(c, asked))
    refused = basket.refused
    form = Shown(asked) if refused is None else shown_again(request, asked, refused)
    return _page(request, basket, asked, form)


@post(_HERE, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def place_bundle(request: AnyRequest) -> Response[bytes]:
    """Place an order for each product, all of them or none (组合下单)."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        wanted = [
            wanted_of(product_id, fields | _of(fields, place))
            for place, product_id in enumerate(_products(fields))
        ]
        file = await bundling.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            wanted=wanted,
            expected_total_fen=_total(fields),
            retention_most_bps=c.context.settings.retention_max_bps,
        )
        return f"/bundles/{file.bundle.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        basket = await read(request, lambda c: _look(c, fields))
        return _page(request, basket, fields, shown_again(request, fields, error))


async def _look(c: Command, asked: Mapping[str, str]) -> Basket:
    items = []
    for place, product_id in enumerate(_products(asked)):
        product = await products.find(c.tx, product_id=product_id)
        if product is None:
            raise products.ProductMissing
        items.append(await _item(c, place, product, _of(asked, place)))
    return Basket(items=items, found=await _found(c, asked.get("find", ""), items))


async def _item(c: Command, place: int, product: Product, chosen: dict[str, str]) -> Item:
    choices = await find_choices(c, product.id)
    quoted, refused = None, None
    if "price_item" in chosen:
        try:
            quoted = await quote(c, product.id, choices, filled_in(Choice, chosen))
        except SHOWN_AGAIN as error:
            refused = error
    return Item(
        place=place,
        product=product,
        choices=choices,
        chosen={"quantity": "1"} | chosen,
        quoted=quoted,
        refused=refused,
    )


async def _found(c: Command, text: str, items: Sequence[Item]) -> list[Hit]:
    """Return products that a few words find, without those that are in it already."""
    if not text or len(items) >= MOST:
        return []
    held = {each.product.id for each in items}
    found = await finding.find_public(c, cleaned(text))
    return [hit for hit in found if hit.id not in held][:_FOUND_AT_MOST]


def _products(fields: Mapping[str, str]) -> list[uuid.UUID]:
    """Return the products that an address or a form names, in their order.

    :raises BundleDoubled: if one is named twice.
    :raises Missing: if it is no product's id.
    """
    try:
        found = [uuid.UUID(word) for word in fields.get("products", "").split()[:MOST]]
    except ValueError as error:
        raise Missing from error
    if len(set(found)) < len(found):
        raise BundleDoubled
    return found


def _of(fields: Mapping[str, str], place: int) -> dict[str, str]:
    """Return what was chosen for the product in a place."""
    return {name: fields[f"p{place}_{name}"] for name in _EACH if f"p{place}_{name}" in fields}


def _total(fields: Mapping[str, str]) -> int:
    told = fields.get("expected_total_fen", "")
    if not told.isascii() or not told.isdigit():
        raise FormFieldInvalid(errors=(FieldError("/expected_total_fen", "invalid", "a total"),))
    return int(told)


def _page(
    request: AnyRequest, basket: Basket, asked: Mapping[str, str], form: Shown
) -> Response[bytes]:
    held = " ".join(str(each.product.id) for each in basket.items)
    chosen = [
        (f"p{each.place}_{name}", each.chosen[name])
        for each in basket.items
        for name in _EACH
        if name in each.chosen
    ]
    return page(
        request,
        "bundle_new.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_HERE,
        basket=basket,
        held=held,
        chosen=chosen,
        typed=Shown(filled(None) | dict(asked), wrong=form.wrong, refused=form.refused),
        form=form,
        most=MOST,
    )
