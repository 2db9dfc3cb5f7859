"""Money leaves an escrow in parts, each once, and all parts together as one sum would."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import freezing, funding, refunding, releasing
from settlement.escrow.queries import get_escrow
from settlement.escrow.states import EventNotAllowed, State
from settlement.ledger.accounts import refund_owed_to, residual_of
from settlement.ledger.operations import KeyReused
from settlement.ledger.queries import balances, checking, order_money
from settlement.money import AmountNotPositive, Fen
from settlement.revenue.agreement import FrozenSplit
from tests.store.money import NOON, accepted, paid_escrow, three_way_split


async def capture(
    tx: Tx, actor: Actor, order_id: uuid.UUID, amount: int, split: FrozenSplit, *, key: Any = None
) -> Any:
    return await releasing.capture(
        tx,
        actor=actor,
        now=NOON,
        order_id=order_id,
        key=key or new_id(),
        amount_fen=amount,
        split=split,
    )


async def release(tx: Tx, actor: Actor, order_id: uuid.UUID, split: FrozenSplit) -> Any:
    return await releasing.release(
        tx, actor=actor, now=NOON, order_id=order_id, split=split, facts=accepted()
    )


async def refund_part(
    tx: Tx, actor: Actor, order_id: uuid.UUID, amount: int, *, key: Any = None
) -> Any:
    return await refunding.refund_part(
        tx, actor=actor, now=NOON, order_id=order_id, key=key or new_id(), amount_fen=amount
    )


@pytest.mark.parametrize("seed", range(8))
async def test_however_it_is_captured_everyone_gets_what_one_release_gives(
    tx: Tx, almighty: Actor, seed: int
) -> None:
    order_id, split, draw = (
        await paid_escrow(tx, almighty, 9_973),
        three_way_split(),
        random.Random(seed),
    )
    left, back = 9_973, 0
    for _ in range(12):
        amount = draw.randint(1, 900)
        if amount >= left:
            break
        if draw.random() < 0.2:
            await refund_part(tx, almighty, order_id, amount)
            back += amount
        else:
            await capture(tx, almighty, order_id, amount, split)
        left -= amount

    await release(tx, almighty, order_id, split)

    for leg in split.credits(Fen(9_973 - back)):
        assert await balances.get_balance(tx, leg.account) == leg.amount_fen
    assert await balances.get_balance(tx, residual_of(order_id)) == 0
    closed = await get_escrow(tx, order_id)
    assert (closed.state, closed.captured_fen, closed.refunded_fen) == (
        State.RELEASED,
        9_973 - back,
        back,
    )
    assert await balances.get_balance(tx, refund_owed_to(closed.payer_party_id)) == back
    assert await checking.find_breaches(tx) == []


async def test_what_was_not_captured_goes_back_and_the_residual_to_who_shares(
    tx: Tx, almighty: Actor
) -> None:
    order_id, split = await paid_escrow(tx, almighty, 1_000), three_way_split()
    for amount in (1, 1, 331):
        await capture(tx, almighty, order_id, amount, split)

    refund = await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id, split=split)

    assert refund.amount_fen == 667
    for leg in split.credits(Fen(333)):
        assert await balances.get_balance(tx, leg.account) == leg.amount_fen
    closed = await get_escrow(tx, order_id)
    assert (closed.state, closed.left_fen) == (State.RELEASED, 0)
    assert await checking.find_breaches(tx) == []
    with pytest.raises(EventNotAllowed):
        await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id, split=split)
    with pytest.raises(releasing.AlreadyReleased):
        await release(tx, almighty, order_id, split)


async def test_the_same_key_captures_and_refunds_once(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)
    split, key, other = three_way_split(), new_id(), new_id()

    async def once(number: int) -> bool:
        async def command(tx: Tx) -> bool:
            if number % 2:
                return bool((await refund_part(tx, almighty, order_id, 50, key=other)).is_replay)
            return bool((await capture(tx, almighty, order_id, 100, split, key=key)).is_replay)

        return await run(db, almighty, command)

    replays = await asyncio.gather(*(once(number) for number in range(20)))

    assert replays.count(False) == 2
    async with begin(db, almighty) as tx:
        found = await get_escrow(tx, order_id)
        assert (found.captured_fen, found.refunded_fen, found.left_fen) == (100, 50, 850)
        for taken in (key, other):
            with pytest.raises(KeyReused):
                await capture(tx, almighty, order_id, 101, split, key=taken)
            with pytest.raises(KeyReused):
                await refund_part(tx, almighty, order_id, 51, key=taken)


async def test_sixteen_refunds_at_once_never_give_back_more_than_was_paid(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)

    async def once() -> str:
        async def command(tx: Tx) -> str:
            await refund_part(tx, almighty, order_id, 150)
            return "refunded"

        try:
            return await run(db, almighty, command)
        except DomainError as refused:
            return refused.code

    outcomes = await asyncio.gather(*(once() for _ in range(16)))

    assert outcomes.count("refunded") == 6
    assert set(outcomes) == {"refunded", "escrow_less_left"}
    async with begin(db, almighty) as tx:
        assert (await order_money.get_order_ledger(tx, order_id)).refunded_fen == 900


@pytest.mark.parametrize("amount", [0, -1])
async def test_no_part_is_nothing(tx: Tx, almighty: Actor, amount: int) -> None:
    order_id = await paid_escrow(tx, almighty, 10)

    with pytest.raises(AmountNotPositive):
        await refund_part(tx, almighty, order_id, amount)
    with pytest.raises(AmountNotPositive):
        await capture(tx, almighty, order_id, amount, three_way_split())


async def test_all_of_it_is_no_part_and_a_dispute_stops_captures(tx: Tx, almighty: Actor) -> None:
    order_id, split = await paid_escrow(tx, almighty, 100), three_way_split()

    for amount in (100, 101):
        with pytest.raises(escrow.LessLeft) as refused:
            await refund_part(tx, almighty, order_id, amount)
        with pytest.raises(escrow.LessLeft):
            await capture(tx, almighty, order_id, amount, split)
    assert refused.value.facts == {"left_fen": 100, "amount_fen": 101}
    await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order_id)
    with pytest.raises(EventNotAllowed):
        await capture(tx, almighty, order_id, 1, split)

    await refund_part(tx, almighty, order_id, 40)

    settled = await get_escrow(tx, order_id)
    assert (settled.state, settled.left_fen) == (State.HELD, 60)
    assert (await order_money.get_order_ledger(tx, order_id)).disputed_fen == 0
    await release(tx, almighty, order_id, split)
    again = await release(tx, almighty, order_id, split)
    assert again.is_replay
    assert again.amount_fen == 60
    assert await checking.find_breaches(tx) == []


async def test_a_dispute_after_captures_ends_with_what_is_left(tx: Tx, almighty: Actor) -> None:
    split = three_way_split()
    orders = [await paid_escrow(tx, almighty, 100) for _ in range(2)]
    for order_id in orders:
        await capture(tx, almighty, order_id, 30, split)
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order_id)

    back = await refunding.refund(tx, actor=almighty, now=NOON, order_id=orders[0], split=split)
    out = await release(tx, almighty, orders[1], split)

    assert (back.amount_fen, out.amount_fen) == (70, 70)
    assert [(await get_escrow(tx, each)).state for each in orders] == [State.RELEASED] * 2
    assert await checking.find_breaches(tx) == []


async def test_an_escrow_that_nobody_paid_runs_out_once_and_late_money_goes_back(
    tx: Tx, almighty: Actor
) -> None:
    order_id = new_id()
    await funding.expire(tx, actor=almighty, now=NOON, order_id=order_id)
    await funding.open(
        tx, actor=almighty, now=NOON, order_id=order_id, payer_party_id=new_id(), amount_fen=100
    )
    for _ in range(2):
        await funding.expire(tx, actor=almighty, now=NOON, order_id=order_id)
    assert (await get_escrow(tx, order_id)).state is State.EXPIRED

    await funding.fund(
        tx, actor=almighty, now=NOON, order_id=order_id, channel="sandbox", amount_fen=100
    )
    with pytest.raises(EventNotAllowed):
        await funding.expire(tx, actor=almighty, now=NOON, order_id=order_id)
    refund = await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id)

    assert refund.amount_fen == 100
    assert (await get_escrow(tx, order_id)).state is State.REFUNDED


@pytest.mark.parametrize(
    "change_and_constraint",
    [
        ("refunded_fen = 101", "escrow_gives_out_what_it_got"),
        ("captured_fen = 60, refunded_fen = 41", "escrow_gives_out_what_it_got"),
        ("captured_fen = -1", "escrow_gives_out_what_it_got"),
        ("captured_fen = 100", "escrow_empty_when_closed"),
        ("state = 'expired'", "escrow_funded_by_an_entry"),
    ],
)
async def test_the_database_lets_no_escrow_give_out_what_it_has_not(
    db: Database,
    almighty: Actor,
    server: Any,
    database_name: str,
    change_and_constraint: tuple[str, str],
) -> None:
    change, constraint = change_and_constraint
    async with begin(db, almighty) as tx:
        await paid_escrow(tx, almighty, 100)
    owner = await asyncpg.connect(server.dsn(database_name))
    try:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await owner.execute(f"UPDATE settlement.escrows SET {change}")
    finally:
        await owner.close()
    assert refused.value.constraint_name == constraint
