"""The books are corrected by two people, once, and never in a closed month."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance, NotPermitted
from catalog.kernel.db import Database, begin
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from settlement.adjustments import operations, queries
from settlement.adjustments.adjusting import (
    AdjustmentAccountUnknown,
    AdjustmentReasonMissing,
    AdjustmentSamePerson,
)
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.operations import AdjustmentOfAnother
from settlement.adjustments.states import EventNotAllowed, State
from settlement.escrow.operations import releasing as escrow
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.operations import BalanceInsufficient, PeriodClosed
from settlement.ledger.queries import balances, entries
from settlement.periods import operations as periods
from settlement.periods.months import Month
from tests.store.money import NOON, accepted, paid_escrow, three_way_split

IN_APRIL = dt.datetime(2026, 4, 2, 1, 0, tzinfo=dt.UTC)
LOSS = Account(Purpose.PLATFORM_LOSS, "platform")


@pytest.fixture
def first(almighty: Actor) -> Actor:
    return msgspec.structs.replace(almighty, account_id=new_id(), name="甲")


@pytest.fixture
def second(almighty: Actor) -> Actor:
    return msgspec.structs.replace(almighty, account_id=new_id(), name="乙")


@pytest.fixture
async def owed(db: Database, almighty: Actor) -> Account:
    """An account of a right holder on which something stands."""
    split = three_way_split()
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty)
        await escrow.release(
            tx, actor=almighty, now=NOON, order_id=order_id, split=split, facts=accepted()
        )
        row = await tx.fetch_one("SELECT owner FROM settlement.accounts WHERE purpose = 'payable'")
    assert row is not None
    return Account(Purpose.PAYABLE, row["owner"])


def wanted(owed: Account, **other: Any) -> Proposed:
    return Proposed(
        **{
            "source": LOSS.code,
            "target": owed.code,
            "amount_fen": 250,
            "value_on": dt.date(2026, 3, 2),
            "reason": "多扣服务费",
            "evidence": "合同第三条",
            **other,
        }
    )


async def propose(db: Database, actor: Actor, what: Proposed) -> Adjustment:
    async with begin(db, actor) as tx:
        return await operations.propose(tx, actor=actor, now=NOON, wanted=what)


async def approve(db: Database, actor: Actor, found: Adjustment) -> Adjustment:
    async with begin(db, actor) as tx:
        return await operations.approve(tx, actor=actor, now=NOON, adjustment_id=found.id)


async def balance(db: Database, actor: Actor, of: Account) -> int:
    async with begin(db, actor) as tx:
        return await balances.get_balance(tx, of)


async def test_what_one_proposed_and_another_approved_is_one_entry_that_names_it(
    db: Database, first: Actor, second: Actor, owed: Account
) -> None:
    before = await balance(db, first, owed)
    proposed = await propose(db, first, wanted(owed))
    unmoved = await balance(db, first, owed)
    with pytest.raises(AdjustmentSamePerson):
        await approve(db, first, proposed)

    posted = await approve(db, second, proposed)

    assert (proposed.state, proposed.reference) == (State.PROPOSED, f"TZ-2026-{proposed.number:06}")
    assert (unmoved, await balance(db, first, owed)) == (before, before + 250)
    assert await balance(db, first, LOSS) == -250
    assert (posted.state, posted.decided_by_name) == (State.POSTED, "乙")
    assert posted.entry_key is not None
    async with begin(db, second) as tx:
        entry = await entries.get_entry(tx, posted.entry_key)
        seen = await queries.get_adjustment(tx, viewer=second, adjustment_id=posted.id)
        listed = await queries.list_adjustments(tx, viewer=second, state=State.POSTED)
        with pytest.raises(Missing):
            await queries.get_adjustment(tx, viewer=second, adjustment_id=new_id())
    assert (str(entry.kind), entry.rule_version) == ("adjustment", f"adjustment/{posted.reference}")
    assert seen == posted
    assert [each.id for each in listed.items] == [posted.id]


async def test_two_who_approve_at_once_post_one_entry(
    db: Database, first: Actor, second: Actor, owed: Account
) -> None:
    before = await balance(db, first, owed)
    proposed = await propose(db, first, wanted(owed))
    others = [msgspec.structs.replace(second, account_id=new_id()) for _ in range(4)]

    ended = await asyncio.gather(
        *(approve(db, each, proposed) for each in others), return_exceptions=True
    )

    assert sum(isinstance(each, Adjustment) for each in ended) == 1
    assert sum(isinstance(each, EventNotAllowed) for each in ended) == 3
    assert await balance(db, first, owed) == before + 250


async def test_what_is_rejected_or_taken_back_moves_nothing_and_is_over(
    db: Database, first: Actor, second: Actor, owed: Account
) -> None:
    before = await balance(db, first, owed)
    one, other = [await propose(db, first, wanted(owed)) for _ in range(2)]
    async with begin(db, second) as tx:
        with pytest.raises(AdjustmentReasonMissing):
            await operations.reject(tx, actor=second, now=NOON, adjustment_id=one.id, reason="  ")
        with pytest.raises(AdjustmentOfAnother):
            await operations.withdraw(tx, actor=second, now=NOON, adjustment_id=other.id)
        rejected = await operations.reject(
            tx, actor=second, now=NOON, adjustment_id=one.id, reason="佐证不足"
        )
    async with begin(db, first) as tx:
        with pytest.raises(Missing):
            await operations.withdraw(tx, actor=first, now=NOON, adjustment_id=new_id())
        gone = await operations.withdraw(tx, actor=first, now=NOON, adjustment_id=other.id)

    assert (rejected.state, rejected.decision_reason) == (State.REJECTED, "佐证不足")
    assert gone.state is State.WITHDRAWN
    for over in (rejected, gone):
        with pytest.raises(EventNotAllowed):
            await approve(db, second, over)
    assert await balance(db, first, owed) == before


async def test_nothing_is_posted_into_a_closed_month_or_below_nothing(
    db: Database, first: Actor, second: Actor, owed: Account
) -> None:
    late = await propose(db, first, wanted(owed))
    much = await propose(
        db, first, wanted(owed, source=owed.code, target=LOSS.code, amount_fen=10**9)
    )
    with pytest.raises(BalanceInsufficient):
        await approve(db, second, much)
    async with begin(db, first) as tx:
        await periods.begin(tx, actor=first, now=IN_APRIL, book="market", month=Month(2026, 3))

    with pytest.raises(PeriodClosed):
        await approve(db, second, late)

    april = wanted(owed, value_on=dt.date(2026, 4, 2), adjusts=dt.date(2026, 3, 1))
    async with begin(db, first) as tx:
        again = await operations.propose(tx, actor=first, now=IN_APRIL, wanted=april)
    assert (await approve(db, second, again)).state is State.POSTED


async def test_an_account_that_nobody_ever_booked_on_is_refused(
    db: Database, first: Actor, owed: Account
) -> None:
    for other in (
        {"target": f"payable/{new_id()}"},
        {"target": owed.code, "book": "public_data"},
        {"source": "platform_loss/nobody"},
    ):
        with pytest.raises(AdjustmentAccountUnknown):
            await propose(db, first, wanted(owed, **other))


async def test_a_party_sees_no_adjustment_and_who_may_not_does_nothing(
    db: Database, first: Actor, owed: Account
) -> None:
    await propose(db, first, wanted(owed))
    party = msgspec.structs.replace(
        first, party_id=PartyId(uuid.UUID(owed.owner)), clearance=Clearance.PARTY, name="party"
    )
    powerless = msgspec.structs.replace(first, permissions=frozenset())

    async with begin(db, party) as tx:
        seen = await queries.list_adjustments(tx, viewer=party)
    with pytest.raises(NotPermitted):
        await propose(db, powerless, wanted(owed))

    assert seen.items == []


ILLEGAL = {
    "by one person": """UPDATE settlement.adjustments SET state = 'rejected', decided_at = now(),
        decided_by = proposed_by, decided_by_name = 'x', decision_reason = 'y'""",
    "by nobody": "UPDATE settlement.adjustments SET state = 'rejected', decision_reason = 'y'",
    "posted without an entry": """UPDATE settlement.adjustments SET state = 'posted',
        decided_at = now(), decided_by = gen_random_uuid(), decided_by_name = 'x'""",
    "posted by an entry that is none": """UPDATE settlement.adjustments SET state = 'posted',
        decided_at = now(), decided_by = gen_random_uuid(), decided_by_name = 'x',
        entry_key = gen_random_uuid()""",
    "rejected without a reason": """UPDATE settlement.adjustments SET state = 'rejected',
        decided_at = now(), decided_by = gen_random_uuid(), decided_by_name = 'x'""",
    "another amount": "UPDATE settlement.adjustments SET amount_fen = 1",
    "another account": "UPDATE settlement.adjustments SET target = 'payable/x'",
    "somebody else's": "UPDATE settlement.adjustments SET proposed_by = gen_random_uuid()",
    "removed": "DELETE FROM settlement.adjustments",
    "emptied": "TRUNCATE settlement.adjustments",
    "of an escrow": """INSERT INTO settlement.adjustments (id, state, book, source, target, amount_fen,
        value_on, reason, evidence, proposed_at, proposed_by_name) VALUES (gen_random_uuid(), 'proposed',
        'market', 'order_escrow/x', 'payable/x', 1, '2026-03-02', 'a', 'b', now(), 'c')""",
    "without a reason": """INSERT INTO settlement.adjustments (id, state, book, source, target,
        amount_fen, value_on, reason, evidence, proposed_at, proposed_by_name) VALUES (gen_random_uuid(),
        'proposed', 'market', 'retention/x', 'payable/x', 1, '2026-03-02', ' ', 'b', now(), 'c')""",
}  # fmt: skip


async def _as_service(db: Database, actor: Actor, sql: str) -> None:
    async with begin(db, actor) as tx:
        await tx.execute(sql)


async def test_the_database_alone_refuses_what_one_person_would_do(
    db: Database, first: Actor, second: Actor, owed: Account, owner_dsn: str
) -> None:
    await propose(db, first, wanted(owed))
    owner: Any = await asyncpg.connect(owner_dsn)
    await owner.execute("SELECT set_config('app.clearance', 'system', false)")

    try:
        for written, sql in ILLEGAL.items():
            with pytest.raises(asyncpg.PostgresError):
                assert await owner.execute(sql) == "refused", written
            with pytest.raises(asyncpg.PostgresError):
                await _as_service(db, first, sql)
    finally:
        await owner.close()

    async with begin(db, second) as tx:
        (kept,) = (await queries.list_adjustments(tx, viewer=second)).items
    posted = await approve(db, second, kept)
    assert posted.state is State.POSTED
    with pytest.raises(asyncpg.CheckViolationError):
        await _as_service(
            db, second, "UPDATE settlement.adjustments SET state = 'proposed', entry_key = NULL"
        )
