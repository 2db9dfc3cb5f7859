"""A lane answers when it is committed, each its own, as if one came after the other."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import uuid
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from catalog.audit_log.events import Event
from catalog.kernel import db as database
from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, DatabaseUnreachable, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.escrow.operations import freezing, refunding, releasing
from settlement.escrow.queries import get_escrow
from settlement.escrow.states import EventNotAllowed, State
from settlement.lanes.batching import FEW_TOGETHER
from settlement.lanes.model import LaneFull, LaneLost, LaneTaken, Request, StateMoved
from settlement.lanes.operations import posting
from settlement.lanes.operations.writing import Lane
from settlement.ledger.accounts import Account, escrow_of
from settlement.ledger.journal import Entry
from settlement.ledger.operations import (
    BalanceInsufficient,
    Effect,
    KeyReused,
    OrderMoneyExceeded,
    Posted,
)
from settlement.ledger.queries import balances, checking
from tests.lanes_model import (
    FEE,
    NOON,
    SerialModel,
    outcome,
    pay_in,
    random_batch,
    refund,
    release,
    under_key,
)
from tests.store.money import accepted, paid_escrow, three_way_split

SEQUENCES = 90


@pytest.fixture
def lane(db: Database, almighty: Actor) -> Callable[..., Lane]:
    def made(number: int = 0, **how: Any) -> Lane:
        return Lane(db, number, actor=almighty, now=lambda: NOON, **how)

    return made


async def submitted(lane: Lane, *entries: Entry) -> list[str]:
    """Hand all in at once and return the codes of the answers, in their order."""
    return await handed_in(lane, [Request(each) for each in entries])


async def handed_in(lane: Lane, requests: list[Request]) -> list[str]:
    answers = await asyncio.gather(
        *(lane.submit(each) for each in requests), return_exceptions=True
    )
    return [outcome(each) for each in answers]


async def balance(db: Database, actor: Actor, of: Account) -> int:
    async with begin(db, actor) as tx:
        return await balances.get_balance(tx, of)


async def check_books(db: Database, actor: Actor) -> None:
    async with begin(db, actor, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []


# ── answers ──


async def test_many_at_once_are_posted_in_one_transaction(
    db: Database, almighty: Actor, lane: Callable[..., Lane]
) -> None:
    entries = [pay_in(new_id(), n + 1) for n in range(FEW_TOGETHER)]
    async with lane() as writer:
        codes = await submitted(writer, *entries)

    assert codes == ["accepted"] * FEW_TOGETHER
    assert writer.batches == 1
    async with begin(db, almighty) as tx:
        xids = await tx.fetch("SELECT DISTINCT xid FROM settlement.journal")
        logged = await tx.fetch(
            "SELECT subjects FROM audit_log.entries WHERE event = $1", Event.JOURNAL_POSTED.value
        )
    assert len(xids) == 1
    told = sorted(row["subjects"] for row in logged)
    assert told == sorted([f"journal:{e.key}", f"order:{e.order_id}"] for e in entries)
    await check_books(db, almighty)


async def test_who_is_answered_finds_it_committed(
    db: Database, almighty: Actor, lane: Callable[..., Lane]
) -> None:
    entry = pay_in(new_id(), 5)
    async with lane() as writer:
        posted = await writer.submit(Request(entry))
        assert posted == Posted(entry, Effect.ACCEPTED)
        assert await balance(db, almighty, escrow_of(entry.order_id or new_id())) == 5


async def test_the_same_again_is_replayed_and_another_under_its_key_is_refused(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    first = pay_in(new_id(), 5)
    other = under_key(pay_in(new_id(), 6), first.key)
    async with lane() as writer:
        assert await submitted(writer, first, first, other) == [
            "accepted", "replayed", "journal_key_reused",
        ]  # fmt: skip
        with pytest.raises(KeyReused):
            await writer.submit(Request(other))

    await check_books(db, almighty)


async def test_one_that_is_refused_does_not_stop_the_others(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    order = new_id()
    good = [pay_in(new_id(), 5) for _ in range(20)]
    async with lane() as writer:
        codes = await submitted(writer, *good[:10], release(order, 5), *good[10:])
        with pytest.raises(BalanceInsufficient):
            await writer.submit(Request(release(order, 5)))

    assert codes == ["accepted"] * 10 + ["ledger_balance_insufficient"] + ["accepted"] * 10
    assert await balance(db, almighty, escrow_of(order)) == 0
    await check_books(db, almighty)


async def test_of_two_that_want_the_same_money_the_first_has_it(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    order = new_id()
    async with lane() as writer:
        await writer.submit(Request(pay_in(order, 100)))
        codes = await submitted(
            writer, release(order, 60), refund(order, 60, new_id()), release(order, 40)
        )

    assert codes == ["accepted", "ledger_balance_insufficient", "accepted"]
    await check_books(db, almighty)


async def test_money_that_comes_later_in_the_queue_does_not_cover_an_earlier_debit(
    lane: Callable[..., Lane],
) -> None:
    order = new_id()
    async with lane() as writer:
        codes = await submitted(writer, release(order, 5), pay_in(order, 5), release(order, 5))

    assert codes == ["ledger_balance_insufficient", "accepted", "accepted"]


async def test_disputed_money_stays(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order = await paid_escrow(tx, almighty, 100)
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order)
    async with lane() as writer:
        with pytest.raises((BalanceInsufficient, OrderMoneyExceeded)):
            await writer.submit(Request(release(order, 100)))

    await check_books(db, almighty)


async def test_what_is_no_entry_for_the_database_is_a_fault_of_its_sender_alone(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    good = pay_in(new_id(), 5)
    bad = under_key(pay_in(new_id(), 5), uuid.uuid4())  # keys are UUIDv7
    async with lane() as writer:
        answers = await asyncio.gather(
            writer.submit(Request(bad)), writer.submit(Request(good)), return_exceptions=True
        )

    assert isinstance(answers[0], asyncpg.CheckViolationError)
    assert isinstance(answers[1], Posted)


# ── what moves with an entry ──


async def drawn_up(db: Database, actor: Actor, order: uuid.UUID, split: Any) -> Request:
    async with begin(db, actor) as tx:
        return await releasing.draw_up_release(
            tx, actor=actor, now=NOON, order_id=order, split=split, facts=accepted()
        )


async def test_an_escrow_is_released_with_its_entry_and_remembered(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    async with begin(db, almighty) as tx:
        orders = [await paid_escrow(tx, almighty) for _ in range(12)]
    requests = [await drawn_up(db, almighty, each, split) for each in orders]
    async with lane() as writer:
        assert await handed_in(writer, requests) == ["accepted"] * 12
        assert writer.batches == 1

    async with begin(db, almighty) as tx:
        for order, request in zip(orders, requests, strict=True):
            found = await get_escrow(tx, order)
            assert (found.state, found.closing_key) == (State.RELEASED, request.entry.key)
            for event in ("escrow:released", "journal:posted"):
                assert await tx.fetch_value(
                    "SELECT count(*) FROM audit_log.entries WHERE event = $1 AND $2 = ANY(subjects)",
                    event,
                    f"order:{order}",
                ) == (1 if event == "escrow:released" else 2)
    await check_books(db, almighty)


async def test_a_dispute_that_comes_between_stops_the_release_and_no_other(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    async with begin(db, almighty) as tx:
        orders = [await paid_escrow(tx, almighty) for _ in range(4)]
    requests = [await drawn_up(db, almighty, each, split) for each in orders]
    async with begin(db, almighty) as tx:
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=orders[1])
    async with lane() as writer:
        codes = await handed_in(writer, requests)

    assert codes[1] in ("ledger_balance_insufficient", "order_money_exceeded")
    assert [code for n, code in enumerate(codes) if n != 1] == ["accepted"] * 3
    async with begin(db, almighty) as tx:
        assert (await get_escrow(tx, orders[1])).state is State.DISPUTED
    await check_books(db, almighty)


async def test_a_row_that_moved_has_its_entry_refused(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order = await paid_escrow(tx, almighty)
    request = await drawn_up(db, almighty, order, three_way_split())
    moved = Request(pay_in(order, 7), request.move)  # money is there, but the state is taken first
    async with lane() as writer:
        assert await handed_in(writer, [request]) == ["accepted"]
        with pytest.raises(StateMoved):
            await writer.submit(moved)
        assert await handed_in(writer, [request]) == ["replayed"]

    await check_books(db, almighty)


async def test_what_is_not_held_is_not_drawn_up(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        order = await paid_escrow(tx, almighty)
        await refunding.refund(tx, actor=almighty, now=NOON, order_id=order)
    with pytest.raises(EventNotAllowed):
        await drawn_up(db, almighty, order, three_way_split())


# ── the model ──


async def test_random_batches_come_to_what_one_after_the_other_comes_to(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    model = SerialModel()
    async with lane() as writer:
        for seed in range(SEQUENCES):
            await walk(writer, model, random.Random(f"lanes/{seed}"))

    await compare(db, almighty, model)


async def test_two_lanes_at_once_come_to_what_each_comes_to(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    models = [SerialModel(), SerialModel()]

    async def write(number: int) -> None:
        async with lane(number) as writer:
            for seed in range(SEQUENCES // 6):
                await walk(writer, models[number], random.Random(f"{number}/{seed}"))

    await asyncio.gather(write(0), write(1))

    both = SerialModel(posted=models[0].posted | models[1].posted)
    for model in models:
        for code, amount in model.balances.items():
            both.balances[code] = both.balances.get(code, 0) + amount
    await compare(db, almighty, both)


async def walk(writer: Lane, model: SerialModel, rng: random.Random) -> None:
    """Send some random batches of some orders and compare every answer."""
    orders, payer, sent = [new_id() for _ in range(3)], new_id(), []
    for _ in range(2):
        batch = random_batch(rng, orders, payer, sent, rng.randint(1, 8))
        codes = await handed_in(writer, batch)
        assert codes == [model.post(each.entry) for each in batch]
        sent += [each.entry for each in batch]


async def compare(db: Database, actor: Actor, model: SerialModel) -> None:
    async with begin(db, actor, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []
        rows = await tx.fetch(
            """SELECT a.code, sum(p.amount)::bigint AS amount FROM settlement.postings p
                 JOIN settlement.accounts a ON a.id = p.account_id GROUP BY a.code"""
        )
        keys = await tx.fetch("SELECT key FROM settlement.journal")
    assert {row["code"]: row["amount"] for row in rows} == {
        code: amount for code, amount in model.balances.items() if code in {r["code"] for r in rows}
    }
    assert {row["key"] for row in keys} == set(model.posted)


# ── who writes ──


async def test_a_lane_has_one_writer(lane: Callable[..., Lane]) -> None:
    async with lane() as writer:
        with pytest.raises(LaneTaken):
            async with lane():
                pass
        async with lane(1):
            pass
        assert await submitted(writer, pay_in(new_id(), 5)) == ["accepted"]


async def test_the_next_writer_has_the_next_epoch(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    async with lane() as first:
        pass
    async with lane() as second, begin(db, almighty) as tx:
        (found,) = await tx.fetch("SELECT * FROM settlement.lanes")

    assert (first.epoch, second.epoch) == (1, 2)
    assert (found["lane"], found["epoch"]) == (0, 2)
    assert found["claimed_at"] <= found["renewed_at"]


async def test_who_waits_for_a_lane_has_it_when_its_writer_is_gone(
    lane: Callable[..., Lane],
) -> None:
    entry = pay_in(new_id(), 5)

    async def wait() -> str:
        async with lane(waits=True) as writer:
            return (await submitted(writer, entry))[0]

    async with lane() as first:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        assert await submitted(first, entry) == ["accepted"]

    assert await asyncio.wait_for(waiting, 10) == "replayed"


async def test_a_writer_that_gave_no_sign_of_life_is_fenced(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    entries = [pay_in(new_id(), n + 1) for n in range(3)]
    async with lane() as zombie:
        assert await submitted(zombie, entries[0]) == ["accepted"]
        await asyncio.sleep(0.05)
        async with lane(lease=dt.timedelta(milliseconds=20)) as heir:
            assert heir.epoch == zombie.epoch + 1
            assert await submitted(zombie, entries[0]) == ["replayed"]
            with pytest.raises(LaneLost):
                await zombie.submit(Request(entries[1]))
            assert await submitted(heir, *entries) == ["replayed", "accepted", "accepted"]

    await check_books(db, almighty)


async def test_nobody_takes_a_lane_over_while_its_batch_is_posted(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    async with lane() as writer:
        async with begin(db, almighty) as tx:
            await posting.hold(tx, lane=0, epoch=writer.epoch)
            taking = asyncio.create_task(lane(lease=dt.timedelta(0)).__aenter__())
            await asyncio.sleep(0.2)
            assert not taking.done()
        heir = await taking
        await heir.__aexit__(None, None, None)

    assert heir.epoch == writer.epoch + 1


async def test_an_idle_writer_gives_signs_of_life(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    async with lane(lease=dt.timedelta(milliseconds=200)) as writer:
        await asyncio.sleep(0.5)
        with pytest.raises(LaneTaken):
            async with lane(lease=dt.timedelta(milliseconds=200)):
                pass
        async with begin(db, almighty) as tx:
            (found,) = await tx.fetch("SELECT * FROM settlement.lanes")
        assert found["renewed_at"] > found["claimed_at"]
        assert found["epoch"] == writer.epoch


async def test_an_idle_writer_that_was_replaced_notices(
    lane: Callable[..., Lane], db: Database, almighty: Actor, owner_dsn: str
) -> None:
    async with lane(lease=dt.timedelta(milliseconds=100)) as writer:
        owner = await asyncpg.connect(owner_dsn)
        await owner.execute(
            "UPDATE settlement.lanes SET epoch = epoch + 1, owner = 'somebody else'"
        )
        await owner.close()
        await asyncio.sleep(0.2)
        with pytest.raises(LaneLost):
            await writer.submit(Request(pay_in(new_id(), 5)))


@pytest.mark.parametrize(
    "change",
    [
        "epoch = epoch - 1, owner = 'x'",
        "epoch = epoch + 2, owner = 'x'",
        "owner = 'x'",
        "epoch = epoch + 1",
        "lane = 5",
    ],
)
async def test_an_epoch_does_not_go_back_or_change_its_owner(
    lane: Callable[..., Lane], owner_dsn: str, change: str
) -> None:
    async with lane():
        pass
    async with lane():
        pass
    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(f"UPDATE settlement.lanes SET {change}")
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("DELETE FROM settlement.lanes")
    finally:
        await owner.close()


# ── when things go wrong ──


async def test_a_full_lane_refuses_and_does_nothing(lane: Callable[..., Lane]) -> None:
    entries = [pay_in(new_id(), n + 1) for n in range(8)]
    async with lane(most_waiting=5) as writer:
        codes = await submitted(writer, *entries)
        assert codes == ["accepted"] * 5 + ["lane_full"] * 3
        assert await submitted(writer, *entries[5:]) == ["accepted"] * 3
    assert issubclass(LaneFull, DomainError)


async def test_what_was_committed_without_an_answer_is_posted_once(
    lane: Callable[..., Lane], db: Database, almighty: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost after the commit, and before: the same keys are sent again."""
    run, lost = database.run, []

    async def losing(*args: Any, **how: Any) -> Any:
        if len(lost) in (0, 1, 3):
            lost.append("before" if len(lost) == 1 else "after")
            if lost[-1] == "after":
                await run(*args, **how)
            raise DatabaseUnreachable
        lost.append("no")
        return await run(*args, **how)

    entries = [pay_in(new_id(), n + 1) for n in range(5)]
    async with lane() as writer:
        monkeypatch.setattr(database, "run", losing)
        assert await submitted(writer, *entries) == ["replayed"] * 5
        assert lost[:2] == ["after", "before"]

    async with begin(db, almighty) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM settlement.journal") == 5
    await check_books(db, almighty)


async def test_who_does_not_wait_any_more_is_left_out(
    lane: Callable[..., Lane], db: Database
) -> None:
    async with lane() as writer:
        gone = asyncio.create_task(writer.submit(Request(pay_in(new_id(), 5))))
        await asyncio.sleep(0)
        gone.cancel()
        assert await submitted(writer, pay_in(new_id(), 6)) == ["accepted"]


async def test_a_session_that_was_ended_costs_neither_the_lane_nor_an_answer(
    lane: Callable[..., Lane], db: Database, almighty: Actor, owner_dsn: str
) -> None:
    owner = await asyncpg.connect(owner_dsn)
    async with lane(lease=dt.timedelta(milliseconds=400)) as writer:
        for round_ in range(5):
            entries = [pay_in(new_id(), round_ + 1) for _ in range(30)]
            codes, _ = await asyncio.gather(
                submitted(writer, *entries), end_all_sessions(owner, after=0.002 * round_)
            )
            assert set(codes) <= {"accepted", "replayed"}
        await asyncio.sleep(0.3)
        with pytest.raises(LaneTaken):  # the lock is had again
            async with lane():
                pass
    await owner.close()
    async with begin(db, almighty) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM settlement.journal") == 150
    await check_books(db, almighty)


async def end_all_sessions(owner: asyncpg.Connection[Any], *, after: float) -> None:
    await asyncio.sleep(after)
    await owner.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND datname = current_database()"""
    )


async def test_who_leaves_in_a_hurry_leaves_nobody_waiting(
    lane: Callable[..., Lane], db: Database
) -> None:
    writer = lane()
    await writer.__aenter__()
    answers = [asyncio.create_task(writer.submit(Request(pay_in(new_id(), 5)))) for _ in range(3)]
    await asyncio.sleep(0)
    await writer.__aexit__(RuntimeError, RuntimeError("hurry"), None)

    for each in await asyncio.gather(*answers, return_exceptions=True):
        assert isinstance(each, Posted | DatabaseUnreachable)
    with pytest.raises(DatabaseUnreachable):
        await writer.submit(Request(pay_in(new_id(), 5)))


async def test_a_fault_of_ours_is_told_to_all_of_the_batch(
    lane: Callable[..., Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(tx: Tx, **_: Any) -> Any:
        raise ZeroDivisionError

    async with lane() as writer:
        monkeypatch.setattr(posting, "post_together", broken)
        with pytest.raises(ZeroDivisionError):
            await writer.submit(Request(pay_in(new_id(), 5)))
        monkeypatch.undo()
        assert await submitted(writer, pay_in(new_id(), 5)) == ["accepted"]


async def test_the_fee_account_of_all_is_the_sum_of_its_parts(
    lane: Callable[..., Lane], db: Database, almighty: Actor
) -> None:
    orders = [new_id() for _ in range(50)]
    async with lane() as writer:
        await submitted(writer, *(pay_in(each, 100) for each in orders))
        await submitted(writer, *(release(each, 100) for each in orders))

    assert await balance(db, almighty, FEE) == 500
