"""Retention money against a real database: kept with the release, drawn first, freed on its day."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.chargebacks import operations as chargebacks
from settlement.escrow.operations import releasing as escrow
from settlement.holds.model import Reason
from settlement.holds.queries import find_standing
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, chargeback_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, read_record, transfer
from settlement.ledger.operations import BalanceInsufficient
from settlement.ledger.queries import balances, checking, entries
from settlement.ledger_reports.explaining import Past, explain_entry
from settlement.payments.channel import EventKind
from settlement.payments.model import Payment
from settlement.retentions import operations as retentions
from settlement.retentions import queries
from settlement.retentions.model import Retention
from settlement.retentions.operations import RetentionNotDue
from settlement.retentions.queries import RetentionMissing
from settlement.retentions.states import EventNotAllowed, State
from settlement.returns import operations as returns
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.retaining import Retained
from settlement.revenue.split import Role
from tests.store.money import NOON, accepted, is_over, share
from tests.store.test_settlement_chargebacks import paid, told

PRICE = 100_001
KEPT = 3_000  # 3 % of it, cut to the fen
SELLER = uuid.UUID(int=0x5E11E5)
PAYABLE = Account(Purpose.PAYABLE, str(SELLER))
ACCOUNT = Account(Purpose.RETENTION, str(SELLER))
DUE = NOON + dt.timedelta(days=30)
JOB = system("retentions_due", "retention_money:release")


def split() -> FrozenSplit:
    return freeze(
        version="agreement/2026-9",
        frozen_at=NOON,
        shares=(share(Role.RIGHT_HOLDER, 9_000, SELLER), share(Role.PLATFORM, 1_000)),
        retained=Retained(party_id=SELLER, share_bps=300, days=30),
    )


async def released(tx: Tx, actor: Actor) -> tuple[Payment, FrozenSplit]:
    """Return the payment of an order whose money was shared, and of which something is kept."""
    payment, of = await paid(tx, actor, PRICE), split()
    out = await escrow.release(
        tx, actor=actor, now=NOON, order_id=payment.order_id, split=of, facts=accepted()
    )
    for _ in range(2):  # once more keeps nothing more
        assert of.retained is not None
        await retentions.keep(
            tx, actor=actor, now=NOON, release=out, retained=of.retained, due_at=DUE
        )
    await is_over(tx)
    return payment, of


async def kept_of(tx: Tx, payment: Payment) -> Retention:
    found = await queries.find(tx, payment.order_id)
    assert found is not None
    return found


async def give_back(tx: Tx, actor: Actor, payment: Payment, amount: int) -> Any:
    return await returns.give_back(
        tx, actor=actor, now=NOON, order_id=payment.order_id, key=uuid.uuid4(), amount_fen=amount
    )


async def hear(tx: Tx, payment: Payment, kind: EventKind, amount: int) -> None:
    event = told(payment, kind, amount_fen=amount)
    await chargebacks.hear(tx, now=NOON, channel="sandbox", event=event, nonce=uuid.uuid4().hex)


async def stands(tx: Tx, account: Account) -> int:
    return await balances.get_balance(tx, account)


async def test_a_release_keeps_its_share_and_holds_it_for_the_order(
    tx: Tx, almighty: Actor
) -> None:
    payment, _ = await released(tx, almighty)

    kept = await kept_of(tx, payment)
    hold = await find_standing(tx, order_id=payment.order_id, reason=Reason.RETENTION)
    assert (kept.state, kept.amount_fen, kept.left_fen, kept.due_at) == (
        State.KEPT,
        KEPT,
        KEPT,
        DUE,
    )
    assert hold is not None
    assert (hold.key, hold.left_fen) == (kept.hold_key, KEPT)
    assert (await stands(tx, PAYABLE), await stands(tx, ACCOUNT)) == (90_001 - KEPT, KEPT)
    assert await checking.find_breaches(tx) == []


async def test_every_fen_of_the_release_is_explained_and_as_posted(tx: Tx, almighty: Actor) -> None:
    payment, of = await released(tx, almighty)
    kept = await kept_of(tx, payment)
    entry = read_record((await entries.get_entry(tx, kept.kept_by)).record.encode())

    explained = explain_entry(entry, of, Past())

    assert explained.is_as_posted
    why = {leg.account: leg.reason_zh for leg in explained.legs}
    assert "质保金：按价款" in why[ACCOUNT.code]
    assert "其中 ¥30.00 扣作质保金" in why[PAYABLE.code]


async def test_it_is_freed_on_its_day_and_not_before(tx: Tx, almighty: Actor) -> None:
    payment, _ = await released(tx, almighty)
    order = payment.order_id
    with pytest.raises(RetentionNotDue):
        await retentions.release(
            tx, actor=JOB, now=DUE - dt.timedelta(microseconds=1), order_id=order
        )

    freed = await retentions.release(tx, actor=JOB, now=DUE, order_id=order)

    assert (freed.state, freed.released_at) == (State.RELEASED, DUE)
    await is_over(tx)
    assert (await stands(tx, ACCOUNT), await stands(tx, PAYABLE)) == (0, 90_001)
    with pytest.raises(EventNotAllowed):
        await retentions.release(tx, actor=JOB, now=DUE, order_id=order)
    assert await checking.find_breaches(tx) == []


async def test_a_refund_takes_it_first_and_then_what_the_seller_is_owed(
    tx: Tx, almighty: Actor
) -> None:
    payment, _ = await released(tx, almighty)
    part = await give_back(tx, almighty, payment, 2_000)
    after_part = await kept_of(tx, payment)
    more = await give_back(tx, almighty, payment, 10_000)
    used_up = await kept_of(tx, payment)

    rest = await give_back(tx, almighty, payment, PRICE - 12_000)

    (seller,) = (each for each in part.parts if each.account == PAYABLE.code)
    assert (seller.from_retention_fen, seller.from_owed_fen) == (seller.amount_fen, 0)
    assert after_part.left_fen == KEPT - seller.amount_fen
    (seller,) = (each for each in more.parts if each.account == PAYABLE.code)
    assert seller.from_retention_fen == after_part.left_fen
    assert seller.from_owed_fen == seller.amount_fen - after_part.left_fen
    assert (used_up.state, used_up.left_fen) == (State.USED_UP, 0)
    assert all(each.from_platform_fen == 0 for each in rest.parts)
    await is_over(tx)
    assert (await stands(tx, ACCOUNT), await stands(tx, PAYABLE)) == (0, 0)
    assert await stands(tx, refund_owed_to(payment.payer_party_id)) == PRICE
    assert await checking.find_breaches(tx) == []


async def test_after_it_was_freed_all_of_the_sale_can_still_be_given_back(
    tx: Tx, almighty: Actor
) -> None:
    payment, _ = await released(tx, almighty)
    await give_back(tx, almighty, payment, 1_000)
    await retentions.release(tx, actor=JOB, now=DUE, order_id=payment.order_id)
    await is_over(tx)

    await give_back(tx, almighty, payment, PRICE - 1_000)

    await is_over(tx)
    assert await stands(tx, PAYABLE) == 0
    assert await stands(tx, refund_owed_to(payment.payer_party_id)) == PRICE
    assert await checking.find_breaches(tx) == []


async def test_a_charge_back_draws_it_first_and_won_it_is_kept_again(
    tx: Tx, almighty: Actor
) -> None:
    payment, _ = await released(tx, almighty)
    await hear(tx, payment, EventKind.CHARGED_BACK, PRICE)
    drawn = await kept_of(tx, payment)
    set_aside = await stands(tx, chargeback_of(payment.order_id))

    await hear(tx, payment, EventKind.CHARGEBACK_WON, PRICE)

    again = await kept_of(tx, payment)
    assert (drawn.state, set_aside) == (State.USED_UP, PRICE)
    assert (again.state, again.left_fen) == (State.KEPT, KEPT)
    await is_over(tx)
    assert (await stands(tx, ACCOUNT), await stands(tx, PAYABLE)) == (KEPT, 90_001 - KEPT)
    assert await checking.find_breaches(tx) == []


async def test_what_a_charge_back_drew_goes_to_the_seller_if_the_rest_was_freed_meanwhile(
    tx: Tx, almighty: Actor
) -> None:
    payment, _ = await released(tx, almighty)
    await hear(tx, payment, EventKind.CHARGED_BACK, 1_000)
    await retentions.release(tx, actor=JOB, now=DUE, order_id=payment.order_id)
    await is_over(tx)

    await hear(tx, payment, EventKind.CHARGEBACK_WON, 1_000)

    await is_over(tx)
    assert (await stands(tx, ACCOUNT), await stands(tx, PAYABLE)) == (0, 90_001)
    await give_back(tx, almighty, payment, PRICE)
    await is_over(tx)
    assert await stands(tx, PAYABLE) == 0
    assert await checking.find_breaches(tx) == []


async def test_nothing_else_takes_what_is_kept(tx: Tx, almighty: Actor) -> None:
    await released(tx, almighty)
    taking = Entry(
        key=new_id(),
        kind=Kind.RETENTION_RELEASED,
        legs=transfer(ACCOUNT, [Leg(PAYABLE, 1)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="x",
    )
    with pytest.raises(BalanceInsufficient):
        await ledger.post(tx, actor=almighty, now=NOON, entry=taking)


async def test_of_an_order_of_which_nothing_is_kept_nothing_is_drawn_or_freed(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty, PRICE)
    to = refund_owed_to(payment.payer_party_id)
    with pytest.raises(RetentionMissing):
        await retentions.draw(
            tx, actor=almighty, now=NOON, order_id=payment.order_id, amount_fen=1, to=to
        )
    with pytest.raises(RetentionMissing):
        await retentions.release(tx, actor=JOB, now=DUE, order_id=payment.order_id)


async def test_two_that_free_it_at_once_free_it_once(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        payment, _ = await released(tx, almighty)

    async def free(tx: Tx) -> None:
        await retentions.release(tx, actor=JOB, now=DUE, order_id=payment.order_id)

    async def back(tx: Tx) -> None:
        await give_back(tx, almighty, payment, PRICE)

    came = await asyncio.gather(
        *(run(db, almighty, each) for each in (free, back, free)), return_exceptions=True
    )

    assert sum(each is None for each in came) in (1, 2)
    assert all(each is None or isinstance(each, DomainError) for each in came)
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []
