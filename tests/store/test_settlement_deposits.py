"""Deposits against a real database: each held by a hold, each ended once, charge-backs first."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import pytest

from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from market.jobs import deposits_due
from market.orders.operations import payment as order_payment
from settlement.deposits import operations as deposits
from settlement.deposits import queries
from settlement.deposits.model import Deposit, Ground
from settlement.deposits.operations import DepositNotDue, DepositPaidBefore, DepositTooLate
from settlement.deposits.queries import DepositMissing
from settlement.deposits.states import EventNotAllowed, State
from settlement.escrow.operations import refunding as escrow
from settlement.escrow.queries import get_escrow
from settlement.escrow.states import State as EscrowState
from settlement.holds.model import Reason
from settlement.holds.queries import find_standing
from settlement.ledger.accounts import Account, Purpose, chargeback_of, escrow_of, refund_owed_to
from settlement.ledger.operations import BalanceInsufficient
from settlement.ledger.queries import balances, checking, entries
from settlement.payments.callback import Effect
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.payments.model import Payment, Recorded
from tests.makers_products import make_actor
from tests.store.money import NOON, is_over

AMOUNT = 5_000
HOUR = dt.timedelta(hours=1)
UNTIL = NOON + HOUR
JOB = system("deposits_due", "deposit:end")
SELLER = Account(Purpose.PAYABLE, str(uuid.UUID(int=77)))


async def started(
    tx: Tx, actor: Actor, secures: uuid.UUID | None = None
) -> tuple[Deposit, Payment]:
    return await deposits.start(
        tx,
        actor=actor,
        now=NOON,
        secures=secures or new_id(),
        amount_fen=AMOUNT,
        pay_until=UNTIL,
        channel="sandbox",
        lifetime=dt.timedelta(days=3),
    )


async def tell(
    tx: Tx,
    payment: Payment,
    kind: EventKind = EventKind.SUCCEEDED,
    *,
    at: dt.datetime = NOON,
    amount: int = AMOUNT,
) -> Recorded:
    is_payment = kind is EventKind.SUCCEEDED
    event = ChannelEvent(
        event_id=f"{payment.reference}-{kind}",
        kind=kind,
        reference=payment.reference,
        amount_fen=amount,
        currency="CNY",
        channel_transaction_id=f"T-{payment.reference}" if is_payment else "C1",
        happened_at=at,
    )
    return await order_payment.hear(
        tx, now=at, channel="sandbox", event=event, nonce=uuid.uuid4().hex
    )


async def held(tx: Tx, actor: Actor) -> tuple[Deposit, Payment]:
    deposit, payment = await started(tx, actor)
    await tell(tx, payment)
    return await deposits.lock(tx, deposit.id), payment


async def test_what_is_paid_in_is_held_whole_and_nothing_else_takes_it(
    tx: Tx, almighty: Actor
) -> None:
    deposit, payment = await held(tx, almighty)

    hold = await find_standing(tx, order_id=deposit.id, reason=Reason.DEPOSIT)
    assert deposit.state is State.HELD
    assert payment.expires_at == UNTIL  # no payment outlives the deadline
    assert hold is not None
    assert (hold.key, hold.left_fen) == (deposit.hold_key, AMOUNT)

    with pytest.raises(BalanceInsufficient):
        await escrow.refund(tx, actor=almighty, now=NOON, order_id=deposit.id)


async def test_a_second_start_gives_the_open_one_and_a_paid_one_is_not_paid_again(
    tx: Tx, almighty: Actor
) -> None:
    about = new_id()
    first, payment = await started(tx, almighty, about)
    again, same = await started(tx, almighty, about)
    await tell(tx, payment)

    assert (again.id, same.id) == (first.id, payment.id)
    with pytest.raises(DepositPaidBefore):
        await started(tx, almighty, about)
    with pytest.raises(DepositTooLate):
        await deposits.start(
            tx,
            actor=almighty,
            now=UNTIL,
            secures=new_id(),
            amount_fen=AMOUNT,
            pay_until=UNTIL,
            channel="sandbox",
            lifetime=HOUR,
        )


async def test_given_back_it_is_owed_to_who_paid_and_only_once(tx: Tx, almighty: Actor) -> None:
    deposit, _ = await held(tx, almighty)

    after = await deposits.give_back(
        tx, actor=almighty, now=NOON, deposit_id=deposit.id, ground=Ground.NOT_AWARDED
    )

    assert (after.state, after.ground) == (State.RETURNED, Ground.NOT_AWARDED)
    assert await balances.get_balance(tx, escrow_of(deposit.id)) == 0
    assert await balances.get_balance(tx, refund_owed_to(deposit.payer_party_id)) == AMOUNT
    with pytest.raises(EventNotAllowed):
        await deposits.give_back(
            tx, actor=almighty, now=NOON, deposit_id=deposit.id, ground=Ground.SIGNED
        )
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_forfeited_it_goes_to_the_seller_whole_by_an_entry_that_captures_the_hold(
    tx: Tx, almighty: Actor
) -> None:
    deposit, _ = await held(tx, almighty)

    after = await deposits.forfeit(
        tx,
        actor=JOB,
        now=NOON,
        deposit_id=deposit.id,
        ground=Ground.REFUSED_TO_SIGN,
        to=SELLER,
    )

    assert (after.state, after.received_by) == (State.FORFEITED, SELLER.code)
    assert after.ending_key is not None
    found = await entries.get_entry(tx, after.ending_key)
    assert '"kind":"deposit_forfeited"' in found.record
    assert (await get_escrow(tx, deposit.id)).state is EscrowState.RELEASED
    await is_over(tx)
    assert await balances.get_balance(tx, SELLER) == AMOUNT
    assert await checking.find_breaches(tx) == []


async def test_what_arrives_after_its_time_goes_back_at_once(tx: Tx, almighty: Actor) -> None:
    deposit, payment = await started(tx, almighty)
    await tell(tx, payment, at=UNTIL)

    after = await deposits.lock(tx, deposit.id)

    assert (after.state, after.ground) == (State.RETURNED, Ground.PAID_LATE)
    assert await balances.get_balance(tx, refund_owed_to(deposit.payer_party_id)) == AMOUNT


async def test_what_nobody_paid_lapses_and_money_that_comes_then_goes_back(
    tx: Tx, almighty: Actor
) -> None:
    deposit, payment = await started(tx, almighty)
    with pytest.raises(DepositNotDue):
        await deposits.lapse(tx, actor=JOB, now=NOON, deposit_id=deposit.id)

    lapsed = await deposits.lapse(tx, actor=JOB, now=UNTIL, deposit_id=deposit.id)
    await tell(tx, payment, at=UNTIL + HOUR)

    assert lapsed.state is State.LAPSED
    assert (await deposits.lock(tx, deposit.id)).ground is Ground.PAID_LATE
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_a_charge_back_frees_the_hold_first_and_won_it_is_held_again(
    tx: Tx, almighty: Actor
) -> None:
    deposit, payment = await held(tx, almighty)

    told = await tell(tx, payment, EventKind.CHARGED_BACK)
    taken = await deposits.lock(tx, deposit.id)
    set_aside = await balances.get_balance(tx, chargeback_of(deposit.id))
    standing = await find_standing(tx, order_id=deposit.id, reason=Reason.DEPOSIT)
    await tell(tx, payment, EventKind.CHARGEBACK_WON)
    again = await deposits.lock(tx, deposit.id)

    assert told.effect is Effect.APPLIED
    assert (taken.state, set_aside, standing) == (State.CHARGED_BACK, AMOUNT, None)
    assert again.state is State.HELD
    assert again.hold_key != deposit.hold_key
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


@pytest.mark.parametrize("amount", [AMOUNT, 1_200])
async def test_a_charge_back_that_is_lost_ends_it_and_the_rest_goes_back(
    tx: Tx, almighty: Actor, amount: int
) -> None:
    deposit, payment = await held(tx, almighty)
    await tell(tx, payment, EventKind.CHARGED_BACK, amount=amount)
    with pytest.raises(EventNotAllowed):
        await deposits.give_back(
            tx, actor=almighty, now=NOON, deposit_id=deposit.id, ground=Ground.NOT_AWARDED
        )

    await tell(tx, payment, EventKind.CHARGEBACK_LOST, amount=amount)

    assert (await deposits.lock(tx, deposit.id)).state is State.LOST
    owed = await balances.get_balance(tx, refund_owed_to(deposit.payer_party_id))
    assert owed == AMOUNT - amount
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_two_ends_at_once_end_it_once(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        deposit, _ = await held(tx, almighty)

    async def back(tx: Tx) -> None:
        await deposits.give_back(
            tx, actor=almighty, now=NOON, deposit_id=deposit.id, ground=Ground.SIGNED
        )

    async def gone(tx: Tx) -> None:
        await deposits.forfeit(
            tx,
            actor=JOB,
            now=NOON,
            deposit_id=deposit.id,
            ground=Ground.REFUSED_TO_SIGN,
            to=SELLER,
        )

    came = await asyncio.gather(
        *(run(db, almighty, each) for each in (back, gone, back, gone)), return_exceptions=True
    )

    assert sum(each is None for each in came) == 1
    assert all(each is None or isinstance(each, DomainError) for each in came)
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []


async def test_the_job_lets_what_is_unpaid_lapse_once(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        await started(tx, almighty)

    early = await deposits_due.run(db, now=NOON)
    ran = await asyncio.gather(*(deposits_due.run(db, now=UNTIL) for _ in range(3)))

    assert early == 0
    assert sum(ran) == 1


async def test_nobody_sees_a_deposit_but_who_pays_it_and_the_houses(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        deposit, _ = await held(tx, almighty)
    stranger = make_actor("auction:bid", clearance=Clearance.PARTY)

    async with begin(db, stranger) as tx:
        seen = await queries.find(tx, deposit.id)
        with pytest.raises(DepositMissing):
            await deposits.lock(tx, deposit.id)

    assert seen is None
