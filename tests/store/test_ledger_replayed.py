"""The whole journal is replayed as a job; what was tampered with is found, and the first entry named."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance, NotPermitted
from catalog.kernel.db import Database, begin
from market.finance_reports import operations, queries
from market.finance_reports.model import ReplayRun, Step
from market.finance_reports.queries import ReplayMissing
from market.jobs import replay_ledger
from settlement.ledger_reports.queries import replaying
from settlement.ledger_reports.replaying import Against, Report
from tests.store.money import NOON, three_way_split
from tests.store.test_account_statements import sold
from tests.store.test_ledger_read import rolled_up
from tests.store.test_period_closing import close


async def asked(db: Database, actor: Actor) -> uuid.UUID:
    async with begin(db, actor) as tx:
        return (await operations.ask_for_replay(tx, actor=actor, now=NOON)).id


async def replayed(db: Database, actor: Actor) -> Report:
    run_id = await asked(db, actor)
    await replay_ledger.run(db, clock=lambda: NOON)
    report = (await told(db, actor, run_id)).report
    assert report is not None
    return report


async def told(db: Database, actor: Actor, run_id: uuid.UUID) -> ReplayRun:
    async with begin(db, actor) as tx:
        return await queries.get_replay(tx, viewer=actor, run_id=run_id)


async def tampered(owner_dsn: str, *statements: str) -> None:
    owner: Any = await asyncpg.connect(owner_dsn)
    await owner.execute("SET session_replication_role = replica")
    for each in statements:
        assert (await owner.execute(each)).rpartition(" ")[2] != "0", each
    await owner.close()


async def test_books_that_are_whole_agree_rolled_up_or_not_closed_or_open(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)
    fresh = await replayed(db, almighty)
    await rolled_up(db, almighty)
    await sold(db, almighty, three_way_split(), 7)
    half = await replayed(db, almighty)
    await close(db, almighty)
    closed = await replayed(db, almighty)

    assert [each.disagreements for each in (fresh, half, closed)] == [0, 0, 0], closed.named
    assert [each.entries for each in (fresh, half, closed)] == [2, 4, 4]
    assert closed.debits_fen == closed.credits_fen == 2 * (100_001 + 7)


@pytest.mark.parametrize(
    ("statement", "against"),
    [
        (("UPDATE settlement.guard_balances SET posted = posted + 1 WHERE account_id = (SELECT id"
         " FROM settlement.accounts WHERE purpose = 'channel_clearing')"), Against.BALANCE),
        ("UPDATE settlement.turnovers SET credits = credits + 1 WHERE purpose = 'payable'",
         Against.TURNOVER),
        (("UPDATE settlement.posting_by_account SET amount = amount + 1 WHERE account_id = (SELECT id"
         " FROM settlement.accounts WHERE purpose = 'platform_fee')"), Against.POSTING),
        (("DELETE FROM settlement.posting_by_account WHERE account_id = (SELECT id"
         " FROM settlement.accounts WHERE purpose = 'platform_fee')"), Against.POSTING),
        ("UPDATE settlement.journal SET booked_at = booked_at + interval '1 second' WHERE kind = 2",
         Against.LOG),
        ("DELETE FROM settlement.journal WHERE kind = 2", Against.LOG),
        ("UPDATE settlement.vouchers SET number = number + 5 WHERE number = 2", Against.VOUCHER),
    ],
    ids=["guard", "turnover", "ledger", "ledger line gone", "entry", "entry gone", "number"],
)  # fmt: skip
async def test_what_was_tampered_with_is_found(
    db: Database, almighty: Actor, owner_dsn: str, statement: str, against: Against
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)
    await rolled_up(db, almighty)
    await rolled_up(db, almighty)
    await close(db, almighty)
    async with begin(db, almighty) as tx:
        keys = [
            row["key"] for row in await tx.fetch("SELECT key FROM settlement.journal ORDER BY key")
        ]

    await tampered(owner_dsn, statement)
    report = await replayed(db, almighty)

    assert not report.is_good
    assert against in {each.against for each in report.named}
    assert report.first is not None
    assert report.first.entry in keys
    if against is Against.LOG:
        assert [each.entry for each in report.named if each.against is Against.LOG] == [keys[1]]


async def test_a_run_whose_process_died_is_run_again_and_finished_once(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)
    run_id = await asked(db, almighty)
    async with begin(db, almighty) as tx:
        taken = await operations.take_replay(tx, actor=almighty, now=NOON)
        again = await operations.take_replay(tx, actor=almighty, now=NOON + dt.timedelta(minutes=9))
        tx.remember()
    running = await told(db, almighty, run_id)
    early = await replay_ledger.run(db, clock=lambda: NOON + dt.timedelta(minutes=5))
    late = await replay_ledger.run(db, clock=lambda: NOON + dt.timedelta(minutes=11))
    done = await told(db, almighty, run_id)
    assert done.report is not None
    async with begin(db, almighty) as tx:
        twice = await operations.finish_replay(
            tx, actor=almighty, now=NOON, run_id=run_id, report=done.report
        )
        listed = await queries.list_replays(tx, viewer=almighty)

    assert (taken, again) == (run_id, None)
    assert (running.step, early, late, done.step) == (Step.RUNNING, 0, 1, Step.FINISHED)
    assert (done.entries_done, done.entries_total, twice) == (2, 2, False)
    assert [each.id for each in listed.items] == [run_id]


async def test_how_far_a_replay_is_is_told_on_the_way(
    db: Database, almighty: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "TOLD_EVERY", 1)
    await sold(db, almighty, three_way_split(), 100_001)
    heard: list[int] = []

    async def tell(entries: int) -> None:
        heard.append(entries)

    async with begin(db, almighty, snapshot=True) as tx:
        await replaying.replay(tx, viewer=almighty, tell=tell)

    assert heard == [1, 2, 2]


async def test_only_who_may_has_the_books_replayed_and_an_auditor_reads_what_it_came_to(
    db: Database, almighty: Actor
) -> None:
    run_id = await asked(db, almighty)
    auditor = msgspec.structs.replace(
        almighty, clearance=Clearance.AUDITOR, permissions=frozenset({"ledger:replay"})
    )
    party = msgspec.structs.replace(auditor, clearance=Clearance.PARTY)
    nobody = msgspec.structs.replace(almighty, permissions=frozenset())

    assert (await told(db, auditor, run_id)).step is Step.WAITING
    with pytest.raises(ReplayMissing):
        await told(db, party, run_id)
    with pytest.raises(NotPermitted):
        await told(db, nobody, run_id)
    with pytest.raises(NotPermitted):
        await asked(db, nobody)
