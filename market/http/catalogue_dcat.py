"""Give the public catalogue and each product of it as DCAT-AP 3, in JSON-LD, Turtle and RDF/XML (目录交换)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.formats import dcat, rdf_xml, turtle
from catalog.formats.dcat import JSON_LD, RDF_XML, TURTLE
from catalog.formats.facts import Facts, Site
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.http.answers import sends
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.feed import feed_answer
from market.public_catalogue.queries import facts as queries

_SUFFIX: Final = {JSON_LD: "jsonld", TURTLE: "ttl", RDF_XML: "rdf"}


@get(
    "/catalogue.jsonld",
    summary="The catalogue as DCAT-AP, JSON-LD",
    tags=["catalogue formats"],
    opt=sends(JSON_LD, "etag", statuses=(200, 304)),
)
async def catalogue_jsonld(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the catalogue as DCAT-AP 3.0 in JSON-LD; ``hydra:next`` leads on."""
    return await _catalogue(request, JSON_LD, cursor)


@get(
    "/catalogue.ttl",
    summary="The catalogue as DCAT-AP, Turtle",
    tags=["catalogue formats"],
    opt=sends(f"{TURTLE}; charset=utf-8", "etag", statuses=(200, 304)),
)
async def catalogue_turtle(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the catalogue as DCAT-AP 3.0 in Turtle; ``hydra:next`` leads on."""
    return await _catalogue(request, TURTLE, cursor)


@get(
    "/catalogue.rdf",
    summary="The catalogue as DCAT-AP, RDF/XML",
    tags=["catalogue formats"],
    opt=sends(RDF_XML, "etag", statuses=(200, 304)),
)
async def catalogue_rdf_xml(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the catalogue as DCAT-AP 3.0 in RDF/XML; ``hydra:next`` leads on."""
    return await _catalogue(request, RDF_XML, cursor)


@get(
    "/products/{product_id:uuid}/dcat.jsonld",
    summary="A product as DCAT-AP, JSON-LD",
    tags=["catalogue formats"],
    opt=sends(JSON_LD, "etag", statuses=(200, 304), refusals=(404, 410)),
)
async def product_jsonld(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a public product as DCAT-AP 3.0 in JSON-LD, with its offer in ODRL."""
    return await _product(request, JSON_LD, product_id)


@get(
    "/products/{product_id:uuid}/dcat.ttl",
    summary="A product as DCAT-AP, Turtle",
    tags=["catalogue formats"],
    opt=sends(f"{TURTLE}; charset=utf-8", "etag", statuses=(200, 304), refusals=(404, 410)),
)
async def product_turtle(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a public product as DCAT-AP 3.0 in Turtle, with its offer in ODRL."""
    return await _product(request, TURTLE, product_id)


@get(
    "/products/{product_id:uuid}/dcat.rdf",
    summary="A product as DCAT-AP, RDF/XML",
    tags=["catalogue formats"],
    opt=sends(RDF_XML, "etag", statuses=(200, 304), refusals=(404, 410)),
)
async def product_rdf_xml(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a public product as DCAT-AP 3.0 in RDF/XML, with its offer in ODRL."""
    return await _product(request, RDF_XML, product_id)


def site_of(request: AnyRequest) -> Site:
    """Return where this service is on the web."""
    return Site(context(request).settings.public_url.rstrip("/"))


async def facts_of(request: AnyRequest, product_id: uuid.UUID) -> Facts:
    """Return the public facts of a product.

    :raises ProductMissing: if there is none.
    :raises ProductWithdrawn: if it was public and was taken back.
    """

    async def look(c: Command) -> Facts:
        return await queries.get_facts(c.tx, product_id=product_id, today=local_date(c.now))

    return await read(request, look)


async def _product(request: AnyRequest, media_type: str, product_id: uuid.UUID) -> Response[bytes]:
    document = dcat.product(await facts_of(request, product_id), site_of(request))
    return feed_answer(request, _written(document, media_type), media_type)


async def _catalogue(request: AnyRequest, media_type: str, cursor: str | None) -> Response[bytes]:
    async def look(c: Command) -> Page[Facts]:
        return await queries.list_facts(
            c.tx, today=local_date(c.now), limit=dcat.PAGE, cursor=cursor
        )

    page = await read(request, look)
    site, suffix = site_of(request), _SUFFIX[media_type]
    address = f"{site.catalogue}.{suffix}"
    document = dcat.catalogue(
        page.items,
        site,
        address=address if cursor is None else f"{address}?cursor={cursor}",
        next_address=None if page.next_cursor is None else f"{address}?cursor={page.next_cursor}",
        suffix=suffix,
    )
    return feed_answer(request, _written(document, media_type), media_type)


def _written(document: dict[str, Any], media_type: str) -> bytes:
    if media_type == TURTLE:
        return turtle.write(document).encode()
    if media_type == RDF_XML:
        return rdf_xml.write(document).encode()
    return msgspec.json.encode(document)
