"""Keep the table of words for one thing, for people (同义词维护): see, add, propose, decide, remove, import."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.paging import Page
from catalog.thesaurus import operations as thesaurus
from catalog.thesaurus import queries
from catalog.thesaurus.model import SynonymChange, SynonymGroup
from catalog.thesaurus.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
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
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned, linker
from market.portal.synonym_lines import groups_of, words_of

_PATH: Final = "/synonyms"
_PAGE_SIZE: Final = 50

_Text = Annotated[str, Meta(min_length=1)]
_Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]


class _Written(msgspec.Struct, frozen=True):
    """Words for one thing as they were typed, and why."""

    words: _Text
    reason: _Reason


class _Said(msgspec.Struct, frozen=True):
    """Why a group is put into force, declined or removed."""

    reason: _Reason


class _List(msgspec.Struct, frozen=True):
    """A list of groups as it was pasted, and why it comes."""

    groups: _Text
    reason: _Reason


@get(_PATH, include_in_schema=False)
async def list_synonyms(
    request: AnyRequest,
    *,
    status: FromQuery[State] = State.IN_FORCE,
    word: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the groups in force to everybody, to the operator also proposed and former ones."""
    return await _page(request, BLANK, status=status, word=cleaned(word), cursor=cursor or None)


@get("/synonym-changes", include_in_schema=False)
async def list_synonym_changes(
    request: AnyRequest,
    *,
    group_id: FromQuery[uuid.UUID | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show who changed what, when and why (变更记录)."""

    async def look(c: Command) -> Page[SynonymChange]:
        return await queries.list_changes(
            c.tx, viewer=c.actor, group_id=group_id, limit=_PAGE_SIZE, cursor=cursor or None
        )

    asked = {"group_id": None if group_id is None else str(group_id)}
    return page(
        request,
        "synonym_changes.html",
        cache=NOT_KEPT,
        changes=await read(request, look),
        link=linker("/synonym-changes", asked),
        is_of_one=group_id is not None,
        is_continued=bool(cursor),
    )


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def add_synonyms(request: AnyRequest) -> Response[bytes]:
    """Put words for one thing into force."""

    async def act(c: Command, fields: dict[str, str]) -> str:
        written = filled_in(_Written, fields)
        await thesaurus.add(
            c.tx, actor=c.actor, now=c.now, words=words_of(written.words), reason=written.reason
        )
        return _PATH

    return await _submit(request, act)


@post("/synonym-proposals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose_synonyms(request: AnyRequest) -> Response[bytes]:
    """Propose words for one thing; they count once somebody confirms them."""

    async def act(c: Command, fields: dict[str, str]) -> str:
        written = filled_in(_Written, fields)
        await thesaurus.propose(
            c.tx, actor=c.actor, now=c.now, words=words_of(written.words), reason=written.reason
        )
        return f"{_PATH}?status=proposed"

    return await _submit(request, act)


@post("/synonym-imports", include_in_schema=False, request_max_body_size=4 * MAX_FORM_BYTES)
async def import_synonyms(request: AnyRequest) -> Response[bytes]:
    """Put a list of groups into force, all or none."""

    async def act(c: Command, fields: dict[str, str]) -> str:
        pasted = filled_in(_List, fields)
        await thesaurus.import_groups(
            c.tx,
            actor=c.actor,
            now=c.now,
            groups=groups_of(pasted.groups),
            reason=pasted.reason,
        )
        return _PATH

    return await _submit(request, act)


@post(
    "/synonyms/{group_id:uuid}/decisions",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def decide_synonyms(request: AnyRequest, group_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Put a proposed group into force, or decline it: the button says which."""

    async def act(c: Command, fields: dict[str, str]) -> str:
        await thesaurus.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            group_id=group_id,
            is_confirmed=fields.get("decision") == "confirm",
            reason=filled_in(_Said, fields).reason,
        )
        return f"{_PATH}?status=proposed"

    return await _submit(request, act, status=State.PROPOSED)


@post(
    "/synonyms/{group_id:uuid}/removals",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def remove_synonyms(request: AnyRequest, group_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take a group out of force."""

    async def act(c: Command, fields: dict[str, str]) -> str:
        reason = filled_in(_Said, fields).reason
        await thesaurus.remove(c.tx, actor=c.actor, now=c.now, group_id=group_id, reason=reason)
        return _PATH

    return await _submit(request, act)


async def _submit(
    request: AnyRequest,
    act: Callable[[Command, dict[str, str]], Awaitable[str]],
    *,
    status: State = State.IN_FORCE,
) -> Response[bytes]:
    fields = await read_form(request)
    try:
        return await submit(request, fields, lambda c: act(c, fields))
    except SHOWN_AGAIN as error:
        return await _page(request, shown_again(request, fields, error), status=status)


async def _page(
    request: AnyRequest,
    form: Shown,
    *,
    status: State,
    word: str | None = None,
    cursor: str | None = None,
) -> Response[bytes]:
    async def look(c: Command) -> Page[SynonymGroup]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, word=word, limit=_PAGE_SIZE, cursor=cursor
        )

    return page(
        request,
        "synonyms.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        groups=await read(request, look),
        states=list(State),
        wanted=status,
        word=word,
        form=form,
        link=linker(_PATH, {"status": status.value, "word": word}),
        is_continued=bool(cursor),
    )
