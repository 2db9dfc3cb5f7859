"""Publish the audit log (审计日志): checkpoint, tiles and proofs for all, payloads for auditors.

``/log/…`` is a C2SP tlog-tiles log as any monitor reads it. ``/api/v1/log/…`` is the same as JSON.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from catalog.audit_log import queries
from catalog.audit_log.export_format import CHECKPOINT, WITNESSED
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.merkle import TILE_WIDTH, leaf_hash
from catalog.audit_log.model import ConsistencyProof, InclusionProof, Leaf, Subject
from catalog.audit_log.tiles import parse_path
from catalog.kernel import paging
from catalog.kernel.db import Tx, run
from catalog.log_search import operations as log_search
from catalog.log_search import searching
from catalog.log_search.model import FoundPage
from catalog.subject_heads import queries as subject_heads
from catalog.subject_heads.model import SubjectEntries
from catalog.witnessing import queries as witnessing
from market.http.answers import answers, sends
from market.http.command import Command, answer, read
from market.http.context import AnyRequest, actor, context

# A full tile never changes any more; an unfinished one is soon of no use.
_FOR_EVER = "public, max-age=31536000, immutable"
_BRIEFLY = "public, max-age=60"


class LogEntry(msgspec.Struct, frozen=True):
    """A leaf and where it stands. ``leaf`` holds the exact bytes, ``entry`` what they say."""

    index: int
    leaf: bytes
    leaf_hash: bytes
    entry: Leaf


async def _file(
    request: AnyRequest, name: str, look: Callable[[Command], Awaitable[bytes]]
) -> bytes:
    """Return one of the log's public files; from the database, if it has none, or lacks this one."""
    directory = context(request).log_directory
    held = None if directory is None else await asyncio.to_thread(directory.read, name)
    return await read(request, look) if held is None else held


@get(
    "/log/checkpoint",
    summary="The newest signed checkpoint",
    tags=["log"],
    opt=sends("text/plain; charset=utf-8", refusals=(404,)),
)
async def get_checkpoint(request: AnyRequest) -> Response[bytes]:
    """Return the newest checkpoint as a C2SP signed note."""

    async def look(c: Command) -> bytes:
        return (await queries.get_checkpoint(c.tx)).note

    note = await _file(request, CHECKPOINT, look)
    return Response(note, media_type="text/plain", headers={"cache-control": "no-cache"})


@get(
    "/log/checkpoint.witnessed",
    summary="The newest checkpoint that enough witnesses cosigned",
    tags=["log"],
    opt=sends("text/plain; charset=utf-8", refusals=(404,)),
)
async def get_witnessed_checkpoint(request: AnyRequest) -> Response[bytes]:
    """Return the newest checkpoint with the cosignatures of a quorum (C2SP tlog-cosignature)."""

    async def look(c: Command) -> bytes:
        return await witnessing.get_witnessed(c.tx)

    note = await _file(request, WITNESSED, look)
    return Response(note, media_type="text/plain", headers={"cache-control": "no-cache"})


@get(
    "/log/proof/{index:int}",
    summary="An entry's proof that travels alone",
    tags=["log"],
    opt=sends("text/plain; charset=utf-8", refusals=(404,)),
)
async def get_log_proof(request: AnyRequest, index: FromPath[int]) -> Response[bytes]:
    """Return the ``.tlog-proof`` of an entry under the newest witnessed checkpoint (随附证明)."""

    async def look(c: Command) -> bytes:
        return (await witnessing.prove_entry(c.tx, index)).text()

    proof = await read(request, look)
    return Response(proof, media_type="text/plain", headers={"cache-control": "no-cache"})


@get(
    "/log/tile/{path:path}",
    summary="A tile or a bundle of entries",
    tags=["log"],
    opt=sends("application/octet-stream"),
)
async def get_tile(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """Return a tile ``<L>/<N>[.p/<W>]`` or a bundle ``entries/<N>[.p/<W>]``."""
    tile = parse_path(path.removeprefix("/"))

    async def look(c: Command) -> bytes:
        return await queries.get_tile(c.tx, tile)

    content = await _file(request, str(tile), look)
    cache = _FOR_EVER if tile.width == TILE_WIDTH else _BRIEFLY
    return Response(
        content, media_type="application/octet-stream", headers={"cache-control": cache}
    )


@get(
    "/api/v1/log/entries",
    summary="Search the log",
    tags=["log"],
    opt=answers(FoundPage, refusals=(404, 422)),
)
async def search_entries(
    request: AnyRequest,
    *,
    subject_kind: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
    actor_id: Annotated[uuid.UUID | None, QueryParameter(name="actor")] = None,
    action: FromQuery[str | None] = None,
    since: Annotated[dt.datetime | None, QueryParameter(name="from")] = None,
    until: Annotated[dt.datetime | None, QueryParameter(name="to")] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return entries by subject, actor (an account), action and time, the newest first (审计检索).

    Auditors and the authority find everything, the security administrator what concerns accounts,
    keys and refusals, everybody else their own acts, and all about a thing of their own.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()
    wanted = searching.wanted(
        subject_kind=subject_kind,
        subject_id=subject_id,
        actor_id=actor_id,
        action=action,
        since=since,
        until=until,
    )

    async def look(tx: Tx) -> FoundPage:
        return await log_search.search(
            tx, actor=who, now=now, wanted=wanted, cursor=cursor, limit=limit
        )

    return answer(await run(wiring.db, who, look, must_remember=False))


@get(
    "/api/v1/log/entries/{index:int}",
    summary="One public entry",
    tags=["log"],
    opt=answers(LogEntry),
)
async def get_entry(request: AnyRequest, index: FromPath[int]) -> Response[bytes]:
    """Return the leaf at a place. It names subjects and digests, never persons."""

    async def look(c: Command) -> LogEntry:
        leaf = await queries.get_leaf(c.tx, index)
        return LogEntry(index, leaf, leaf_hash(leaf), read_leaf(leaf))

    return answer(await read(request, look), cache=_BRIEFLY)


@get(
    "/api/v1/log/proofs/inclusion",
    summary="That an entry is in the log",
    tags=["log"],
    opt=answers(InclusionProof, refusals=(422,)),
)
async def prove_inclusion(
    request: AnyRequest, index: FromQuery[int], size: FromQuery[int | None] = None
) -> Response[bytes]:
    """Return the RFC 6962 proof that the entry is in the tree of ``size``, the newest by default."""

    async def look(c: Command) -> InclusionProof:
        return await queries.prove_inclusion(c.tx, index, size)

    return answer(await read(request, look))


@get(
    "/api/v1/log/proofs/consistency",
    summary="That the log only grew",
    tags=["log"],
    opt=answers(ConsistencyProof, refusals=(422,)),
)
async def prove_consistency(
    request: AnyRequest, old: FromQuery[int], new: FromQuery[int | None] = None
) -> Response[bytes]:
    """Return the RFC 6962 proof that the tree of ``new`` continues the one of ``old``."""

    async def look(c: Command) -> ConsistencyProof:
        return await queries.prove_consistency(c.tx, old, new)

    return answer(await read(request, look))


@get(
    "/api/v1/log/subjects/{kind:str}/{identifier:str}",
    summary="All entries about one subject, and that these are all",
    tags=["log"],
    opt=answers(SubjectEntries),
)
async def prove_subject(
    request: AnyRequest, kind: FromPath[str], identifier: FromPath[str]
) -> Response[bytes]:
    """Return the leaves that name a subject, or that none does, with the proof (完整性证明).

    Of a subject with more than 10,000 entries the leaves are null: the log's bundles have them.
    """

    async def look(c: Command) -> SubjectEntries:
        return await subject_heads.prove(c.tx, subject=Subject(kind, identifier).key)

    return answer(await read(request, look))
