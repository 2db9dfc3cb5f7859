"""Publish what outside authorities stamped of the log (时间戳，RFC 3161), as it came."""

from __future__ import annotations

import datetime as dt

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.timestamps import queries
from catalog.timestamps.evidence import EvidenceRecord
from catalog.timestamps.model import Record
from catalog.timestamps.token import REPLY_TYPE
from market.http.answers import answers, sends
from market.http.command import Command, answer, read
from market.http.context import AnyRequest

# A number never gets another timestamp.
_FOR_EVER = "public, max-age=31536000, immutable"


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """A timestamp of the log; ``ends_at`` is when its certificates end."""

    number: int
    kind: str
    size: int
    algorithm: str
    authority: str
    stamped_at: dt.datetime
    ends_at: dt.datetime


@get(
    "/log/timestamps/{number:int}",
    summary="A timestamp, as its authority answered",
    tags=["log"],
    opt=sends(REPLY_TYPE),
)
async def get_timestamp(request: AnyRequest, number: FromPath[int]) -> Response[bytes]:
    """Return a timestamp as ``openssl ts -verify -in`` reads it (RFC 3161 TimeStampResp)."""
    return _sent((await _record(request, number)).response, REPLY_TYPE)


@get(
    "/log/timestamps/{number:int}/covers",
    summary="What a timestamp is over",
    tags=["log"],
    opt=sends("application/octet-stream"),
)
async def get_covered(request: AnyRequest, number: FromPath[int]) -> Response[bytes]:
    """Return the bytes that were stamped: a signed checkpoint, or the text of an archive stamp."""
    return _sent((await _record(request, number)).covers, "application/octet-stream")


@get(
    "/api/v1/log/timestamps",
    summary="All timestamps of the log",
    tags=["log"],
    opt=answers(Page[Timestamp], refusals=(422,)),
)
async def list_timestamps(
    request: AnyRequest,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
) -> Response[bytes]:
    """Return the timestamps, the newest first."""

    async def look(c: Command) -> Page[Timestamp]:
        page = await queries.list_timestamps(c.tx, cursor=cursor, limit=limit)
        return Page(
            [
                Timestamp(
                    number=kept.number,
                    kind=kept.kind.value,
                    size=kept.size,
                    algorithm=kept.algorithm.value,
                    authority=kept.authority,
                    stamped_at=kept.stamped_at,
                    ends_at=kept.ends_at,
                )
                for kept in page.items
            ],
            page.next_cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/log/entries/{index:int}/evidence-record",
    summary="When an entry was in the log, for decades",
    tags=["log"],
    opt=answers(EvidenceRecord),
)
async def get_evidence_record(request: AnyRequest, index: FromPath[int]) -> Response[bytes]:
    """Return the timestamps that prove since when an entry is in the log (证据记录).

    Each is over the one before; ``market verify FILE --tsa-ca`` checks them offline.
    """

    async def look(c: Command) -> EvidenceRecord:
        return await queries.get_evidence(c.tx, index, now=c.now)

    return answer(await read(request, look))


async def _record(request: AnyRequest, number: int) -> Record:
    async def look(c: Command) -> Record:
        return await queries.get(c.tx, number)

    return await read(request, look)


def _sent(content: bytes, media_type: str) -> Response[bytes]:
    return Response(content, media_type=media_type, headers={"cache-control": _FOR_EVER})
