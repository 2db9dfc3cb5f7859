"""The money and its reference side by side: commands are given to both, and months are closed in both."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, new_id
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.queries import balances as books
from settlement.payments.channel import ChannelEvent, EventKind, Standing, Told
from settlement.periods import operations as periods
from settlement.periods import queries as months
from settlement.periods.model import Step
from settlement.periods.months import Month
from settlement.refunds import operations as refunds
from settlement.revenue.agreement import FrozenSplit
from tests.money_agreed import FLOORS, VERIFIED
from tests.reference import money as reference
from tests.reference.money import AGAIN, DONE, Refused


class Market:
    """The money and its reference, month after month."""

    def __init__(self, db: Database, actor: Actor) -> None:
        self.db, self.actor = db, actor
        self.second = msgspec.structs.replace(actor, account_id=AccountId(new_id()), name="second")
        self.job = system("money_model", "payout:send", "refund:send", "retention_money:release")
        self.model = reference.Books()
        self.month = Month(2026, 3)
        self.commands = self.refused = self.sequences = 0
        self.keys: list[uuid.UUID] = []  # some are used again
        self._splits: dict[uuid.UUID, FrozenSplit] = {}
        self._ids: dict[int, uuid.UUID] = {}  # of the batches of the reference

    @property
    def now(self) -> dt.datetime:
        """Return an instant of the month that is open."""
        day = dt.datetime.combine(self.month.first_day, dt.time(4), dt.UTC)
        return day + dt.timedelta(days=9, seconds=self.commands % 80_000)

    async def open(self, owner: Any) -> None:
        """Give some parties an account that was verified, and some a floor."""
        for party in VERIFIED:
            await owner.execute(
                """INSERT INTO settlement.beneficiaries (id, party_id, holder_name, bank_name, bank_code,
                       account_masked, account_sealed, state, submitted_at, checked_by, verified_by,
                       verified_at)
                   VALUES ($1, $2, '某', '某', '102100099996', '****1234', '\\x00', 'verified', now(),
                           $3, $4, now())""",
                *(new_id(), party, new_id(), new_id()),
            )
            self.model.verified.add(str(party))
        async with begin(self.db, self.actor) as tx:
            for party, floor in FLOORS.items():
                await ledger.set_floor(
                    tx,
                    actor=self.actor,
                    now=self.now,
                    account=Account(Purpose.PAYABLE, str(party)),
                    floor_fen=floor,
                    rests_on="contract/1",
                )
                self.model.floors[f"payable/{party}"] = floor

    async def both(
        self, expected: Callable[[], Any], command: Callable[[Tx], Awaitable[Any]], *what: object
    ) -> Any:
        """Give a command to both; return what the service answers, or None if both refuse."""
        self.commands += 1
        try:
            said = expected()
        except Refused as refused:
            said = refused.code
        told: Any = None
        try:
            async with begin(self.db, self.actor) as tx:
                told = await command(tx)
                # What changes nothing has nothing to remember.
                tx.remember()
            code = AGAIN if getattr(told, "is_replay", False) else DONE
        except DomainError as refusal:
            self.refused += 1
            code, told = refusal.code, None
        is_same = code == said or (told is not None and said not in (DONE, AGAIN))
        assert is_same, f"{what}: {code}, and by the reference {said}"
        return told

    async def check(self, codes: list[str] | None = None) -> None:
        """Hold what stands on accounts against the reference: on these, or on all."""
        async with begin(self.db, self.actor) as tx:
            rows = await tx.fetch(
                """SELECT code, balance, posted FROM settlement.balances
                    WHERE $1::text[] IS NULL OR code = ANY ($1)""",
                codes,
            )
            if codes is None:
                trial = await books.trial_balance(tx)
                assert trial.is_balanced
        there = {row["code"]: (row["balance"], row["posted"]) for row in rows}
        wanted = self.model.stands if codes is None else codes
        for code in {*wanted, *there}:
            stands = self.model.stands.get(code, 0)
            balance, posted = there.get(code, (0, 0))
            assert balance == stands, f"{code}: {balance}, and by the reference {stands}"
            if not code.startswith(("channel_clearing", "platform_loss")):
                assert posted == self.model.free(code), f"{code}: {posted} may leave"
        assert sum(self.model.stands.values()) == 0

    async def roll_up(self) -> None:
        """Let what arrived leave again."""
        await self.both(
            lambda: self.model.roll_up() or DONE,
            lambda tx: ledger.roll_up(tx, now=self.now),
            "roll up",
        )

    # ── the end of a month ──

    async def close_month(self, rng: random.Random) -> None:
        """Send refunds, roll up, hold everything against the reference, close the month, go on in the next."""
        await self._send_refunds(rng)
        await self.roll_up()
        await self.check()
        month, model = self.month, self.model
        late = dt.datetime.combine(month.next.first_day, dt.time(1), dt.UTC)
        await self._period(month, self.now, "period_not_over")
        await self._period(month, late, DONE)
        await self._period(month, late, "period_event_not_allowed")
        model.closed.add(month.text)
        await self._steps(month, late)
        async with begin(self.db, self.actor) as tx:
            detail = await months.get_period(tx, viewer=self.actor, book="market", month=month)
        assert {each.account for each in detail.unexplained} == model.unexplained()
        for account in sorted(model.unexplained()):
            async with begin(self.db, self.actor) as tx:
                await periods.explain(
                    tx, actor=self.actor, now=late, book="market", month=month, account=account,
                    explanation="与渠道对账单一致",
                )  # fmt: skip
        await self._steps(month, late)
        await self._check_closed(month)
        self.month = month.next

    async def _period(self, month: Month, now: dt.datetime, expected: str) -> None:
        def said() -> str:
            if expected != DONE:
                raise Refused(expected)
            return DONE

        await self.both(
            said,
            lambda tx: periods.begin(tx, actor=self.actor, now=now, book="market", month=month),
            "begin to close",
        )

    async def _steps(self, month: Month, now: dt.datetime) -> None:
        """Take steps until a person is asked for, or all is done."""
        before: object = None
        while True:
            async with begin(self.db, self.actor) as tx:
                after = await periods.take_step(
                    tx, actor=self.actor, now=now, book="market", month=month
                )
                tx.remember()
            if after == before or after[0] is Step.SEALED:
                return
            before = after

    async def _check_closed(self, month: Month) -> None:
        async with begin(self.db, self.actor) as tx:
            detail = await months.get_period(tx, viewer=self.actor, book="market", month=month)
            numbers = await tx.fetch_one(
                """SELECT count(*) AS count, coalesce(max(number), 0) AS last
                     FROM settlement.vouchers WHERE month = $1""",
                month.text,
            )
        assert numbers is not None
        assert detail.period.state.value == "closed", detail.unexplained
        assert detail.period.entries == self.model.entries[month.text]
        assert numbers["count"] == numbers["last"] == self.model.entries[month.text]
        assert detail.difference_fen == 0
        closing = {line.purpose: line.closing_fen for line in detail.lines}
        sums: dict[str, int] = {}
        for code, amount in self.model.stands.items():
            purpose = code.split("/")[0]
            sums[purpose] = sums.get(purpose, 0) + amount
        assert {p: s for p, s in closing.items() if s} == {p: s for p, s in sums.items() if s}

    async def _send_refunds(self, rng: random.Random) -> None:
        """Make a refund of everything that is owed back; the channel pays most of them."""
        async with begin(self.db, self.actor) as tx:
            await refunds.prepare(tx, actor=self.job, now=self.now, limit=100_000)
            tx.remember()
            rows = await tx.fetch(
                """SELECT id, order_id, amount_fen FROM settlement.refunds
                    WHERE state <> 'settled' ORDER BY id"""
            )
        there = sorted((row["order_id"], row["amount_fen"]) for row in rows)
        assert there == sorted(self.model.owed_back)
        for row in rows:
            if rng.random() < 0.7:
                self.model.settle_refund(self.month.text, row["order_id"], row["amount_fen"])
                async with begin(self.db, self.actor) as tx:
                    await self._settle(tx, row["id"], row["amount_fen"])

    async def _settle(self, tx: Tx, refund_id: uuid.UUID, amount: int) -> None:
        event = ChannelEvent(
            event_id=f"R{refund_id}",
            kind=EventKind.SUCCEEDED,
            reference=f"R{refund_id}",
            amount_fen=amount,
            currency="CNY",
            channel_transaction_id=f"T{refund_id}",
            happened_at=self.now,
        )
        sent: dict[str, Any] = {"actor": self.job, "now": self.now, "refund_id": refund_id}
        await refunds.send(tx, **sent)
        await refunds.hear(tx, told=Told(standing=Standing.PAID, event=event), **sent)

    # ── chance ──

    def _when(self, month: Month | None) -> tuple[str, dt.datetime]:
        if month is None:
            return self.month.text, self.now
        return month.text, dt.datetime.combine(month.last_day, dt.time(3), dt.UTC)

    def _key(self, rng: random.Random) -> uuid.UUID:
        """Return a new key, and now and then one that was used before."""
        if self.keys and rng.random() < 0.15:
            return rng.choice(self.keys[-6:])
        self.keys.append(new_id())
        return self.keys[-1]

    def _part(self, rng: random.Random, order_id: uuid.UUID) -> int:
        left = self.model.orders[order_id].left
        return rng.choice((1, left // 2, rng.randint(1, max(left, 1)), left - 1, left, left + 1, 0))
