"""Let an index follow the catalogue, and make it anew beside the one that serves (检索索引维护)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from catalog.kernel.actor import system
from catalog.kernel.db import Database, Row, Tx, begin
from catalog.kernel.errors import Conflict
from catalog.search.disk import faults, layout, writing
from catalog.search.disk.building import APART_FROM, Apart, Builder, complete
from catalog.search.disk.reading import TantivyIndex
from catalog.search.disk.writing import IndexedRow, IndexWriter, Lock
from catalog.search.port import RemoteState
from catalog.search.store import documents, outbox

_log = structlog.get_logger("search")
_ACTOR: Final = system("search")
# So many rows are indexed before others get their turn.
_AT_ONCE: Final = 500
# [P] an index that nobody brought up to date for a day is made anew; younger changes are kept.
KEPT_SECONDS: Final = 86_400
# A position that stands still is written again from time to time, so that it stays a known one.
_RENEWED_EVERY: Final = dt.timedelta(minutes=10)
_PRUNED_EVERY: Final = dt.timedelta(minutes=10)
# [P] what could not be read is made anew this often at most; questions are answered all the same.
_MADE_ANEW_EVERY: Final = dt.timedelta(minutes=10)


class SearchIndexBeingBuilt(Conflict):
    """Another process builds the index just now."""

    code = "search_index_being_built"


class Follower:
    """Follow the catalogue with the index of a host, if no other process of it does (索引跟随)."""

    def __init__(self, db: Database, index: TantivyIndex) -> None:
        self._db = db
        self._directory = index.directory
        self._lock = Lock(index.directory, "follow.lock")
        self._writer: IndexWriter | None = None
        self._renewed_at: dt.datetime | None = None
        self._pruned_at: dt.datetime | None = None
        self._made_anew_at: dt.datetime | None = None
        self._rebuilding: asyncio.Task[int] | None = None

    async def follow(self, *, now: dt.datetime) -> int:
        """Index what changed since; return how many products. The first time, all of them.

        When so much changed that it is better made anew, that begins, and the old one is followed
        until it is done. Somebody else may hold the lock; then nothing is done, and tried again the next time.
        What can not be read, by this process or by one that asked it, is made anew too.
        """
        if not self._lock.acquire():
            return 0
        try:
            return await self._follow(now)
        except BaseException as error:
            replaced = isinstance(error, OSError | ValueError) and self._is_replaced()
            self._let_go()  # what was written and not committed never was
            if not replaced and not (faults.is_of_bytes(error) and self._may_make_anew(now)):
                raise
            if not replaced:
                _log.exception("search_index_unreadable", exc_info=error)
                return await _rebuild(self._db, self._directory)
        return await self.follow(now=now)  # swapped just now, and the old one removed

    async def rebuild(self) -> int:
        """Make the index anew beside the one that serves, and swap them; return how many products.

        Whoever follows the old one goes on with the new one by itself.

        :raises SearchIndexBeingBuilt: if another process does just that.
        """
        return await _rebuild(self._db, self._directory)

    def close(self) -> None:
        """Leave it to another process."""
        if self._rebuilding is not None:
            self._rebuilding.cancel()
        self._let_go()
        self._lock.release()

    def _let_go(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None

    def _is_replaced(self) -> bool:
        """Tell whether another index took the place of the one we write."""
        writer = self._writer
        return writer is not None and layout.current(self._directory) != writer.path.name

    def _may_make_anew(self, now: dt.datetime) -> bool:
        """Tell whether what can not be read is made anew now: what fails again and again is not its bytes."""
        last, due = self._made_anew_at, _MADE_ANEW_EVERY
        if last is not None and now < last + due:
            return False
        self._made_anew_at = now
        return True

    async def _follow(self, now: dt.datetime) -> int:
        if faults.is_reported(self._directory) and self._may_make_anew(now):
            self._let_go()
            return await _rebuild(self._db, self._directory)
        writer = self._open()
        count = None if writer is None else await self._catch_up(writer, now)
        if writer is None or count is None:
            self._let_go()
            return await _rebuild(self._db, self._directory)
        self._make_anew_beside(writer)
        if self._pruned_at is None or now >= self._pruned_at + _PRUNED_EVERY:
            async with begin(self._db, _ACTOR) as tx:
                await outbox.prune(tx, older_than_seconds=KEPT_SECONDS)
            self._pruned_at = now
        return count

    def _make_anew_beside(self, writer: IndexWriter) -> None:
        """Begin to make anew what changed too much, or take note of how that ended."""
        if self._rebuilding is not None and self._rebuilding.done():
            done, self._rebuilding = self._rebuilding, None
            with contextlib.suppress(SearchIndexBeingBuilt):  # somebody does it by hand
                done.result()
        elif self._rebuilding is None and writer.is_wasteful:
            self._rebuilding = asyncio.create_task(_rebuild(self._db, self._directory))

    def _open(self) -> IndexWriter | None:
        try:
            path = self._directory / layout.current(self._directory)
        except FileNotFoundError:
            return None
        if self._writer is not None and self._writer.path != path:
            self._let_go()  # it was made anew beside us
        if self._writer is None:
            self._writer = IndexWriter(path)
        return self._writer

    async def _catch_up(self, writer: IndexWriter, now: dt.datetime) -> int | None:
        """Index what changed; None if it can not be caught up with and is to be made anew."""
        state = writer.state
        if state is None or state.layout != layout.LAYOUT:
            return None
        # One snapshot: what it sees is what the position says.
        async with begin(self._db, _ACTOR, snapshot=True) as tx:
            is_ours = state.database == await outbox.read_database(tx)
            if not is_ours or not await outbox.is_known(tx, state.position):
                return None
            position = await outbox.read_position(tx)
            changed = await documents.list_changed_rows(tx, state.position)
        if not changed and self._renewed_at is not None and now < self._renewed_at + _RENEWED_EVERY:
            return 0
        for first in range(0, len(changed), _AT_ONCE):
            batch = changed[first : first + _AT_ONCE]
            rows = [_indexed(row) for row in batch if row["place"] is not None]
            gone = [row["product_id"] for row in batch if row["place"] is None]
            await asyncio.to_thread(writer.put, rows, gone)
        await asyncio.to_thread(writer.commit, position=position, database=state.database)
        self._renewed_at = now
        return len(changed)


class RemoteIndex(Protocol):
    """An index elsewhere that is written by every host: OpenSearch (``market/channels``)."""

    async def hear(self) -> RemoteState | None:
        """Return which index counts and up to where it goes, None if there is none."""
        ...

    async def create(self) -> str:
        """Create the next index, which nobody asks yet; return its name."""
        ...

    async def put(
        self, index: str, rows: Iterable[IndexedRow], gone: Sequence[uuid.UUID], *, version: int
    ) -> None:
        """Index rows in place of what was there, and take out what is gone; newer ones stay."""
        ...

    async def commit(self, index: str, *, position: str, database: str, version: int) -> None:
        """Let everything that was put be seen, then say up to where it goes."""
        ...

    async def make_current(self, index: str) -> None:
        """Let an index that is whole take the place of the one that counts."""
        ...


class RemoteFollower:
    """Follow the catalogue with an index elsewhere, in turn with every other process (索引跟随)."""

    def __init__(self, db: Database, index: RemoteIndex, *, layout: str) -> None:
        self._db = db
        self._index = index
        self._layout = layout
        self._renewed_at: dt.datetime | None = None
        self._pruned_at: dt.datetime | None = None

    async def follow(self, *, now: dt.datetime) -> int:
        """Index what changed since; return how many products. The first time, all of them.

        Whoever does not have the turn only hears how far the others came.

        :raises IndexAway: if the index does not answer.
        """
        state = await self._index.hear()
        if state is None or state.layout != self._layout:
            return await self.rebuild()
        async with begin(self._db, _ACTOR) as turn:
            version = await outbox.take_turn(turn)
            if version is None:
                return 0
            # One snapshot, younger than the turn: what it sees is what the position says.
            async with begin(self._db, _ACTOR, snapshot=True) as tx:
                is_ours = state.database == await outbox.read_database(tx)
                is_known = is_ours and await outbox.is_known(tx, state.position)
                position = await outbox.read_position(tx)
                changed = await documents.list_changed_rows(tx, state.position) if is_known else []
        if not is_known:
            return await self.rebuild()
        if changed or self._renewed_at is None or now >= self._renewed_at + _RENEWED_EVERY:
            await self._put(state.index, changed, version)
            await self._index.commit(
                state.index, position=position, database=state.database, version=version
            )
            await self._index.hear()
            self._renewed_at = now
        await self._prune(now)
        return len(changed)

    async def rebuild(self) -> int:
        """Make the index anew beside the one that serves, and swap them; return how many products.

        :raises SearchIndexBeingBuilt: if another process begins to do just that.
        :raises IndexAway: if the index does not answer.
        """
        count = 0
        async with begin(self._db, _ACTOR) as turn:
            version = await outbox.take_turn(turn)
            if version is None:
                raise SearchIndexBeingBuilt
        index = await self._index.create()
        async with begin(self._db, _ACTOR, snapshot=True) as tx:
            position, database = await outbox.read_position(tx), await outbox.read_database(tx)
            async for batch in _batches(tx):
                await self._index.put(index, batch, [], version=version)
                count += len(batch)
        await self._index.commit(index, position=position, database=database, version=version)
        await self._index.make_current(index)
        await self._index.hear()
        _log.info("search_index_built", products=count, index=index)
        return count

    def close(self) -> None:
        """Leave it to the others; there is nothing to let go."""

    async def _put(self, index: str, changed: Sequence[Row], version: int) -> None:
        for first in range(0, len(changed), _AT_ONCE):
            batch = changed[first : first + _AT_ONCE]
            rows = [_indexed(row) for row in batch if row["place"] is not None]
            gone = [row["product_id"] for row in batch if row["place"] is None]
            await self._index.put(index, rows, gone, version=version)

    async def _prune(self, now: dt.datetime) -> None:
        if self._pruned_at is None or now >= self._pruned_at + _PRUNED_EVERY:
            async with begin(self._db, _ACTOR) as tx:
                await outbox.prune(tx, older_than_seconds=KEPT_SECONDS)
            self._pruned_at = now


async def _rebuild(db: Database, directory: Path) -> int:
    lock = Lock(directory, "build.lock")
    if not lock.acquire():
        raise SearchIndexBeingBuilt
    path = writing.new_generation(directory)
    try:
        async with begin(db, _ACTOR, snapshot=True) as tx:
            position, database = await outbox.read_position(tx), await outbox.read_database(tx)
            are_few = await documents.count_documents(tx, most=APART_FROM) < APART_FROM
            build = _build_here if are_few else _build_apart
            count = await build(tx, path, position=position, database=database)
        await asyncio.to_thread(writing.make_current, path)
    except BaseException:
        writing.remove(path)
        raise
    finally:
        lock.release()
    _log.info("search_index_built", products=count)
    return count


async def _build_here(tx: Tx, path: Path, *, position: str, database: str) -> int:
    builder = Builder(path)

    async def feed(copied: bytes) -> None:
        builder.feed(copied)

    try:
        count = await documents.copy_documents(tx, feed)
        await asyncio.to_thread(complete, builder, path, position=position, database=database)
    finally:
        builder.close()
    return count


async def _build_apart(tx: Tx, path: Path, *, position: str, database: str) -> int:
    builder = await Apart.begin(path, position=position, database=database)
    try:
        count = await documents.copy_documents(tx, builder.feed)
        await builder.finish()
    finally:
        await builder.stop()
    return count


async def _batches(tx: Tx) -> AsyncIterator[list[IndexedRow]]:
    batch: list[IndexedRow] = []
    async for row in documents.every_document(tx):
        batch.append(_indexed(row))
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _indexed(row: Row) -> IndexedRow:
    return IndexedRow(
        product_id=row["product_id"],
        place=row["place"],
        terms=row["terms"],
        facets=documents.facets_of(row),
        price_fen=row["price_fen"],
    )
