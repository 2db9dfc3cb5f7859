"""Show until when cases are kept, and what came of checking them again (留存、复核)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromQuery

from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.retention import queries
from market.retention.model import Recheck, Retained


@get(
    "/api/v1/retained-cases",
    summary="Until when cases are kept",
    tags=["retention"],
    opt=answers(Page[Retained]),
)
async def list_retained_cases(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the cases that are over, and until when each is kept by its own rulebook."""

    async def look(c: Command) -> Page[Retained]:
        return await queries.list_retained(
            c.tx,
            viewer=c.actor,
            today=local_date(c.now),
            calendar=await c.calendar(),
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/rechecks",
    summary="What came of checking again",
    tags=["retention"],
    opt=answers(Page[Recheck]),
)
async def list_rechecks(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the batches that were checked again (``market recheck``), the newest first."""

    async def look(c: Command) -> Page[Recheck]:
        return await queries.list_rechecks(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))
