"""A custodian's confirmation against the ledger: what differs is a break, which a later day ends."""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from settlement.reconciliation import custody_file, queries
from settlement.reconciliation.custody_file import Custodian
from settlement.reconciliation.differences import NotThisWay
from settlement.reconciliation.model import Break, StatementFile
from settlement.reconciliation.operations import custody, settling
from settlement.reconciliation.operations.custody import CustodyOfAnother
from settlement.reconciliation.operations.statements import (
    StatementLoadedBefore,
    StatementOfTheFuture,
)
from settlement.reconciliation.states import State
from tests.store.money import NOON, paid_escrow

BANK = Custodian(institution="hnbank", name="某银行", licence="B1", agreement="CG-1")
DAY = local_date(NOON)
LATER = NOON + dt.timedelta(days=3)
PAID = 100_001


async def confirm(
    tx: Tx,
    actor: Actor,
    calendar: Calendar,
    fen: int,
    *,
    day: dt.date = DAY,
    now: dt.datetime = LATER,
    agreement: str = "CG-1",
) -> StatementFile:
    content = custody_file.write(
        institution="hnbank", agreement=agreement, stated_on=day, balances={"sandbox": fen}
    )
    return await custody.confirm(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        custodian=BANK,
        confirmed=custody_file.read(content),
    )


async def breaks(tx: Tx, actor: Actor, calendar: Calendar) -> list[Break]:
    page = await queries.list_breaks(
        tx, viewer=actor, now=LATER, calendar=calendar, channel=BANK.account
    )
    return list(page.items)


async def test_what_agrees_to_the_fen_is_no_break(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await paid_escrow(tx, almighty, PAID)

    file = await confirm(tx, almighty, calendar, PAID)

    assert (file.channel, file.matched_count, file.break_count) == (BANK.account, 1, 0)
    assert await breaks(tx, almighty, calendar) == []
    assert await queries.cleared_until(tx, viewer=almighty, day=DAY) == {"sandbox": PAID}
    before = DAY - dt.timedelta(days=1)
    assert await queries.cleared_until(tx, viewer=almighty, day=before) == {}


async def test_a_fen_too_few_is_a_break_until_a_later_day_agrees(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await paid_escrow(tx, almighty, PAID)
    file = await confirm(tx, almighty, calendar, PAID - 1)

    (found,) = await breaks(tx, almighty, calendar)
    with pytest.raises(NotThisWay):
        await settling.book(tx, actor=almighty, now=LATER, break_id=found.id)
    await confirm(tx, almighty, calendar, PAID, day=DAY + dt.timedelta(days=1))

    assert file.break_count == 1
    assert (found.ours_fen, found.theirs_fen, found.difference_fen) == (PAID, PAID - 1, 1)
    assert (found.reference, found.state) == ("sandbox", State.OPEN)
    (after,) = await breaks(tx, almighty, calendar)
    assert after.state is State.RESOLVED


async def test_a_day_is_confirmed_once_by_the_right_institution_when_it_is_over(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await confirm(tx, almighty, calendar, 0)

    for refused, changes in (
        (StatementLoadedBefore, {}),
        (CustodyOfAnother, {"agreement": "CG-2"}),
        (StatementOfTheFuture, {"now": NOON}),
    ):
        with pytest.raises(refused):
            await confirm(tx, almighty, calendar, 7, **changes)  # type: ignore[arg-type]


async def test_the_database_books_nothing_for_a_custodian_s_balance(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await confirm(tx, almighty, calendar, 5)

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await tx.execute(
            "UPDATE settlement.statement_breaks SET state = 'booked', booked_key = gen_random_uuid()"
        )
    assert refused.value.constraint_name == "statement_break_of_a_balance"
