"""Put random commands to the money and to its reference at once: what the one says must come of the other.

A sequence is some orders that are split, captured, released, refunded, disputed, given back and paid out,
in an order of chance, commands sent twice and commands that must be refused among them. All of them share
parties and months, so that they meet on the same accounts.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from catalog.kernel.db import Tx, begin
from catalog.kernel.ids import new_id
from settlement.escrow.model import Release
from settlement.escrow.operations import freezing, refunding, releasing
from settlement.escrow.release import ReleaseFacts
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.payments import operations as payments
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.payouts.bank_file import Outcome
from settlement.payouts.bank_file import Told as BankTold
from settlement.payouts.model import Payout
from settlement.payouts.operations import batches, sending
from settlement.payouts.store import lock_lines
from settlement.periods.months import Month
from settlement.retentions import operations as retentions
from settlement.returns import operations as returns
from settlement.taxes.model import Tax
from tests.bank_files import write_outcomes
from tests.money_agreed import HOLDERS, VERIFIED, agreed
from tests.money_market import Market
from tests.reference import money as reference
from tests.reference.money import DONE

SEQUENCES_A_MONTH: Final = 100


class Sequences(Market):
    """Random sequences, one after the other."""

    # ── a sequence ──

    async def sequence(self, rng: random.Random) -> None:
        """Do some things with some orders, in an order of chance."""
        orders = [await self._order(rng) for _ in range(rng.randint(1, 3))]
        acts: list[Callable[[random.Random, uuid.UUID], Awaitable[None]]] = [
            self._pay, self._pay, self._capture, self._capture, self._release, self._release,
            self._refund_part, self._refund, self._dispute, self._give_back, self._give_back,
            self._pay_out, self._retain, self._free_kept, self._free_kept, self._roll_up, self._too_late,
        ]  # fmt: skip
        for order in orders:
            if rng.random() < 0.9:
                await self._pay(rng, order)
        for _ in range(rng.randint(5, 12)):
            await rng.choice(acts)(rng, rng.choice(orders))
        codes = [
            f"{purpose}/{order}"
            for order in orders
            for purpose in ("order_escrow", "rounding_residual")
        ]
        await self.check([*codes, *self._shared_accounts()])
        self.sequences += 1

    def _shared_accounts(self) -> list[str]:
        return [code for code in self.model.stands if not code.startswith(("order_", "rounding_"))]

    async def _order(self, rng: random.Random) -> uuid.UUID:
        order_id = new_id()
        price = rng.choice(
            (1, 2, 3, 99, rng.randint(1, 50), rng.randint(1, 10**6), rng.randint(1, 10**11))
        )
        order, self._splits[order_id] = agreed(rng, price)
        await self._start(order_id, order)
        return order_id

    async def _start(self, order_id: uuid.UUID, order: reference.Order) -> Any:
        return await self.both(
            lambda: self.model.start(order_id, order),
            lambda tx: payments.start(
                tx, actor=self.actor, now=self.now, order_id=order_id,
                payer_party_id=uuid.UUID(order.payer), amount_fen=order.price,
                tax=None if order.tax is None else Tax(rate_bps=order.tax[1]),
            ),
            "start", order.price,
        )  # fmt: skip

    async def _pay(self, rng: random.Random, order_id: uuid.UUID) -> None:
        """Let the channel tell it once, twice, or wrongly; then with the right amount."""
        order = self.model.orders[order_id]
        payment = await self._start(order_id, order)
        if payment is None:
            return
        told = [order.price] * rng.randint(1, 2)
        if rng.random() < 0.1:
            told.insert(0, order.price + 1)
        for number, amount in enumerate(told):
            event = ChannelEvent(
                event_id=f"{payment.reference}/{number}",
                kind=EventKind.SUCCEEDED,
                reference=payment.reference,
                amount_fen=amount,
                currency="CNY",
                channel_transaction_id=f"T{payment.reference}",
                happened_at=self.now,
            )
            expected = self._heard(order_id, amount)
            recorded = await self.both(
                lambda: DONE,
                lambda tx, e=event: payments.record_callback(
                    tx, now=self.now, channel="sandbox", event=e, nonce=e.event_id
                ),
                "callback",
            )
            assert {"done": "applied"}.get(expected, expected) == str(recorded.effect), expected

    def _heard(self, order_id: uuid.UUID, amount: int) -> str:
        return self.model.told_paid(self.month.text, order_id, amount)

    async def _capture(self, rng: random.Random, order_id: uuid.UUID) -> None:
        key, amount = self._key(rng), self._part(rng, order_id)
        await self.both(
            lambda: self.model.capture(self.month.text, order_id, key, amount),
            lambda tx: releasing.capture(
                tx, actor=self.actor, now=self.now, order_id=order_id, key=key, amount_fen=amount,
                split=self._splits[order_id],
            ),
            "capture", amount,
        )  # fmt: skip

    async def _release(
        self, rng: random.Random, order_id: uuid.UUID, month: Month | None = None
    ) -> None:
        is_accepted = rng.random() < 0.8
        text, now = self._when(month)
        facts = ReleaseFacts(
            accepted_at=now if is_accepted else None, inspection_ends_at=now, has_open_dispute=False
        )
        split = self._splits[order_id]

        async def command(tx: Tx) -> Release:
            paid = await releasing.release(
                tx, actor=self.actor, now=now, order_id=order_id, split=split, facts=facts
            )
            if split.retained is not None:
                await retentions.keep(
                    tx, actor=self.actor, now=now, release=paid, retained=split.retained,
                    due_at=split.frozen_at,
                )  # fmt: skip
            return paid

        await self.both(
            lambda: self.model.release(text, order_id, is_accepted=is_accepted), command, "release"
        )

    async def _free_kept(self, _rng: random.Random, order_id: uuid.UUID) -> None:
        text, now = self._when(None)
        await self.both(
            lambda: self.model.free_kept(text, order_id),
            lambda tx: retentions.release(tx, actor=self.job, now=now, order_id=order_id),
            "free what is kept",
        )

    async def _refund_part(
        self, rng: random.Random, order_id: uuid.UUID, month: Month | None = None
    ) -> None:
        key, amount = self._key(rng), self._part(rng, order_id)
        text, now = self._when(month)
        await self.both(
            lambda: self.model.refund_part(text, order_id, key, amount),
            lambda tx: refunding.refund_part(
                tx, actor=self.actor, now=now, order_id=order_id, key=key, amount_fen=amount
            ),
            "refund in part", amount,
        )  # fmt: skip

    async def _refund(
        self, _rng: random.Random, order_id: uuid.UUID, month: Month | None = None
    ) -> None:
        text, now = self._when(month)
        await self.both(
            lambda: self.model.refund(text, order_id),
            lambda tx: refunding.refund(
                tx, actor=self.actor, now=now, order_id=order_id, split=self._splits[order_id]
            ),
            "refund",
        )

    async def _dispute(self, rng: random.Random, order_id: uuid.UUID) -> None:
        """Freeze the money of an order, and often decide at once: in part, for one, for the other."""
        await self.both(
            lambda: self.model.freeze(order_id),
            lambda tx: freezing.freeze(tx, actor=self.actor, now=self.now, order_id=order_id),
            "dispute",
        )
        decided = rng.choice((self._refund_part, self._release, self._refund, None))
        if decided is not None:
            await decided(rng, order_id)

    async def _give_back(
        self, rng: random.Random, order_id: uuid.UUID, month: Month | None = None
    ) -> None:
        order, key = self.model.orders[order_id], self._key(rng)
        left = order.captured - sum(order.returned.values())
        amount = rng.choice((left, max(left // 2, 1), rng.randint(1, max(left, 1)), left + 1))
        text, now = self._when(month)
        await self.both(
            lambda: self.model.give_back(text, order_id, key, amount),
            lambda tx: returns.give_back(
                tx, actor=self.actor, now=now, order_id=order_id, key=key, amount_fen=amount
            ),
            "give back", amount,
        )  # fmt: skip

    async def _retain(self, rng: random.Random, _order_id: uuid.UUID) -> None:
        party, amount = rng.choice(HOLDERS), rng.randint(1, 10_000)
        text, now = self._when(None)
        entry = Entry(
            key=new_id(),
            kind=Kind.RETAIN,
            legs=transfer(
                Account(Purpose.PAYABLE, str(party)),
                [Leg(Account(Purpose.RETENTION, str(party)), amount)],
            ),
            booked_at=now,
            value_on=now.date(),
            rule_version="model/1",
        )
        await self.both(
            lambda: self.model.retain(text, str(party), amount),
            lambda tx: ledger.post(tx, actor=self.actor, now=now, entry=entry),
            "retain",
            amount,
        )

    async def _roll_up(self, _rng: random.Random, _order_id: uuid.UUID) -> None:
        await self.roll_up()

    async def _too_late(self, rng: random.Random, order_id: uuid.UUID) -> None:
        """Date something back into the month before, which is closed if it ever was open."""
        if not self.model.closed:
            return
        before = Month(
            self.month.year - (self.month.number == 1), (self.month.number + 10) % 12 + 1
        )
        act = rng.choice((self._release, self._refund_part, self._refund, self._give_back))
        await act(rng, order_id, before)

    # ── payouts ──

    async def _pay_out(self, rng: random.Random, _order_id: uuid.UUID) -> None:
        """Pay some parties what they are owed: some of it arrives, some comes back, some is not there."""
        every = (*VERIFIED, *VERIFIED, HOLDERS[8])
        parties = list({rng.choice(every) for _ in range(rng.randint(1, 3))})
        minimum = rng.choice((1, 100))
        made: list[reference.Batch] = []

        def expected() -> str:
            made.append(self.model.prepare("first", [str(each) for each in parties], minimum))
            return DONE

        prepared = await self.both(
            expected,
            lambda tx: batches.prepare(
                tx, actor=self.actor, now=self.now, channel="bank_transfer", minimum_fen=minimum,
                party_ids=parties,
            ),
            "prepare", parties,
        )  # fmt: skip
        if prepared is None:
            return
        (batch,), batch_id = made, prepared.batch.id
        lines = await self._lines(batch_id)
        assert [(f"{line.purpose}/{line.party_id}", line.amount_fen) for line in lines] == sorted(
            (line.account, line.amount) for line in batch.lines
        )
        batch.lines.sort(key=lambda line: line.account)
        for actor, name in ((self.actor, "first"), (self.second, "second")):
            await self.both(
                lambda n=name: self.model.approve(batch, n),
                lambda tx, a=actor: batches.approve(tx, actor=a, now=self.now, batch_id=batch_id),
                "approve",
            )
        if rng.random() < 0.3:  # something leaves before the payout does
            await self._retain(rng, batch_id)
        for line, ours in zip(lines, batch.lines, strict=True):
            sent = await self.both(
                lambda o=ours: self.model.send(self.month.text, o) and DONE,
                lambda tx, each=line: sending.send(
                    tx, actor=self.job, now=self.now, payout_id=each.id
                ),
                "send",
            )
            assert str(sent.state) == ours.state
        out = [place for place, line in enumerate(batch.lines) if line.state == "in_transit"]
        await self._hear_of(rng, batch, batch_id, lines, out)

    async def _hear_of(
        self,
        rng: random.Random,
        batch: reference.Batch,
        batch_id: uuid.UUID,
        lines: list[Payout],
        out: list[int],
    ) -> None:
        """Take what the bank says: of some lines first, of others later, once more, or not at all."""
        rng.shuffle(out)
        cut = rng.randint(0, len(out))
        for places in (out[:cut], out[cut:]):
            told = [(place, rng.random() < 0.75) for place in places]
            if told and rng.random() < 0.9:
                for _ in range(rng.randint(1, 2)):
                    await self._outcomes(batch, batch_id, lines, told)

    async def _outcomes(
        self,
        batch: reference.Batch,
        batch_id: uuid.UUID,
        lines: list[Payout],
        told: list[tuple[int, bool]],
    ) -> None:
        said = [
            BankTold(
                line=number,
                reference=lines[place].reference,
                outcome=Outcome.PAID if is_paid else Outcome.RETURNED,
                amount_fen=lines[place].amount_fen,
                transaction_id=f"B{number}",
                reason="" if is_paid else "账号不符",
            )
            for number, (place, is_paid) in enumerate(told)
        ]
        await self.both(
            lambda: self.model.outcomes(self.month.text, batch, told),
            lambda tx: sending.take_outcomes(
                tx, actor=self.actor, now=self.now, batch_id=batch_id,
                content=write_outcomes(batch_id, said),
            ),
            "outcomes",
        )  # fmt: skip

    async def _lines(self, batch_id: uuid.UUID) -> list[Payout]:
        async with begin(self.db, self.actor) as tx:
            lines = await lock_lines(tx, batch_id)
        return sorted(lines, key=lambda line: f"{line.purpose}/{line.party_id}")
