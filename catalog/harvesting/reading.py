"""Read a page of a source in a process apart: what strangers wrote meets no database and no key."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from catalog.formats import reading_ckan, reading_dcat
from catalog.formats.reading_dcat import CatalogueUnreadable, ContextRemote, Skipped
from catalog.harvesting.model import Kind
from catalog.kernel.caged import Task, by_code
from catalog.products.imports import Record

#: So many packages are asked of a CKAN at once.
ROWS: Final = 100
_SEARCH: Final = "/api/3/action/package_search"


class PageGiven(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is, and from where."""

    kind: Kind
    media_type: str
    address: str
    source: str


class PageLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a page holds."""

    record: Record | None = None
    skipped: Skipped | None = None
    next_address: str | None = None


def first_address(kind: Kind, url: str) -> str:
    """Return the address of a source's first page."""
    if kind is Kind.DCAT:
        return url
    base = url.rstrip("/").removesuffix(_SEARCH)
    query = urllib.parse.urlencode({"rows": ROWS, "start": 0, "sort": "name asc"})
    return f"{base}{_SEARCH}?{query}"


def read_page(given: PageGiven, source: BinaryIO) -> Iterator[PageLine]:
    """Yield the records of a page, what was skipped, and the next page's address if there is one.

    :raises CatalogueUnreadable: if it is not what the source should speak.
    :raises ContextRemote: if it can only be read by fetching something else.
    """
    data = source.read()
    if given.kind is Kind.CKAN:
        page, count = reading_ckan.read(data, source=given.source)
        taken = len(page.records) + len(page.skipped)
        following = _next_of_ckan(given.address, taken, count)
    else:
        page = reading_dcat.read(data, given.media_type, source=given.source)
        following = page.next_address and urllib.parse.urljoin(given.address, page.next_address)
    for record in page.records:
        yield PageLine(record=record)
    for each in page.skipped:
        yield PageLine(skipped=each)
    if following:
        yield PageLine(next_address=following)


def _next_of_ckan(address: str, taken: int, count: int) -> str | None:
    parts = urllib.parse.urlsplit(address)
    asked = dict(urllib.parse.parse_qsl(parts.query))
    start = int(asked.get("start", "0")) + taken
    if not taken or start >= count:
        return None
    return parts._replace(query=urllib.parse.urlencode({**asked, "start": start})).geturl()


PAGE: Final = Task(
    where="catalog.harvesting.reading:PAGE",
    given=PageGiven,
    line=PageLine,
    work=read_page,
    refusals=by_code(CatalogueUnreadable, ContextRemote),
    unreadable=CatalogueUnreadable,
    loads=(
        "rdflib",
        "rdflib.plugins.parsers.jsonld",
        "rdflib.plugins.parsers.notation3",
        "rdflib.plugins.parsers.rdfxml",
        "xml.sax.expatreader",
        "rdflib.plugins.stores.memory",
    ),
)
