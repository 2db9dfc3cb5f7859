"""Have the journal replayed on a page, see how it goes, and which entry disagreed (全账重放)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from market.finance_reports import operations, queries
from market.finance_reports.model import ReplayRun, Step
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_ALL: Final = "/finance/replay"
_ONE: Final = "/finance/replay/{run_id:uuid}"
_PAGE_SIZE: Final = 20


@get(_ALL, include_in_schema=False)
async def list_replays(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the replays that were asked for, the newest first, and what each came to."""
    return await _list(request, cursor, BLANK)


@post(_ALL, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def ask(request: AnyRequest) -> Response[bytes]:
    """Have all balances recomputed from the first entry and compared (重放)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.ask_for_replay(c.tx, actor=c.actor, now=c.now)

    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, form)

    return await run_step(request, act, place=_ALL, again=again)


@get(_ONE, include_in_schema=False)
async def show_replay(request: AnyRequest, run_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show how far a replay is, what it came to, and the first entry that disagrees.

    :raises Missing: if there is none.
    """

    async def look(c: Command) -> ReplayRun:
        return await queries.get_replay(c.tx, viewer=c.actor, run_id=run_id)

    run = await read(request, look)
    return page(
        request,
        "replay.html",
        cache=NOT_KEPT,
        run=run,
        report=run.report,
        is_over=run.step is Step.FINISHED,
    )


async def _list(request: AnyRequest, cursor: str | None, form: Shown) -> Response[bytes]:
    found = await read(
        request,
        lambda c: queries.list_replays(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    return page(
        request,
        "replays.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        link=linker(_ALL, {}),
        is_continued=bool(cursor),
    )
