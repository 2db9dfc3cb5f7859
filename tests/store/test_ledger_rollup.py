"""What was rolled up and the tail behind it are always the whole, and only what is over is taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, begin
from market.jobs import roll_up_ledger
from settlement.ledger import operations as ledger
from settlement.ledger import store
from settlement.ledger.accounts import Purpose, clearing_of, escrow_of
from settlement.ledger.journal import Kind
from settlement.ledger.operations import BalanceInsufficient, MonthMissing
from settlement.ledger.queries import balances, checking, entries
from tests.store.money import NOON
from tests.store.test_ledger_kinds import ORDER, entry, of, post

PAYABLE, FEE, SUSPENSE = of(Purpose.PAYABLE), of(Purpose.PLATFORM_FEE), of(Purpose.SUSPENSE)


async def _release(db: Database, actor: Actor, fen: int = 100) -> None:
    paid = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), fen))
    out = entry(Kind.RELEASE, escrow_of(ORDER), (PAYABLE, fen - 10), (FEE, 10))
    async with begin(db, actor) as tx:
        await post(tx, actor, paid, out)


async def test_what_arrived_may_leave_after_the_roll_up_and_not_before(
    db: Database, almighty: Actor
) -> None:
    await _release(db, almighty)
    payout = entry(Kind.PAYOUT, PAYABLE, (of(Purpose.PAYOUT_IN_TRANSIT), 90), order_id=None)

    with pytest.raises(BalanceInsufficient):
        async with begin(db, almighty) as tx:
            await post(tx, almighty, payout)
    assert await roll_up_ledger.run(db, now=NOON) == 2
    assert await roll_up_ledger.run(db, now=NOON) == 0
    async with begin(db, almighty) as tx:
        await post(tx, almighty, payout)

    async with begin(db, almighty, snapshot=True) as tx:
        assert await balances.get_balance(tx, PAYABLE) == 0
        assert await checking.find_breaches(tx) == []


async def test_a_balance_and_a_statement_are_whole_before_and_after(
    db: Database, almighty: Actor
) -> None:
    seen: list[tuple[int, int, int]] = []
    for roll in (False, True):
        await _release(db, almighty)
        if roll:
            await roll_up_ledger.run(db, now=NOON)
        async with begin(db, almighty, snapshot=True) as tx:
            trial = await balances.trial_balance(tx)
            mine = await entries.list_entries(tx, account_code=PAYABLE.code)
            first = await entries.list_entries(tx, account_code=PAYABLE.code, limit=1)
            of_order = await entries.list_entries(tx, account_code=escrow_of(ORDER).code)
            clearing = await balances.get_balance(tx, clearing_of("sandbox"))
            seen.append((await balances.get_balance(tx, FEE), len(mine.items), len(of_order.items)))
            assert trial.is_balanced
            assert (trial.entries, clearing) == (2 * len(seen), -100 * len(seen))
            assert first.items == mine.items[:1]
    assert seen == [(10, 1, 2), (20, 2, 4)]


async def test_what_a_running_transaction_wrote_waits_and_is_not_lost(
    db: Database, almighty: Actor
) -> None:
    await _release(db, almighty)
    async with begin(db, almighty) as slow:
        await post(
            slow, almighty, entry(Kind.SUSPENSE_BOOKED, clearing_of("sandbox"), (SUSPENSE, 7))
        )
        await _release(db, almighty)  # younger, and over before
        async with begin(db, almighty) as tx:
            assert await ledger.roll_up(tx, now=NOON) == 2
        async with begin(db, almighty, snapshot=True) as tx:
            assert await balances.get_balance(tx, PAYABLE) == 180

    async with begin(db, almighty) as tx:
        assert await ledger.roll_up(tx, now=NOON) == 3
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []
        assert await balances.get_balance(tx, clearing_of("sandbox")) == -207


async def test_roll_ups_at_once_add_nothing_up_twice(db: Database, almighty: Actor) -> None:
    for _ in range(5):
        await _release(db, almighty)

    rolled = await asyncio.gather(*(roll_up_ledger.run(db, now=NOON) for _ in range(4)))

    assert sum(rolled) == 10
    async with begin(db, almighty, snapshot=True) as tx:
        assert await balances.get_balance(tx, FEE) == 50
        assert await checking.find_breaches(tx) == []


async def test_the_replay_in_the_database_names_the_account_that_differs(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    await _release(db, almighty)
    async with begin(db, almighty, snapshot=True) as tx:
        replayed = await checking.replay(tx)
    assert (replayed.postings, replayed.total_fen, replayed.differing) == (5, 0, ())
    owner: Any = await asyncpg.connect(owner_dsn)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        """UPDATE settlement.guard_balances SET posted = posted + 1
            WHERE account_id = (SELECT id FROM settlement.accounts WHERE purpose = 'platform_fee')"""
    )
    await owner.close()

    async with begin(db, almighty, snapshot=True) as tx:
        assert (await checking.replay(tx)).differing == (FEE.code,)


@pytest.mark.parametrize("arrivals", [1, 5, 6, 15])
async def test_the_replay_counts_every_leg_of_an_entry(
    db: Database, almighty: Actor, arrivals: int
) -> None:
    paid = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), 100))
    shares = [(of(Purpose.PAYABLE, f"holder {n}"), 1 + n) for n in range(arrivals)]
    async with begin(db, almighty) as tx:
        await post(tx, almighty, paid, entry(Kind.ADJUSTMENT, clearing_of("sandbox"), *shares))

    for _ in range(2):
        async with begin(db, almighty, snapshot=True) as tx:
            replayed = await checking.replay(tx)
        assert (replayed.postings, replayed.total_fen) == (2 + 1 + arrivals, 0)
        assert (replayed.accounts, replayed.differing) == (2 + arrivals, ())
        await roll_up_ledger.run(db, now=NOON)


async def test_months_are_made_ahead_and_a_missing_one_is_refused(
    db: Database, almighty: Actor
) -> None:
    late = f"{int(dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp() * 1000):012x}"
    old = msgspec.structs.replace(
        entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), 7)),
        key=uuid.UUID(f"{late[:8]}-{late[8:]}-7000-8000-000000000001"),
    )

    async with begin(db, almighty) as tx:
        assert await ledger.make_months(tx) == 0  # the migration made them
        assert await store.make_months(tx, 92) > 0
        assert await store.make_months(tx, 92) == 0
    with pytest.raises(MonthMissing) as refused:
        async with begin(db, almighty) as tx:
            await post(tx, almighty, old)

    assert refused.value.code == "journal_month_missing"
