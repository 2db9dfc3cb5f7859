"""Name catalogues of others that are read on a schedule, pause, resume and retire them, begin runs (收割)."""

from __future__ import annotations

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from catalog.harvesting import operations as harvesting
from catalog.harvesting import queries
from catalog.harvesting.model import NewSource, Run, Source
from catalog.harvesting.queries import SourceAndRuns
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest


@get(
    "/api/v1/harvest-sources",
    summary="Catalogues that are harvested",
    tags=["catalogue formats"],
    opt=answers(list[SourceAndRuns]),
)
async def list_harvest_sources(request: AnyRequest) -> Response[bytes]:
    """Return all sources with their newest runs: counts, and why records were skipped."""

    async def look(c: Command) -> list[SourceAndRuns]:
        return await queries.list_sources(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@post(
    "/api/v1/harvest-sources",
    summary="Name a catalogue to be harvested",
    tags=["catalogue formats"],
    opt=creates(Source),
)
async def add_harvest_source(request: AnyRequest, data: JSONBody[NewSource]) -> Response[bytes]:
    """Name a catalogue (CKAN, DCAT) that is read on a schedule, from public addresses alone."""

    async def act(c: Command) -> Answer:
        source = await harvesting.add_source(c.tx, actor=c.actor, now=c.now, new=data)
        return created(source, "/api/v1/harvest-sources")

    return await command(request, act)


@post(
    "/api/v1/harvest-sources/{code:str}/runs",
    summary="Begin to harvest a catalogue now",
    tags=["catalogue formats"],
    opt=creates(Run),
)
async def begin_harvest(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Begin to read a source; the jobs read it page by page. A held run is declined by that."""

    async def act(c: Command) -> Answer:
        run = await harvesting.begin(c.tx, actor=c.actor, now=c.now, code=code)
        return created(run, "/api/v1/harvest-sources")

    return await command(request, act)


@post(
    "/api/v1/harvest-sources/{code:str}/pauses",
    summary="Pause a harvested catalogue",
    tags=["catalogue formats"],
    status_code=200,
    opt=answers(Source),
)
async def pause_harvest_source(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Pause a source (暂停): nothing is fetched from it; a run that goes on waits at its page."""

    async def act(c: Command) -> Answer:
        return done(await harvesting.pause(c.tx, actor=c.actor, now=c.now, code=code))

    return await command(request, act)


@post(
    "/api/v1/harvest-sources/{code:str}/resumptions",
    summary="Resume a paused catalogue",
    tags=["catalogue formats"],
    status_code=200,
    opt=answers(Source),
)
async def resume_harvest_source(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Resume a paused source (恢复): its run goes on where it stood, its schedule as before."""

    async def act(c: Command) -> Answer:
        return done(await harvesting.resume(c.tx, actor=c.actor, now=c.now, code=code))

    return await command(request, act)


@post(
    "/api/v1/harvest-sources/{code:str}/retirements",
    summary="Retire a harvested catalogue for good",
    tags=["catalogue formats"],
    status_code=200,
    opt=answers(Source),
)
async def retire_harvest_source(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Retire a source for good (停用); what was taken in from it stays, with where it came from."""

    async def act(c: Command) -> Answer:
        return done(await harvesting.retire(c.tx, actor=c.actor, now=c.now, code=code))

    return await command(request, act)


@post(
    "/api/v1/harvest-runs/{run_id:uuid}/confirmations",
    summary="Confirm that what a held run missed is gone",
    tags=["catalogue formats"],
    status_code=200,
    opt=answers(Run),
)
async def confirm_harvest(request: AnyRequest, run_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let what a held run did not find be taken back (确认下线)."""

    async def act(c: Command) -> Answer:
        run = await harvesting.confirm(c.tx, actor=c.actor, now=c.now, run_id=run_id)
        return done(run)

    return await command(request, act)
