"""Show the head of the operator which catalogues are harvested and what came of it (收割)."""

from __future__ import annotations

import functools
import uuid
from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath

from catalog.harvesting import operations as harvesting
from catalog.harvesting import queries
from catalog.harvesting.model import Kind, NewSource
from catalog.harvesting.queries import SourceAndRuns
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import harvest_reasons
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.wording import Speaker

_PATH: Final = "/harvest-sources"


@get(_PATH, include_in_schema=False)
async def list_harvest_sources(request: AnyRequest) -> Response[bytes]:
    """Show all sources with their newest runs: counts, and why records were skipped."""
    return await _page(request, BLANK)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def add_harvest_source(request: AnyRequest) -> Response[bytes]:
    """Name a catalogue that is read on a schedule."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await harvesting.add_source(
            c.tx, actor=c.actor, now=c.now, new=filled_in(NewSource, fields)
        )

    return await _submit(request, act)


@post(
    "/harvest-sources/{code:str}/runs",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def begin_harvest(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Begin to read a source now; a held run is declined by that."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await harvesting.begin(c.tx, actor=c.actor, now=c.now, code=code)

    return await _submit(request, act)


@post(
    "/harvest-runs/{run_id:uuid}/confirmations",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def confirm_harvest(request: AnyRequest, run_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let what a held run did not find be taken back (确认下线)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await harvesting.confirm(c.tx, actor=c.actor, now=c.now, run_id=run_id)

    return await _submit(request, act)


async def _submit(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _page(request, form)

    return await run_step(request, act, place=_PATH, again=again)


async def _page(request: AnyRequest, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> list[SourceAndRuns]:
        return await queries.list_sources(c.tx, viewer=c.actor)

    speaker = Speaker(language_of(request))
    return page(
        request,
        "harvest_sources.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        sources=await read(request, look),
        kinds=list(Kind),
        why_ended=functools.partial(harvest_reasons.why_ended, speak=speaker),
        why_skipped=functools.partial(harvest_reasons.why_skipped, speak=speaker),
        form=form,
    )
