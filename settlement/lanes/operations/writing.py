"""Write a lane: one task takes what waits, posts it in one transaction, and answers (单写者).

Nobody is answered before the commit. What became of a batch whose connection was lost is found out by
posting the same keys again; until that is known its callers wait.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import itertools
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncpg

from catalog.kernel import db as database
from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, DatabaseUnreachable, TooBusy, Tx
from catalog.kernel.ids import new_id
from settlement.lanes import store
from settlement.lanes.batching import MOST_TOGETHER, share, together
from settlement.lanes.model import LaneFull, LaneLost, LaneTaken, Request
from settlement.lanes.operations import posting
from settlement.lanes.operations.posting import Answer
from settlement.ledger.accounts import Account
from settlement.ledger.operations import AccountIds, Effect, NotAllPosted, Posted

# [P] Four full batches: who comes later would wait longer than it takes to ask again.
MOST_WAITING: Final = 4 * MOST_TOGETHER
# [P] A writer that gave no sign of life for so long is taken for dead. Longer than a server takes to
# come back, shorter than a person takes to look.
LEASE: Final = dt.timedelta(seconds=10)
_FIRST_PAUSE: Final = dt.timedelta(milliseconds=20)
_LONGEST_PAUSE: Final = dt.timedelta(milliseconds=500)
_MOST_KNOWN: Final = 100_000  # accounts, some megabytes of them

# After these it is not known what became of the transaction, or it may pass by itself.
_AGAIN: Final = (DatabaseUnreachable, TooBusy, TimeoutError, asyncpg.OperatorInterventionError)

T = TypeVar("T")
_Waiting = tuple[Request, "asyncio.Future[Posted]"]


class Lane:
    """One lane while this process writes it (记账通道). Used as ``async with``.

    Whatever is posted is done by ``actor``. ``waits`` has it wait for a lane that another writes, and
    take it over when that one is gone.
    """

    def __init__(
        self,
        db: Database,
        number: int,
        *,
        actor: Actor,
        now: Callable[[], dt.datetime],
        waits: bool = False,
        most_waiting: int = MOST_WAITING,
        lease: dt.timedelta = LEASE,
    ) -> None:
        self.number: Final = number
        self.epoch = 0
        self.batches = 0
        self._db, self._actor, self._now, self._waits = db, actor, now, waits
        self._most_waiting, self._lease = most_waiting, lease
        self._owner = f"{actor.name}/{new_id()}"
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._known: dict[tuple[str, Account], int] = {}
        self._wake = asyncio.Event()
        self._is_closing = self._is_lost = False
        self._stack = contextlib.AsyncExitStack()
        self._lock: Any = None
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write the lane.

        :raises LaneTaken: if another writes it, and this one does not wait.
        """
        while not await self._claim():
            await self._stack.aclose()
            if not self._waits:
                raise LaneTaken(lane=self.number)
            await _pause(_LONGEST_PAUSE)
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Post what waits, and give the lane back. Who leaves in a hurry leaves what waits unknown."""
        self._is_closing = True
        self._wake.set()
        assert self._writer is not None, "a lane that was entered has its writer"
        if error is not None:
            self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer
        await self._stack.aclose()

    async def submit(self, request: Request) -> Posted:
        """Hand in an entry and return what became of it, when it is committed.

        :raises KeyReused: if its key belongs to another entry.
        :raises BalanceInsufficient: if a guarded account would fall below its floor.
        :raises OrderMoneyExceeded: if the order would give out more than was paid in.
        :raises StateMoved: if what moves with it is not in its state any more.
        :raises LaneFull: if too much waits; nothing was done.
        :raises LaneLost: if another took the lane over; nothing was done.
        :raises DatabaseUnreachable: if the lane was closed before it was known; the same key tells.
        """
        if self._is_lost:
            raise LaneLost(lane=self.number)
        if len(self._waiting) >= self._most_waiting:
            raise LaneFull(lane=self.number, waiting=len(self._waiting))
        if self._is_closing:
            raise DatabaseUnreachable
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        self._wake.set()
        return await answer

    async def _claim(self) -> bool:
        await self._take_lock()
        epoch = await self._run(
            lambda tx: posting.claim(
                tx,
                lane=self.number,
                owner=self._owner,
                is_free=self._lock is not None,
                lease=self._lease,
            )
        )
        self.epoch = epoch or 0
        return epoch is not None

    async def _take_lock(self) -> None:
        """Hold the lane by a session of its own, which ends with this process; or try to."""
        if self._lock is not None and not self._lock.is_closed():
            return
        self._lock = None
        await self._stack.aclose()
        connection = await self._stack.enter_async_context(database.apart(self._db))
        try:
            has_lock = await connection.fetchval(store.TRY_LOCK, self.number)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as gone:
            raise DatabaseUnreachable from gone
        if has_lock:
            self._lock = connection
        else:
            await self._stack.aclose()

    async def _write(self) -> None:
        try:
            while not self._is_lost:
                batch = self._take()
                if batch:
                    await self._settle(batch)
                elif self._is_closing:
                    return
                else:
                    await self._rest()
        finally:
            self._is_closing = True
            self._refuse_waiting(DatabaseUnreachable())

    def _take(self) -> list[_Waiting]:
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()  # who asked does not wait any more
        most = share(len(self._waiting))
        count = together(request for request, _ in itertools.islice(self._waiting, most))
        return [self._waiting.popleft() for _ in range(count)]

    async def _rest(self) -> None:
        """Wait for something to do, and give a sign of life meanwhile."""
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), (self._lease // 4).total_seconds())
        except TimeoutError:
            with contextlib.suppress(*_AGAIN):
                await self._renew()

    async def _renew(self) -> None:
        try:
            await self._run(lambda tx: posting.hold(tx, lane=self.number, epoch=self.epoch))
            await self._take_lock()
        except LaneLost:
            self._lose()

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Answer each of a batch, once it is known what became of it."""
        requests = [request for request, _ in batch]
        answers: Sequence[Answer] = [DatabaseUnreachable() for _ in batch]  # if we are told to go
        try:
            answers = await self._until_known(lambda: self._post(requests))
        except LaneLost:
            self._lose()
            answers = await self._until_known(lambda: self._find_out(requests))
        except Exception as fault:  # noqa: BLE001 - the transaction was undone: none of it was done
            answers = [fault] * len(batch)
        finally:
            self.batches += 1
            for (_, waits), answer in zip(batch, answers, strict=True):
                _tell(waits, answer)

    async def _until_known(self, act: Callable[[], Awaitable[T]]) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await act()
            except _AGAIN:
                await _pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _post(self, requests: Sequence[Request]) -> list[Answer]:
        now = self._now()

        async def all_at_once(tx: Tx) -> AccountIds:
            await posting.hold(tx, lane=self.number, epoch=self.epoch)
            return await posting.post_together(
                tx, actor=self._actor, now=now, requests=requests, known=self._known
            )

        async def one_by_one(tx: Tx) -> list[Answer]:
            await posting.hold(tx, lane=self.number, epoch=self.epoch)
            return await posting.post_each(tx, actor=self._actor, now=now, requests=requests)

        try:
            found = await self._run(all_at_once)
        except NotAllPosted:
            return await self._run(one_by_one)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(found)  # only now: what is not committed may have no id
        return [Posted(each.entry, Effect.ACCEPTED) for each in requests]

    async def _find_out(self, requests: Sequence[Request]) -> list[Answer]:
        now = self._now()
        return await self._run(
            lambda tx: posting.find_out(
                tx, actor=self._actor, now=now, requests=requests, lane=self.number
            )
        )

    async def _run(self, command: Callable[[Tx], Awaitable[T]]) -> T:
        # What changes nothing is not remembered, and a batch of which all is refused changes nothing.
        return await database.run(self._db, self._actor, command, must_remember=False)

    def _lose(self) -> None:
        self._is_lost = True
        self._refuse_waiting(LaneLost(lane=self.number))

    def _refuse_waiting(self, refusal: Exception) -> None:
        while self._waiting:
            _tell(self._waiting.popleft()[1], refusal)


def _tell(waits: asyncio.Future[Posted], answer: Answer) -> None:
    if waits.done():
        return  # who asked does not wait any more
    if isinstance(answer, Posted):
        waits.set_result(answer)
    else:
        waits.set_exception(answer)


async def _pause(for_: dt.timedelta) -> None:
    await asyncio.sleep(for_.total_seconds())
