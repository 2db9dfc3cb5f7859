"""Take batches of products in, row by row, as whoever handed them in (批量著录).

Each file is read twice in a process apart: once to its end, so that a file that can not be read is
refused before its first row is taken, and once for its rows, some hundred in a transaction. Where a
batch stands lies in the database; a process that was killed leaves it to the next one, which reads
the file again and goes on behind the last row that counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Final

import structlog

from catalog.authorisation_letters import queries as authorisation_letters
from catalog.files import disk
from catalog.files import queries as files
from catalog.kernel import db as database
from catalog.kernel.actor import Actor, NotPermitted, system
from catalog.kernel.db import Tx, begin
from catalog.kernel.errors import Conflict, DomainError
from catalog.product_batches import operations as batches
from catalog.product_batches.columns import matched
from catalog.product_batches.kinds import TABLES
from catalog.product_batches.model import Batch, Failure, Line
from catalog.product_batches.reading import LINES, Given
from catalog.product_batches.rows import Ready, RowReader
from catalog.product_batches.states import ProductBatchEventNotAllowed
from market.http.context import Context
from market.identity import queries as identity

STEP: Final = 100  # [P] rows in a transaction: some tenths of a second
_BEAT: Final = batches.LEASE.total_seconds() / 4
_ACTOR: Final = system("take_batches", "product_batch:take")

_log = structlog.get_logger("jobs")


async def run(context: Context) -> int:
    """Take all batches that wait and return how many."""
    taken = 0
    while (batch := await _next(context)) is not None:
        taken += 1
        async with _held(context, batch):
            await _take(context, batch)
    return taken


async def _next(context: Context) -> Batch | None:
    async def take(tx: Tx) -> Batch | None:
        return await batches.take_next(tx, actor=_ACTOR, now=context.now())

    return await database.run(context.db, _ACTOR, take, must_remember=False)


async def _take(context: Context, batch: Batch) -> None:
    try:
        supplier, name = await _supplier(context, batch)
        if batch.total is None:
            batch = await _begin(context, batch, supplier)
        if batch.total == 0:
            await _end(context, batch)
            return
        await _take_rows(context, batch, supplier, name)
    except (Conflict, ProductBatchEventNotAllowed) as error:
        # Another process is at it, or there is no room just now: whoever comes next goes on.
        _log.info("batch_left_to_the_next", batch=str(batch.id), code=error.code)
    except DomainError as refusal:
        await _give_up(context, batch, Failure(code=refusal.code, facts=refusal.facts))


async def _supplier(context: Context, batch: Batch) -> tuple[Actor, str]:
    """Return who handed the batch in, as it may act today, and the name of the supplier.

    :raises NotPermitted: if it has no account any more.
    :raises AuthorisationLetterMissing: and its like, if it was an agent and is none any more.
    """
    now = context.now()
    async with begin(context.db, _ACTOR) as tx:
        who = await identity.find_actor_of(tx, account_id=batch.opened_by, now=now)
        if who is None:
            raise NotPermitted(permission="product:describe")
        if batch.acting_for is not None:
            who = await authorisation_letters.as_agent(
                tx, agent=who, principal=batch.acting_for, now=now
            )
        return who, (await identity.get_party(tx, batch.supplier_party_id)).name


async def _begin(context: Context, batch: Batch, supplier: Actor) -> Batch:
    """Read the file to its end before any of it counts.

    :raises DomainError: if it can not be read, or its columns are none of a product.
    """
    total, columns = 0, tuple[str, ...]()
    async with _lines(context, batch, supplier) as lines:
        async for line in lines:
            if line.columns is None:
                total += 1
            else:
                columns = line.columns
                matched(columns)

    async def note(tx: Tx) -> Batch:
        return await batches.begin(
            tx, actor=_ACTOR, now=context.now(), batch_id=batch.id, total=total, columns=columns
        )

    return await database.run(context.db, _ACTOR, note, must_remember=False)


async def _take_rows(context: Context, batch: Batch, supplier: Actor, name: str) -> None:
    reader = RowReader(batch.kind, matched(batch.columns) if batch.kind in TABLES else {})
    counted = batch.counts.done
    step: list[Ready] = []
    number = 0
    async with _lines(context, batch, supplier) as lines:
        async for line in lines:
            if line.columns is not None:
                continue
            number += 1
            ready = reader.read(line)  # those that count already too: it remembers references
            if number <= counted:
                continue
            step.append(ready)
            if len(step) == STEP or number == batch.total:
                take = functools.partial(
                    batches.take_rows,
                    actor=supplier,
                    now=context.now(),
                    batch_id=batch.id,
                    supplier_name=name,
                    first=number - len(step) + 1,
                    rows=step,
                    reader=reader,
                )
                await database.run(context.db, supplier, take, must_remember=False)
                step = []


async def _end(context: Context, batch: Batch) -> None:
    async def end(tx: Tx) -> Batch:
        return await batches.finish_empty(tx, actor=_ACTOR, now=context.now(), batch_id=batch.id)

    await database.run(context.db, _ACTOR, end)


async def _give_up(context: Context, batch: Batch, failure: Failure) -> None:
    async def end(tx: Tx) -> Batch:
        return await batches.give_up(
            tx, actor=_ACTOR, now=context.now(), batch_id=batch.id, failure=failure
        )

    # Who cancelled it meanwhile is not told that it could not be read.
    with contextlib.suppress(ProductBatchEventNotAllowed):
        await database.run(context.db, _ACTOR, end)


@contextlib.asynccontextmanager
async def _lines(
    context: Context, batch: Batch, supplier: Actor
) -> AsyncIterator[AsyncIterator[Line]]:
    async with begin(context.db, supplier) as tx:
        file = await files.get_own(tx, viewer=supplier, file_id=batch.file_id)
    directory = context.settings.files_dir
    opened = await disk.open_verified(directory, file.sha256, file.size_bytes)
    given = Given(batch.kind, file.file_name)
    with contextlib.closing(opened):  # also if nothing of it is read
        async with context.cage.run(LINES, given, disk.chunks_of(opened)) as lines:
            yield lines


@contextlib.asynccontextmanager
async def _held(context: Context, batch: Batch) -> AsyncIterator[None]:
    """Keep the batch from other processes as long as this one is at it."""

    async def hold(tx: Tx) -> None:
        await batches.hold_on(tx, actor=_ACTOR, now=context.now(), batch_id=batch.id)

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            with contextlib.suppress(Conflict):
                await database.run(context.db, _ACTOR, hold, must_remember=False)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
