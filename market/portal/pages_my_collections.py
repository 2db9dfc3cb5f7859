"""Let a curator draft, order, publish and withdraw its collections of products (专题集合编选, F36)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.actor import Clearance
from catalog.kernel.paging import Page
from catalog.search.model import Filters, Hit
from market.collections import operations, queries
from market.collections.model import Collection, Draft, Entry, Head
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal.finding import find_public
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    Step,
    filled_in,
    read_form,
    run_step,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned, linker

_PATH: Final = "/my/collections"
_ONE: Final = "/my/collections/{collection_id:uuid}"
_PAGE_SIZE: Final = 20
# Two hundred notes, as a browser writes them.
_MAX_NOTES_BYTES: Final = 8 * MAX_FORM_BYTES


class _Version(msgspec.Struct, frozen=True):
    """Which version of the collection was shown."""

    version: int


class _Withdrawn(msgspec.Struct, frozen=True):
    """Why it is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Desk(msgspec.Struct, frozen=True):
    """A collection of one's own, and what was found to be added."""

    collection: Collection
    found: list[Hit]


@get(_PATH, include_in_schema=False)
async def list_own_collections(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the collections that one's own party curates, drafts among them."""
    return await _list(request, BLANK, cursor=cursor or None)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def draft_collection(request: AnyRequest) -> Response[bytes]:
    """Draft a collection; what stands in it comes next."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        draft = filled_in(Draft, fields)
        made = await operations.draft(c.tx, actor=c.actor, now=c.now, draft=draft)
        return f"{_PATH}/{made.head.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _list(request, shown_again(request, fields, error))


@get(_ONE, include_in_schema=False)
async def show_own_collection(
    request: AnyRequest,
    collection_id: FromPath[uuid.UUID],
    *,
    q: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show a collection of one's own with the forms that change it."""
    return await _desk(request, collection_id, BLANK, q=cleaned(q))


@post(f"{_ONE}/revisions", include_in_schema=False, request_max_body_size=_MAX_NOTES_BYTES)
async def revise_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Write a collection anew: words, order and notes; what is ticked is taken out."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        before = await queries.get_own(c.tx, viewer=c.actor, collection_id=collection_id)
        entries = [
            Entry(product_id=each, note=fields.get(f"note-{each}", ""))
            for each in _reordered(before, fields)
        ]
        await _revise(c, before.head, dict(fields) | {"entries": entries}, fields)

    return await _step(request, collection_id, act)


@post(f"{_ONE}/entries", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def add_entry(request: AnyRequest, collection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Put one more product at the end of a collection."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        before = await queries.get_own(c.tx, viewer=c.actor, collection_id=collection_id)
        entries = [Entry(product_id=each.product_id, note=each.note) for each in before.entries]
        said = {
            "title": before.head.title,
            "text": before.head.text,
            "audience": before.head.audience,
            "entries": [*entries, filled_in(Entry, fields)],
        }
        await _revise(c, before.head, said, fields)

    return await _step(request, collection_id, act)


@post(f"{_ONE}/publications", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def publish_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show a collection to everybody (发布)."""

    async def act(c: Command, _fields: Mapping[str, str]) -> None:
        await operations.publish(c.tx, actor=c.actor, now=c.now, collection_id=collection_id)

    return await _step(request, collection_id, act)


@post(f"{_ONE}/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take a collection back for good; its address tells why (撤下)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        reason = filled_in(_Withdrawn, fields).reason
        await operations.withdraw(
            c.tx, actor=c.actor, now=c.now, collection_id=collection_id, reason=reason
        )

    return await _step(request, collection_id, act)


def _reordered(before: Collection, fields: Mapping[str, str]) -> list[uuid.UUID]:
    """Return what stays in a collection, in the order of the places that were typed."""
    kept = [
        (_place(fields.get(f"place-{each.product_id}"), number), number, each.product_id)
        for number, each in enumerate(before.entries, 1)
        if f"drop-{each.product_id}" not in fields
    ]
    return [product_id for _, _, product_id in sorted(kept)]


def _place(typed: str | None, otherwise: int) -> int:
    return int(typed) if typed is not None and re.fullmatch(r"[0-9]{1,4}", typed) else otherwise


async def _revise(
    c: Command, head: Head, said: Mapping[str, object], fields: Mapping[str, str]
) -> None:
    await operations.revise(
        c.tx,
        actor=c.actor,
        now=c.now,
        collection_id=head.id,
        expected_version=filled_in(_Version, fields).version,
        draft=filled_in(Draft, said),
    )


async def _step(
    request: AnyRequest,
    collection_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _desk(request, collection_id, form, q=cleaned(form.fields.get("q")))

    return await run_step(request, act, place=f"{_PATH}/{collection_id}", again=again)


async def _list(request: AnyRequest, form: Shown, *, cursor: str | None = None) -> Response[bytes]:
    async def look(c: Command) -> Page[Head]:
        return await queries.list_own(c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor)

    return page(
        request,
        "my_collections.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        collections=await read(request, look),
        form=form,
        link=linker(_PATH, {}),
        is_continued=bool(cursor),
    )


async def _desk(
    request: AnyRequest, collection_id: uuid.UUID, form: Shown, *, q: str | None
) -> Response[bytes]:
    async def look(c: Command) -> Desk:
        collection = await queries.get_own(c.tx, viewer=c.actor, collection_id=collection_id)
        there = {entry.product_id for entry in collection.entries}
        found = await find_public(c, q, await _to_choose_from(c))
        return Desk(collection, [hit for hit in found if hit.id not in there])

    desk = await read(request, look)
    return page(
        request,
        "my_collection.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{collection_id}",
        collection=desk.collection,
        head=desk.collection.head,
        found=desk.found,
        q=q,
        form=form,
        blank=BLANK,
    )


async def _to_choose_from(c: Command) -> Filters | None:
    """Return among which products a curator chooses: a supplier among its own."""
    if c.actor.clearance is Clearance.STAFF:
        return None
    return Filters(supplier_name=(await identity.get_party(c.tx, c.actor.party)).name)
