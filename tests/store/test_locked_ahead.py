"""A grant is locked as the transaction of its use is opened: who waits for it sees what came meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import asyncpg
import pytest

from catalog.audit_log.promising import Backlog
from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.statements.db import Ahead
from market.access import operations as access
from market.access.model import Asked
from market.orders.operations import delivery, stopping
from market.usage.model import Outcome
from tests.conftest import TestServer
from tests.makers_identity import MAKER
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def use(
    db: Database, actor: Actor, order: uuid.UUID, now: dt.datetime, *, is_ahead: bool = True
) -> delivery.Opened:
    async def command(tx: Tx) -> delivery.Opened:
        return await delivery.open_content(
            tx,
            actor=actor,
            now=now,
            order_id=order,
            asked=Asked(),
            request_key=None,
            backlog=Backlog(),
        )

    return await run(db, actor, command, ahead=access.locking(order) if is_ahead else None)


@pytest.mark.parametrize("is_ahead", [True, False])
async def test_uses_at_once_are_counted_without_a_gap(
    trade: Trade, db: Database, is_ahead: bool
) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()

    done = await asyncio.gather(
        *(use(db, trade.buyer.actor, order, now, is_ahead=is_ahead) for _ in range(12))
    )

    assert sorted(each.event.event.order_seq for each in done) == list(range(1, 13))
    assert len({each.event.event.prev_sha256 for each in done}) == 12


@pytest.mark.parametrize("is_ahead", [True, False])
async def test_a_use_that_waits_for_a_cut_off_is_denied_by_it(
    trade: Trade, db: Database, is_ahead: bool
) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()
    begun = asyncio.Event()

    async def cut_off() -> None:
        async with begin(db, trade.issuer.actor) as tx:
            await access.lock(tx, order)
            begun.set()
            await asyncio.sleep(0.3)  # the use asks meanwhile
            await stopping.cut_off(
                tx,
                actor=trade.issuer.actor,
                now=now,
                order_id=order,
                reason="核查",
                for_good=False,
            )

    cutting = asyncio.create_task(cut_off())
    await begun.wait()
    opened = await use(db, trade.buyer.actor, order, now, is_ahead=is_ahead)
    await cutting

    assert opened.event.event.decision is Outcome.DENY
    assert opened.event.event.reasons == ("authorisation_cut_off", "use_not_allowed_now")


async def test_an_order_that_changes_alone_while_its_grant_is_waited_for_is_seen_changed(
    trade: Trade, db: Database
) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()
    begun = asyncio.Event()

    async def dispute() -> None:
        async with begin(db, MAKER) as tx:
            await access.lock(tx, order)
            begun.set()
            await asyncio.sleep(0.3)
            await tx.execute("UPDATE market.orders SET state = 'disputed' WHERE id = $1", order)

    disputing = asyncio.create_task(dispute())
    await begun.wait()
    opened = await use(db, trade.buyer.actor, order, now)
    await disputing

    assert opened.event.event.reasons == ("use_not_allowed_now",)


async def test_another_s_order_and_one_that_was_not_delivered_are_refused_as_ever(
    trade: Trade, db: Database
) -> None:
    delivered = uuid.UUID(await trade.delivered())
    placed = uuid.UUID(await trade.placed())
    now = trade.clock.now()

    for actor, order, code in (
        (trade.buyer.actor, placed, "grant_not_found"),
        (trade.buyer.actor, uuid.uuid4(), "not_found"),
        (trade.supplier.actor, delivered, "not_found"),
    ):
        found = []
        for is_ahead in (True, False):
            with pytest.raises(DomainError) as refused:
                await use(db, _may_use(actor), order, now, is_ahead=is_ahead)
            found.append(refused.value.code)
        assert found == [code, code]


def _may_use(actor: Actor) -> Actor:
    import msgspec

    return msgspec.structs.replace(actor, permissions=actor.permissions | {"grant:use"})


async def test_the_second_wall_stands_before_a_lock_that_is_taken_ahead(
    trade: Trade, db: Database
) -> None:
    order = uuid.UUID(await trade.delivered())

    async with begin(db, trade.stranger.actor, ahead=access.locking(order)) as tx:
        # Nothing was locked that this party does not see.
        async with begin(db, trade.buyer.actor) as other:
            await other.execute("SET LOCAL lock_timeout = '1s'")
            await access.lock(other, order)
        assert tx.ahead == access.locking(order)


async def test_what_can_not_be_prepared_is_an_error_each_time_and_the_connection_goes_on(
    db: Database, almighty: Actor
) -> None:
    wrong = Ahead(
        "lock_nothing",
        "SELECT true FROM market.no_such_table WHERE id = $1",
        ("uuid",),
        (uuid.uuid4(),),
    )

    for _ in range(2):
        with pytest.raises(asyncpg.UndefinedTableError):
            async with begin(db, almighty, ahead=wrong):
                raise AssertionError("not reached")
    async with begin(db, almighty) as tx:
        assert await tx.fetch_value("SELECT current_setting('app.principal')") == str(
            almighty.principal
        )


async def test_who_went_away_while_a_statement_was_prepared_leaves_nobody_else_without_it(
    trade: Trade, server: TestServer, database_name: str
) -> None:
    order = uuid.UUID(await trade.delivered())
    one = Database(lambda role: server.dsn(database_name, role), pool_size=1)
    try:
        async with begin(one, trade.buyer.actor) as tx:
            ahead = access.locking(order)
            await tx.execute(f"PREPARE {ahead.name} (uuid) AS {ahead.sql}")

        opened = await use(one, trade.buyer.actor, order, trade.clock.now())
    finally:
        await one.close()

    assert opened.event.event.order_seq == 1


async def test_a_connection_that_is_new_keeps_what_it_needs_anew(
    trade: Trade, db: Database
) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()
    await use(db, trade.buyer.actor, order, now)
    await db.close()

    opened = await use(db, trade.buyer.actor, order, now)

    assert opened.event.event.order_seq == 2


async def test_a_use_belongs_to_its_order_s_own_grant(trade: Trade, db: Database) -> None:
    first, second = uuid.UUID(await trade.delivered()), uuid.UUID(await trade.delivered())
    opened = await use(db, trade.buyer.actor, first, trade.clock.now())

    with pytest.raises(asyncpg.ForeignKeyViolationError, match="usage_of_its_grant"):
        async with begin(db, MAKER) as tx:
            await tx.execute(
                """INSERT INTO market.usage_events
                   SELECT (jsonb_populate_record(e, jsonb_build_object(
                              'id', gen_random_uuid(), 'order_id', $2::uuid, 'order_seq', 7))).*
                     FROM market.usage_events e WHERE id = $1""",
                opened.event.event.id,
                second,
            )


async def test_who_moves_an_order_and_then_stops_its_grant_does_not_wait_for_a_use_that_waits_for_him(
    trade: Trade, db: Database
) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()
    begun, used = asyncio.Event(), asyncio.Event()

    async def stop() -> None:
        async with begin(db, MAKER) as tx:
            await tx.execute("SELECT FROM market.orders WHERE id = $1 FOR UPDATE", order)
            begun.set()
            await used.wait()  # a use that needed the order's row would never end
            await access.lock(tx, order)

    stopping_it = asyncio.create_task(stop())
    await begun.wait()
    async with asyncio.timeout(10):
        await use(db, trade.buyer.actor, order, now)
    used.set()
    await stopping_it
