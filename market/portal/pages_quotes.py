"""Let suppliers quote, and buyers compare and choose (受邀报价、比较、选定)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products import queries as products
from market.contracts import price_duty
from market.contracts.policy import ClausesChosen
from market.contracts.templates import TemplateKind, template_of
from market.demand_posts import queries as demands
from market.demand_posts.model import DemandPosting
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.demand_posts import SayWhy
from market.http.quotes import AcceptQuote
from market.identity import queries as identity
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.pages_demands import end_of
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of, scenario_names
from market.pricing import queries as pricing
from market.pricing.model import Filing
from market.pricing.states import IN_FORCE
from market.quotes import queries
from market.quotes.model import QuoteOffered, QuoteRequest, RequestFile
from market.quotes.operations import deciding, inviting, quoting
from market.quotes.states import State

_PATH: Final = "/quote-requests"
_ONE: Final = _PATH + "/{request_id:uuid}"
_PAGE_SIZE: Final = 20
_MOST_OFFERED: Final = 100
# What a form fills in: the terms for handing data over, which most quotes are about.
_CLAUSES: Final = ClausesChosen(template=TemplateKind.PROVISION.value, version=1, parameters={})


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier may quote: a product, an item of its filed prices, a scenario."""

    value: str
    product: str
    filing: Filing
    item: str
    scenario: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A request as its buyer or an invited supplier sees it."""

    file: RequestFile
    posting: DemandPosting | None  # None: the demand is not shown any more
    is_buyer: bool
    choices: list[Choice]
    names: Mapping[PartyId, str]


@get(_PATH, include_in_schema=False)
async def list_quote_requests(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the requests of one's own party and those to it."""
    wanted = one_of(State, status)

    async def look(c: Command) -> Page[QuoteRequest]:
        return await queries.list_requests(
            c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "quote_requests.html",
        cache=NOT_KEPT,
        found=await read(request, look),
        states=list(State),
        wanted=wanted,
        link=linker(_PATH, {"status": wanted and wanted.value}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_quote_request(
    request: AnyRequest, request_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show what is asked, one's own quote and its form, or the opened quotes side by side."""
    return _page(request, await read(request, lambda c: _look(c, request_id)), BLANK)


@post(f"{_ONE}/quotes", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_quote_in(request: AnyRequest, request_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Quote, or replace one's own quote."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        file = await queries.get_file(c.tx, viewer=c.actor, request_id=request_id)
        posting = await demands.get_posting(c.tx, post_id=file.request.post_id)
        amount = await _amount(c, fields, posting)
        await quoting.submit(
            c.tx,
            actor=c.actor,
            now=c.now,
            request_id=request_id,
            offered=filled_in(QuoteOffered, _offered(fields, posting, amount)),
        )

    return await _submit(request, request_id, act)


@post(f"{_ONE}/retractions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def take_quote_back(request: AnyRequest, request_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take one's own quote back before the deadline."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        quote_id = filled_in(AcceptQuote, fields).quote_id
        await quoting.withdraw(c.tx, actor=c.actor, now=c.now, quote_id=quote_id)

    return await _submit(request, request_id, act)


@post(f"{_ONE}/acceptances", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def choose_quote(request: AnyRequest, request_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Choose one of the opened quotes."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        quote_id = filled_in(AcceptQuote, fields).quote_id
        await deciding.accept(
            c.tx, actor=c.actor, now=c.now, request_id=request_id, quote_id=quote_id
        )

    return await _submit(request, request_id, act)


@post(f"{_ONE}/declinations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def choose_none(request: AnyRequest, request_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Choose none of the opened quotes, and say why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(SayWhy, fields).reason
        await deciding.decline(c.tx, actor=c.actor, now=c.now, request_id=request_id, reason=reason)

    return await _submit(request, request_id, act)


@post(f"{_ONE}/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def take_request_back(
    request: AnyRequest, request_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take a request back, and say why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(SayWhy, fields).reason
        await inviting.withdraw(
            c.tx, actor=c.actor, now=c.now, request_id=request_id, reason=reason
        )

    return await _submit(request, request_id, act)


async def _amount(c: Command, fields: Mapping[str, str], posting: DemandPosting) -> int | str:
    """Return what the quote costs: as it was typed, or the filed price if nothing was."""
    typed = fields.get("amount_yuan", "")
    if typed:
        fen = price_duty.fen(typed if "." in typed else f"{typed}.00")
        return typed if fen is None else fen
    product, item, scenario = _chosen(fields)
    quantity = fields.get("quantity", "1")
    try:
        product_id = uuid.UUID(product)
    except ValueError:
        return typed
    if not quantity.isdigit():
        return typed
    filed = await pricing.compute_price(
        c.tx,
        product_id=product_id,
        use_category=posting.use_category,
        scenario=scenario,
        price_item=item,
        quantity=int(quantity),
    )
    return filed.amount_fen


def _chosen(fields: Mapping[str, str]) -> tuple[str, str, str]:
    product, _, rest = fields.get("choice", "").partition("|")
    item, _, scenario = rest.partition("|")
    return product, item, scenario


def _offered(
    fields: Mapping[str, str], posting: DemandPosting, amount: int | str
) -> dict[str, Any]:
    """Return what the form says as what the interface takes; what it asks for comes from the demand."""
    product, item, scenario = _chosen(fields)
    terms = {
        "price_item": item,
        "quantity": fields.get("quantity", "1"),
        "purpose": posting.purpose,
        "scenario": scenario,
        "delivery_mode": fields.get("delivery_mode", posting.delivery_modes[0].value),
        "use_category": posting.use_category.value,
        "ends_at": end_of(posting.wanted_to.isoformat()),
        "valid_until": end_of(fields.get("valid_until")),
        "clauses": {
            "template": _CLAUSES.template,
            "version": _CLAUSES.version,
            "parameters": {
                name: fields.get(f"clause:{name}", "") for name in template_of(_CLAUSES).parameters
            },
        },
    }
    said: dict[str, Any] = {
        "product_id": product,
        "terms": {name: value for name, value in terms.items() if value is not None},
        "amount_fen": amount,
        "special_price_reason": fields.get("special_price_reason", ""),
        "related_party_ids": fields.get("related", "").replace(",", " ").split(),
        "note": fields.get("note", ""),
    }
    return said | ({"replaces": fields["replaces"]} if "replaces" in fields else {})


async def _submit(
    request: AnyRequest,
    request_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        sheet = await read(request, lambda c: _look(c, request_id))
        return _page(request, sheet, form)

    return await run_step(request, act, place=f"{_PATH}/{request_id}", again=again)


def _page(request: AnyRequest, sheet: Sheet, form: Shown) -> Response[bytes]:
    place = f"{_PATH}/{sheet.file.request.id}"
    own = next((each for each in sheet.file.quotes if each.is_standing), None)
    return page(
        request,
        "quote_request.html",
        status=form.status,
        cache=NOT_KEPT,
        at=place,
        sheet=sheet,
        asked=sheet.file.request,
        posting=sheet.posting,
        own=None if sheet.is_buyer else own,
        clauses=template_of(_CLAUSES).parameters,
        place=place,
        form=form,
    )


async def _look(c: Command, request_id: uuid.UUID) -> Sheet:
    file = await queries.get_file(c.tx, viewer=c.actor, request_id=request_id)
    shown = await demands.find_postings(c.tx, post_ids=[file.request.post_id])
    is_buyer = file.request.buyer_party_id == c.actor.party_id
    may_quote = c.actor.may("quote:submit") and not is_buyer and file.request.state is State.OPEN
    parties = await identity.get_parties(
        c.tx,
        {each.supplier_party_id for each in file.invited}
        | ({file.request.buyer_party_id} if file.request.buyer_party_id else set()),
    )
    return Sheet(
        file=file,
        posting=shown.get(file.request.post_id),
        is_buyer=is_buyer,
        choices=await _choices(c) if may_quote else [],
        names={party_id: party.name for party_id, party in parties.items()},
    )


async def _choices(c: Command) -> list[Choice]:
    """Return what the viewer's party may quote: each item of its prices in effect, by scenario."""
    filings = await pricing.list_filings(c.tx, viewer=c.actor, limit=_MOST_OFFERED)
    found = []
    for filing in filings.items:
        product = await products.find(c.tx, product_id=filing.product_id)
        if filing.state not in IN_FORCE or product is None or not product.is_public:
            continue
        found += [
            Choice(
                value=f"{filing.product_id}|{item.code}|{scenario}",
                product=product.name,
                filing=filing,
                item=item.code,
                scenario=scenario_names(product).get(scenario, scenario),
            )
            for item in filing.terms.price_items
            for scenario in filing.terms.scenarios
        ]
    return found
