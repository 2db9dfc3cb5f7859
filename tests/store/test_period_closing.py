"""A month of the books is closed step by step, whoever races, whoever dies, and then it stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from market.jobs import close_periods
from settlement.escrow.operations import releasing as escrow
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import clearing_of, escrow_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import PeriodClosed
from settlement.periods import chain, operations, queries, sealing
from settlement.periods.checklist import Because
from settlement.periods.model import PeriodDetail, Step
from settlement.periods.months import Month
from settlement.periods.operations import (
    PeriodAccountEmpty,
    PeriodEarlierOpen,
    PeriodExplainedAlready,
    PeriodExplanationMissing,
)
from settlement.periods.queries import PeriodMissing, PeriodNotClosed
from settlement.periods.states import PeriodEventNotAllowed, State
from tests.store.money import NOON, accepted, paid_escrow, three_way_split

MARCH = Month(2026, 3)
APRIL = Month(2026, 4)
IN_APRIL = dt.datetime(2026, 4, 1, 1, 0, tzinfo=dt.UTC)
IN_MAY = dt.datetime(2026, 5, 1, 1, 0, tzinfo=dt.UTC)


async def start(
    db: Database, actor: Actor, month: Month = MARCH, now: dt.datetime = IN_APRIL
) -> None:
    async with begin(db, actor) as tx:
        await operations.begin(tx, actor=actor, now=now, book="market", month=month)


async def explain(db: Database, actor: Actor, account: str, month: Month = MARCH) -> None:
    async with begin(db, actor) as tx:
        await operations.explain(
            tx,
            actor=actor,
            now=IN_APRIL,
            book="market",
            month=month,
            account=account,
            explanation="与渠道对账单一致",
        )


async def detail(db: Database, actor: Actor, month: Month = MARCH) -> PeriodDetail:
    async with begin(db, actor) as tx:
        return await queries.get_period(tx, viewer=actor, book="market", month=month)


async def sold(db: Database, actor: Actor, amount_fen: int = 100_001) -> uuid.UUID:
    async with begin(db, actor) as tx:
        order_id = await paid_escrow(tx, actor, amount_fen)
        await escrow.release(
            tx, actor=actor, now=NOON, order_id=order_id, split=three_way_split(), facts=accepted()
        )
    return order_id


async def close(
    db: Database, actor: Actor, month: Month = MARCH, now: dt.datetime = IN_APRIL
) -> None:
    await start(db, actor, month, now)
    await close_periods.run(db, now=now)
    await explain(db, actor, "channel_clearing/sandbox", month)
    assert await close_periods.run(db, now=now) == 1


def paid(day: dt.date, at: dt.datetime) -> Entry:
    order_id = new_id()
    return Entry(
        key=new_id(),
        kind=Kind.PAY_IN,
        legs=transfer(clearing_of("sandbox"), [Leg(escrow_of(order_id), 7)]),
        booked_at=at,
        value_on=day,
        rule_version="test/1",
        order_id=order_id,
    )


async def test_a_month_is_closed_numbered_chained_balanced_and_sealed_in_the_log(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    async with begin(db, almighty) as tx:
        await paid_escrow(tx, almighty, 500)  # still held at the end of the month

    await start(db, almighty)
    await close_periods.run(db, now=IN_APRIL)
    waiting = await detail(db, almighty)
    await explain(db, almighty, "channel_clearing/sandbox")
    sealed = await close_periods.run(db, now=IN_APRIL)

    assert waiting.period.step is Step.EXPLAINING
    assert [each.account for each in waiting.unexplained] == ["channel_clearing/sandbox"]
    assert [(each.purpose, each.because, each.balance_fen) for each in waiting.open_sums] == [
        ("channel_clearing", None, -100_501),
        ("order_escrow", Because.ORDER_RUNS, 500),
    ]
    assert sealed == 1
    closed = await detail(db, almighty)
    assert (closed.period.state, closed.period.entries) == (State.CLOSED, 3)
    assert closed.difference_fen == 0
    async with begin(db, almighty) as tx:
        rows = await tx.fetch("SELECT number, key FROM settlement.vouchers ORDER BY number")
        digests = [await _digest(tx, row["key"]) for row in rows]
        kept = await queries.get_record(tx, viewer=almighty, book="market", month=MARCH)
        leaves = await logged(tx)
    assert sum(kept.sha256.encode() in leaf and b"period:closed" in leaf for leaf in leaves) == 1
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    told = sealing.read_record(kept.record.encode())
    assert told.chain_head == chain.follow(chain.FIRST, 1, digests).hex()
    assert told.entries == 3
    assert kept.sha256 == closed.period.record_sha256


async def logged(tx: Tx) -> list[bytes]:
    return [bytes(row["leaf"]) for row in await tx.fetch("SELECT leaf FROM audit_log.waiting")]


async def _digest(tx: Tx, key: uuid.UUID) -> bytes:
    found: bytes = await tx.fetch_value(
        "SELECT record_sha256 FROM settlement.entries WHERE key = $1", key
    )
    return found


async def test_the_next_month_begins_where_the_last_one_ended(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    await close(db, almighty)
    async with begin(db, almighty) as tx:
        await ledger.post(
            tx, actor=almighty, now=IN_APRIL, entry=paid(dt.date(2026, 4, 1), IN_APRIL)
        )

    await start(db, almighty, APRIL, IN_MAY)
    await close_periods.run(db, now=IN_MAY)

    march, april = await detail(db, almighty), await detail(db, almighty, APRIL)
    ended = {line.purpose: line.closing_fen for line in march.lines if line.closing_fen}
    began = {line.purpose: line.opening_fen for line in april.lines if line.opening_fen}
    assert began == ended
    assert april.period.chain_before == march.period.chain_head
    assert april.period.entries == 1
    # an escrow that no order of ours explains
    assert {each.purpose for each in april.unexplained} == {"channel_clearing", "order_escrow"}


async def test_a_month_waits_for_a_writer_that_was_let_in_before_it_was_shut(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    async with begin(db, almighty) as writer:
        await ledger.post(writer, actor=almighty, now=NOON, entry=paid(dt.date(2026, 3, 31), NOON))
        await start(db, almighty)
        await close_periods.run(db, now=IN_APRIL)
        before = await detail(db, almighty)

    await close_periods.run(db, now=IN_APRIL)

    assert before.period.step is Step.NUMBERING
    assert (await detail(db, almighty)).period.entries == 3


async def test_nothing_is_booked_into_a_month_that_is_shut(db: Database, almighty: Actor) -> None:
    await sold(db, almighty)
    await start(db, almighty)

    with pytest.raises((DomainError, asyncpg.CheckViolationError)):
        async with begin(db, almighty) as tx:
            await ledger.post(
                tx, actor=almighty, now=IN_APRIL, entry=paid(dt.date(2026, 3, 31), IN_APRIL)
            )


async def test_nothing_is_booked_before_the_first_month_that_was_closed(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    await sold(db, almighty)
    await start(db, almighty)
    early = (dt.date(2026, 2, 28), dt.date(2023, 1, 1))
    owner: Any = await asyncpg.connect(owner_dsn)

    for day in early:
        with pytest.raises(PeriodClosed):
            async with begin(db, almighty) as tx:
                await ledger.post(tx, actor=almighty, now=IN_APRIL, entry=paid(day, IN_APRIL))
    again = """
        INSERT INTO settlement.journal (key, kind, book, currency, a1, v1, a2, v2, order_id, rule_id,
                                        booked_at, value_on)
        SELECT overlay(key::text placing 'f' from 36)::uuid, kind, book, currency, a1, v1, a2, v2,
               order_id, rule_id, booked_at, $1 FROM settlement.journal WHERE kind = 1"""
    try:
        for day in (*early, dt.date(2022, 12, 31)):
            with pytest.raises(asyncpg.CheckViolationError) as as_owner:
                await owner.execute(again, day)
            with pytest.raises(asyncpg.CheckViolationError) as as_service:
                async with begin(db, almighty) as tx:
                    await tx.execute(again, day)
            by = {refused.value.constraint_name for refused in (as_owner, as_service)}
            assert by == {
                "journal_period_is_open" if day in early else "journal_dated_within_the_books"
            }
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(
                "UPDATE settlement.periods SET state = 'open' WHERE month < '2026-03-01'"
            )
    finally:
        await owner.close()


async def test_another_book_is_not_shut_by_the_first_month_of_one(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    await start(db, almighty)
    early = msgspec.structs.replace(paid(dt.date(2026, 2, 28), NOON), book="public_data")

    async with begin(db, almighty) as tx:
        posted = await ledger.post(tx, actor=almighty, now=IN_APRIL, entry=early)

    assert posted.is_new


async def test_who_was_let_in_before_the_first_month_was_shut_is_numbered_in_it(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    async with begin(db, almighty) as writer:
        early = paid(dt.date(2026, 2, 3), NOON)
        await ledger.post(writer, actor=almighty, now=NOON, entry=early)
        await start(db, almighty)

    await close_periods.run(db, now=IN_APRIL)
    await explain(db, almighty, "channel_clearing/sandbox")
    await explain(db, almighty, escrow_of(early.order_id or new_id()).code)
    sealed = await close_periods.run(db, now=IN_APRIL)

    assert sealed == 1
    assert (await detail(db, almighty)).period.entries == 3
    async with begin(db, almighty) as tx:
        listed = await queries.list_periods(tx, viewer=almighty, book="market")
        numbered = await tx.fetch_value(
            "SELECT month FROM settlement.vouchers WHERE key = $1", early.key
        )
    assert [each.month for each in listed.items] == ["2026-03"]
    assert numbered == "2026-03"


async def test_sixteen_writers_lose_nothing_and_nothing_stands_in_the_wrong_month(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    stop = asyncio.Event()
    posted: dict[uuid.UUID, dt.date] = {}

    async def write() -> None:
        day = dt.date(2026, 3, 31)
        while not stop.is_set():
            entry = paid(day, IN_APRIL)
            try:
                async with begin(db, almighty) as tx:
                    await ledger.post(tx, actor=almighty, now=IN_APRIL, entry=entry)
                    await asyncio.sleep(0)
            except (DomainError, asyncpg.CheckViolationError):
                day = dt.date(2026, 4, 1)  # the month was shut: the next one is open
                continue
            posted[entry.key] = day

    writers = [asyncio.create_task(write()) for _ in range(16)]
    await asyncio.sleep(0.3)
    await start(db, almighty)
    while (await detail(db, almighty)).period.entries is None:
        await close_periods.run(db, now=IN_APRIL)
    await asyncio.sleep(0.1)
    stop.set()
    await asyncio.gather(*writers)

    in_march = {key for key, day in posted.items() if day.month == 3}
    async with begin(db, almighty) as tx:
        numbered = {row["key"] for row in await tx.fetch("SELECT key FROM settlement.vouchers")}
        of_march = {
            row["key"]
            for row in await tx.fetch(
                "SELECT key FROM settlement.journal WHERE value_on < '2026-04-01'"
            )
        }
    assert in_march <= numbered
    assert numbered == of_march
    assert len(in_march) > 16
    assert len(posted) > len(in_march)


class Killed(Exception):
    """The process is gone before the commit."""


async def die_in_the_middle(db: Database, actor: Actor) -> None:
    async with begin(db, actor) as tx:
        await operations.take_step(tx, actor=actor, now=IN_APRIL, book="market", month=MARCH)
        raise Killed


async def test_every_step_that_dies_is_taken_again(
    db: Database, almighty: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "CHAINED_AT_ONCE", 1)
    await sold(db, almighty)
    await start(db, almighty)
    steps = []

    for _ in range(12):
        with pytest.raises(Killed):
            await die_in_the_middle(db, almighty)
        async with begin(db, almighty) as tx:
            steps.append(
                await operations.take_step(
                    tx, actor=almighty, now=IN_APRIL, book="market", month=MARCH
                )
            )
        if steps[-1][0] is Step.EXPLAINING:
            break

    assert steps == [
        (Step.NUMBERING, 0),
        (Step.CHAINING, 0),
        (Step.CHAINING, 1),
        (Step.EXPLAINING, 2),
    ]


async def test_two_that_close_at_once_close_once(db: Database, almighty: Actor) -> None:
    await sold(db, almighty)

    begun = await asyncio.gather(*(start(db, almighty) for _ in range(4)), return_exceptions=True)
    await asyncio.gather(*(close_periods.run(db, now=IN_APRIL) for _ in range(4)))
    await explain(db, almighty, "channel_clearing/sandbox")
    sealed = await asyncio.gather(*(close_periods.run(db, now=IN_APRIL) for _ in range(4)))

    assert begun.count(None) == 1
    assert sum(isinstance(each, PeriodEventNotAllowed) for each in begun) == 3
    assert (await detail(db, almighty)).period.state is State.CLOSED
    async with begin(db, almighty) as tx:
        leaves = await logged(tx)
    assert sum(b"period:closed" in leaf for leaf in leaves) == 1
    assert sum(sealed) >= 1


async def test_months_are_closed_when_they_are_over_and_in_their_order(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    async with begin(db, almighty) as tx:
        await ledger.post(
            tx, actor=almighty, now=IN_APRIL, entry=paid(dt.date(2026, 4, 1), IN_APRIL)
        )

    with pytest.raises(DomainError, match="period_not_over"):
        await start(db, almighty, now=NOON)
    with pytest.raises(PeriodEarlierOpen):
        await start(db, almighty, APRIL, IN_MAY)
    with pytest.raises(PeriodMissing):
        await start(db, almighty, Month(2026, 2))
    await start(db, almighty)
    with pytest.raises(PeriodEarlierOpen):
        await start(db, almighty, APRIL, IN_MAY)
    async with begin(db, almighty) as tx:
        with pytest.raises(PeriodNotClosed):
            await queries.get_record(tx, viewer=almighty, book="market", month=MARCH)
        with pytest.raises(PeriodMissing):
            await queries.list_periods(tx, viewer=almighty, book="nobody's")


async def test_an_account_is_explained_once_in_words_and_only_while_it_stands_open(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty)
    with pytest.raises(PeriodMissing):
        await explain(db, almighty, "channel_clearing/sandbox")
    await start(db, almighty)
    await close_periods.run(db, now=IN_APRIL)

    with pytest.raises(PeriodAccountEmpty):
        await explain(db, almighty, "channel_clearing/other")
    async with begin(db, almighty) as tx:
        with pytest.raises(PeriodExplanationMissing):
            await operations.explain(
                tx, actor=almighty, now=IN_APRIL, book="market", month=MARCH,
                account="channel_clearing/sandbox", explanation="  ",
            )  # fmt: skip
    await explain(db, almighty, "channel_clearing/sandbox")
    with pytest.raises(PeriodExplainedAlready):
        await explain(db, almighty, "channel_clearing/sandbox")
    await close_periods.run(db, now=IN_APRIL)
    with pytest.raises(PeriodEventNotAllowed):
        await explain(db, almighty, "channel_clearing/sandbox")


ILLEGAL = {
    # what is written to a closed month → by which constraint or trigger it is refused
    "another head": ("UPDATE settlement.closings SET head = decode(repeat('00', 32), 'hex')", "closed"),
    "opened again": ("UPDATE settlement.closings SET sealed_at = NULL, record = NULL", "closed"),
    "another record": ("UPDATE settlement.closings SET record = '{}'", "closed"),
    "removed": ("DELETE FROM settlement.closings", "never changed"),
    "emptied": ("TRUNCATE settlement.closings", "never changed"),
    "a number removed": ("DELETE FROM settlement.vouchers", "never changed"),
    "a number changed": ("UPDATE settlement.vouchers SET number = number + 10", "never changed"),
    "a number more": (
        "INSERT INTO settlement.vouchers VALUES ('market', '2026-03', 99, gen_random_uuid())",
        "not being closed",
    ),
    "an entry numbered twice": (
        "INSERT INTO settlement.vouchers SELECT book, month, number + 50, key FROM settlement.vouchers",
        "entry_is_numbered_once",
    ),
    "a balance changed": ("UPDATE settlement.period_balances SET closing = closing + 1", "never changed"),
    "a balance more": (
        "INSERT INTO settlement.period_balances VALUES ('market', '2026-03', 99999, 0, 0, 0, 0)",
        "not being closed",
    ),
    "an explanation more": (
        """INSERT INTO settlement.period_explanations
           VALUES ('market', '2026-03', 'x', 'y', NULL, 'z', now())""",
        "not being closed",
    ),
    "an explanation changed": ("UPDATE settlement.period_explanations SET explanation = 'x'", "never changed"),
}  # fmt: skip


async def test_nothing_of_a_closed_month_can_be_changed_even_by_the_owner(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    await sold(db, almighty)
    await close(db, almighty)
    owner: Any = await asyncpg.connect(owner_dsn)

    try:
        for written, (sql, by) in ILLEGAL.items():
            with pytest.raises(asyncpg.PostgresError) as refused:
                await owner.execute(sql)
            assert by in str(refused.value), written
    finally:
        await owner.close()


async def test_a_month_with_a_gap_or_out_of_balance_can_not_be_sealed_even_by_the_owner(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    await sold(db, almighty)
    await start(db, almighty)
    await close_periods.run(db, now=IN_APRIL)
    owner: Any = await asyncpg.connect(owner_dsn)

    try:
        await owner.execute(
            "INSERT INTO settlement.period_balances VALUES ('market', '2026-03', 99999, 5, 0, 0, 5)"
        )
        with pytest.raises(asyncpg.CheckViolationError) as unbalanced:
            await owner.execute("UPDATE settlement.closings SET sealed_at = now(), record = '{}'")
        await owner.execute(
            "INSERT INTO settlement.vouchers VALUES ('market', '2026-03', 9, gen_random_uuid())"
        )
        with pytest.raises(asyncpg.CheckViolationError) as gap:
            await owner.execute("UPDATE settlement.closings SET sealed_at = now(), record = '{}'")
        with pytest.raises(asyncpg.CheckViolationError) as back:
            await owner.execute("UPDATE settlement.closings SET entries = 1, chained = 1")
    finally:
        await owner.close()

    assert unbalanced.value.constraint_name == "sealed_in_balance"
    assert gap.value.constraint_name == "sealed_without_a_gap"
    assert back.value.constraint_name == "closing_goes_on"
