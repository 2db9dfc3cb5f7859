"""Answer as CKAN's action API v3 does, so that its clients and harvesters read our catalogue.

In CKAN's own envelope, also where it refuses: a client that speaks to CKAN reads nothing else. Only
reading actions are there, and everybody gets the same, whatever token comes along.
"""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from catalog.formats import ckan
from catalog.formats.ckan import GROUP, ORGANISATION
from catalog.formats.ckan_query import (
    DEFAULT_ROWS,
    MAX_NAMES,
    MAX_ROWS,
    AskedLabels,
    CkanRefusal,
    flag,
    number,
    read_labels,
    read_search,
    text,
)
from catalog.kernel.errors import DomainError, Missing
from catalog.kernel.local_time import local_date
from catalog.search.disk import faults
from catalog.search.model import Count
from market.http.answers import answers, takes
from market.http.catalogue_dcat import site_of
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.wording import words
from market.public_catalogue.queries import facts, labels, lists

_JSON: Final = "application/json"
_PLACES: Final = ["/api/action/{action:str}", "/api/3/action/{action:str}"]

_SHOWN_OF_A_COLLECTION: Final = 1000

Given = Mapping[str, Any]


class CkanAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CKAN's envelope: what was asked for, or why not."""

    help: str
    success: bool
    result: Any = None
    error: dict[str, Any] | None = None


_SAYS: Final = answers(CkanAnswer, 200, 400, 404, 409, 410)
_Act = Callable[[Command, AnyRequest, Given], Awaitable[Any]]


class _NotFound(Exception):
    """CKAN's own: nothing of that name."""


@get(_PLACES, summary="An action of CKAN's API", tags=["catalogue formats"], opt=_SAYS)
async def ckan_action(request: AnyRequest, action: FromPath[str]) -> Response[bytes]:
    """Answer a reading action of CKAN's API v3; parameters stand in the address."""
    return await _answer(request, action, dict(request.query_params))


@post(
    _PLACES,
    summary="An action of CKAN's API, its parameters in a body",
    tags=["catalogue formats"],
    status_code=200,
    opt=takes(_JSON) | _SAYS,
)
async def ckan_action_in_body(request: AnyRequest, action: FromPath[str]) -> Response[bytes]:
    """Answer a reading action of CKAN's API v3; parameters stand in a JSON object."""
    try:
        given = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return _bad("JSON Error: No request body data")
    return await _answer(request, action, given)


async def _answer(request: AnyRequest, action: str, given: Given) -> Response[bytes]:
    act = _ACTIONS.get(action)
    if act is None:
        return _bad(f"Action name not known: {action[:100]}")
    help_address = f"{site_of(request).url}/api/3/action/help_show?name={action}"

    async def look(c: Command) -> Any:
        return await act(c, request, given)

    try:
        return _sent(200, ckan.done(help_address, await read(request, look)))
    except CkanRefusal as refused:
        return _sent(409, ckan.failed(help_address, "Validation Error", refused.said))
    except (_NotFound, Missing):
        said = {"message": "Not found"}
        return _sent(404, ckan.failed(help_address, "Not Found Error", said))
    except DomainError as refused:  # of a question, or a withdrawn product: in words
        is_gone = refused.code == "product_withdrawn"
        kind = "Not Found Error" if is_gone else "Search Query Error"
        said = {"message": f"{kind}: {words(refused.code, refused.facts).en}"}
        return _sent(410 if is_gone else 409, ckan.failed(help_address, kind, said))


def _bad(said: str) -> Response[bytes]:
    return _sent(400, ckan.failed("", "Bad Request", {"message": f"Bad request - {said}"}))


def _sent(status: int, content: Any) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type=_JSON,
        headers={"cache-control": "public, max-age=60" if status == 200 else "no-store"},  # noqa: PLR2004 - HTTP's own
    )


async def _package_search(c: Command, request: AnyRequest, given: Given) -> Any:
    asked = read_search(given)
    found = await faults.answered(
        c.context.search,
        lambda port: c.context.synonyms.answered(
            c.tx,
            lambda synonyms: lists.find_products(c.tx, asked, port=port, synonyms=synonyms),
        ),
    )
    site = site_of(request)
    shown = await facts.list_facts_of(c.tx, product_ids=found.product_ids, today=local_date(c.now))
    return {
        "count": found.total,
        "sort": text(given, "sort") or "score desc, metadata_modified desc",
        "results": [ckan.package(each, site) for each in shown],
        "facets": {
            field: {_facet_name(field, each): each.count for each in counts}
            for field, counts in found.facets.items()
        },
        "search_facets": {
            field: {
                "title": field,
                "items": [
                    {
                        "name": _facet_name(field, each),
                        "display_name": each.value,
                        "count": each.count,
                    }
                    for each in counts
                ],
            }
            for field, counts in found.facets.items()
        },
    }


def _facet_name(field: str, counted: Count) -> str:
    kind = {"organization": ORGANISATION, "groups": GROUP}.get(field)
    return counted.value if kind is None else ckan.name_of(kind, counted.value)


async def _package_show(c: Command, request: AnyRequest, given: Given) -> Any:
    name = _named(given, "id", "name_or_id")
    try:
        product_id = uuid.UUID(name)
    except ValueError as error:
        raise _NotFound from error
    found = await facts.get_facts(c.tx, product_id=product_id, today=local_date(c.now))
    return ckan.package(found, site_of(request))


async def _package_list(c: Command, _request: AnyRequest, given: Given) -> Any:
    start, limit = number(given, "offset", 0), number(given, "limit", MAX_NAMES)
    if "limit" not in given and await labels.count_products(c.tx) > MAX_NAMES:
        raise CkanRefusal("limit", f"There are more than {MAX_NAMES}: give limit and offset")
    return [str(each) for each in await labels.list_ids(c.tx, start=start, limit=_cap(limit))]


async def _package_list_with_resources(c: Command, request: AnyRequest, given: Given) -> Any:
    start, limit = number(given, "offset", 0), number(given, "limit", DEFAULT_ROWS)
    ids = await labels.list_ids(c.tx, start=start, limit=min(limit, MAX_ROWS))
    shown = await facts.list_facts_of(c.tx, product_ids=ids, today=local_date(c.now))
    site = site_of(request)
    return [ckan.package(each, site) for each in shown]


async def _resource_show(c: Command, request: AnyRequest, given: Given) -> Any:
    name = _named(given, "id")
    shown = await _package_show(c, request, {"id": name.rpartition("-")[0] or name})
    for resource in shown["resources"]:
        if resource["id"] == name:
            return resource
    raise _NotFound


async def _organization_list(c: Command, _request: AnyRequest, given: Given) -> Any:
    return await _collections(c, ORGANISATION, given)


async def _group_list(c: Command, _request: AnyRequest, given: Given) -> Any:
    return await _collections(c, GROUP, given)


async def _collections(c: Command, kind: str, given: Given) -> Any:
    asked = read_labels(given, names=f"{kind}s")
    found = await _labels(c, kind, asked)
    if asked.is_whole:
        return [ckan.collection(kind, each.value, each.count) for each in found]
    return [ckan.name_of(kind, each.value) for each in found]


async def _labels(c: Command, kind: str, asked: AskedLabels) -> list[Count]:
    """Return the labels that are asked for.

    :raises CkanRefusal: if there are too many to be had at once by somebody who asks for all.
    """
    if asked.is_whole or asked.is_limited:
        return await labels.list_labels(c.tx, kind, asked)
    one_more = msgspec.structs.replace(asked, limit=asked.limit + 1)
    found = await labels.list_labels(c.tx, kind, one_more)
    if len(found) > asked.limit:
        raise CkanRefusal("limit", f"There are more than {asked.limit}: give limit and offset")
    return found


async def _organization_show(c: Command, request: AnyRequest, given: Given) -> Any:
    return await _collection(c, request, ORGANISATION, given)


async def _group_show(c: Command, request: AnyRequest, given: Given) -> Any:
    return await _collection(c, request, GROUP, given)


async def _collection(c: Command, request: AnyRequest, kind: str, given: Given) -> Any:
    name = _named(given, "id")
    found = await labels.find_collection(c.tx, kind, name=name)
    if found is None:
        raise _NotFound
    shown = ckan.collection(kind, found.value, found.count)
    if flag(given, "include_datasets"):
        shown["packages"] = await _packages(c, request, kind, found.value)
    return shown


async def _tag_list(c: Command, _request: AnyRequest, given: Given) -> Any:
    if given.get("vocabulary_id"):
        raise _NotFound  # there are free tags alone
    asked = read_labels(given)
    found = await _labels(c, labels.TAG, asked)
    return [ckan.tag(each.value) if asked.is_whole else each.value for each in found]


async def _tag_search(c: Command, _request: AnyRequest, given: Given) -> Any:
    found = await _tags_like(c, given)
    start = number(given, "offset", 0)
    shown = found[start : start + number(given, "limit", MAX_NAMES)]
    return {"count": len(found), "results": [ckan.tag(each) for each in shown]}


async def _tag_autocomplete(c: Command, _request: AnyRequest, given: Given) -> Any:
    return (await _tags_like(c, given))[: number(given, "limit", DEFAULT_ROWS)]


async def _tags_like(c: Command, given: Given) -> list[str]:
    """Return the tags in which a word stands, which clients of CKAN call by either name."""
    if given.get("vocabulary_id"):
        raise _NotFound  # there are free tags alone
    asked = read_labels({"query": _named(given, "query", "q")})
    return [each.value for each in await labels.list_labels(c.tx, labels.TAG, asked)]


async def _tag_show(c: Command, request: AnyRequest, given: Given) -> Any:
    word = _named(given, "id")
    if given.get("vocabulary_id") or not await labels.count_label(c.tx, labels.TAG, word):
        raise _NotFound
    shown = ckan.tag(word)
    if flag(given, "include_datasets"):
        shown["packages"] = await _packages(c, request, labels.TAG, word)
    return shown


async def _packages(c: Command, request: AnyRequest, kind: str, value: str) -> list[ckan.Node]:
    found = await labels.list_ids_with(c.tx, kind, value, limit=_SHOWN_OF_A_COLLECTION)
    shown = await facts.list_facts_of(c.tx, product_ids=found, today=local_date(c.now))
    site = site_of(request)
    return [ckan.package(each, site) for each in shown]


async def _status_show(_c: Command, request: AnyRequest, _given: Given) -> Any:
    return ckan.status(site_of(request))


async def _site_read(_c: Command, _request: AnyRequest, _given: Given) -> Any:
    return True  # everybody may; clients ask before they read


async def _help_show(_c: Command, request: AnyRequest, given: Given) -> Any:
    name = _named(given, "name")
    if name not in _ACTIONS:
        raise _NotFound
    query = urllib.parse.quote(name)
    return f"{name}: docs.ckan.org/en/2.11/api; {site_of(request).url}/api/3/action/{query}"


def _named(given: Given, *fields: str) -> str:
    for field in fields:
        if name := text(given, field):
            return name
    raise CkanRefusal(fields[0], "Missing value")


def _cap(limit: int) -> int:
    return min(limit, MAX_NAMES)


_ACTIONS: Final[Mapping[str, _Act]] = {
    "package_search": _package_search,
    "package_show": _package_show,
    "package_list": _package_list,
    "current_package_list_with_resources": _package_list_with_resources,
    "resource_show": _resource_show,
    "organization_list": _organization_list,
    "organization_show": _organization_show,
    "group_list": _group_list,
    "group_show": _group_show,
    "tag_list": _tag_list,
    "tag_show": _tag_show,
    "tag_search": _tag_search,
    "tag_autocomplete": _tag_autocomplete,
    "site_read": _site_read,
    "status_show": _status_show,
    "help_show": _help_show,
}
