"""Have the whole journal replayed (全账重放): ask, see how far it is, read what it came to."""

from __future__ import annotations

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.finance_reports import operations, queries
from market.finance_reports.model import ReplayRun
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest

_PLACE = "/api/v1/ledger/replays"


@post(_PLACE, summary="Replay the journal", tags=["ledger"], opt=creates(ReplayRun))
async def ask(request: AnyRequest) -> Response[bytes]:
    """Have all balances recomputed from the first entry and compared; a job of the service does it."""

    async def act(c: Command) -> Answer:
        run = await operations.ask_for_replay(c.tx, actor=c.actor, now=c.now)
        return created(run, f"{_PLACE}/{run.id}")

    return await command(request, act)


@get(_PLACE, summary="Replays of the journal", tags=["ledger"], opt=answers(Page[ReplayRun]))
async def list_replays(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the replays that were asked for and what they came to, the newest first."""

    async def look(c: Command) -> Page[ReplayRun]:
        return await queries.list_replays(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    f"{_PLACE}/{{run_id:uuid}}",
    summary="A replay of the journal",
    tags=["ledger"],
    opt=answers(ReplayRun),
)
async def get_replay(request: AnyRequest, run_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return how far a replay is, and what it came to: the first entry that disagrees, if one does."""

    async def look(c: Command) -> ReplayRun:
        return await queries.get_replay(c.tx, viewer=c.actor, run_id=run_id)

    return answer(await read(request, look))
