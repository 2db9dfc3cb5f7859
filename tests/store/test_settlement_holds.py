"""What is held is captured by entries alone, never more than was held, whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError, Forbidden
from catalog.kernel.ids import new_id
from market.jobs import holds_due
from settlement.escrow.operations import freezing, refunding
from settlement.holds import operations as holds
from settlement.holds.capturing import HoldExceeded, HoldNotDue, HoldOfAnother, HoldRanOut
from settlement.holds.model import Hold, Reason
from settlement.holds.operations import HoldKeyReused
from settlement.holds.queries import HoldMissing, find_standing, get_hold, list_holds
from settlement.holds.states import EventNotAllowed, State
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import BalanceInsufficient
from settlement.ledger.queries import balances, checking, order_money
from settlement.money import AmountNotPositive
from tests.store.money import NOON, is_over, paid_escrow

LATER = NOON + dt.timedelta(days=1)
JOB = system("holds_due", "hold:expire")


def refund(order_id: uuid.UUID, amount_fen: int, key: uuid.UUID | None = None) -> Entry:
    return Entry(
        key=key or new_id(),
        kind=Kind.REFUND,
        legs=transfer(escrow_of(order_id), [Leg(refund_owed_to(order_id), amount_fen)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="test/1",
        order_id=order_id,
    )


async def held(
    tx: Tx,
    actor: Actor,
    order_id: uuid.UUID,
    amount_fen: int,
    *,
    key: uuid.UUID | None = None,
    expires_at: dt.datetime | None = None,
) -> Hold:
    return await holds.place(
        tx,
        actor=actor,
        now=NOON,
        key=key or new_id(),
        account=escrow_of(order_id),
        amount_fen=amount_fen,
        reason=Reason.DEPOSIT,
        order_id=order_id,
        expires_at=expires_at,
    )


async def test_a_hold_is_captured_in_parts_until_nothing_is_left(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty, 1_000)
    hold = await held(tx, almighty, order_id, 700)

    first = await holds.capture(
        tx, actor=almighty, now=NOON, key=hold.key, entry=refund(order_id, 200)
    )
    second = await holds.capture(
        tx, actor=almighty, now=NOON, key=hold.key, entry=refund(order_id, 500)
    )

    assert (first.hold.state, first.hold.left_fen) == (State.HELD, 500)
    assert (second.hold.state, second.hold.left_fen, second.hold.closed_at) == (
        State.CAPTURED,
        0,
        NOON,
    )
    assert await balances.get_balance(tx, escrow_of(order_id)) == 300
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_held_money_goes_nowhere_else_and_what_is_free_does(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty, 1_000)
    hold = await held(tx, almighty, order_id, 700)

    with pytest.raises(BalanceInsufficient):
        async with tx.savepoint():
            await ledger.post(tx, actor=almighty, now=NOON, entry=refund(order_id, 301))
    await ledger.post(tx, actor=almighty, now=NOON, entry=refund(order_id, 300))

    released = await holds.release(tx, actor=almighty, now=NOON, key=hold.key)
    assert (released.state, released.released_fen) == (State.RELEASED, 700)
    await ledger.post(tx, actor=almighty, now=NOON, entry=refund(order_id, 700))


async def test_more_than_is_free_is_not_held_and_nothing_is_no_hold(
    tx: Tx, almighty: Actor
) -> None:
    order_id = await paid_escrow(tx, almighty, 1_000)
    await held(tx, almighty, order_id, 600)

    with pytest.raises(AmountNotPositive):
        await held(tx, almighty, order_id, 0)
    with pytest.raises(BalanceInsufficient):
        async with tx.savepoint():
            await held(tx, almighty, order_id, 401)


async def test_a_capture_is_refused_by_name_and_takes_nothing(tx: Tx, almighty: Actor) -> None:
    order_id, other = (
        await paid_escrow(tx, almighty, 1_000),
        await paid_escrow(tx, almighty, 1_000),
    )
    hold = await held(tx, almighty, order_id, 700, expires_at=LATER)

    async def captured(entry: Entry, at: dt.datetime = NOON, key: uuid.UUID = hold.key) -> None:
        await holds.capture(tx, actor=almighty, now=at, key=key, entry=entry)

    with pytest.raises(HoldExceeded):
        await captured(refund(order_id, 701))
    with pytest.raises(HoldOfAnother):
        await captured(refund(other, 100))
    with pytest.raises(HoldRanOut):
        await captured(refund(order_id, 100), LATER)
    with pytest.raises(HoldMissing):
        await captured(refund(order_id, 100), key=new_id())
    assert (await get_hold(tx, hold.key)).left_fen == 700
    await captured(refund(order_id, 700))
    with pytest.raises(EventNotAllowed):
        await captured(refund(order_id, 1))
    with pytest.raises(EventNotAllowed):
        await holds.release(tx, actor=almighty, now=NOON, key=hold.key)
    with pytest.raises(HoldMissing):
        await get_hold(tx, new_id())


async def test_a_key_places_once_captures_once_and_releases_once(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty, 1_000)
    key, entry = new_id(), refund(order_id, 200)

    placed = await held(tx, almighty, order_id, 700, key=key)
    again = await held(tx, almighty, order_id, 700, key=key)
    with pytest.raises(HoldKeyReused):
        await held(tx, almighty, order_id, 699, key=key)
    assert again == placed

    once = await holds.capture(tx, actor=almighty, now=NOON, key=key, entry=entry)
    twice = await holds.capture(tx, actor=almighty, now=LATER, key=key, entry=entry)
    assert (once.is_replay, twice.is_replay, twice.hold.left_fen) == (False, True, 500)
    more = refund(order_id, 300, entry.key)
    with pytest.raises(HoldKeyReused):
        await holds.capture(tx, actor=almighty, now=NOON, key=key, entry=more)

    first = await holds.release(tx, actor=almighty, now=NOON, key=key)
    assert await holds.release(tx, actor=almighty, now=LATER, key=key) == first
    assert (first.captured_fen, first.released_fen) == (200, 500)
    assert await list_holds(tx, order_id=order_id) == [first]
    assert await find_standing(tx, order_id=order_id, reason=Reason.DEPOSIT) is None


async def test_a_hold_runs_out_by_the_job_once_and_only_when_its_time_is_over(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)
        hold = await held(tx, almighty, order_id, 700, expires_at=LATER)
        endless = await held(tx, almighty, order_id, 300)
    just_before = LATER - dt.timedelta(microseconds=1)

    assert await holds_due.run(db, now=just_before) == 0
    ran = await asyncio.gather(*(holds_due.run(db, now=LATER) for _ in range(3)))

    assert sum(ran) >= 1
    async with begin(db, almighty) as tx:
        found = await get_hold(tx, hold.key)
        assert (found.state, found.released_fen, found.closed_at) == (State.EXPIRED, 700, LATER)
        with pytest.raises(HoldNotDue):
            await holds.expire(tx, actor=JOB, now=LATER, key=endless.key)
        with pytest.raises(EventNotAllowed):
            await holds.capture(
                tx, actor=almighty, now=NOON, key=hold.key, entry=refund(order_id, 1)
            )
        with pytest.raises(Forbidden):
            await holds.expire(tx, actor=system("nobody"), now=LATER, key=hold.key)
        tx.remember()


async def test_twenty_captures_at_once_take_no_more_than_was_held(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 10_000)
        hold = await held(tx, almighty, order_id, 1_000)

    async def once() -> str:
        async def command(tx: Tx) -> str:
            await holds.capture(
                tx, actor=almighty, now=NOON, key=hold.key, entry=refund(order_id, 130)
            )
            return "captured"

        try:
            return await run(db, almighty, command)
        except DomainError as refused:
            return refused.code

    outcomes = await asyncio.gather(*(once() for _ in range(20)))

    assert outcomes.count("captured") == 7
    assert set(outcomes) == {"captured", "hold_exceeded"}
    async with begin(db, almighty, snapshot=True) as tx:
        assert (await get_hold(tx, hold.key)).captured_fen == 910
        assert await balances.get_balance(tx, escrow_of(order_id)) == 9_090
        assert await checking.find_breaches(tx) == []


async def test_a_capture_and_a_release_at_once_leave_one_truth(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)
        hold = await held(tx, almighty, order_id, 1_000)

    async def once(number: int) -> None:
        async def command(tx: Tx) -> object:
            if number % 2:
                return await holds.release(tx, actor=almighty, now=NOON, key=hold.key)
            return await holds.capture(
                tx, actor=almighty, now=NOON, key=hold.key, entry=refund(order_id, 1_000)
            )

        with contextlib.suppress(DomainError):
            await run(db, almighty, command)

    await asyncio.gather(*(once(number) for number in range(10)))

    async with begin(db, almighty, snapshot=True) as tx:
        found = await get_hold(tx, hold.key)
        balance = await balances.get_balance(tx, escrow_of(order_id))
        assert (found.state, balance) in ((State.CAPTURED, 0), (State.RELEASED, 1_000))
        assert await checking.find_breaches(tx) == []


async def test_a_server_process_killed_in_the_middle_leaves_hold_and_balance_as_they_were(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)
        hold = await held(tx, almighty, order_id, 700)
    entry = refund(order_id, 300)

    async def killed() -> None:
        async with begin(db, almighty) as tx:
            await holds.capture(tx, actor=almighty, now=NOON, key=hold.key, entry=entry)
            pid = await tx.fetch_value("SELECT pg_backend_pid()")
            owner = await asyncpg.connect(owner_dsn)
            await owner.execute("SELECT pg_terminate_backend($1)", pid)
            await owner.close()
            await asyncio.sleep(0.2)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError, DomainError)):
        await killed()

    async with begin(db, almighty) as tx:
        assert (await get_hold(tx, hold.key)).left_fen == 700
        assert await balances.get_balance(tx, escrow_of(order_id)) == 1_000
        done = await holds.capture(tx, actor=almighty, now=NOON, key=hold.key, entry=entry)
        assert (done.is_replay, done.hold.left_fen) == (False, 400)
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []


async def test_a_dispute_is_a_hold_of_all_that_is_left(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty, 1_000)

    await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order_id)

    frozen = await find_standing(tx, order_id=order_id, reason=Reason.DISPUTE)
    assert frozen is not None
    assert frozen.left_fen == 1_000
    assert (await order_money.get_order_ledger(tx, order_id)).disputed_fen == 1_000
    await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id)
    assert (await get_hold(tx, frozen.key)).state is State.RELEASED
    assert (await order_money.get_order_ledger(tx, order_id)).disputed_fen == 0


HOLD = "(SELECT key FROM settlement.holds WHERE captured_fen = 0)"
PART = "(SELECT key FROM settlement.holds WHERE captured_fen > 0)"
ENTRY = "(SELECT key FROM settlement.journal WHERE kind = 3 AND key NOT IN (SELECT journal_key FROM settlement.hold_captures))"
KEY = "'019c0000-0000-7000-8000-000000000001'"


def placed(account: str = "order_escrow", **changes: str) -> str:
    values = {
        "key": KEY,
        "account_id": "a.id",
        "order_id": "a.owner::uuid",
        "reason": "'deposit'",
        "amount_fen": "1",
        "state": "'held'",
        "placed_at": "now()",
        **changes,
    }
    return f"""INSERT INTO settlement.holds ({", ".join(values)})
        SELECT {", ".join(values.values())} FROM settlement.accounts a
         WHERE a.purpose = '{account}' LIMIT 1"""


def captured(hold: str, amount: int, key: str = KEY, at: str = "now()") -> str:
    return f"""INSERT INTO settlement.hold_captures (journal_key, hold_key, amount_fen, captured_at)
        VALUES ({key}, {hold}, {amount}, {at})"""


ILLEGAL: dict[str, tuple[str, str]] = {
    "a hold of nothing": (placed(amount_fen="0"), "hold_amount_in_range"),
    "a hold of less than nothing": (placed(amount_fen="-5"), "hold_amount_in_range"),
    "a hold of more than is free": (placed(amount_fen="300"), "guarded_balance_not_below_floor"),
    "a hold for no reason known": (placed(reason="'whim'"), "hold_reason_known"),
    "a hold that begins captured": (
        placed(captured_fen="1", state="'captured'", closed_at="now()"),
        "hold_begins_whole",
    ),
    "a hold that begins half used": (
        placed(amount_fen="2", captured_fen="1"),
        "hold_begins_whole",
    ),
    "a hold that ran out before it began": (
        placed(expires_at="now() - interval '1 day'"),
        "hold_expires_after_it_was_placed",
    ),
    "a hold on an escrow for another order": (placed(order_id=KEY), "hold_fits_account"),
    "a hold on an escrow for no order": (placed(order_id="NULL::uuid"), "hold_fits_account"),
    "a hold on an account that stands anywhere": (
        placed("channel_clearing", order_id="NULL::uuid"),
        "hold_fits_account",
    ),
    "a dispute of what is no escrow": (
        placed("refund_payable", reason="'dispute'"),
        "hold_fits_account",
    ),
    "a hold twice under one key": (placed(key=HOLD), "23505"),
    "a hold made larger": ("UPDATE settlement.holds SET amount_fen = amount_fen + 1", "kept"),
    "a hold moved to another account": ("UPDATE settlement.holds SET account_id = 1", "kept"),
    "a hold made longer": ("UPDATE settlement.holds SET expires_at = now() + '9 days'", "kept"),
    "a hold removed": ("DELETE FROM settlement.holds", "kept"),
    "holds emptied": ("TRUNCATE settlement.holds CASCADE", "kept"),
    "a hold captured by hand": ("UPDATE settlement.holds SET captured_fen = 1", "kept"),
    "a capture undone by hand": ("UPDATE settlement.holds SET captured_fen = 0", "kept"),
    "a hold freed of more than is left": (
        f"UPDATE settlement.holds SET state = 'released', released_fen = amount_fen, closed_at = now() WHERE key = {PART}",
        "hold_covers_what_leaves_it",
    ),
    "a hold freed in part": (
        f"UPDATE settlement.holds SET state = 'released', released_fen = 1, closed_at = now() WHERE key = {HOLD}",
        "hold_is_over_when_nothing_is_left",
    ),
    "a hold freed without a word": (
        f"UPDATE settlement.holds SET released_fen = amount_fen, closed_at = now() WHERE key = {HOLD}",
        "hold_is_over_when_nothing_is_left",
    ),
    "a hold said to be over": (
        f"UPDATE settlement.holds SET state = 'captured', closed_at = now() WHERE key = {HOLD}",
        "hold_is_over_when_nothing_is_left",
    ),
    "a hold that has no end run out": (
        f"UPDATE settlement.holds SET state = 'expired', released_fen = amount_fen - captured_fen, closed_at = now() WHERE key = {PART}",
        "hold_expired_when_its_time_was_over",
    ),
    "a hold run out too early": (
        f"UPDATE settlement.holds SET state = 'expired', released_fen = amount_fen, closed_at = expires_at - interval '1 second' WHERE key = {HOLD}",
        "hold_expired_when_its_time_was_over",
    ),
    "a hold in an unknown state": (
        f"UPDATE settlement.holds SET state = 'gone', released_fen = amount_fen, closed_at = now() WHERE key = {HOLD}",
        "hold_state_known",
    ),
    "a capture without an entry": (captured(PART, 1), "captured_by_its_entry"),
    "a capture by an entry of another day": (captured(PART, 1, ENTRY), "captured_by_its_entry"),
    "a capture of more than is left": (captured(PART, 201), "hold_covers_what_leaves_it"),
    "a capture of nothing": (captured(PART, 0), "capture_positive"),
    "a capture after the hold ran out": (
        captured(HOLD, 1, at="'2030-01-01'"),
        "captured_before_it_ran_out",
    ),
    "a capture of no hold": (captured(KEY, 1), "23503"),
    "an entry that captures twice": (
        captured(PART, 1, "(SELECT journal_key FROM settlement.hold_captures)"),
        "23505",
    ),
    "a capture changed": ("UPDATE settlement.hold_captures SET amount_fen = 1", "kept"),
    "a capture removed": ("DELETE FROM settlement.hold_captures", "kept"),
    "a guard that forgets what is held": ("UPDATE settlement.guard_balances SET held = 0", "kept"),
    "an order that forgets its dispute": ("UPDATE settlement.order_money SET disputed = 0", "kept"),
}


def _refusal(error: asyncpg.PostgresError) -> set[str]:
    told = {str(error.sqlstate), str(getattr(error, "constraint_name", None))}
    return told | ({"kept"} if error.sqlstate in ("23001", "42501") else set())


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_every_illegal_write_of_a_hold_is_refused_by_the_database_alone(
    db: Database, almighty: Actor, server: Any, database_name: str, role: str | None
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 1_000)
        part = await held(tx, almighty, order_id, 300)
        await holds.capture(tx, actor=almighty, now=NOON, key=part.key, entry=refund(order_id, 100))
        await held(tx, almighty, order_id, 400, expires_at=LATER)
        # A refund that captured nothing; what is free now is 299.
        await ledger.post(tx, actor=almighty, now=NOON, entry=refund(order_id, 1))
    connection = await asyncpg.connect(server.dsn(database_name, role))
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")

    accepted, otherwise = [], {}
    for name, (sql, expected) in ILLEGAL.items():
        try:
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            accepted.append(name)
        except asyncpg.PostgresError as error:
            told = _refusal(error)
            if expected not in told and not (role and "42501" in told):
                otherwise[name] = (told, str(error))
    await connection.close()

    assert accepted == []
    assert otherwise == {}
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []


async def test_an_unguarded_account_holds_nothing(tx: Tx, almighty: Actor) -> None:
    await paid_escrow(tx, almighty, 1_000)

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await holds.place(
            tx,
            actor=almighty,
            now=NOON,
            key=new_id(),
            account=clearing_of("sandbox"),
            amount_fen=1,
            reason=Reason.DEPOSIT,
        )
    assert refused.value.constraint_name == "hold_fits_account"
