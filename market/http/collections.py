"""Curate collections of products, and follow what is curated (专题集合, F36)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.feeds import ATOM_TYPE, JSON_TYPE, Entry, Feed, atom, json_feed
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.collections import operations, queries
from market.collections.model import Collection, Draft, Head
from market.http.answers import answers, creates, sends
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    expected_version,
    read,
)
from market.http.context import AnyRequest, context
from market.http.feed import FEED_LENGTH, feed_answer


class WithdrawCollection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a collection is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


@post(
    "/api/v1/collections",
    summary="Draft a collection",
    tags=["collections"],
    opt=creates(Collection, version=True),
)
async def draft_collection(request: AnyRequest, data: JSONBody[Draft]) -> Response[bytes]:
    """Draft a collection of products: a supplier of its own, the operator of any."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await operations.draft(c.tx, actor=c.actor, now=c.now, draft=data)
        return created(made, f"/api/v1/collections/{made.head.id}", made.head.version)

    return await command(request, act)


@get("/api/v1/collections", summary="Collections", tags=["collections"], opt=answers(Page[Head]))
async def list_collections(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the collections that are published, the newest first."""

    async def look(c: Command) -> Page[Head]:
        return await queries.list_published(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/my/collections",
    summary="One's own collections",
    tags=["collections"],
    opt=answers(Page[Head]),
)
async def list_own_collections(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the collections that one's own party curates, drafts among them."""

    async def look(c: Command) -> Page[Head]:
        return await queries.list_own(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/collections/{collection_id:uuid}",
    summary="One collection",
    tags=["collections"],
    opt=answers(Collection, version=True),
)
async def get_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return a collection with what stands in it; what is gone is named as gone."""

    async def look(c: Command) -> Collection:
        return await queries.get(c.tx, collection_id=collection_id)

    found = await read(request, look)
    return answer(found, version=found.head.version)


@put(
    "/api/v1/collections/{collection_id:uuid}",
    summary="Revise a collection",
    tags=["collections"],
    opt=answers(Collection, version=True),
)
async def revise_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID], data: JSONBody[Draft]
) -> Response[bytes]:
    """Write one's own collection anew, published or not."""
    check_readable(data)
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        found = await operations.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            collection_id=collection_id,
            expected_version=version,
            draft=data,
        )
        return done(found, found.head.version)

    return await command(request, act)


@post(
    "/api/v1/collections/{collection_id:uuid}/publications",
    summary="Publish a collection",
    tags=["collections"],
    opt=answers(Collection),
)
async def publish_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show one's own collection to everybody; all its products are public then."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.publish(c.tx, actor=c.actor, now=c.now, collection_id=collection_id)
        )

    return await command(request, act)


@post(
    "/api/v1/collections/{collection_id:uuid}/withdrawals",
    summary="Withdraw a collection",
    tags=["collections"],
    opt=answers(Collection),
)
async def withdraw_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID], data: JSONBody[WithdrawCollection]
) -> Response[bytes]:
    """Take one's own collection back for good; its address tells why."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(
                c.tx,
                actor=c.actor,
                now=c.now,
                collection_id=collection_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(
    "/collections.atom",
    summary="Collections as an Atom feed",
    tags=["collections"],
    opt=sends(ATOM_TYPE, "etag", statuses=(200, 304)),
)
async def collections_atom(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the published collections as Atom; ``next`` leads to the older ones."""
    body = atom(await _feed(request, "/collections.atom", cursor))
    return feed_answer(request, body, ATOM_TYPE)


@get(
    "/collections.json",
    summary="Collections as a JSON Feed",
    tags=["collections"],
    opt=sends(JSON_TYPE, "etag", statuses=(200, 304)),
)
async def collections_json(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the published collections as a JSON Feed; ``next_url`` leads on."""
    body = json_feed(await _feed(request, "/collections.json", cursor))
    return feed_answer(request, body, JSON_TYPE)


async def _feed(request: AnyRequest, address: str, cursor: str | None) -> Feed:
    async def look(c: Command) -> Page[Head]:
        return await queries.list_published(c.tx, limit=FEED_LENGTH, cursor=cursor)

    site = context(request).settings.public_url
    found = await read(request, look)
    return Feed(
        title="数市 · 专题集合",
        site=site,
        address=address if cursor is None else f"{address}?cursor={cursor}",
        home="/collections",
        entries=[_entry(head, site) for head in found.items],
        next_address=None if found.next_cursor is None else f"{address}?cursor={found.next_cursor}",
    )


def _entry(head: Head, site: str) -> Entry:
    assert head.published_at is not None, "only what is published is told"
    return Entry(
        id=f"urn:uuid:{head.id}",
        url=f"{site}/collections/{head.id}",
        title=head.title,
        text=head.text,
        published_at=head.published_at,
        updated_at=head.updated_at,
    )
