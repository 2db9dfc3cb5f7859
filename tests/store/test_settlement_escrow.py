"""Money leaves an escrow once, however many ask at the same moment."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from settlement.escrow.operations import freezing, funding, refunding, releasing
from settlement.escrow.queries import EscrowMissing, find_escrow, get_escrow
from settlement.escrow.release import NotReleasable, ReleaseFacts
from settlement.escrow.states import EventNotAllowed, State
from settlement.ledger.accounts import refund_owed_to
from settlement.ledger.queries import balances, checking, order_money
from settlement.money import AmountNotPositive
from tests.store.money import NOON, accepted, paid_escrow, three_way_split


async def test_fifty_identical_releases_at_once_have_one_effect(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 100_001)
    split = three_way_split()

    async def once(number: int) -> Any:
        async def command(tx: Tx) -> Any:
            return await releasing.release(
                tx,
                actor=almighty,
                now=NOON + dt.timedelta(milliseconds=number),
                order_id=order_id,
                split=split,
                facts=accepted(),
            )

        return await run(db, almighty, command)

    releases = await asyncio.gather(*(once(number) for number in range(50)))

    assert [release.is_replay for release in releases].count(False) == 1
    assert len({release.journal_key for release in releases}) == 1
    assert len({release.credits for release in releases}) == 1
    async with begin(db, almighty, snapshot=True) as tx:
        money = await order_money.get_order_ledger(tx, order_id)
        assert (money.paid_fen, money.released_fen) == (100_001, 100_001)
        assert [entry.kind for entry in money.entries] == ["pay_in", "release"]
        for leg in releases[0].credits:
            assert await balances.get_balance(tx, leg.account) == leg.amount_fen
        assert await checking.find_breaches(tx) == []


async def test_releases_and_refunds_at_once_give_the_money_out_once(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty)
    split = three_way_split()

    async def once(number: int) -> str:
        async def command(tx: Tx) -> str:
            if number % 2:
                await refunding.refund(tx, actor=almighty, now=NOON, order_id=order_id)
                return "refunded"
            await releasing.release(
                tx,
                actor=almighty,
                now=NOON,
                order_id=order_id,
                split=split,
                facts=accepted(),
            )
            return "released"

        try:
            return await run(db, almighty, command)
        except DomainError as refused:
            return refused.code

    outcomes = await asyncio.gather(*(once(number) for number in range(20)))

    assert set(outcomes) in (
        {"released", "escrow_event_not_allowed"},
        {"refunded", "escrow_event_not_allowed"},
    )
    async with begin(db, almighty, snapshot=True) as tx:
        money = await order_money.get_order_ledger(tx, order_id)
        assert money.released_fen + money.refunded_fen == money.paid_fen
        assert len(money.entries) == 2
        assert await checking.find_breaches(tx) == []


async def test_fifty_openings_at_once_open_one_escrow(db: Database, almighty: Actor) -> None:
    order_id, payer = new_id(), new_id()

    async def once() -> Any:
        async def command(tx: Tx) -> Any:
            return await funding.open(
                tx,
                actor=almighty,
                now=NOON,
                order_id=order_id,
                payer_party_id=payer,
                amount_fen=5,
            )

        return await run(db, almighty, command)

    opened = await asyncio.gather(*(once() for _ in range(50)))

    assert {found.state for found in opened} == {State.AWAITING_PAYMENT}
    async with begin(db, almighty) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM settlement.escrows") == 1


async def test_an_escrow_opened_on_other_terms_is_refused(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty, 100)
    payer = (await get_escrow(tx, order_id)).payer_party_id

    with pytest.raises(funding.OtherTerms):
        await funding.open(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            payer_party_id=payer,
            amount_fen=101,
        )
    with pytest.raises(funding.OtherTerms):
        await funding.open(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            payer_party_id=new_id(),
            amount_fen=100,
        )
    with pytest.raises(AmountNotPositive):
        await funding.open(
            tx,
            actor=almighty,
            now=NOON,
            order_id=new_id(),
            payer_party_id=payer,
            amount_fen=0,
        )


async def test_an_order_without_escrow_is_missing(tx: Tx, almighty: Actor) -> None:
    assert await find_escrow(tx, new_id()) is None
    with pytest.raises(EscrowMissing):
        await get_escrow(tx, new_id())
    with pytest.raises(EscrowMissing):
        await refunding.refund(tx, actor=almighty, now=NOON, order_id=new_id())


async def test_money_comes_once_and_exactly(tx: Tx, almighty: Actor) -> None:
    order_id = new_id()
    await funding.open(
        tx,
        actor=almighty,
        now=NOON,
        order_id=order_id,
        payer_party_id=new_id(),
        amount_fen=100,
    )

    with pytest.raises(funding.AmountDiffers):
        await funding.fund(
            tx, actor=almighty, now=NOON, order_id=order_id, channel="sandbox", amount_fen=99
        )
    held = await funding.fund(
        tx, actor=almighty, now=NOON, order_id=order_id, channel="sandbox", amount_fen=100
    )
    with pytest.raises(EventNotAllowed):
        await funding.fund(
            tx, actor=almighty, now=NOON, order_id=order_id, channel="sandbox", amount_fen=100
        )

    assert held.state is State.HELD
    assert held.funding_key is not None


async def test_a_release_waits_for_all_that_must_be_true(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty)

    with pytest.raises(NotReleasable) as refused:
        await releasing.release(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            split=three_way_split(),
            facts=ReleaseFacts(accepted_at=None, inspection_ends_at=None, has_open_dispute=True),
        )

    assert refused.value.facts["reasons"] == [
        "delivery_not_accepted",
        "inspection_running",
        "dispute_open",
    ]
    assert (await get_escrow(tx, order_id)).state is State.HELD


async def test_only_who_may_release_releases(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty)
    buyer = msgspec.structs.replace(almighty, permissions=frozenset({"order:pay"}))

    with pytest.raises(DomainError) as refused:
        await releasing.release(
            tx,
            actor=buyer,
            now=NOON,
            order_id=order_id,
            split=three_way_split(),
            facts=accepted(),
        )

    assert refused.value.code == "permission_missing"


async def test_a_second_release_by_another_split_is_refused(tx: Tx, almighty: Actor) -> None:
    order_id = await paid_escrow(tx, almighty)
    await releasing.release(
        tx,
        actor=almighty,
        now=NOON,
        order_id=order_id,
        split=three_way_split(),
        facts=accepted(),
    )

    with pytest.raises(releasing.AlreadyReleased) as refused:
        await releasing.release(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            split=three_way_split(),  # other parties
            facts=accepted(),
        )

    assert refused.value.code == "escrow_already_released"


async def test_frozen_money_is_kept_by_the_database_and_then_goes_where_it_was_decided(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    async with begin(db, almighty) as tx:
        to_release = await paid_escrow(tx, almighty)
        to_refund = await paid_escrow(tx, almighty)
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=to_release)
        frozen = await freezing.freeze(tx, actor=almighty, now=NOON, order_id=to_refund)
    assert frozen.state is State.DISPUTED

    # While frozen, not even a state that was set by hand lets the money go.
    owner = await asyncpg.connect(server.dsn(database_name))
    await owner.execute("UPDATE settlement.escrows SET state = 'held'")
    await owner.close()
    with pytest.raises(DomainError) as refused:
        async with begin(db, almighty) as tx:
            await refunding.refund(tx, actor=almighty, now=NOON, order_id=to_refund)
    assert refused.value.code == "ledger_balance_insufficient"
    owner = await asyncpg.connect(server.dsn(database_name))
    await owner.execute("UPDATE settlement.escrows SET state = 'disputed'")
    await owner.close()

    async with begin(db, almighty) as tx:
        refund = await refunding.refund(tx, actor=almighty, now=NOON, order_id=to_refund)
        again = await refunding.refund(tx, actor=almighty, now=NOON, order_id=to_refund)
        await releasing.release(
            tx,
            actor=almighty,
            now=NOON,
            order_id=to_release,
            split=three_way_split(),
            facts=accepted(),
        )
    async with begin(db, almighty, snapshot=True) as tx:
        assert again == msgspec.structs.replace(refund, is_replay=True)
        owed = await balances.get_balance(tx, refund_owed_to(refund.payer_party_id))
        assert owed == refund.amount_fen
        assert (await get_escrow(tx, to_release)).state is State.RELEASED
        assert (await order_money.get_order_ledger(tx, to_refund)).disputed_fen == 0
        assert await checking.find_breaches(tx) == []


async def test_the_supplier_gives_the_money_back(db: Database, almighty: Actor) -> None:
    supplier = msgspec.structs.replace(
        almighty, party_id=PartyId(new_id()), clearance=Clearance.PARTY
    )
    order_id = new_id()
    async with begin(db, almighty) as tx:
        await funding.open(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            payer_party_id=new_id(),
            payee_party_id=supplier.party,
            amount_fen=100,
        )
        await funding.fund(
            tx, actor=almighty, now=NOON, order_id=order_id, channel="sandbox", amount_fen=100
        )

    async with begin(db, supplier) as tx:
        refund = await refunding.refund(tx, actor=supplier, now=NOON, order_id=order_id)

    assert refund.amount_fen == 100
    async with begin(db, almighty) as tx:
        assert (await get_escrow(tx, order_id)).state is State.REFUNDED
