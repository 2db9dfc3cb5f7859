"""A refund after the release takes back the frozen legs: from who can give, to the fen, once."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.escrow.model import Release
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import releasing
from settlement.escrow.queries import EscrowMissing
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.queries import balances, checking, order_money
from settlement.returns import operations as returns
from settlement.returns.queries import list_returns
from settlement.revenue.reversing import ReversalTooLarge
from tests.store.money import NOON, accepted, is_over, paid_escrow, three_way_split


async def released(tx: Tx, actor: Actor, amount: int = 100_001) -> tuple[uuid.UUID, Release]:
    order_id = await paid_escrow(tx, actor, amount)
    release = await releasing.release(
        tx, actor=actor, now=NOON, order_id=order_id, split=three_way_split(), facts=accepted()
    )
    await is_over(tx)
    return order_id, release


async def give_back(tx: Tx, actor: Actor, order_id: uuid.UUID, amount: int, **key: Any) -> Any:
    told = {"key": new_id()} | key
    return await returns.give_back(
        tx, actor=actor, now=NOON, order_id=order_id, amount_fen=amount, **told
    )


async def paid_out(tx: Tx, actor: Actor, owed: Leg, amount: int) -> None:
    """Let so much of what a party was owed go on its way to it."""
    transit = Account(Purpose.PAYOUT_IN_TRANSIT, owed.account.owner)
    entry = Entry(
        key=new_id(),
        kind=Kind.PAYOUT,
        legs=transfer(owed.account, [Leg(transit, amount)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="test",
    )
    await ledger.post(tx, actor=actor, now=NOON, entry=entry)


async def test_a_key_of_another_order_is_refused_by_name(tx: Tx, almighty: Actor) -> None:
    first, _ = await released(tx, almighty)
    second, _ = await released(tx, almighty)
    key = new_id()
    await give_back(tx, almighty, first, 300, key=key)

    with pytest.raises(returns.ReturnKeyReused):
        await give_back(tx, almighty, second, 300, key=key)

    assert await list_returns(tx, order_id=second) == []


@pytest.mark.parametrize("seed", range(6))
async def test_any_refunds_take_back_the_legs_and_all_of_them_all_of_it(
    tx: Tx, almighty: Actor, seed: int
) -> None:
    order_id, release = await released(tx, almighty, 9_973)
    draw, left = random.Random(seed), 9_973
    while left:
        amount = min(left, draw.randint(1, 3_000))
        made = await give_back(tx, almighty, order_id, amount)
        assert sum(part.amount_fen for part in made.parts) == amount
        left -= amount

    for leg in release.credits:
        assert await balances.get_balance(tx, leg.account) == 0
    money = await order_money.get_order_ledger(tx, order_id)
    assert (money.released_fen, money.refunded_fen) == (0, 9_973)
    with pytest.raises(ReversalTooLarge):
        await give_back(tx, almighty, order_id, 1)
    assert await checking.find_breaches(tx) == []


async def test_what_was_paid_out_comes_from_the_floor_the_retention_and_last_the_platform(
    tx: Tx, almighty: Actor
) -> None:
    order_id, release = await released(tx, almighty)
    await ledger.roll_up(tx, now=NOON)
    owed = release.credits[0]  # 66,671 of the right holder
    retention = Account(Purpose.RETENTION, owed.account.owner)
    retain = Entry(
        key=new_id(),
        kind=Kind.RETAIN,
        legs=transfer(owed.account, [Leg(retention, 1_000)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="test",
    )
    await ledger.post(tx, actor=almighty, now=NOON, entry=retain)
    await ledger.set_floor(
        tx, actor=almighty, now=NOON, account=owed.account, floor_fen=-500, rests_on="合同"
    )
    await paid_out(tx, almighty, owed, owed.amount_fen - 1_000 - 200)

    made = await give_back(tx, almighty, order_id, 100_001)

    part = next(each for each in made.parts if each.account == owed.account.code)
    assert (part.from_owed_fen, part.from_retention_fen, part.from_platform_fen) == (
        700,
        1_000,
        owed.amount_fen - 1_700,
    )
    assert await balances.get_balance(tx, owed.account) == -500
    assert await balances.get_balance(tx, retention) == 0
    loss = Account(Purpose.PLATFORM_LOSS, "market")
    assert await balances.get_balance(tx, loss) == -(owed.amount_fen - 1_700)
    money = await order_money.get_order_ledger(tx, order_id)
    assert (money.released_fen, money.refunded_fen) == (0, 100_001)
    assert await checking.find_breaches(tx) == []


async def test_one_key_gives_back_once_and_many_at_once_never_too_much(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id, _ = await released(tx, almighty, 1_000)
    key = new_id()

    async def once(number: int) -> str:
        async def command(tx: Tx) -> str:
            told = {"key": key} if number % 2 else {}
            made = await give_back(tx, almighty, order_id, 300, **told)
            return "replayed" if made.is_replay else "returned"

        try:
            return await run(db, almighty, command)
        except DomainError as refused:
            return refused.code

    outcomes = await asyncio.gather(*(once(number) for number in range(16)))

    assert outcomes.count("returned") == 3
    assert set(outcomes) <= {"returned", "replayed", "reversal_too_large"}
    async with begin(db, almighty) as tx:
        found = await list_returns(tx, order_id=order_id)
        assert [each.amount_fen for each in found] == [300, 300, 300]
        if key in {each.key for each in found}:
            with pytest.raises(returns.ReturnKeyReused):
                await give_back(tx, almighty, order_id, 301, key=key)
        assert await checking.find_breaches(tx) == []


async def test_only_what_was_released_at_once_is_given_back_by_its_legs(
    tx: Tx, almighty: Actor
) -> None:
    held = await paid_escrow(tx, almighty, 100)
    in_parts = await paid_escrow(tx, almighty, 100)
    split = three_way_split()
    await releasing.capture(
        tx,
        actor=almighty,
        now=NOON,
        order_id=in_parts,
        key=new_id(),
        amount_fen=50,
        split=split,
    )
    await releasing.release(
        tx, actor=almighty, now=NOON, order_id=in_parts, split=split, facts=accepted()
    )

    for order_id in (held, in_parts):
        with pytest.raises(returns.NotReleasedAtOnce):
            await give_back(tx, almighty, order_id, 10)
    with pytest.raises(EscrowMissing):
        await give_back(tx, almighty, new_id(), 10)


async def test_only_who_grants_refunds_takes_back(tx: Tx, almighty: Actor) -> None:
    order_id, _ = await released(tx, almighty)
    issuer = msgspec.structs.replace(almighty, permissions=frozenset({"escrow:release"}))

    with pytest.raises(DomainError) as refused:
        await give_back(tx, issuer, order_id, 1)

    assert refused.value.code == "permission_missing"


async def test_the_buyer_is_owed_what_was_given_back(tx: Tx, almighty: Actor) -> None:
    order_id, _ = await released(tx, almighty)
    payer = (await escrow.lock(tx, order_id)).payer_party_id

    await give_back(tx, almighty, order_id, 5_000)

    assert await balances.get_balance(tx, refund_owed_to(payer)) == 5_000


async def test_nobody_rewrites_what_was_given_back(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    async with begin(db, almighty) as tx:
        order_id, _ = await released(tx, almighty)
        await give_back(tx, almighty, order_id, 5_000)
    owner = await asyncpg.connect(server.dsn(database_name))
    try:
        for statement in (
            "UPDATE settlement.returned_legs SET amount_fen = 1",
            "DELETE FROM settlement.returned_legs",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await owner.execute(statement)
    finally:
        await owner.close()
