"""Read foreign catalogues that are due (收割), one page at a time, so that nothing waits for them."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Final

from catalog.harvesting import operations, queries
from catalog.harvesting.model import Fetched, Run, Source
from catalog.harvesting.reading import PAGE, PageGiven, PageLine
from catalog.harvesting.source_states import HarvestSourcePaused, HarvestSourceRetired
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from market.channels.cage import Cage, CageBusy
from market.channels.harvest_web import Fetcher

ACTOR: Final = system("harvest", "harvest:manage", "product:import")


async def work(
    db: Database, *, clock: Callable[[], dt.datetime], cage: Cage, fetcher: Fetcher
) -> int:
    """Begin what is due and read one page; return how many pages."""
    async with begin(db, ACTOR) as tx:
        due = await queries.list_due(tx, now=clock())
    for code in due:
        # Since it was found due it may have been paused or retired.
        with contextlib.suppress(HarvestSourcePaused, HarvestSourceRetired):
            await start(db, now=clock(), code=code)
    return 0 if await read_one(db, clock=clock, cage=cage, fetcher=fetcher) is None else 1


async def start(db: Database, *, now: dt.datetime, code: str) -> Run | None:
    """Begin to read a source; None if somebody does already."""

    async def command(tx: Tx) -> Run:
        return await operations.begin(tx, actor=ACTOR, now=now, code=code)

    try:
        return await run(db, ACTOR, command)
    except operations.HarvestRunning:
        return None


async def read_one(
    db: Database, *, clock: Callable[[], dt.datetime], cage: Cage, fetcher: Fetcher
) -> Run | None:
    """Read the next page of a run that goes on; None if there is none. No transaction waits for it."""
    now = clock()

    async def claim(tx: Tx) -> tuple[Run, Source] | None:
        return await operations.claim(tx, actor=ACTOR, now=now)

    claimed = await run(db, ACTOR, claim)
    if claimed is None:
        return None
    going, source = claimed
    assert going.next_address is not None, "a run that goes on has a next page"
    try:
        fetched, lines = await _page(going.next_address, source, clock, cage, fetcher)
    except CageBusy:
        return going  # another time
    except DomainError as error:
        reason = f"{error.code} {error.facts}"

        async def break_off(tx: Tx) -> Run:
            return await operations.break_off(
                tx, actor=ACTOR, now=clock(), run=going, reason=reason
            )

        return await run(db, ACTOR, break_off)

    async def take(tx: Tx) -> Run:
        return await operations.take_page(
            tx, actor=ACTOR, now=clock(), run=going, source=source, fetched=fetched, lines=lines
        )

    return await run(db, ACTOR, take)


async def _page(
    address: str,
    source: Source,
    clock: Callable[[], dt.datetime],
    cage: Cage,
    fetcher: Fetcher,
) -> tuple[Fetched, list[PageLine]]:
    page = await fetcher.fetch(address)
    given = PageGiven(
        kind=source.kind, media_type=page.media_type, address=address, source=source.code
    )

    async def content() -> AsyncIterator[bytes]:
        yield page.content

    async with cage.run(PAGE, given, content()) as lines:
        found = [line async for line in lines]
    return Fetched(address=address, sha256=page.sha256, fetched_at=clock()), found
