"""Name sources, pause and retire them, begin runs, take pages in, end runs, and decide on what is missing (收割)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Logged
from catalog.audit_log.model import Subject
from catalog.formats.reading_dcat import Skipped
from catalog.harvesting import reading, store, vanishing
from catalog.harvesting.addresses import check_address
from catalog.harvesting.model import Fetched, NewSource, Run, Source
from catalog.harvesting.source_states import (
    HarvestSourceRetired,
    SourceEvent,
    SourceState,
    advance_source,
    check_read,
)
from catalog.harvesting.states import Event, State, advance
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import new_id
from catalog.products import imports
from catalog.products.imports import Prepared, Record
from catalog.products.operations import importing

#: [P] so many reasons are kept of a run; the rest is counted.
_ERRORS_KEPT: Final = 100
#: [P] a million records in pages of a hundred; who leads us further leads us round.
MOST_PAGES: Final = 10_000
#: [P] longer than the slowest page takes; who was killed is followed by another then.
_CLAIMED_FOR: Final = dt.timedelta(minutes=3)
_LOGGED: Final = {
    SourceEvent.PAUSE: Logged.HARVEST_SOURCE_PAUSED,
    SourceEvent.RESUME: Logged.HARVEST_SOURCE_RESUMED,
    SourceEvent.RETIRE: Logged.HARVEST_SOURCE_RETIRED,
}


class HarvestSourceExists(Conflict):
    """There is a source of that code."""

    code = "harvest_source_exists"


class HarvestRunning(Conflict):
    """The source is being read already."""

    code = "harvest_running"


class HarvestSourceMissing(Missing):
    """There is no source of that code, or no run of that id."""

    code = "not_found"


async def add_source(tx: Tx, *, actor: Actor, now: dt.datetime, new: NewSource) -> Source:
    """Name a source whose catalogue is taken in on a schedule.

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestAddressUnfit: if no catalogue can be read at its address.
    :raises HarvestSourceExists: if there is one of that code.
    """
    actor.require("harvest:manage")
    check_address(new.url)
    source = Source(id=new_id(), created_at=now, **msgspec.structs.asdict(new))
    if not await store.insert_source(tx, source):
        raise HarvestSourceExists(code=new.code)
    await audit_log.append(
        tx,
        Logged.HARVEST_SOURCE_ADDED,
        actor=actor,
        now=now,
        subjects=[Subject("harvest_source", str(source.id))],
        facts={"code": new.code, "kind": new.kind.value, "url": new.url},
    )
    return source


async def pause(tx: Tx, *, actor: Actor, now: dt.datetime, code: str) -> Source:
    """Pause a source (暂停): nothing is fetched from it. A run that goes on waits at its page.

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestSourceMissing: if there is no such source.
    :raises HarvestSourcePaused: if it is paused already.
    :raises HarvestSourceRetired: if it is retired.
    """
    return await _move(tx, SourceEvent.PAUSE, actor=actor, now=now, code=code)


async def resume(tx: Tx, *, actor: Actor, now: dt.datetime, code: str) -> Source:
    """Resume a paused source (恢复): its run goes on where it stood, its schedule as before.

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestSourceMissing: if there is no such source.
    :raises HarvestSourceActive: if it was not paused.
    :raises HarvestSourceRetired: if it is retired.
    """
    return await _move(tx, SourceEvent.RESUME, actor=actor, now=now, code=code)


async def retire(tx: Tx, *, actor: Actor, now: dt.datetime, code: str) -> Source:
    """Retire a source for good (停用). What was taken in from it stays, with where it came from.

    A run that goes on is broken off, a held one is declined: neither takes anything back.

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestSourceMissing: if there is no such source.
    :raises HarvestSourceRetired: if it is retired already.
    """
    return await _move(tx, SourceEvent.RETIRE, actor=actor, now=now, code=code)


async def begin(tx: Tx, *, actor: Actor, now: dt.datetime, code: str) -> Run:
    """Begin to read a source. A run that was held is declined by that: this one looks again.

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestSourceMissing: if there is no such source.
    :raises HarvestSourcePaused: if it is paused.
    :raises HarvestSourceRetired: if it is retired.
    :raises HarvestRunning: if it is being read.
    """
    actor.require("harvest:manage")
    source = await store.find_source(tx, code)
    if source is None:
        raise HarvestSourceMissing
    check_read(source.state, code=code)
    if await store.find_running(tx, source.id) is not None:
        raise HarvestRunning(code=code)
    for run in await store.list_runs(tx, source.id, limit=1):
        if run.state is State.HELD:
            await decline(tx, run, actor=actor, now=now)
    run = Run(
        id=new_id(),
        source_id=source.id,
        state=State.RUNNING,
        started_at=now,
        next_address=reading.first_address(source.kind, source.url),
    )
    await store.insert_run(tx, run)
    await audit_log.append(
        tx,
        Logged.HARVEST_RUN_BEGUN,
        actor=actor,
        now=now,
        subjects=[Subject("harvest_run", str(run.id))],
        facts={"code": code},
    )
    return run


async def claim(tx: Tx, *, actor: Actor, now: dt.datetime) -> tuple[Run, Source] | None:
    """Return a run of which the next page is to be read, kept for the caller; None if there is none.

    :raises NotPermitted: if the actor may not harvest.
    """
    actor.require("harvest:manage")
    found = await store.claim(tx, now=now, until=now + _CLAIMED_FOR)
    tx.remember()  # that somebody works at it is no decision
    return found


async def take_page(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    run: Run,
    source: Source,
    fetched: Fetched,
    lines: Sequence[reading.PageLine],
) -> Run:
    """Take a page in, once, and go on to the next; the last page ends the run.

    Somebody else may have taken it meanwhile, or the source was retired; then nothing is done. Nor
    is it if the source was paused: the page is read again when it is resumed.
    """
    source_now = await store.find_source(tx, source.code)  # before the run, as all lock them
    now_there = await store.lock_run(tx, run.id)
    if now_there is None or not _waits_for(now_there, run):
        tx.remember()
        return now_there or run
    if source_now is None or source_now.state is SourceState.PAUSED:
        await store.update_run(tx, now_there)  # as it was, but free for whoever goes on with it
        tx.remember()
        return now_there
    skipped = [line.skipped for line in lines if line.skipped is not None]
    batch, refused = _prepared([line.record for line in lines if line.record], source)
    skipped += refused
    new, duplicates = await _note(tx, run, source, batch, fetched)
    result = await importing.import_batch(tx, actor=actor, now=now, batch=new)
    next_address = next((line.next_address for line in lines if line.next_address), None)
    after = msgspec.structs.replace(
        now_there,
        pages=now_there.pages + 1,
        imported=now_there.imported + result.imported,
        updated=now_there.updated + result.updated,
        unchanged=now_there.unchanged + result.unchanged,
        duplicates=now_there.duplicates + duplicates,
        skipped=now_there.skipped + len(skipped),
        errors=(*now_there.errors, *skipped)[:_ERRORS_KEPT],
        next_address=next_address,
    )
    if next_address is not None and after.pages < MOST_PAGES:
        await store.update_run(tx, after)
        return after
    if next_address is not None:
        return await _broken(tx, after, f"more than {MOST_PAGES} pages", actor=actor, now=now)
    return await _read_whole(tx, after, source, actor=actor, now=now)


async def break_off(tx: Tx, *, actor: Actor, now: dt.datetime, run: Run, reason: str) -> Run:
    """End a run whose page was not to be had. Nothing is taken back by it.

    :raises NotPermitted: if the actor may not harvest.
    """
    actor.require("harvest:manage")
    now_there = await store.lock_run(tx, run.id)
    if now_there is None or not _waits_for(now_there, run):
        tx.remember()
        return now_there or run
    return await _broken(tx, now_there, reason, actor=actor, now=now)


async def confirm(tx: Tx, *, actor: Actor, now: dt.datetime, run_id: uuid.UUID) -> Run:
    """Let what a held run did not find be taken back: a person looked (确认下线).

    :raises NotPermitted: if the actor may not harvest.
    :raises HarvestSourceMissing: if there is no such run.
    :raises HarvestEventNotAllowed: if it is not held.
    """
    actor.require("harvest:manage")
    run = await store.lock_run(tx, run_id)
    if run is None:
        raise HarvestSourceMissing
    confirmed = msgspec.structs.replace(run, state=advance(run.state, Event.CONFIRMED))
    (source,) = [each for each in await store.list_sources(tx) if each.id == run.source_id]
    return await _take_back(tx, confirmed, source, actor=actor, now=now)


async def decline(tx: Tx, run: Run, *, actor: Actor, now: dt.datetime) -> Run:
    """End a held run without taking anything back; the caller has locked its source.

    :raises HarvestEventNotAllowed: if it is not held.
    """
    declined = msgspec.structs.replace(run, state=advance(run.state, Event.DECLINED))
    return await _end(tx, declined, actor=actor, now=now)


async def _move(tx: Tx, event: SourceEvent, *, actor: Actor, now: dt.datetime, code: str) -> Source:
    actor.require("harvest:manage")
    source = await store.find_source(tx, code)
    if source is None:
        raise HarvestSourceMissing
    moved = msgspec.structs.replace(source, state=advance_source(source.state, event, code=code))
    await store.set_source_state(tx, moved)
    await audit_log.append(
        tx,
        _LOGGED[event],
        actor=actor,
        now=now,
        subjects=[Subject("harvest_source", str(source.id))],
        facts={"code": code, "from": source.state.value, "to": moved.state.value},
    )
    if moved.state is SourceState.RETIRED:
        await _end_open_run(tx, moved, actor=actor, now=now)
    return moved


async def _end_open_run(tx: Tx, source: Source, *, actor: Actor, now: dt.datetime) -> None:
    for newest in await store.list_runs(tx, source.id, limit=1):
        run = await store.lock_run(tx, newest.id)
        if run is None:
            continue
        if run.state is State.HELD:
            await decline(tx, run, actor=actor, now=now)
        elif run.state is State.RUNNING:
            why = HarvestSourceRetired(code=source.code)
            reason = f"{why.code} {why.facts}"
            await break_off(tx, actor=actor, now=now, run=run, reason=reason)


def _waits_for(now_there: Run, run: Run) -> bool:
    """Return whether a run still waits for the page that was read for it."""
    return now_there.state is State.RUNNING and now_there.next_address == run.next_address


def _prepared(records: list[Record], source: Source) -> tuple[list[Prepared], list[Skipped]]:
    found: dict[str, Prepared] = {}
    skipped = []
    for number, record in enumerate(records, start=1):
        told = msgspec.structs.replace(record, licence=record.licence or source.licence)
        line = imports.read_line(number, msgspec.json.encode(told))
        if isinstance(line, imports.Rejected):
            skipped.append(Skipped(record.id[:200], f"{line.reason} {line.detail}".strip()))
        elif record.id in found:
            skipped.append(Skipped(record.id, "record_doubled"))
        else:
            found[record.id] = line
    return list(found.values()), skipped


async def _note(
    tx: Tx, run: Run, source: Source, batch: list[Prepared], fetched: Fetched
) -> tuple[list[Prepared], int]:
    """Note what was seen; return what this run takes in, and how many another source has already."""
    keys = {each.record.id: vanishing.keys(each.record) for each in batch}
    held = await store.list_held(tx, source.id, list(keys))
    same = await store.find_same(tx, source.id, [key for ks in keys.values() for key in ks])
    seen = []
    for record_id, own in keys.items():
        first = next((name for name, theirs in same if set(own) & set(theirs)), None)
        duplicate_of = None if record_id in held else first
        seen.append(store.Seen(record_id=record_id, keys=own, duplicate_of=duplicate_of))
    fresh = set(await store.put_seen(tx, source.id, run.id, seen, fetched))
    doubled = {each.record_id for each in seen if each.duplicate_of is not None}
    taken = [b for b in batch if b.record.id in fresh and b.record.id not in doubled]
    return taken, len(fresh & doubled)


async def _read_whole(tx: Tx, run: Run, source: Source, *, actor: Actor, now: dt.datetime) -> Run:
    unseen = await store.list_unseen(tx, source.id, run.id)
    before = await store.count_kept(tx, source.id)
    if vanishing.is_too_much(before, len(unseen)):
        held = msgspec.structs.replace(
            run,
            state=advance(run.state, Event.FOUND_TOO_LITTLE),
            vanished=len(unseen),
            reason=f"{len(unseen)} of {before} are not there any more",
        )
        return await _end(tx, held, actor=actor, now=now)
    finished = msgspec.structs.replace(run, state=advance(run.state, Event.READ_WHOLE))
    return await _take_back(tx, finished, source, actor=actor, now=now)


async def _take_back(tx: Tx, run: Run, source: Source, *, actor: Actor, now: dt.datetime) -> Run:
    unseen = await store.list_unseen(tx, source.id, run.id)
    await importing.withdraw_imported(
        tx,
        actor=actor,
        now=now,
        source=source.code,
        source_ids=unseen,
        reason="来源目录已不再提供 · no longer in its catalogue",
    )
    await store.forget_unseen(tx, source.id, run.id)
    done = msgspec.structs.replace(run, vanished=len(unseen), next_address=None)
    return await _end(tx, done, actor=actor, now=now)


async def _broken(tx: Tx, run: Run, reason: str, *, actor: Actor, now: dt.datetime) -> Run:
    failed = msgspec.structs.replace(
        run, state=advance(run.state, Event.BROKE_OFF), reason=reason[:1000]
    )
    return await _end(tx, failed, actor=actor, now=now)


async def _end(tx: Tx, run: Run, *, actor: Actor, now: dt.datetime) -> Run:
    ended = msgspec.structs.replace(run, ended_at=now)
    await store.update_run(tx, ended)
    counted = ("pages", "imported", "updated", "unchanged", "duplicates", "skipped", "vanished")
    await audit_log.append(
        tx,
        Logged.HARVEST_RUN_ENDED,
        actor=actor,
        now=now,
        subjects=[Subject("harvest_run", str(run.id))],
        facts={"state": run.state.value} | {name: getattr(run, name) for name in counted},
    )
    return ended
