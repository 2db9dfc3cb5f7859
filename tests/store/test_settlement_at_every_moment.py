"""While many act at once, whoever looks sees books that are in order."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.escrow.operations import freezing, refunding, releasing
from settlement.escrow.states import State
from settlement.ledger.queries import balances, checking, order_money
from settlement.payments import operations as payments
from settlement.payments.channel import ChannelEvent, EventKind
from tests.store.money import NOON, accepted, three_way_split

ORDERS, ACTORS, STEPS = 6, 12, 25
EXPECTED = {
    "escrow_event_not_allowed",
    "escrow_not_found",
    "order_already_paid",
    "too_busy_try_again",
}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_books_are_in_order_at_every_moment(
    db: Database, almighty: Actor, seed: int
) -> None:
    orders = [new_id() for _ in range(ORDERS)]
    payer, split = new_id(), three_way_split()  # one payer and one split: shared accounts
    started: dict[uuid.UUID, Any] = {}
    refusals: set[str] = set()
    is_over = asyncio.Event()

    async def pay(tx: Tx, order_id: uuid.UUID) -> None:
        started[order_id] = await payments.start(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            payer_party_id=payer,
            amount_fen=100_001,
        )

    async def confirm(tx: Tx, order_id: uuid.UUID) -> None:
        payment = started.get(order_id)
        if payment is not None:
            event = ChannelEvent(
                event_id=f"E{payment.reference}",
                kind=EventKind.SUCCEEDED,
                reference=payment.reference,
                amount_fen=payment.amount_fen,
                currency="CNY",
                channel_transaction_id=f"T{payment.reference}",
                happened_at=NOON,
            )
            await payments.record_callback(
                tx, now=NOON, channel="sandbox", event=event, nonce=uuid.uuid4().hex
            )

    async def release(tx: Tx, order_id: uuid.UUID) -> None:
        await releasing.release(
            tx, actor=almighty, now=NOON, order_id=order_id, split=split, facts=accepted()
        )

    async def refund(tx: Tx, order_id: uuid.UUID) -> None:
        await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id)

    async def freeze(tx: Tx, order_id: uuid.UUID) -> None:
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order_id)

    steps: list[Callable[[Tx, uuid.UUID], Awaitable[None]]] = [
        pay, pay, confirm, confirm, release, refund, freeze
    ]  # fmt: skip

    async def act(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        for _ in range(STEPS):
            step, order_id = chance.choice(steps), chance.choice(orders)
            try:
                await run(
                    db,
                    almighty,
                    lambda tx, step=step, order_id=order_id: step(tx, order_id),
                    must_remember=False,
                )
            except DomainError as refused:
                refusals.add(refused.code)

    async def watch() -> int:
        looks = 0
        while not is_over.is_set():
            async with begin(db, almighty, snapshot=True) as tx:
                assert await checking.find_breaches(tx) == []
                assert (await balances.trial_balance(tx)).is_balanced
            looks += 1
        return looks

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(act(number) for number in range(ACTORS)))
    is_over.set()

    assert await watcher > 0
    assert refusals <= EXPECTED
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []
        rows = await tx.fetch("SELECT order_id, state FROM settlement.escrows")
        assert rows
        for row in rows:
            money = await order_money.get_order_ledger(tx, row["order_id"])
            is_final = row["state"] in (State.RELEASED, State.REFUNDED)
            left = money.paid_fen - money.released_fen - money.refunded_fen
            assert len([e for e in money.entries if e.kind == "pay_in"]) <= 1
            assert (left == 0) is (is_final or row["state"] == State.AWAITING_PAYMENT)
            assert money.disputed_fen == (left if row["state"] == State.DISPUTED else 0)
