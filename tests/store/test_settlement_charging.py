"""Windows are charged once and without a gap, debts wait, and the database holds it."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from settlement.charging import operations as charging
from settlement.charging.model import Charge, Priced, Tally
from settlement.charging.queries import (
    UsageAccountMissing,
    get_standing,
    list_charges,
    list_of_payer,
    list_overdue,
)
from settlement.charging.states import State
from settlement.escrow.operations import funding as escrow
from settlement.escrow.queries import get_escrow
from settlement.escrow.states import State as EscrowState
from settlement.ledger.accounts import refund_owed_to, residual_of
from settlement.ledger.queries import balances, checking
from settlement.money import Fen
from settlement.revenue.agreement import FrozenSplit
from tests.store.money import NOON, is_over, paid_escrow, three_way_split

CALENDAR = Calendar()
JOB = system("charge_usage", "usage:charge", "escrow:release")


async def opened(tx: Tx, actor: Actor, *, prepaid: int = 1_000, credit: int = 0) -> uuid.UUID:
    order_id = await paid_escrow(tx, actor, prepaid)
    held = await get_escrow(tx, order_id)
    await charging.open(
        tx,
        actor=actor,
        now=NOON,
        order_id=order_id,
        payer_party_id=held.payer_party_id,
        payee_party_id=new_id(),
        prepaid_fen=prepaid,
        credit_limit_fen=credit,
    )
    return order_id


async def charge(
    tx: Tx,
    actor: Actor,
    order_id: uuid.UUID,
    to_seq: int,
    cumulative: int,
    *,
    split: FrozenSplit,
    now: dt.datetime = NOON,
) -> Charge | None:
    return await charging.charge(
        tx,
        actor=JOB,
        now=now,
        calendar=CALENDAR,
        order_id=order_id,
        tally=Tally(to_seq=to_seq, calls=to_seq, bytes=0, record_sha256=f"{to_seq:064x}"),
        priced=Priced(
            price_item="call", price_sha256="ab" * 32, quantity=to_seq, cumulative_fen=cumulative
        ),
        split=split,
    )


async def top_up(
    tx: Tx, actor: Actor, order_id: uuid.UUID, amount: int, split: FrozenSplit
) -> State:
    await escrow.top_up(
        tx, actor=JOB, now=NOON, order_id=order_id, channel="sandbox", amount_fen=amount
    )
    standing = await charging.receive(
        tx, actor=JOB, now=NOON, calendar=CALENDAR, order_id=order_id, split=split
    )
    return standing.account.state


@pytest.mark.parametrize("seed", range(6))
async def test_however_windows_and_top_ups_come_everyone_gets_what_one_release_gives(
    tx: Tx, almighty: Actor, seed: int
) -> None:
    draw, split = random.Random(seed), three_way_split()
    order_id, paid, cost, seq = await opened(tx, almighty), 1_000, 0, 0
    for _ in range(25):
        if draw.random() < 0.3:
            more = draw.randint(1, 300)
            paid += more
            await top_up(tx, almighty, order_id, more, split)
        else:
            seq, cost = seq + draw.randint(1, 9), cost + draw.randint(0, 120)
            await charge(tx, almighty, order_id, seq, cost, split=split)
        standing = await get_standing(tx, order_id)
        assert standing.balance_fen == paid - cost
        assert standing.collected_fen == min(paid, cost)
    if paid < cost:
        await top_up(tx, almighty, order_id, cost - paid + 7, split)
        paid = cost + 7

    settled = await charging.settle(tx, actor=JOB, now=NOON, order_id=order_id, split=split)

    assert settled.state is State.SETTLED
    held = await get_escrow(tx, order_id)
    assert (held.captured_fen, held.refunded_fen, held.left_fen) == (cost, paid - cost, 0)
    assert await balances.get_balance(tx, refund_owed_to(held.payer_party_id)) == paid - cost
    assert await balances.get_balance(tx, residual_of(order_id)) == 0
    for leg in split.credits(Fen(cost)):
        assert await balances.get_balance(tx, leg.account) == leg.amount_fen
    charges = (await list_charges(tx, order_id, limit=100)).items
    assert sum(each.amount_fen for each in charges) == cost
    assert await checking.find_breaches(tx) == []


async def test_a_window_is_charged_once_even_if_two_charge_it_at_once(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    async with begin(db, almighty) as tx:
        order_id = await opened(tx, almighty)

    async def once(tx: Tx) -> bool:
        return await charge(tx, almighty, order_id, 5, 333, split=split) is not None

    done = await asyncio.gather(*(run(db, almighty, once) for _ in range(8)))

    async with begin(db, almighty) as tx:
        standing = await get_standing(tx, order_id)
        tx.remember()
    assert sum(done) == 1
    assert (standing.charged_fen, standing.collected_fen) == (333, 333)


async def test_who_dies_between_two_windows_loses_and_doubles_nothing(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    async with begin(db, almighty) as tx:
        order_id = await opened(tx, almighty)
        await charge(tx, almighty, order_id, 5, 100, split=split)

    async def dies(tx: Tx) -> None:
        await charge(tx, almighty, order_id, 9, 250, split=split)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(db, almighty, dies)

    async with begin(db, almighty) as tx:
        charged = await charge(tx, almighty, order_id, 9, 250, split=split)
        standing = await get_standing(tx, order_id)

    assert charged is not None
    assert (charged.after_seq, charged.amount_fen, standing.collected_fen) == (5, 150, 250)


async def test_what_the_escrow_does_not_cover_is_owed_and_paid_by_the_next_top_up(
    tx: Tx, almighty: Actor
) -> None:
    split, order_id = three_way_split(), await opened(tx, almighty)

    assert (await charge(tx, almighty, order_id, 1, 799, split=split)) is not None
    assert (await get_standing(tx, order_id)).account.state is State.RUNNING
    await charge(tx, almighty, order_id, 2, 800, split=split)
    assert (await get_standing(tx, order_id)).account.state is State.LOW
    await charge(tx, almighty, order_id, 3, 1_300, split=split)
    standing = await get_standing(tx, order_id)
    assert (standing.account.state, standing.owed_fen) == (State.ARREARS, 300)
    assert standing.account.due_on == dt.date(2026, 3, 9)
    assert (await get_escrow(tx, order_id)).state is EscrowState.RELEASED
    assert await top_up(tx, almighty, order_id, 300, split) is State.ARREARS
    assert await top_up(tx, almighty, order_id, 100, split) is State.LOW
    assert await top_up(tx, almighty, order_id, 900, split) is State.RUNNING
    after = await get_standing(tx, order_id)
    assert (after.balance_fen, after.owed_fen, after.account.due_on) == (1_000, 0, None)
    (listed,) = await list_of_payer(tx, after.account.payer_party_id)
    assert listed == after


async def test_a_credit_limit_lets_the_balance_run_negative_down_to_the_floor(
    tx: Tx, almighty: Actor
) -> None:
    split, order_id = three_way_split(), await opened(tx, almighty, credit=500)

    await charge(tx, almighty, order_id, 1, 1_299, split=split)
    assert (await get_standing(tx, order_id)).account.state is State.RUNNING
    await charge(tx, almighty, order_id, 2, 1_499, split=split)
    assert (await get_standing(tx, order_id)).account.state is State.LOW
    await charge(tx, almighty, order_id, 3, 1_500, split=split)
    standing = await get_standing(tx, order_id)

    assert (standing.account.state, standing.balance_fen) == (State.ARREARS, -500)


async def test_arrears_suspend_when_their_days_are_over_and_not_before(
    tx: Tx, almighty: Actor
) -> None:
    split, order_id = three_way_split(), await opened(tx, almighty)
    await charge(tx, almighty, order_id, 3, 1_001, split=split)
    due = (await get_standing(tx, order_id)).account.due_at
    assert due is not None
    early = due - dt.timedelta(microseconds=1)

    assert order_id not in await list_overdue(tx, now=early, limit=1_000)
    with pytest.raises(charging.ArrearsNotDue):
        await charging.suspend(tx, actor=JOB, now=early, order_id=order_id)
    assert order_id in await list_overdue(tx, now=due, limit=1_000)
    stopped = await charging.suspend(tx, actor=JOB, now=due, order_id=order_id)
    with pytest.raises(charging.ArrearsNotDue):
        await charging.suspend(tx, actor=JOB, now=due, order_id=order_id)

    assert (stopped.state, stopped.suspended_at) == (State.SUSPENDED, due)
    assert await top_up(tx, almighty, order_id, 500, split) is State.RUNNING


async def test_an_order_that_ends_in_debt_is_settled_when_the_debt_is_paid(
    tx: Tx, almighty: Actor
) -> None:
    split, order_id = three_way_split(), await opened(tx, almighty)
    await charge(tx, almighty, order_id, 3, 1_111, split=split)

    first = await charging.settle(tx, actor=JOB, now=NOON, order_id=order_id, split=split)
    again = await charging.settle(tx, actor=JOB, now=NOON, order_id=order_id, split=split)
    assert (first.state, again.state) == (State.OWING, State.OWING)
    with pytest.raises(charging.AccountClosed):
        await charge(tx, almighty, order_id, 4, 1_200, split=split)
    assert await top_up(tx, almighty, order_id, 200, split) is State.SETTLED
    assert await top_up(tx, almighty, order_id, 50, split) is State.SETTLED  # it goes back

    held = await get_escrow(tx, order_id)
    assert (held.captured_fen, held.refunded_fen, held.left_fen) == (1_111, 139, 0)
    assert await balances.get_balance(tx, residual_of(order_id)) == 0
    for leg in split.credits(Fen(1_111)):
        assert await balances.get_balance(tx, leg.account) == leg.amount_fen


async def test_a_window_that_does_not_go_on_and_a_sum_that_falls_are_refused(
    tx: Tx, almighty: Actor
) -> None:
    split, order_id = three_way_split(), await opened(tx, almighty)
    await charge(tx, almighty, order_id, 5, 500, split=split)

    for to_seq, cumulative, refusal in (
        (4, 600, "charge_window_out_of_turn"),
        (6, 499, "charge_falls"),
    ):
        with pytest.raises(DomainError) as refused:
            await charge(tx, almighty, order_id, to_seq, cumulative, split=split)
        assert refused.value.code == refusal
    with pytest.raises(UsageAccountMissing):
        await charge(tx, almighty, await paid_escrow(tx, almighty), 1, 1, split=split)
    assert (await get_standing(tx, order_id)).charged_fen == 500


COLUMNS = (
    "order_id, after_seq, to_seq, calls_before, calls, bytes_before, bytes, quantity, before_fen,"
    " cumulative_fen"
)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("5, 5, 5, 6, 0, 0, 6, 500, 600", "charge_window_not_empty"),
        ("4, 7, 4, 7, 0, 0, 7, 500, 600", "charge_follows_the_last"),  # from nowhere
        ("5, 7, 5, 7, 0, 0, 7, 499, 600", "charge_follows_the_last"),  # another sum
        ("5, 7, 4, 7, 0, 0, 7, 500, 600", "charge_follows_the_last"),  # other uses
        ("5, 7, 5, 7, 0, 0, 7, 500, 499", "charge_sums_never_fall"),
        ("5, 7, 5, 4, 0, 0, 4, 500, 600", "charge_sums_never_fall"),
        ("NULL, 7, 0, 7, 0, 0, 7, 0, 600", "charge_begins_once"),
        ("NULL, 7, 0, 7, 0, 0, 7, 500, 600", "charge_first_follows_nothing"),
    ],
)
@pytest.mark.parametrize("role", ["owner", "service"])
async def test_the_database_refuses_a_charge_with_a_gap_or_another_sum(
    tx: Tx, almighty: Actor, values: str, constraint: str, role: str
) -> None:
    order_id = await opened(tx, almighty)
    await charge(tx, almighty, order_id, 5, 500, split=three_way_split())
    if role == "owner":
        await tx.execute("RESET ROLE")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await tx.execute(
            f"""INSERT INTO settlement.charges (id, {COLUMNS}, price_item, price_sha256,
                       record_sha256, charged_at)
                VALUES ($1, $2, {values}, 'call', $3, $3, now())""",
            new_id(),
            order_id,
            "ab" * 32,
        )
    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE settlement.charges SET cumulative_fen = 0",
        "DELETE FROM settlement.charges",
        "TRUNCATE settlement.charges",
        "DELETE FROM settlement.usage_accounts",
        "UPDATE settlement.usage_accounts SET credit_limit_fen = 10",
    ],
)
async def test_the_service_changes_no_charge_and_no_credit_limit(
    tx: Tx, almighty: Actor, statement: str
) -> None:
    await charge(tx, almighty, await opened(tx, almighty), 5, 500, split=three_way_split())

    with pytest.raises(asyncpg.PostgresError):
        await tx.execute(statement)


async def test_one_window_of_nothing_but_denials_costs_nothing(tx: Tx, almighty: Actor) -> None:
    order_id = await opened(tx, almighty)

    charged: Any = await charge(tx, almighty, order_id, 4, 0, split=three_way_split())
    await is_over(tx)

    assert charged.amount_fen == 0
    assert (await get_escrow(tx, order_id)).captured_fen == 0
