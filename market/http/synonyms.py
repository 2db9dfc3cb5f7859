"""Keep the table of words for one thing (同义词表): propose, add, decide, remove, import, export."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.thesaurus import operations as thesaurus
from catalog.thesaurus import queries
from catalog.thesaurus.model import Imported, SynonymChange, SynonymGroup, SynonymTable
from catalog.thesaurus.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

# What a word may be is told by ``grouping``, with the reason; here is only where parsing ends.
_Words = Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(max_length=100)]
_Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]


class WordsForOneThing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that mean the same, and why they are to be asked for together."""

    words: _Words
    reason: _Reason


class DecideSynonyms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a proposed group counts from now on, and why or why not."""

    is_confirmed: bool
    reason: _Reason


class RemoveSynonyms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a group is to count no more."""

    reason: _Reason


class ImportSynonyms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of groups, as it was exported or written, and why it comes."""

    groups: Annotated[tuple[_Words, ...], Meta(min_length=1, max_length=5_000)]
    reason: _Reason


@get(
    "/api/v1/synonyms",
    summary="Groups of synonyms",
    tags=["products"],
    opt=answers(Page[SynonymGroup], refusals=(401, 403)),
)
async def list_synonyms(
    request: AnyRequest,
    *,
    status: FromQuery[State] = State.IN_FORCE,
    word: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return groups in force, newest first; to the operator also proposed and former ones."""

    async def look(c: Command) -> Page[SynonymGroup]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, word=word, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/synonym-table",
    summary="The whole table of synonyms",
    tags=["products"],
    opt=answers(SynonymTable),
)
async def export_synonyms(request: AnyRequest) -> Response[bytes]:
    """Return all groups in force with the table's version, to be kept or imported elsewhere."""

    async def look(c: Command) -> SynonymTable:
        return await queries.export(c.tx)

    return answer(await read(request, look))


@get(
    "/api/v1/synonym-changes",
    summary="Who changed synonyms",
    tags=["products"],
    opt=answers(Page[SynonymChange]),
)
async def list_synonym_changes(
    request: AnyRequest,
    *,
    group_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return who changed what, when and why, newest first."""

    async def look(c: Command) -> Page[SynonymChange]:
        return await queries.list_changes(
            c.tx, viewer=c.actor, group_id=group_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/synonym-proposals",
    summary="Propose synonyms",
    tags=["products"],
    opt=creates(SynonymGroup),
)
async def propose_synonyms(
    request: AnyRequest, data: JSONBody[WordsForOneThing]
) -> Response[bytes]:
    """Propose words for one thing; they count once somebody confirms them."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        group = await thesaurus.propose(
            c.tx, actor=c.actor, now=c.now, words=data.words, reason=data.reason
        )
        return created(group, "/api/v1/synonyms?status=proposed")

    return await command(request, act)


@post("/api/v1/synonyms", summary="Add synonyms", tags=["products"], opt=creates(SynonymGroup))
async def add_synonyms(request: AnyRequest, data: JSONBody[WordsForOneThing]) -> Response[bytes]:
    """Put words for one thing into force; the next question is asked by them."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        group = await thesaurus.add(
            c.tx, actor=c.actor, now=c.now, words=data.words, reason=data.reason
        )
        return created(group, "/api/v1/synonyms")

    return await command(request, act)


@post(
    "/api/v1/synonyms/{group_id:uuid}/decisions",
    summary="Confirm or decline synonyms",
    tags=["products"],
    opt=answers(SynonymGroup),
)
async def decide_synonyms(
    request: AnyRequest, group_id: FromPath[uuid.UUID], data: JSONBody[DecideSynonyms]
) -> Response[bytes]:
    """Put a proposed group into force, or decline it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await thesaurus.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                group_id=group_id,
                is_confirmed=data.is_confirmed,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/synonyms/{group_id:uuid}/removals",
    summary="Remove synonyms",
    tags=["products"],
    opt=answers(SynonymGroup),
)
async def remove_synonyms(
    request: AnyRequest, group_id: FromPath[uuid.UUID], data: JSONBody[RemoveSynonyms]
) -> Response[bytes]:
    """Take a group out of force; the next question is asked without it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await thesaurus.remove(
                c.tx, actor=c.actor, now=c.now, group_id=group_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/synonym-imports",
    summary="Import a list of synonyms",
    tags=["products"],
    opt=answers(Imported),
)
async def import_synonyms(request: AnyRequest, data: JSONBody[ImportSynonyms]) -> Response[bytes]:
    """Put a list of groups into force, all or none; those in force already are left as they are."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await thesaurus.import_groups(
                c.tx, actor=c.actor, now=c.now, groups=data.groups, reason=data.reason
            )
        )

    return await command(request, act)
