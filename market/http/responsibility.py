"""Who answers for which data: the list per department, chief data officers (责任清单, GD-01)."""

from __future__ import annotations

import base64
import hashlib

from litestar import Response, get, put
from litestar.params import FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, sends
from market.http.attachment import content_disposition
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest
from market.responsibility import operations, queries
from market.responsibility.model import ChiefDataOfficer, Line, Named
from market.responsibility.table import csv_of


@get(
    "/api/v1/responsibility-list",
    summary="Who answers for which public data",
    tags=["open data"],
    opt=answers(Page[Line]),
)
async def list_responsibilities(
    request: AnyRequest,
    *,
    department: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what departments share and open, as the catalogue says it today (责任清单)."""

    async def look(c: Command) -> Page[Line]:
        return await queries.list_lines(c.tx, department=department, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/responsibility-list.csv",
    summary="The same as a table",
    tags=["open data"],
    opt=sends("text/csv; charset=utf-8", "content-disposition", "repr-digest"),
)
async def responsibility_table(
    request: AnyRequest, *, department: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return the list, of all or of one department, as a table with its digest."""

    async def look(c: Command) -> list[Line]:
        return await queries.list_all(c.tx, department=department)

    body = csv_of(await read(request, look))
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return Response(
        body,
        media_type="text/csv",
        headers={
            "cache-control": "no-store",
            "content-disposition": content_disposition("责任清单.csv"),
            "repr-digest": f"sha-256=:{digest}:",  # RFC 9530
        },
    )


@put(
    "/api/v1/my/chief-data-officer",
    summary="Name one's chief data officer",
    tags=["identity"],
    opt=answers(ChiefDataOfficer),
)
async def name_chief_data_officer(request: AnyRequest, data: JSONBody[Named]) -> Response[bytes]:
    """Name the chief data officer of one's party (首席数据官), for the houses to turn to."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(await operations.name_officer(c.tx, actor=c.actor, now=c.now, named=data))

    return await command(request, act)


@get(
    "/api/v1/my/chief-data-officer",
    summary="One's chief data officer",
    tags=["identity"],
    opt=answers(ChiefDataOfficer, refusals=(404,)),
)
async def get_chief_data_officer(request: AnyRequest) -> Response[bytes]:
    """Return whom one's party named."""

    async def look(c: Command) -> ChiefDataOfficer:
        return await queries.get_own_officer(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@get(
    "/api/v1/chief-data-officers",
    summary="Chief data officers",
    tags=["identity"],
    opt=answers(Page[ChiefDataOfficer]),
)
async def list_chief_data_officers(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the chief data officers of all providers, for the houses; it is remembered."""

    async def look(c: Command) -> Page[ChiefDataOfficer]:
        return await queries.list_officers(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))
