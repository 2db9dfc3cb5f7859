"""What the database itself holds of the trade: whose rows they are, what never changes, what races."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest

from catalog.audit_log.promising import Backlog
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin, run
from market.access import operations as access
from market.access.model import Asked
from market.jobs import orders_due
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.operations import delivery, payment
from market.orders.states import OrderEventNotAllowed
from market.usage import queries as usage
from market.usage import statement
from tests.api import Api
from tests.makers_identity import MAKER
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

TABLES = ("orders", "contracts", "contract_signatures", "grants", "usage_events")


trade = staged(make_trade)


async def _count(db: Database, actor: object, table: str) -> int:
    async with begin(db, actor) as tx:  # type: ignore[arg-type]
        return int(await tx.fetch_value(f"SELECT count(*) FROM market.{table}"))


async def test_a_foreign_party_sees_no_row_of_an_order_and_its_parties_and_supervisors_do(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()
    must_be_there = await trade.content(order)
    assert must_be_there.status_code == 200

    for table in TABLES:
        rows = 2 if table == "contract_signatures" else 1
        assert await _count(db, trade.stranger.actor, table) == 0, table
        for who in (trade.buyer, trade.supplier, trade.acceptor, trade.regulator):
            assert await _count(db, who.actor, table) == rows, table


async def test_nobody_writes_a_row_between_others(trade: Trade, db: Database) -> None:
    order = await trade.placed()

    async with begin(db, trade.stranger.actor) as tx:
        touched = await tx.execute("UPDATE market.orders SET reason = 'x' WHERE id = $1", order)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, trade.stranger.actor) as tx:
            await tx.execute(
                """
                INSERT INTO market.contracts
                    (order_id, buyer_party_id, supplier_party_id, record, record_sha256, split,
                     drafted_at)
                VALUES ($1, $2, $3, ''::bytea, encode(sha256(''::bytea), 'hex'), '{}', now())""",
                uuid.UUID(order),
                trade.buyer.party.id,
                trade.supplier.party.id,
            )

    assert touched == 0


@pytest.mark.parametrize("table", ["contracts", "contract_signatures", "usage_events"])
async def test_what_was_signed_and_used_is_never_changed_not_even_by_the_owner(
    trade: Trade, owner_dsn: str, table: str
) -> None:
    order = await trade.delivered()
    await trade.content(order)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SET app.clearance = 'system'")
        for statement_text in (
            f"UPDATE market.{table} SET buyer_party_id = supplier_party_id",
            f"DELETE FROM market.{table}",
            f"TRUNCATE market.{table} CASCADE",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement_text)
    finally:
        await connection.close()


async def test_the_service_can_not_change_what_was_ordered(trade: Trade, db: Database) -> None:
    order = await trade.placed()

    for column in ("amount_fen", "buyer_party_id", "purpose"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(db, MAKER) as tx:
                await tx.execute(
                    f"UPDATE market.orders SET {column} = {column} WHERE id = $1", order
                )


async def test_the_same_request_at_once_is_billed_once(trade: Trade, db: Database) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()

    async def ask(tx: Tx) -> delivery.Opened:
        return await delivery.open_content(
            tx,
            actor=trade.buyer.actor,
            now=now,
            order_id=order,
            asked=Asked(),
            request_key="key:same",
            backlog=Backlog(),
        )

    opened = await asyncio.gather(*(run(db, trade.buyer.actor, ask) for _ in range(10)))

    assert sum(one.event.event.price_units for one in opened) == 1
    async with begin(db, MAKER) as tx:
        events = await usage.list_for_order(tx, order_id=order)
        grant = await access.lock(tx, order)
    statement.check_chain(events)
    assert (len(events), grant.used, grant.order_seq) == (10, 1, 10)


async def test_money_that_comes_for_a_cancelled_order_goes_back(trade: Trade, db: Database) -> None:
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer))
    must(await trade.step(order, "cancellations", trade.buyer, reason="不需要了"))

    must(await trade.by(trade.buyer).post(started["pay_at"]))

    assert (await trade.order(order))["state"] == "cancelled"
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert "refund" in str(ledger)


async def test_money_that_comes_for_a_suspended_order_stays_and_the_order_goes_on_as_paid(
    trade: Trade, db: Database
) -> None:
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer))
    must(await trade.step(order, "cut-offs", trade.issuer, reason="核查"))

    must(await trade.by(trade.buyer).post(started["pay_at"]))
    must(await trade.step(order, "resumptions", trade.issuer, reason="核查通过"))

    assert (await trade.order(order))["state"] == "paid"


async def test_only_a_channel_says_that_an_order_was_paid(trade: Trade, db: Database) -> None:
    from catalog.kernel.actor import NotPermitted

    order = uuid.UUID(await trade.contracted())

    async def claim(tx: Tx) -> Order:
        return await payment.mark_paid(
            tx, actor=trade.buyer.actor, now=trade.clock.now(), order_id=order
        )

    with pytest.raises(NotPermitted):
        await run(db, trade.buyer.actor, claim)


async def test_two_runs_of_the_job_at_once_do_each_thing_once(trade: Trade, db: Database) -> None:
    import datetime as dt

    order = uuid.UUID(await trade.delivered())
    later = trade.clock.now() + dt.timedelta(days=9)

    done = await asyncio.gather(*(orders_due.run(db, now=later) for _ in range(4)))

    assert sum(done) == 1
    async with begin(db, MAKER) as tx:
        assert [o.id for o in await orders.list_for_product(tx, product_id=_id(trade))] == [order]
        assert [
            o.id for o in await orders.list_between(tx, start=trade.clock.now(), end=later)
        ] == [order]


async def test_an_order_is_accepted_or_disputed_never_both(trade: Trade, db: Database) -> None:
    order = uuid.UUID(await trade.delivered())
    now = trade.clock.now()

    async def accept(tx: Tx) -> Order:
        return await delivery.accept(tx, actor=trade.buyer.actor, now=now, order_id=order)

    async def dispute(tx: Tx) -> Order:
        return await delivery.raise_issue(
            tx, actor=trade.buyer.actor, now=now, order_id=order, reason="缺数据"
        )

    answers = await asyncio.gather(
        *(run(db, trade.buyer.actor, act) for act in (accept, dispute) * 5),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, Order) for answer in answers) == 1
    assert all(isinstance(answer, Order | OrderEventNotAllowed) for answer in answers), answers


async def test_two_filings_taken_on_record_at_once_leave_one_price_in_effect(
    trade: Trade, db: Database
) -> None:
    filings = [must(await trade.file())["id"] for _ in range(4)]

    answers = await asyncio.gather(*(trade.record(filing) for filing in filings))

    assert {answer.status_code for answer in answers} <= {200, 409}
    async with begin(db, MAKER) as tx:
        in_effect = await tx.fetch_value(
            "SELECT count(*) FROM market.pricing_filings WHERE state = 'effective'"
        )
    assert in_effect == 1


async def test_one_product_has_one_live_listing_whoever_drafts_at_once(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)

    answers = await asyncio.gather(*(trade.draft_listing() for _ in range(5)))

    assert any(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 409}
    async with begin(db, MAKER) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM market.listings") == 1


def _id(trade: Trade) -> uuid.UUID:
    return uuid.UUID(trade.product_id)
