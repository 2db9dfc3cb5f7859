"""A payment that the payer's bank takes back is set aside, contested, and lost or won, each once."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import end_of_day
from catalog.kernel.workdays import Calendar
from market.jobs import chargebacks_due
from settlement.chargebacks import operations as chargebacks
from settlement.chargebacks import queries
from settlement.chargebacks.judging import CONTESTED_WITHIN
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.operations import ContestedTooLate, NotLapsed
from settlement.chargebacks.queries import ChargebackMissing
from settlement.chargebacks.states import EventNotAllowed, State
from settlement.escrow.operations import freezing, refunding, releasing
from settlement.escrow.queries import get_escrow
from settlement.escrow.states import EventNotAllowed as EscrowEventNotAllowed
from settlement.escrow.states import State as EscrowState
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, chargeback_of, clearing_of, escrow_of
from settlement.ledger.journal import Leg
from settlement.ledger.queries import balances, checking, order_money
from settlement.money import Fen
from settlement.payments import operations as payments
from settlement.payments.callback import Break, Effect, EventReused
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.payments.model import Payment, Recorded
from settlement.reconciliation import queries as reconciliation
from settlement.reconciliation.operations import statements
from settlement.reconciliation.statement_file import Line, Move, Outcome, read, write
from settlement.returns import operations as returns
from settlement.returns.queries import list_returns
from tests.store.money import NOON, accepted, is_over, three_way_split
from tests.store.test_settlement_returns import paid_out

PRICE = 100_001
LATE = NOON + CONTESTED_WITHIN


async def paid(tx: Tx, actor: Actor, amount: int = PRICE) -> Payment:
    payment = await payments.start(
        tx,
        actor=actor,
        now=NOON,
        order_id=new_id(),
        payer_party_id=new_id(),
        amount_fen=amount,
    )
    event = told(payment, EventKind.SUCCEEDED, case=f"T-{payment.reference}")
    await payments.record_callback(
        tx, now=NOON, channel="sandbox", event=event, nonce=event.event_id
    )
    return payment


async def shared(tx: Tx, actor: Actor) -> Payment:
    payment = await paid(tx, actor)
    await releasing.release(
        tx,
        actor=actor,
        now=NOON,
        order_id=payment.order_id,
        split=three_way_split(),
        facts=accepted(),
    )
    await is_over(tx)
    return payment


def told(
    payment: Payment, kind: EventKind = EventKind.CHARGED_BACK, case: str = "C1", **other: Any
) -> ChannelEvent:
    event = ChannelEvent(
        event_id=f"{payment.reference}-{kind}-{case}",
        kind=kind,
        reference=payment.reference,
        amount_fen=payment.amount_fen,
        currency="CNY",
        channel_transaction_id=case,
        happened_at=NOON,
    )
    return msgspec.structs.replace(event, **other)


async def tell(tx: Tx, event: ChannelEvent, at: dt.datetime = NOON) -> Recorded:
    return await chargebacks.hear(
        tx, now=at, channel="sandbox", event=event, nonce=uuid.uuid4().hex
    )


async def case_of(tx: Tx, actor: Actor) -> Chargeback:
    (case,) = (await queries.list_chargebacks(tx, viewer=actor)).items
    return case


async def stands(tx: Tx, account: Account) -> int:
    return await balances.get_balance(tx, account)


async def test_what_is_charged_back_before_the_release_leaves_the_escrow_and_freezes_it(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty)
    order = payment.order_id

    recorded = await tell(tx, told(payment, amount_fen=60_000))

    assert (recorded.effect, recorded.found) == (Effect.APPLIED, None)
    assert await stands(tx, escrow_of(order)) == PRICE - 60_000
    assert await stands(tx, chargeback_of(order)) == 60_000
    money = await order_money.get_order_ledger(tx, order)
    assert (money.charged_back_fen, money.refunded_fen) == (60_000, 0)
    assert (await get_escrow(tx, order)).state is EscrowState.CHARGED_BACK
    with pytest.raises(EscrowEventNotAllowed):
        await refunding.refund(tx, actor=almighty, now=NOON, order_id=order)
    with pytest.raises(EscrowEventNotAllowed):
        await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order)
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_a_case_that_is_lost_leaves_through_the_channel_and_frees_the_rest(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty)
    order = payment.order_id
    await tell(tx, told(payment, amount_fen=60_000))

    await tell(tx, told(payment, EventKind.CHARGEBACK_LOST, amount_fen=60_000))

    assert await stands(tx, chargeback_of(order)) == 0
    held = await get_escrow(tx, order)
    assert (held.state, held.left_fen) == (EscrowState.HELD, PRICE - 60_000)
    await releasing.release(
        tx,
        actor=almighty,
        now=NOON,
        order_id=order,
        split=three_way_split(),
        facts=accepted(),
    )
    await is_over(tx)
    assert await stands(tx, clearing_of("sandbox")) == -(PRICE - 60_000)
    assert await checking.find_breaches(tx) == []


async def test_all_of_an_escrow_that_is_lost_ends_it_and_all_that_is_won_goes_on(
    tx: Tx, almighty: Actor
) -> None:
    lost, won = await paid(tx, almighty), await paid(tx, almighty)
    for payment, case in ((lost, "C1"), (won, "C2")):
        await tell(tx, told(payment, case=case))

    await tell(tx, told(lost, EventKind.CHARGEBACK_LOST))
    await tell(tx, told(won, EventKind.CHARGEBACK_WON, "C2"))

    assert (await get_escrow(tx, lost.order_id)).state is EscrowState.REFUNDED
    assert (await get_escrow(tx, won.order_id)).state is EscrowState.HELD
    assert await stands(tx, escrow_of(won.order_id)) == PRICE
    assert (await order_money.get_order_ledger(tx, won.order_id)).charged_back_fen == 0
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_a_disputed_escrow_that_is_charged_back_is_held_for_the_channel_alone(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty)
    await freezing.freeze(tx, actor=almighty, now=NOON, order_id=payment.order_id)

    await tell(tx, told(payment))

    assert (await order_money.get_order_ledger(tx, payment.order_id)).disputed_fen == 0
    assert await stands(tx, chargeback_of(payment.order_id)) == PRICE


async def test_after_the_release_those_who_shared_give_back_and_have_it_again_when_it_is_won(
    tx: Tx, almighty: Actor
) -> None:
    payment = await shared(tx, almighty)
    order = payment.order_id
    released = (await order_money.get_order_ledger(tx, order)).entries[-1]
    before = {leg.account: leg.amount_fen for leg in released.legs[1:]}

    await tell(tx, told(payment))

    case = await case_of(tx, almighty)
    assert case.was_shared
    assert await stands(tx, chargeback_of(order)) == PRICE
    money = await order_money.get_order_ledger(tx, order)
    assert (money.released_fen, money.charged_back_fen) == (0, PRICE)
    assert await list_returns(tx, order_id=order) == []

    await tell(tx, told(payment, EventKind.CHARGEBACK_WON))

    money = await order_money.get_order_ledger(tx, order)
    assert (money.released_fen, money.charged_back_fen) == (PRICE, 0)
    assert await stands(tx, chargeback_of(order)) == 0
    for code, amount in before.items():
        purpose, _, owner = code.partition("/")
        assert await stands(tx, Account(Purpose(purpose), owner)) == amount
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_what_was_won_can_be_refunded_whole_afterwards(tx: Tx, almighty: Actor) -> None:
    payment = await shared(tx, almighty)
    await tell(tx, told(payment, amount_fen=70_000))
    await tell(tx, told(payment, EventKind.CHARGEBACK_WON, amount_fen=70_000))
    await is_over(tx)

    made = await returns.give_back(
        tx,
        actor=almighty,
        now=NOON,
        order_id=payment.order_id,
        key=new_id(),
        amount_fen=PRICE,
    )

    assert [part.from_platform_fen for part in made.parts] == [0, 0, 0]
    assert (await order_money.get_order_ledger(tx, payment.order_id)).refunded_fen == PRICE
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


async def test_after_the_release_a_lost_case_is_gone_and_no_more_is_taken_than_was_shared(
    tx: Tx, almighty: Actor
) -> None:
    payment = await shared(tx, almighty)
    await tell(tx, told(payment, amount_fen=70_000))
    await tell(tx, told(payment, EventKind.CHARGEBACK_LOST, amount_fen=70_000))

    again = await tell(tx, told(payment, case="C2", amount_fen=PRICE - 70_000 + 1))

    assert again.found is Break.AMOUNT_DIFFERS
    assert (await tell(tx, told(payment, case="C3", amount_fen=PRICE - 70_000))).found is None
    assert await stands(tx, clearing_of("sandbox")) == -(PRICE - 70_000)


async def test_what_was_paid_out_meanwhile_the_platform_bears_and_has_back_when_it_is_won(
    tx: Tx, almighty: Actor
) -> None:
    payment = await shared(tx, almighty)
    entries = (await order_money.get_order_ledger(tx, payment.order_id)).entries
    code, amount = entries[-1].legs[1].account, entries[-1].legs[1].amount_fen
    purpose, _, owner = code.partition("/")
    await ledger.roll_up(tx, now=NOON)
    await paid_out(tx, almighty, Leg(Account(Purpose(purpose), owner), amount), amount)
    loss = Account(Purpose.PLATFORM_LOSS, "market")

    await tell(tx, told(payment))
    assert await stands(tx, loss) == -amount
    await tell(tx, told(payment, EventKind.CHARGEBACK_WON))

    assert await stands(tx, loss) == 0
    await is_over(tx)
    assert await checking.find_breaches(tx) == []


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"reference": "P-nobody"}, Break.REFERENCE_UNKNOWN),
        ({"currency": "USD"}, Break.CURRENCY_DIFFERS),
        ({"amount_fen": PRICE + 1}, Break.AMOUNT_DIFFERS),
        ({"kind": EventKind.CHARGEBACK_WON}, Break.CASE_UNKNOWN),
        ({"kind": EventKind.CHARGEBACK_LOST}, Break.CASE_UNKNOWN),
    ],
)
async def test_a_foreign_event_is_a_break_and_moves_nothing(
    tx: Tx, almighty: Actor, event: dict[str, Any], found: Break
) -> None:
    payment = await paid(tx, almighty)

    recorded = await tell(tx, told(payment, **event))

    assert (recorded.effect, recorded.found) == (Effect.BREAK, found)
    assert await stands(tx, escrow_of(payment.order_id)) == PRICE


async def test_an_unpaid_payment_is_not_charged_back(tx: Tx, almighty: Actor) -> None:
    payment = await payments.start(
        tx, actor=almighty, now=NOON, order_id=new_id(), payer_party_id=new_id(), amount_fen=PRICE
    )

    assert (await tell(tx, told(payment))).found is Break.NOT_PAID


async def test_one_case_counts_once_under_whatever_event_and_two_at_once_are_refused(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty)
    first = told(payment, amount_fen=1_000)
    await tell(tx, first)

    assert (await tell(tx, first)).is_replay
    assert (await tell(tx, told(payment, amount_fen=1_000, event_id="E2"))).effect is (
        Effect.IGNORED
    )
    assert (await tell(tx, told(payment, amount_fen=999, event_id="E3"))).found is (
        Break.AMOUNT_DIFFERS
    )
    assert (await tell(tx, told(payment, case="C2", amount_fen=5))).found is (
        Break.CHARGED_BACK_TWICE
    )
    with pytest.raises(EventReused):
        await tell(tx, msgspec.structs.replace(first, amount_fen=2_000))
    won = told(payment, EventKind.CHARGEBACK_WON, amount_fen=1_000)
    await tell(tx, won)
    assert (await tell(tx, msgspec.structs.replace(won, event_id="E4"))).effect is Effect.IGNORED
    lost = told(payment, EventKind.CHARGEBACK_LOST, amount_fen=1_000)
    assert (await tell(tx, lost)).found is Break.CASE_OVER
    assert await stands(tx, chargeback_of(payment.order_id)) == 0


async def test_a_case_is_contested_with_evidence_in_its_window_and_once(
    tx: Tx, almighty: Actor
) -> None:
    payment = await paid(tx, almighty)
    await tell(tx, told(payment))
    case = await case_of(tx, almighty)
    actor = msgspec.structs.replace(
        almighty, permissions=almighty.permissions | {"chargeback:lapse"}
    )

    async def contest(at: dt.datetime) -> Chargeback:
        return await chargebacks.contest(
            tx, actor=almighty, now=at, chargeback_id=case.id, evidence="已验收，见交付单"
        )

    with pytest.raises(ContestedTooLate):
        await contest(LATE)
    with pytest.raises(NotLapsed):
        await chargebacks.lapse(tx, actor=actor, now=NOON, chargeback_id=case.id)
    contested = await contest(LATE - dt.timedelta(microseconds=1))
    with pytest.raises(EventNotAllowed):
        await contest(NOON)
    with pytest.raises(EventNotAllowed):
        await chargebacks.lapse(tx, actor=actor, now=LATE, chargeback_id=case.id)
    with pytest.raises(ChargebackMissing):
        await queries.get_chargeback(tx, viewer=almighty, chargeback_id=new_id())

    assert contested.state is State.CONTESTED
    assert await queries.get_chargeback(tx, viewer=almighty, chargeback_id=case.id) == contested


async def test_what_nobody_contests_is_lost_by_the_job_and_the_channel_says_nothing_new(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        payment = await paid(tx, almighty)
        await tell(tx, told(payment))

    assert await chargebacks_due.run(db, now=LATE - dt.timedelta(seconds=1)) == 0
    assert await chargebacks_due.run(db, now=LATE) == 1

    async with begin(db, almighty) as tx:
        case = await case_of(tx, almighty)
        assert (case.state, case.ended_at) == (State.LOST, LATE)
        after = await tell(tx, told(payment, EventKind.CHARGEBACK_LOST), LATE)
        assert (after.effect, after.found) == (Effect.IGNORED, None)
        assert await stands(tx, clearing_of("sandbox")) == 0


async def test_twenty_deliveries_and_a_release_at_once_take_the_money_once(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        payment = await paid(tx, almighty)
    split = three_way_split()

    async def once(number: int) -> str:
        async def command(tx: Tx) -> str:
            if number % 5 == 0:
                await releasing.release(
                    tx,
                    actor=almighty,
                    now=NOON,
                    order_id=payment.order_id,
                    split=split,
                    facts=accepted(),
                )
                return "released"
            event = told(payment, event_id=f"E{number}")
            return str((await tell(tx, event)).effect)

        try:
            return await run(db, almighty, command, must_remember=False)
        except DomainError as refused:
            return refused.code

    outcomes = await asyncio.gather(*(once(number) for number in range(20)))

    assert outcomes.count("applied") == 1
    async with begin(db, almighty, snapshot=True) as tx:
        assert await stands(tx, chargeback_of(payment.order_id)) == PRICE
        assert await checking.find_breaches(tx) == []


def charged_back_line(payment: Payment, case: str = "C1", **other: Any) -> Line:
    line = Line(
        number=3,
        transaction_id=case,
        move=Move.CHARGEBACK,
        reference=payment.reference,
        outcome=Outcome.SUCCEEDED,
        amount_fen=Fen(payment.amount_fen),
        fee_fen=0,
        happened_at=NOON,
        remark="",
    )
    return msgspec.structs.replace(line, **other)


async def test_a_statement_tells_of_a_charge_back_that_no_callback_did_and_all_is_explained(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    payment = await paid(tx, almighty)
    came = charged_back_line(payment, f"T-{payment.reference}", number=2, move=Move.PAY_IN)
    day = NOON.date()
    at = end_of_day(day) + dt.timedelta(hours=9)
    statement = read(write("sandbox", day, [came, charged_back_line(payment)]))
    file = await statements.load(
        tx, actor=almighty, now=at, channel="sandbox", statement=statement, fee_bps=0
    )

    heard = await reconciliation.list_charged_back(tx, file, limit=10)
    for event in heard:
        await tell(tx, event, at)
    again = await reconciliation.list_charged_back(tx, file, limit=10)
    done = await statements.reconcile(
        tx, actor=almighty, now=at, calendar=calendar, file_id=file.id
    )

    assert [event.kind for event in heard] == [EventKind.CHARGED_BACK, EventKind.CHARGEBACK_LOST]
    assert again == []
    assert (done.break_count, done.matched_count) == (0, 2)
    gate = await reconciliation.get_gate(tx, viewer=almighty, channel="sandbox")
    assert (gate.clearing_fen, gate.unexplained_fen) == (0, 0)


ILLEGAL = {
    "an amount changed": "UPDATE settlement.chargebacks SET amount_fen = 1",
    "a window made longer": "UPDATE settlement.chargebacks SET contest_until = contest_until + '1 day'",
    "a case removed": "DELETE FROM settlement.chargebacks",
    "won without an entry": "UPDATE settlement.chargebacks SET state = 'won'",
    "contested without evidence": "UPDATE settlement.chargebacks SET state = 'contested'",
    "contested too late": "UPDATE settlement.chargebacks SET state = 'contested', evidence = 'x', contested_by = id, contested_at = contest_until",
    "an unknown state": "UPDATE settlement.chargebacks SET state = 'gone'",
    "a second case at once": "INSERT INTO settlement.chargebacks (id, channel, case_number, payment_id, order_id, amount_fen, was_shared, state, opened_at, contest_until) SELECT gen_random_uuid(), channel, 'C9', payment_id, order_id, 1, false, 'opened', opened_at, contest_until FROM settlement.chargebacks",
    "a case told twice": "INSERT INTO settlement.chargebacks (id, channel, case_number, payment_id, order_id, amount_fen, was_shared, state, opened_at, contest_until, ending_key, ended_at) SELECT gen_random_uuid(), channel, case_number, payment_id, order_id, 1, false, 'lost', opened_at, contest_until, id, opened_at FROM settlement.chargebacks",
    "given back what nobody gave": "INSERT INTO settlement.restored_legs SELECT id, 'payable/x', now() FROM settlement.chargebacks",
}


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_the_database_alone_refuses_what_no_case_does(
    db: Database, almighty: Actor, server: Any, database_name: str, role: str | None
) -> None:
    async with begin(db, almighty) as tx:
        await tell(tx, told(await paid(tx, almighty)))
    connection = await asyncpg.connect(server.dsn(database_name, role))
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")

    accepted_anyway = []
    for name, sql in ILLEGAL.items():
        try:
            async with connection.transaction():
                await connection.execute(sql)
            accepted_anyway.append(name)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError):
            continue
    await connection.close()

    assert accepted_anyway == []


async def test_only_the_job_lets_a_case_lapse(tx: Tx, almighty: Actor) -> None:
    await tell(tx, told(await paid(tx, almighty)))
    case = await case_of(tx, almighty)

    with pytest.raises(DomainError) as refused:
        await chargebacks.lapse(tx, actor=system("nobody"), now=LATE, chargeback_id=case.id)
    assert refused.value.code == "permission_missing"
