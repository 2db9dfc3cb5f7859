"""Let orders be paid through a bank that goes wrong by a seed, and state its days with faults.

Of the disturbed payments some go wrong on the way (``Mischief``), some in the statement. What the
bank states is written here and not by the service: an independent second side.
"""

from __future__ import annotations

import datetime as dt
import enum
import pathlib
import random

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import SHANGHAI, local_date
from market.channels.mischief import Mischief
from market.channels.sandbox import SandboxChannel
from market.settings import Settings
from settlement.money import Fen
from settlement.payments import asking, queries
from settlement.payments import operations as payments
from settlement.payments.callback import authenticate
from settlement.payments.channel import ChannelSilent, SignedCallback, Told
from settlement.payments.model import Payment
from settlement.payments.states import State
from settlement.reconciliation.differences import Kind, fee_of
from settlement.reconciliation.statement_file import Line, Move, Outcome, write

DAY = dt.date(2026, 3, 2)
FEE_BPS = 60
#: What is disturbed of all payments, in hundredths.
SHARE = 20


class Fault(enum.StrEnum):
    """What is wrong in the bank's statement."""

    MISSING = "missing"
    OTHER_AMOUNT = "other_amount"
    OTHER_FEE = "other_fee"
    FAILED = "failed"
    TWICE = "twice"
    NEXT_DAY = "next_day"
    UNASKED = "unasked"


FOUND = {
    Fault.MISSING: Kind.SHORT,
    Fault.OTHER_AMOUNT: Kind.AMOUNT,
    Fault.OTHER_FEE: Kind.FEE,
    Fault.FAILED: Kind.STATUS,
    Fault.TWICE: Kind.DUPLICATE,
    Fault.NEXT_DAY: Kind.DATE_CUT,
    Fault.UNASKED: Kind.LONG,
}


class Market:
    """A bank, its customers, and what was done to their payments."""

    def __init__(self, db: Database, actor: Actor, directory: pathlib.Path, seed: str) -> None:
        self._db = db
        self._actor = actor
        self._chance = random.Random(seed)
        self.channel = SandboxChannel(Settings(data_dir=directory))
        self.faults: list[Fault] = []
        self.mischiefs: list[Mischief] = []
        self._lines: dict[dt.date, list[Line]] = {DAY: [], DAY + dt.timedelta(days=1): []}

    async def pay(self, count: int) -> None:
        """Have so many orders paid on the day, one fifth of them with something wrong."""
        for number in range(count):
            now = dt.datetime.combine(DAY, dt.time(9), SHANGHAI) + dt.timedelta(seconds=number)
            amount = self._chance.randint(1, 2_000_000)
            fault = mischief = None
            if self._chance.randrange(100) < SHARE:
                if self._chance.randrange(2):
                    mischief = self._chance.choice(list(Mischief))
                    self.mischiefs.append(mischief)
                else:
                    fault = self._chance.choice(list(Fault))
                    self.faults.append(fault)
            if fault is Fault.NEXT_DAY:
                now = dt.datetime.combine(DAY, dt.time(23, 45), SHANGHAI)
            if fault is Fault.UNASKED:
                self._state(f"X{number}", f"TX{number}", amount, now)
                continue
            payment = await self._start(now, amount)
            await self._bring(payment, now, mischief)
            self._state_as(payment, now, fault)

    async def ask(self) -> None:
        """Ask the bank about every payment that was not heard of, until there is none."""
        now = dt.datetime.combine(DAY, dt.time(9), SHANGHAI)
        while True:
            now += asking.LONGEST / 4
            async with begin(self._db, self._actor) as tx:
                waiting = await queries.list_unheard(tx, now=now, limit=1000)
            if not waiting:
                return
            for payment in waiting:
                await self._ask_about(payment, now)

    def stated(self, day: dt.date) -> bytes:
        """Return the bank's statement of a day."""
        return write("sandbox", day, self._lines[day])

    async def _start(self, now: dt.datetime, amount: int) -> Payment:
        async with begin(self._db, self._actor) as tx:
            started = await payments.start(
                tx,
                actor=self._actor,
                now=now,
                order_id=new_id(),
                payer_party_id=new_id(),
                amount_fen=amount,
                lifetime=dt.timedelta(days=2),
            )
            return await payments.submit(
                tx, payment=started, channel_reference=f"sandbox-{started.reference}"
            )

    async def _bring(self, payment: Payment, now: dt.datetime, mischief: Mischief | None) -> None:
        if mischief is None:
            told: tuple[SignedCallback, ...] = (self.channel.confirm(payment.request(), now=now),)
        else:
            told = self.channel.misbehave(payment.request(), mischief, now=now)
        for callback in told:
            await self._hear(callback, now)

    async def _hear(self, told: SignedCallback, now: dt.datetime) -> None:
        try:
            event = authenticate(self.channel.secret, "sandbox", told, now)
            async with begin(self._db, self._actor) as tx:
                await payments.record_callback(
                    tx, now=now, channel="sandbox", event=event, nonce=told.nonce
                )
        except DomainError:
            return

    async def _ask_about(self, payment: Payment, now: dt.datetime) -> None:
        told: Told | None
        try:
            told = await self.channel.ask(payment.reference)
        except ChannelSilent:
            told = None
            if payment.state is State.UNKNOWN:  # it answers again at last
                self.channel.confirm(payment.request(), now=payment.created_at)

        async def note(tx: Tx) -> None:
            if told is not None and told.event is not None:
                await payments.record_callback(
                    tx,
                    now=payment.created_at,
                    channel="sandbox",
                    event=told.event,
                    nonce=f"asked-{told.event.event_id}",
                )
            await payments.note_answer(
                tx,
                now=now,
                payment_id=payment.id,
                standing=None if told is None else told.standing,
            )

        async with begin(self._db, self._actor) as tx:
            await note(tx)

    def _state_as(self, payment: Payment, now: dt.datetime, fault: Fault | None) -> None:
        if fault is Fault.MISSING:
            return
        transaction = f"T{payment.reference}-{payment.amount_fen}"
        day = DAY + dt.timedelta(days=1) if fault is Fault.NEXT_DAY else DAY
        line = self._state(payment.reference, transaction, payment.amount_fen, now, day)
        if fault is Fault.OTHER_AMOUNT:
            other = line.amount_fen + self._chance.choice([1, 7, 100])
            self._replace(line, amount_fen=other, fee_fen=fee_of(other, FEE_BPS))
        elif fault is Fault.OTHER_FEE:
            self._replace(line, fee_fen=line.fee_fen + 1 if line.amount_fen > 1 else 1)
        elif fault is Fault.FAILED:
            self._replace(line, outcome=Outcome.FAILED)
        elif fault is Fault.TWICE:
            self._state(payment.reference, f"{transaction}-2", payment.amount_fen, now)

    def _replace(self, line: Line, **changes: object) -> None:
        self._lines[DAY][-1] = msgspec.structs.replace(line, **changes)

    def _state(
        self,
        reference: str,
        transaction: str,
        amount: int,
        now: dt.datetime,
        day: dt.date = DAY,
    ) -> Line:
        line = Line(
            number=0,
            transaction_id=transaction,
            move=Move.PAY_IN,
            reference=reference,
            outcome=Outcome.SUCCEEDED,
            amount_fen=Fen(amount),
            fee_fen=fee_of(amount, FEE_BPS),
            happened_at=now,
            remark="",
        )
        assert local_date(now) == DAY, "all of it happened that day"
        self._lines[day].append(line)
        return line
