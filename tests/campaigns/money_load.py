"""What payers, payees and jobs do with money all day, and what they were answered.

Everyone who was not answered asks again with the same, as a careful program does. An order is walked from
its payment to the end of its money; none is left on the way.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self, TypeVar

import asyncpg
import msgspec

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, DatabaseUnreachable, TooBusy, Tx
from catalog.kernel.ids import new_id
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import freezing, refunding, releasing
from settlement.escrow.queries import find_escrow
from settlement.escrow.states import EventNotAllowed, State
from settlement.lanes.model import LaneFull, LaneLost, LaneTaken, Request, StateMoved
from settlement.lanes.operations.writing import LEASE, Lane
from settlement.ledger import operations as ledger
from settlement.ledger.operations import BalanceInsufficient, KeyReused, OrderMoneyExceeded, Posted
from settlement.ledger.queries import order_money as books
from settlement.payments import operations as payments
from settlement.payments.channel import ChannelEvent, EventKind
from tests.lanes_model import NOON, pay_in, refund, refund_settled, release, under_key
from tests.store.money import accepted, three_way_split

ACTOR: Final = system("campaign", "order:pay", "escrow:release", "ledger:read")
DOWN: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DatabaseUnreachable,
    TooBusy,
    LaneLost,
    LaneFull,
    LaneTaken,
)
PATIENCE_SECONDS: Final = 90.0

T = TypeVar("T")


class Ack(msgspec.Struct, frozen=True):
    """What somebody was told is done."""

    what: str
    order: uuid.UUID
    amount_fen: int
    key: uuid.UUID | None = None
    by_lane: bool = False


class NeverAnswered(AssertionError):
    """Somebody asked for a long time and was not answered."""


class Desk:
    """Whoever writes the lane, as long as somebody has something for it."""

    def __init__(
        self, db: Database, now: Callable[[], dt.datetime], *, number: int, **how: Any
    ) -> None:
        self._db, self._now, self._number, self._how = db, now, number, how
        self._may_own = asyncio.Event()
        self._may_own.set()
        self._lane: Lane | None = None
        self._is_there = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.epochs: list[int] = []
        self.refused: collections.Counter[str] = collections.Counter()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def step_aside(self) -> None:
        """Give the lane back, and do not ask for it before one is told to."""
        self._may_own.clear()
        self._is_lost.set()

    def step_in(self) -> None:
        """Ask for the lane again, and take it over when it is free."""
        self._may_own.set()

    async def submit(self, request: Request) -> Posted:
        await self._is_there.wait()
        assert self._lane is not None
        try:
            return await self._lane.submit(request)
        except (LaneLost, DatabaseUnreachable) as lost:
            self.refused[lost.code] += 1
            self._is_lost.set()
            raise
        except LaneFull as full:
            self.refused[full.code] += 1
            raise

    async def _write(self) -> None:
        while True:
            await self._may_own.wait()
            self._is_lost.clear()
            try:
                async with Lane(
                    self._db, self._number, actor=ACTOR, now=self._now, waits=True, **self._how
                ) as lane:
                    self._lane = lane
                    self.epochs.append(lane.epoch)
                    self._is_there.set()
                    await self._is_lost.wait()
                    self._is_there.clear()
            except DOWN:
                await asyncio.sleep(0.02)
            finally:
                self._is_there.clear()


class Load:
    """All that is asked of the money, and all that was answered."""

    def __init__(
        self,
        db: Database,
        rng: random.Random,
        *,
        tell: Callable[[Ack], None] | None = None,
        begun: Callable[[uuid.UUID], None] | None = None,
        lane: int = 0,
        lease: dt.timedelta = LEASE,
    ) -> None:
        self.db, self.rng = db, rng
        self.acks: list[Ack] = []
        self.orders: dict[uuid.UUID, int] = {}
        self.ended: set[uuid.UUID] = set()
        self.unknown = 0
        self.breaks = 0
        self.findings: list[str] = []
        self.is_closing = False
        self.clock_off = dt.timedelta(0)
        self.answered = asyncio.Event()
        self.answered_at = 0.0
        self.desk = Desk(db, self.now, number=lane, lease=lease)
        self._tell, self._begun = tell, begun
        self._split = three_way_split()
        self._payer = new_id()

    def now(self) -> dt.datetime:
        return NOON + self.clock_off

    def expect_answer(self) -> None:
        self.answered = asyncio.Event()

    async def run(self, walkers: int) -> None:
        """Walk orders to their end, one after the other, until the load closes."""
        async with self.desk:
            await asyncio.gather(*(self._keep_walking() for _ in range(walkers)))

    async def _keep_walking(self) -> None:
        walks = (self._single, self._single, self._laned, self._laned, self._refunded, self._disputed, self._bare)  # fmt: skip
        while not self.is_closing:
            order, amount = new_id(), self.rng.randint(100, 100_000)
            await self.rng.choice(walks)(order, amount)
            self.ended.add(order)

    # ── walks ──

    async def _single(self, order: uuid.UUID, amount: int) -> None:
        await self.pay(order, amount)
        await self.release_alone(order, amount)

    async def _laned(self, order: uuid.UUID, amount: int) -> None:
        await self.pay(order, amount)
        request = await self.until(lambda tx: self._drawn_up(tx, order))
        posted = await self.until_posted(request)
        self._ack("release", order, amount, posted.entry.key, by_lane=True)

    async def _refunded(self, order: uuid.UUID, amount: int) -> None:
        """Press the button sixteen times at once: one refund."""
        await self.pay(order, amount)
        answers = await asyncio.gather(*(self.refund_alone(order, amount) for _ in range(16)))
        if len(set(answers)) != 1:
            self.findings.append(f"{order} was refunded by {len(set(answers))} entries")

    async def _disputed(self, order: uuid.UUID, amount: int) -> None:
        """A dispute and a release at once; what is frozen is decided afterwards."""
        await self.pay(order, amount)
        request = await self.until(lambda tx: self._drawn_up(tx, order))
        refusals = (EventNotAllowed, BalanceInsufficient, OrderMoneyExceeded, StateMoved)

        async def freeze(tx: Tx) -> None:
            found = await escrow.lock(tx, order)
            if found.state is State.HELD:
                await freezing.freeze(tx, actor=ACTOR, now=self.now(), order_id=order)

        async def released() -> Posted | None:
            try:
                return await self.until_posted(request)
            except refusals:
                return None

        _, posted = await asyncio.gather(self.until(freeze), released())
        if posted is not None:
            self._ack("release", order, amount, posted.entry.key, by_lane=True)
        elif self.rng.random() < 0.5:
            await self.release_alone(order, amount)
        else:
            await self.refund_alone(order, amount)

    async def _bare(self, order: uuid.UUID, amount: int) -> None:
        """Entries alone, each sent twice at once, and a key that is used again for something else."""
        self._begin(order, amount)
        back = amount // 3
        entries = [pay_in(order, amount), release(order, amount - back), refund(order, back, order)]
        entries.append(refund_settled(order, back))
        for entry in entries:
            request = Request(entry)
            once, again = await asyncio.gather(
                self.until_posted(request), self.until(lambda tx, e=entry: self._post(tx, e))
            )
            if once.is_new and again.is_new:
                self.findings.append(f"{entry.key} is new twice")
            self._ack(str(entry.kind), order, entry.amount_fen, entry.key, by_lane=True)
        reused = Request(under_key(pay_in(order, amount + 1), entries[0].key))
        try:
            await self.until_posted(reused)
        except KeyReused:
            return
        self.findings.append(f"{entries[0].key} was used twice")

    # ── steps ──

    async def pay(self, order: uuid.UUID, amount: int) -> None:
        """Pay until the money is there; what the channel tells comes several times and in any order."""
        self._begin(order, amount)
        while True:
            payment = await self.until(lambda tx: self._start(tx, order, amount))
            if payment is None:
                break
            events = [self._event(payment, EventKind.SUCCEEDED)] * self.rng.randint(1, 3)
            if self.rng.random() < 0.2:
                events.append(self._event(payment, EventKind.FAILED))
            self.rng.shuffle(events)
            heard = await asyncio.gather(*(self._hear(each) for each in events))
            self.breaks += sum(each.found is not None for each in heard)
        self._ack("pay_in", order, amount)

    async def _start(self, tx: Tx, order: uuid.UUID, amount: int) -> Any:
        found = await find_escrow(tx, order)
        if found is not None and found.state is not State.AWAITING_PAYMENT:
            return None
        return await payments.start(
            tx,
            actor=ACTOR,
            now=self.now(),
            order_id=order,
            payer_party_id=self._payer,
            amount_fen=amount,
        )

    def _event(self, payment: Any, kind: EventKind) -> ChannelEvent:
        return ChannelEvent(
            event_id=f"{kind}{payment.reference}",
            kind=kind,
            reference=payment.reference,
            amount_fen=payment.amount_fen,
            currency="CNY",
            channel_transaction_id=f"T{payment.reference}",
            happened_at=NOON,
        )

    async def _hear(self, event: ChannelEvent) -> Any:
        return await self.until(
            lambda tx: payments.record_callback(
                tx, now=self.now(), channel="sandbox", event=event, nonce=uuid.uuid4().hex
            )
        )

    async def release_alone(self, order: uuid.UUID, amount: int) -> None:
        done = await self.until(
            lambda tx: releasing.release(
                tx,
                actor=ACTOR,
                now=self.now(),
                order_id=order,
                split=self._split,
                facts=self._facts(),
            )
        )
        self._ack("release", order, amount, done.journal_key)

    async def refund_alone(self, order: uuid.UUID, amount: int) -> uuid.UUID:
        done = await self.until(
            lambda tx: refunding.refund(tx, actor=ACTOR, now=self.now(), order_id=order)
        )
        self._ack("refund", order, amount, done.journal_key)
        return done.journal_key

    async def finish(self, order: uuid.UUID, amount: int) -> None:
        """Bring an order to its end that somebody left on the way."""
        found = await self.until(lambda tx: find_escrow(tx, order))
        money = await self.until(lambda tx: books.get_order_ledger(tx, order))
        left = money.paid_fen - money.released_fen - money.refunded_fen
        if found is None and left:
            entry = refund(order, left, order)
            await self.until(lambda tx: self._post(tx, entry))
        elif found is not None and found.state is State.HELD:
            await self.release_alone(order, amount)
        elif found is not None and found.state is State.DISPUTED:
            await self.refund_alone(order, amount)

    async def until(self, command: Callable[[Tx], Awaitable[T]]) -> T:
        """Ask until there is an answer.

        :raises NeverAnswered: if there is none for a long time.
        """
        return await self._until(lambda: database.run(self.db, ACTOR, command, must_remember=False))

    async def until_posted(self, request: Request) -> Posted:
        """Hand in until it is posted."""
        return await self._until(lambda: self.desk.submit(request))

    async def _until(self, act: Callable[[], Awaitable[T]]) -> T:
        end = monotonic() + PATIENCE_SECONDS
        while monotonic() < end:
            try:
                answer = await act()
            except DOWN as down:
                if isinstance(down, asyncpg.IntegrityConstraintViolationError):
                    raise
                self.unknown += 1
                await asyncio.sleep(self.rng.uniform(0.005, 0.05))
            else:
                if not self.answered.is_set():
                    self.answered_at = monotonic()
                    self.answered.set()
                return answer
        raise NeverAnswered

    async def _drawn_up(self, tx: Tx, order: uuid.UUID) -> Request:
        return await releasing.draw_up_release(
            tx, actor=ACTOR, now=self.now(), order_id=order, split=self._split, facts=self._facts()
        )

    async def _post(self, tx: Tx, entry: Any) -> Posted:
        return await ledger.post(tx, actor=ACTOR, now=self.now(), entry=entry)

    def _facts(self) -> Any:
        return accepted(self.now())

    def _begin(self, order: uuid.UUID, amount: int) -> None:
        self.orders[order] = amount
        if self._begun is not None:
            self._begun(order)

    def _ack(
        self,
        what: str,
        order: uuid.UUID,
        amount: int,
        key: uuid.UUID | None = None,
        *,
        by_lane: bool = False,
    ) -> None:
        ack = Ack(what, order, amount, key, by_lane)
        self.acks.append(ack)
        if self._tell is not None:
            self._tell(ack)
