"""Open a batch, take its rows, end it (批量著录). What runs it stands in ``market/jobs/take_batches.py``."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import new_id
from catalog.product_batches import store
from catalog.product_batches.kinds import kind_of
from catalog.product_batches.model import (
    Batch,
    BatchId,
    Counts,
    Failure,
    Fault,
    Kind,
    Outcome,
    RowResult,
)
from catalog.product_batches.rows import Ready, RowReader
from catalog.product_batches.states import Event as Happening
from catalog.product_batches.states import State, advance
from catalog.products.bulk import Said
from catalog.products.operations.describing_many import Done, describe_many

MAX_OPEN: Final = 5  # [P] of one supplier: its later ones would wait for its earlier ones anyway
LEASE: Final = dt.timedelta(seconds=20)  # [P] some ten times what a step takes


class BatchUnderWay(Conflict):
    """Just this file is being taken already; ``batch_id`` says as which batch."""

    code = "product_batch_under_way"


class TooManyBatches(Conflict):
    """So many batches of this supplier wait already that another one is not taken."""

    code = "too_many_product_batches"


class BatchElsewhere(Conflict):
    """Another process is at this batch: it is further than this one thought."""

    code = "product_batch_elsewhere"


async def open_batch(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    file_id: uuid.UUID,
    kind: Kind | None,
    is_dry_run: bool,
    is_draft: bool,
) -> Batch:
    """Open a batch of products in a file that was uploaded. Its rows are taken by a job.

    :raises NotPermitted: if the actor describes no products.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may describe no new one (HN-06).
    :raises FileMissing: if the file is unknown or somebody else's.
    :raises BatchKindUnknown: if nothing tells of which kind it is.
    :raises BatchFileTooLarge: if it is larger than a batch may be.
    :raises BatchUnderWay: if just this file is being taken already.
    :raises TooManyBatches: if too many of them wait.
    """
    actor.require("product:describe")
    await letters.require(tx, actor=actor, now=now, power=Power.DRAFT, product_id=new_id())
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    found = kind_of(file.file_name, kind, file.size_bytes)
    await store.hold(tx, actor.party)
    running = await store.find_open(
        tx,
        actor.party,
        sha256=file.sha256,
        kind=found,
        is_dry_run=is_dry_run,
        is_draft=is_draft,
    )
    if running is not None:
        raise BatchUnderWay(batch_id=str(running.id))
    if await store.count_open(tx, actor.party) >= MAX_OPEN:
        raise TooManyBatches(maximum=MAX_OPEN)
    assert actor.account_id is not None, "who describes products has an account"
    batch = Batch(
        id=BatchId(new_id()),
        supplier_party_id=actor.party,
        opened_by=actor.account_id,
        acting_for=actor.acting_for,
        file_id=file.id,
        file_name=file.file_name,
        sha256=file.sha256,
        kind=found,
        is_dry_run=is_dry_run,
        is_draft=is_draft,
        state=State.WAITING,
        total=None,
        counts=Counts(),
        columns=(),
        failure=None,
        opened_at=now,
        finished_at=None,
    )
    await store.insert(tx, batch)
    await audit_log.append(
        tx,
        Event.PRODUCT_BATCH_OPENED,
        actor=actor,
        now=now,
        subjects=[_subject(batch), Subject("file", str(file.id))],
        facts={"kind": found.value, "is_dry_run": is_dry_run, "is_draft": is_draft},
        digests=[Digest("product_batch", str(batch.id), file.sha256)],
    )
    return batch


async def take_next(tx: Tx, *, actor: Actor, now: dt.datetime) -> Batch | None:
    """Take the oldest batch that nobody is at; None if there is none.

    :raises NotPermitted: if the actor takes no batches.
    """
    actor.require("product_batch:take")
    return await store.take_next(tx, now=now, until=now + LEASE)


async def hold_on(tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: BatchId) -> None:
    """Keep a batch that one is still at from the others.

    :raises NotPermitted: if the actor takes no batches.
    """
    actor.require("product_batch:take")
    await store.hold_on(tx, batch_id, until=now + LEASE)


async def begin(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    batch_id: BatchId,
    total: int,
    columns: Sequence[str],
) -> Batch:
    """Note that the file of a batch was read to its end, and how many rows it has.

    :raises NotPermitted: if the actor takes no batches.
    :raises ProductBatchEventNotAllowed: if that was noted before, or the batch is over.
    """
    actor.require("product_batch:take")
    before = await _lock(tx, batch_id)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Happening.READ),
        total=total,
        columns=tuple(columns),
    )
    await store.update(tx, after, taken_until=now + LEASE)
    return after


async def take_rows(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    batch_id: BatchId,
    supplier_name: str,
    first: int,
    rows: Sequence[Ready],
    reader: RowReader,
) -> Batch:
    """Take the next rows of a batch: each becomes a product, or is told why not. All or none count.

    ``first`` is the number of the first of them; the last rows end the batch.

    :raises NotPermitted: if the actor describes no products any more.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may describe no new one (HN-06).
    :raises BatchElsewhere: if another process took these rows.
    """
    before = await _lock(tx, batch_id)
    if before.state is not State.TAKING or before.counts.done != first - 1:
        raise BatchElsewhere
    said = [Said(row.key, row.description) for row in rows if row.description is not None]
    done = iter(
        await describe_many(
            tx,
            actor=actor,
            now=now,
            supplier_name=supplier_name,
            rows=said,
            is_draft=before.is_draft,
            is_dry_run=before.is_dry_run,
        )
    )
    results = [
        _result(number, row, None if row.description is None else next(done), reader)
        for number, row in enumerate(rows, start=first)
    ]
    await store.insert_rows(tx, before.id, results)
    after = msgspec.structs.replace(before, counts=_counted(before.counts, results))
    if after.counts.done == after.total:
        return await _finish(tx, after, actor=actor, now=now)
    await store.update(tx, after, taken_until=now + LEASE)
    return after


async def finish_empty(tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: BatchId) -> Batch:
    """End a batch whose file has no rows.

    :raises NotPermitted: if the actor takes no batches.
    :raises ProductBatchEventNotAllowed: if it is over already.
    """
    actor.require("product_batch:take")
    return await _finish(tx, await _lock(tx, batch_id), actor=actor, now=now)


async def give_up(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: BatchId, failure: Failure
) -> Batch:
    """End a batch that can not go on, and say why; products that were taken stay.

    :raises NotPermitted: if the actor takes no batches.
    :raises ProductBatchEventNotAllowed: if it is over already.
    """
    actor.require("product_batch:take")
    before = await _lock(tx, batch_id)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Happening.GIVEN_UP),
        failure=failure,
        finished_at=now,
    )
    await store.update(tx, after, taken_until=None)
    await audit_log.append(
        tx,
        Event.PRODUCT_BATCH_GIVEN_UP,
        actor=actor,
        now=now,
        subjects=[_subject(after)],
        facts={"failure": failure, "counts": after.counts},
    )
    return after


async def cancel(tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID) -> Batch:
    """Stop a batch of one's own: its next rows are not taken, and what was taken stays (取消).

    :raises NotPermitted: if the actor describes no products.
    :raises Missing: if there is no such batch, or it is somebody else's.
    :raises ProductBatchEventNotAllowed: if it is over.
    """
    actor.require("product:describe")
    before = await _lock(tx, batch_id)
    if before.supplier_party_id != actor.party:
        raise Missing
    after = msgspec.structs.replace(
        before, state=advance(before.state, Happening.CANCELLED), finished_at=now
    )
    await store.update(tx, after, taken_until=None)
    await audit_log.append(
        tx,
        Event.PRODUCT_BATCH_CANCELLED,
        actor=actor,
        now=now,
        subjects=[_subject(after)],
        facts=after.counts,
    )
    return after


async def _finish(tx: Tx, batch: Batch, *, actor: Actor, now: dt.datetime) -> Batch:
    after = msgspec.structs.replace(
        batch, state=advance(batch.state, Happening.COMPLETED), finished_at=now
    )
    await store.update(tx, after, taken_until=None)
    await audit_log.append(
        tx,
        Event.PRODUCT_BATCH_FINISHED,
        actor=actor,
        now=now,
        subjects=[_subject(after)],
        facts=after.counts,
        digests=[Digest("product_batch_rows", str(after.id), await _rows_sha256(tx, after))],
    )
    return after


async def _rows_sha256(tx: Tx, batch: Batch) -> str:
    """Return what binds all that became of the rows to the entry."""
    digest, after = hashlib.sha256(), 0
    while rows := await store.list_rows(tx, batch.id, outcome=None, after=after, limit=5000):
        for row in rows:
            digest.update(msgspec.json.encode(row, order="sorted"))
        after = rows[-1].number
    return digest.hexdigest()


async def _lock(tx: Tx, batch_id: uuid.UUID) -> Batch:
    found = await store.lock(tx, batch_id)
    if found is None:
        raise Missing
    return found


def _subject(batch: Batch) -> Subject:
    return Subject("product_batch", str(batch.id))


def _result(number: int, row: Ready, done: Done | None, reader: RowReader) -> RowResult:
    faults: tuple[Fault, ...] = row.faults
    outcome = Outcome.REFUSED
    if done is not None:
        faults = reader.faults_of(row, done.refusals)
        outcome = Outcome(done.became.value)
    is_refused = outcome is Outcome.REFUSED
    return RowResult(
        number=number,
        line=row.line,
        key=row.key[:200],
        outcome=outcome,
        product_id=None if done is None else done.product_id,
        faults=faults,
        cells=row.cells if is_refused else None,
    )


def _counted(counts: Counts, rows: Sequence[RowResult]) -> Counts:
    became = [row.outcome.value for row in rows]
    return Counts(
        **{name: getattr(counts, name) + became.count(name) for name in Counts.__struct_fields__}
    )
