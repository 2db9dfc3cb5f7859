"""Serve the pages that everybody may read: catalogue, notice board, certificates, price list."""

from __future__ import annotations

import enum
import functools
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import queries as certificates
from catalog.certificates import states as certificate_states
from catalog.certificates.model import CertificateSummary, PublicCertificate
from catalog.certificates.number import is_well_formed
from catalog.certificates.standing import (
    InstantStillToCome,
    InstantUnreadable,
    Standing,
    instant_of,
)
from catalog.kernel.errors import DomainError, Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.notices import queries as notices
from catalog.notices import states as notice_states
from catalog.notices.board import BoardPosting
from catalog.notices.model import PublicNotice
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.recognition import queries as recognition
from catalog.recognition.model import PublicForeignCertificate
from catalog.recognition.states import State as Foreign
from catalog.search import queries as search
from catalog.search.model import FACETS, Count, Filters, Found
from catalog.search.question import SearchQuestionTooLong, SearchQuestionUnreadable
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.http.problem import status_of
from market.http.wording import words
from market.listings import queries as listings
from market.portal import static_files
from market.portal.register_reasons import reason_of
from market.portal.render import OWN_SCRIPT, go, language_of, page
from market.portal.show import address, cleaned
from market.portal.wording import Speaker
from market.pricing import queries as pricing
from market.pricing.model import Filing, PriceItem, PriceListLine
from seeds.synonyms import load_synonyms

_PAGE_SIZE: Final = 20
_DIGEST: Final = re.compile(r"[0-9A-F]{64}")
_WALL_CLOCK: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_NOTICES_AT_HOME: Final = 5
_PRICES_OF_A_PRODUCT: Final = 100
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# The filter's name in an address, and the facet that it narrows.
_FACET_OF: Final = {"supplier": "supplier_name"} | {
    facet: facet for facet in FACETS if facet != "supplier_name"
}
_SHOWN_FACETS: Final = (
    "form", "theme", "industry", "region", "update_cycle", "level", "supplier", "source",
)  # fmt: skip

Link = Callable[..., str]
_State = TypeVar("_State", bound=enum.StrEnum)


class Home(msgspec.Struct, frozen=True):
    """What the first page shows."""

    total: int
    facets: dict[str, list[Count]]
    latest: list[PublicNotice]
    certificates: Mapping[str, int]
    notices: Mapping[str, int]
    price_lines: int


class Shelf(msgspec.Struct, frozen=True):
    """What a search found, and from what price each product is had."""

    found: Found
    lowest: Mapping[uuid.UUID, PriceItem]


class Offer(msgspec.Struct, frozen=True):
    """A product with all that is public around it."""

    product: Product
    certificates: list[CertificateSummary]
    prices: list[PriceListLine]
    filing: Filing | None
    is_listed: bool
    foreign: list[PublicForeignCertificate]

    @property
    def scenario_names(self) -> dict[str, str]:
        """Return the supplier's own words for the codes of its scenarios."""
        return _scenario_names(self.product)

    @property
    def certificate(self) -> CertificateSummary | None:
        """Return the newest certificate, whatever its state."""
        return self.certificates[-1] if self.certificates else None


class PriceBoard(msgspec.Struct, frozen=True):
    """A page of the price list, and what the scenarios on it are called."""

    lines: list[PriceListLine]
    next_cursor: str | None
    names: Mapping[uuid.UUID, dict[str, str]]

    def scenario_of(self, line: PriceListLine) -> str:
        """Return what a line's scenario is called by the supplier of its product."""
        return self.names[line.product_id].get(line.scenario, line.scenario)


@get("/", include_in_schema=False)
async def home(request: AnyRequest) -> Response[bytes]:
    """Show the first page: search, categories, the latest notices, figures that lead to lists."""

    async def look(c: Command) -> Home:
        found = await search.search(c.tx, port=c.context.search, limit=1)
        latest = await notices.list_public(
            c.tx,
            now=c.now,
            calendar=c.calendar,
            state=notice_states.State.RUNNING,
            limit=_NOTICES_AT_HOME,
        )
        return Home(
            total=found.total,
            facets=found.facets,
            latest=latest.items,
            certificates=await certificates.count_by_state(c.tx),
            notices=await notices.count_by_state(c.tx),
            price_lines=await pricing.count_prices(c.tx),
        )

    return page(request, "home.html", home=await read(request, look))


@get("/products", include_in_schema=False)
async def list_products(
    request: AnyRequest,
    *,
    q: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what a search finds, with filters and their counts (搜索、筛选)."""
    given = {name: cleaned(request.query_params.get(name)) for name in _FACET_OF}
    filters = Filters(**{_FACET_OF[name]: value for name, value in given.items()})

    async def look(c: Command) -> Shelf:
        found = await search.search(
            c.tx,
            port=c.context.search,
            text=q,
            synonyms=load_synonyms(),
            filters=filters,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )
        ids = [hit.id for hit in found.items]
        return Shelf(found, await pricing.find_lowest_prices(c.tx, product_ids=ids))

    shelf, refused = (
        Shelf(Found(items=[], total=0, facets={}, next_cursor=None, terms=[]), {}),
        None,
    )
    try:
        shelf = await read(request, look)
    except (SearchQuestionTooLong, SearchQuestionUnreadable) as error:
        refused = error
    return page(
        request,
        "products.html",
        status=200 if refused is None else status_of(refused),
        q=q if refused is None else "",
        shelf=shelf,
        found=shelf.found,
        refused=None if refused is None else _said(request, refused),
        active={name: value for name, value in given.items() if value},
        shown_facets=[
            (name, shelf.found.facets.get(_FACET_OF[name], [])) for name in _SHOWN_FACETS
        ],
        link=_linker("/products", {"q": q, **given}),
        is_continued=bool(cursor),
    )


@get("/products/{product_id:uuid}", include_in_schema=False)
async def show_product(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one product: what it is, for what, from what, certified or not, at what price."""

    async def look(c: Command) -> Offer:
        prices = await pricing.list_prices(c.tx, product_id=product_id, limit=_PRICES_OF_A_PRODUCT)
        return Offer(
            product=await products.get(c.tx, viewer=c.actor, product_id=product_id),
            certificates=await certificates.list_of_product(c.tx, product_id),
            prices=prices.items,
            filing=await pricing.find_any_effective(c.tx, product_id=product_id),
            foreign=(
                await recognition.list_page(
                    c.tx, today=local_date(c.now), product_id=product_id, state=Foreign.RECOGNISED
                )
            ).items,
            is_listed=await listings.find_listed(c.tx, product_id=product_id) is not None,
        )

    offer = await read(request, look)
    return page(request, "product.html", offer=offer, product=offer.product)


@get("/notices", include_in_schema=False)
async def list_notices(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the notice board (公示栏): what runs, how many working days are left, what is over."""
    wanted = _one_of(notice_states.State, request.query_params.get("status"))

    async def look(c: Command) -> Page[PublicNotice]:
        return await notices.list_public(
            c.tx,
            now=c.now,
            calendar=c.calendar,
            state=wanted,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    return page(
        request,
        "notices.html",
        board=await read(request, look),
        states=list(notice_states.State),
        wanted=wanted,
        link=_linker("/notices", {"status": wanted}),
        is_continued=bool(cursor),
    )


@get("/notices/{notice_id:uuid}", include_in_schema=False)
async def show_notice(request: AnyRequest, notice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one notice (公示), while it runs and ever after."""

    async def look(c: Command) -> PublicNotice:
        return await notices.get_public(c.tx, notice_id=notice_id, now=c.now, calendar=c.calendar)

    return page(request, "notice.html", notice=await read(request, look))


@get("/notice-board/{posting_id:uuid}", include_in_schema=False)
async def show_posting(request: AnyRequest, posting_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show what an operator posted here, when this is the bureau's site (公示栏)."""

    async def look(c: Command) -> BoardPosting:
        return await notices.get_board_posting(c.tx, posting_id=posting_id)

    return page(request, "board_posting.html", posting=await read(request, look))


@get("/certificates", include_in_schema=False)
async def list_certificates(
    request: AnyRequest,
    *,
    number: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Take a certificate's number to be checked, and show the register (登记簿)."""
    if typed := _number(number):
        return go(f"/certificates/{_as_path(await _named(request, typed))}")
    wanted = _one_of(certificate_states.State, request.query_params.get("status"))

    async def look(c: Command) -> Page[CertificateSummary]:
        return await certificates.list_public(
            c.tx, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "certificates.html",
        register=await read(request, look),
        states=list(certificate_states.State),
        wanted=wanted,
        link=_linker("/certificates", {"status": wanted}),
        is_continued=bool(cursor),
    )


async def _named(request: AnyRequest, typed: str) -> str:
    """Return the number that was typed, or that of the document whose digest was."""
    if not _DIGEST.fullmatch(typed):
        return typed

    async def look(c: Command) -> str | None:
        return await certificates.find_number_by_sha256(c.tx, typed)

    return await read(request, look) or typed


class _Looked(msgspec.Struct, frozen=True):
    """A certificate, whether the reader holds it, and what was asked about an instant."""

    certificate: PublicCertificate
    is_holder: bool
    standing: Standing | None = None
    refused: InstantUnreadable | InstantStillToCome | None = None


@get("/certificates/{number:str}", include_in_schema=False)
async def show_certificate(
    request: AnyRequest, number: FromPath[str], at: FromQuery[str | None] = None
) -> Response[bytes]:
    """Verify a certificate by its number (验真): in words, and how to check it without us.

    ``at`` asks for another instant than now, as a form of a browser writes it or with its offset.
    """
    typed = _number(number) or ""
    if not is_well_formed(typed):
        return _unknown_certificate(request, typed, is_well_formed=False)
    if typed != number:
        return go(f"/certificates/{_as_path(typed)}")

    async def look(c: Command) -> _Looked | None:
        try:
            public = await certificates.get_public(c.tx, typed)
        except Missing:
            return None
        holder = await certificates.find(c.tx, typed)
        is_holder = holder is not None and holder.registrant_party_id == c.actor.party_id
        if not at:
            return _Looked(public, is_holder)
        try:
            instant = instant_of(_with_offset(at), now=c.now)
        except (InstantUnreadable, InstantStillToCome) as refused:
            return _Looked(public, is_holder, refused=refused)
        standing = await certificates.get_standing(c.tx, typed, at=instant)
        return _Looked(public, is_holder, standing)

    looked = await read(request, look)
    if looked is None:
        return _unknown_certificate(request, typed, is_well_formed=True)
    found, refused = looked.certificate, looked.refused
    wiring = context(request)
    public_url = wiring.settings.public_url.rstrip("/")
    return page(
        request,
        "certificate.html",
        status=200 if refused is None else status_of(refused),
        headers=OWN_SCRIPT,
        reason_of=functools.partial(reason_of, speak=Speaker(language_of(request))),
        refusal=None if refused is None else words(refused.code, refused.facts),
        signed_beside=sorted(wiring.certificate_signers),
        is_witnessed=wiring.witnesses is not None,
        is_stamped=wiring.timestamping is not None,
        certificate=found,
        content=found.content,
        standing=looked.standing,
        may_have_bundle=looked.is_holder and actor(request).may("proof_bundle:issue"),
        asked_at=at or "",
        file_address=f"/api/v1/certificates/{typed}",
        file_url=f"{public_url}/api/v1/certificates/{typed}",
    )


@get("/price-list", include_in_schema=False)
async def show_price_list(
    request: AnyRequest,
    *,
    scenario: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the public price list by scenario (价格清单, GD-07)."""
    wanted = cleaned(scenario)

    async def look(c: Command) -> PriceBoard:
        found = await pricing.list_prices(
            c.tx, scenario=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )
        names = {
            product_id: _scenario_names(await products.find(c.tx, product_id=product_id))
            for product_id in {line.product_id for line in found.items}
        }
        return PriceBoard(found.items, found.next_cursor, names)

    return page(
        request,
        "price_list.html",
        prices=await read(request, look),
        wanted=wanted,
        link=_linker("/price-list", {"scenario": wanted}),
        is_continued=bool(cursor),
    )


@get("/static/{path:path}", include_in_schema=False)
async def get_static(path: FromPath[str]) -> Response[bytes]:
    """Return a packaged file; its name holds a digest of its bytes, so that it never changes.

    :raises Missing: if there is none of that name.
    """
    found = static_files.all_files().get(path.removeprefix("/"))
    if found is None:
        raise Missing
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "cache-control": _FOR_EVER,
            "content-security-policy": "default-src 'none'",
        },
    )


def _scenario_names(product: Product | None) -> dict[str, str]:
    # A product that was taken back is not public any more; its prices still name its scenarios.
    if product is None or product.description is None:
        return {}
    return {each.code: each.description for each in product.description.scenarios}


def _unknown_certificate(
    request: AnyRequest, number: str, *, is_well_formed: bool
) -> Response[bytes]:
    return page(
        request,
        "certificate_unknown.html",
        status=404,
        number=number,
        is_well_formed=is_well_formed,
    )


def _number(typed: str | None) -> str | None:
    # People type full width, small letters and blanks; a number has none of them.
    folded = unicodedata.normalize("NFKC", typed or "").upper()
    return cleaned("".join(folded.split()))


def _with_offset(given: str) -> str:
    # A form writes the time of a clock on the wall: here that of Beijing.
    return f"{given}+08:00" if _WALL_CLOCK.fullmatch(given) else given


def _as_path(number: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "_" for c in number)


def _one_of(states: type[_State], given: str | None) -> _State | None:
    return next((state for state in states if state.value == given), None)


def _linker(path: str, query: Mapping[str, str | None]) -> Link:
    # A link keeps what was asked and changes a part; the place in the old list goes.
    return lambda **changes: address(path, {**query, **changes})


def _said(request: AnyRequest, error: DomainError) -> str:
    wording = words(error.code, error.facts)
    return wording.en if language_of(request) == "en" else wording.zh
