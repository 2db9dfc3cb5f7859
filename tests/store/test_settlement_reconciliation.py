"""What a channel states is held against payments and journal; nothing stays unexplained."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections import Counter
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, new_id
from catalog.kernel.local_time import SHANGHAI, end_of_day
from catalog.kernel.workdays import Calendar
from settlement.ledger.accounts import Account, Purpose, refund_owed_to
from settlement.ledger.queries import balances as books
from settlement.money import Fen
from settlement.payments import operations as payments
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.payments.model import Payment
from settlement.payments.remittance import code_of
from settlement.reconciliation import queries
from settlement.reconciliation.differences import Kind, NotThisWay, Way, fee_of
from settlement.reconciliation.model import Break, Gate, StatementFile
from settlement.reconciliation.operations import settling, statements
from settlement.reconciliation.operations.settling import PayerUnknown, SamePerson
from settlement.reconciliation.operations.statements import (
    StatementLoadedBefore,
    StatementOfAnotherChannel,
    StatementOfTheFuture,
)
from settlement.reconciliation.statement_file import (
    Line,
    Move,
    Outcome,
    Statement,
    StatementLineDoubled,
    read,
    write,
)
from settlement.reconciliation.states import EventNotAllowed, State
from tests.store.channel_days import DAY, FEE_BPS, FOUND, Fault, Market

NOON = dt.datetime.combine(DAY, dt.time(12), SHANGHAI)
NEXT = end_of_day(DAY) + dt.timedelta(hours=9)
PRICE = 128_800


@pytest.fixture
def colleague(almighty: Actor) -> Actor:
    """Somebody else with every permission."""
    return msgspec.structs.replace(almighty, account_id=AccountId(new_id()), name="colleague")


async def _paid(tx: Tx, actor: Actor, transaction: str = "T1", **other: Any) -> Payment:
    payment = await payments.start(
        tx,
        actor=actor,
        **{
            "now": NOON,
            "order_id": new_id(),
            "payer_party_id": new_id(),
            "amount_fen": PRICE,
            **other,
        },
    )
    event = ChannelEvent(
        event_id=f"E-{transaction}",
        kind=EventKind.SUCCEEDED,
        reference=payment.reference,
        amount_fen=payment.amount_fen,
        currency="CNY",
        channel_transaction_id=transaction,
        happened_at=NOON,
    )
    await payments.record_callback(
        tx, now=payment.created_at, channel=payment.channel, event=event, nonce=event.event_id
    )
    return payment


def _line(reference: str, transaction: str = "T1", **other: Any) -> Line:
    line = Line(
        number=2,
        transaction_id=transaction,
        move=Move.PAY_IN,
        reference=reference,
        outcome=Outcome.SUCCEEDED,
        amount_fen=Fen(PRICE),
        fee_fen=0,
        happened_at=NOON,
        remark="",
    )
    return msgspec.structs.replace(line, **other)


def _statement(*lines: Line, day: dt.date = DAY, channel: str = "sandbox") -> Statement:
    return read(write(channel, day, lines))


async def _load(tx: Tx, actor: Actor, statement: Statement, **other: Any) -> StatementFile:
    return await statements.load(
        tx,
        actor=actor,
        **{"now": NEXT, "channel": "sandbox", "statement": statement, "fee_bps": 0, **other},
    )


async def _reconciled(
    tx: Tx, actor: Actor, calendar: Calendar, *lines: Line, day: dt.date = DAY
) -> StatementFile:
    now = end_of_day(day) + dt.timedelta(hours=9)
    file = await _load(tx, actor, _statement(*lines, day=day), now=now)
    return await statements.reconcile(tx, actor=actor, now=now, calendar=calendar, file_id=file.id)


async def _breaks(tx: Tx, actor: Actor, calendar: Calendar) -> list[Break]:
    page = await queries.list_breaks(
        tx, viewer=actor, now=NEXT, calendar=calendar, channel="sandbox", limit=200
    )
    return page.items


async def _gate(tx: Tx, actor: Actor) -> Gate:
    return await queries.get_gate(tx, viewer=actor, channel="sandbox")


async def test_what_agrees_three_ways_leaves_no_break(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    payment = await _paid(tx, almighty)

    file = await _reconciled(tx, almighty, calendar, _line(payment.reference))
    again = await statements.reconcile(
        tx, actor=almighty, now=NEXT, calendar=calendar, file_id=file.id
    )

    assert (file.matched_count, file.break_count) == (1, 0)
    assert again == file
    gate = await _gate(tx, almighty)
    assert (gate.clearing_fen, gate.stated_fen, gate.unexplained_fen) == (PRICE, PRICE, 0)
    assert gate.stated_until == DAY
    page = await queries.list_files(tx, viewer=almighty, channel="sandbox")
    assert [each.id for each in page.items] == [file.id]


async def test_before_any_statement_all_of_it_is_not_stated_yet(tx: Tx, almighty: Actor) -> None:
    await _paid(tx, almighty)

    gate = await _gate(tx, almighty)

    assert (gate.not_stated_fen, gate.unexplained_fen, gate.stated_until) == (PRICE, 0, None)


async def test_surplus_is_booked_away_and_given_back_by_two(
    tx: Tx, almighty: Actor, colleague: Actor, calendar: Calendar
) -> None:
    payment = await _paid(tx, almighty)
    second = _line(payment.reference, "T2")
    await _reconciled(tx, almighty, calendar, _line(payment.reference), second)
    (found,) = await _breaks(tx, almighty, calendar)
    assert (found.kind, found.difference_fen, found.state) == (Kind.DUPLICATE, -PRICE, State.OPEN)
    assert found.due_on == dt.date(2026, 3, 6)  # three working days
    assert (await _gate(tx, almighty)).unexplained_fen == 0

    booked = await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)
    suspense = await books.get_balance(tx, Account(Purpose.SUSPENSE, "sandbox"))
    wanted = {"break_id": found.id, "way": Way.REFUNDED, "reason": "重复支付，退回"}
    with pytest.raises(NotThisWay):
        await settling.propose(tx, actor=almighty, now=NEXT, **{**wanted, "way": Way.WRITTEN_OFF})
    await settling.propose(tx, actor=almighty, now=NEXT, **wanted)
    with pytest.raises(SamePerson):
        await settling.decide(tx, actor=almighty, now=NEXT, break_id=found.id, approves=True)
    back = await settling.decide(tx, actor=colleague, now=NEXT, break_id=found.id, approves=False)
    await settling.propose(tx, actor=almighty, now=NEXT, **wanted)
    resolved = await settling.decide(
        tx, actor=colleague, now=NEXT, break_id=found.id, approves=True
    )

    assert (booked.state, back.state, resolved.state) == (
        State.BOOKED,
        State.BOOKED,
        State.RESOLVED,
    )
    assert suspense == PRICE
    assert await books.get_balance(tx, Account(Purpose.SUSPENSE, "sandbox")) == 0
    assert await books.get_balance(tx, refund_owed_to(payment.payer_party_id)) == PRICE
    gate = await _gate(tx, almighty)
    assert (gate.open_breaks, gate.differences_fen, gate.unexplained_fen) == (0, 0, 0)
    with pytest.raises(EventNotAllowed):
        await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)


async def test_what_is_missing_is_borne_by_the_platform_only_after_two_agreed(
    tx: Tx, almighty: Actor, colleague: Actor, calendar: Calendar
) -> None:
    await _paid(tx, almighty)
    await _reconciled(tx, almighty, calendar)
    (found,) = await _breaks(tx, almighty, calendar)
    assert (found.kind, found.difference_fen) == (Kind.SHORT, PRICE)

    await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)
    await settling.propose(
        tx, actor=almighty, now=NEXT, break_id=found.id, way=Way.WRITTEN_OFF, reason="渠道倒闭"
    )
    await settling.decide(tx, actor=colleague, now=NEXT, break_id=found.id, approves=True)

    assert await books.get_balance(tx, Account(Purpose.SUSPENSE, "sandbox")) == 0
    assert await books.get_balance(tx, Account(Purpose.PLATFORM_LOSS, "platform")) == -PRICE
    gate = await _gate(tx, almighty)
    assert (gate.clearing_fen, gate.stated_fen, gate.unexplained_fen) == (0, 0, 0)


@pytest.mark.parametrize("is_booked", [False, True])
async def test_what_was_missing_and_comes_the_next_day_is_explained(
    tx: Tx, almighty: Actor, calendar: Calendar, *, is_booked: bool
) -> None:
    payment = await _paid(tx, almighty)
    await _reconciled(tx, almighty, calendar)
    (found,) = await _breaks(tx, almighty, calendar)
    if is_booked:
        await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)

    file = await _reconciled(
        tx, almighty, calendar, _line(payment.reference), day=DAY + dt.timedelta(days=1)
    )

    assert file.break_count == 0
    (after,) = await _breaks(tx, almighty, calendar)
    assert (after.state, after.age_days) == (State.RESOLVED, 1)
    assert await books.get_balance(tx, Account(Purpose.SUSPENSE, "sandbox")) == 0
    assert (await _gate(tx, almighty)).unexplained_fen == 0


async def test_money_that_is_heard_of_after_its_statement_is_explained(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    payment = await payments.start(
        tx,
        actor=almighty,
        now=NOON,
        order_id=new_id(),
        payer_party_id=new_id(),
        amount_fen=PRICE,
        lifetime=dt.timedelta(days=5),
    )
    await _reconciled(tx, almighty, calendar, _line(payment.reference))
    (found,) = await _breaks(tx, almighty, calendar)
    assert found.kind is Kind.LONG

    event = ChannelEvent(
        event_id="late",
        kind=EventKind.SUCCEEDED,
        reference=payment.reference,
        amount_fen=PRICE,
        currency="CNY",
        channel_transaction_id="T1",
        happened_at=NOON,
    )
    await payments.record_callback(tx, now=NEXT, channel="sandbox", event=event, nonce="late")
    explained = await statements.match_explained(tx, actor=almighty, now=NEXT, channel="sandbox")
    file = await _reconciled(tx, almighty, calendar, day=DAY + dt.timedelta(days=1))

    assert (explained, file.break_count) == (1, 0)
    assert (await _gate(tx, almighty)).unexplained_fen == 0


async def test_nobody_is_given_back_what_nobody_is_known_to_have_paid(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await _reconciled(tx, almighty, calendar, _line("whose?"))
    (found,) = await _breaks(tx, almighty, calendar)
    await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)

    with pytest.raises(PayerUnknown):
        await settling.propose(
            tx, actor=almighty, now=NEXT, break_id=found.id, way=Way.REFUNDED, reason="退"
        )


async def test_a_fee_beyond_the_agreed_one_is_taken_or_disputed(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    payment = await _paid(tx, almighty)
    agreed = fee_of(PRICE, FEE_BPS)
    file = await _load(
        tx,
        almighty,
        _statement(_line(payment.reference, fee_fen=agreed + 1), _line("x", "T9", fee_fen=0)),
        fee_bps=FEE_BPS,
    )
    await statements.reconcile(tx, actor=almighty, now=NEXT, calendar=calendar, file_id=file.id)
    by_kind = {
        (each.kind, each.difference_fen): each for each in await _breaks(tx, almighty, calendar)
    }
    assert set(by_kind) == {(Kind.FEE, 1), (Kind.LONG, -PRICE), (Kind.FEE, -agreed)}
    assert (await _gate(tx, almighty)).unexplained_fen == 0

    more, less = by_kind[Kind.FEE, 1], by_kind[Kind.FEE, -agreed]
    charged = await settling.charge(tx, actor=almighty, now=NEXT, break_id=more.id)
    for other in (less, by_kind[Kind.LONG, -PRICE]):
        with pytest.raises(NotThisWay):
            await settling.charge(tx, actor=almighty, now=NEXT, break_id=other.id)

    assert charged.state is State.RESOLVED
    fee = await books.get_balance(tx, Account(Purpose.CHANNEL_FEE, "sandbox"))
    assert fee == -(2 * agreed + 1)
    assert (await _gate(tx, almighty)).unexplained_fen == 0


async def test_a_file_is_loaded_once_and_is_the_channels_own_of_a_day_that_is_over(
    db: Database, almighty: Actor
) -> None:
    statement = _statement(_line("P1"))
    async with begin(db, almighty) as tx:
        await _load(tx, almighty, statement)

    for expected, refused, other in (
        (StatementLoadedBefore, statement, {}),
        (StatementLoadedBefore, _statement(_line("P2", "T2")), {}),  # the same day again
        (StatementOfAnotherChannel, statement, {"channel": "bank_transfer"}),
        (StatementOfTheFuture, _statement(day=DAY + dt.timedelta(days=1)), {"now": NEXT}),
        # One of its lines stands in another day's file.
        (
            StatementLineDoubled,
            _statement(_line("P3", "T3"), _line("P1"), day=DAY - dt.timedelta(days=1)),
            {},
        ),
    ):
        with pytest.raises(expected) as found:
            async with begin(db, almighty) as tx:
                await _load(tx, almighty, refused, **other)
        if expected is StatementLineDoubled:
            assert found.value.facts == {"line": 3, "name": "T1"}
    async with begin(db, almighty) as tx:
        assert len((await queries.list_files(tx, viewer=almighty)).items) == 1


async def test_a_transfer_is_known_by_what_its_payer_wrote(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    payment = await payments.start(
        tx,
        actor=almighty,
        now=NOON,
        order_id=new_id(),
        payer_party_id=new_id(),
        amount_fen=PRICE,
        channel="bank_transfer",
    )
    code = code_of(payment.reference)
    await payments.submit(tx, payment=payment, channel_reference=code)
    other = code_of("another")

    file = await _load(
        tx,
        almighty,
        _statement(
            _line("", remark=f"货款 {code.lower()}"),
            _line("", "T2", remark=f"{other} 与 {code}"),
            _line("", "T3", remark="没有附言"),
            channel="bank_transfer",
        ),
        channel="bank_transfer",
    )
    told = await queries.list_told(tx, file, limit=9)

    assert [(each.reference, each.channel_transaction_id) for each in told] == [
        (payment.reference, "T1"),
        (payment.reference, "T2"),
    ]


async def test_there_is_no_break_and_no_file_that_is_not_there(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    for call in (
        settling.book(tx, actor=almighty, now=NEXT, break_id=new_id()),
        queries.get_break(tx, viewer=almighty, now=NEXT, calendar=calendar, break_id=new_id()),
        statements.reconcile(tx, actor=almighty, now=NEXT, calendar=calendar, file_id=new_id()),
    ):
        with pytest.raises(Missing):
            await call


async def test_the_database_keeps_lines_and_lets_nobody_settle_alone(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    await _reconciled(tx, almighty, calendar, _line("P1"))
    (found,) = await _breaks(tx, almighty, calendar)
    await settling.book(tx, actor=almighty, now=NEXT, break_id=found.id)

    for statement in (
        "UPDATE settlement.statement_lines SET amount_fen = 1",
        "DELETE FROM settlement.statement_breaks",
        "UPDATE settlement.statement_files SET sha256 = sha256",
        """UPDATE settlement.statement_breaks SET state = 'resolved', resolved_at = now(),
                  way = 'refunded', proposed_by = id, resolved_by = id""",
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with tx.savepoint():
                await tx.execute(statement)


async def _everything_explained(
    *,
    db: Database,
    actor: Actor,
    calendar: Calendar,
    directory: pathlib.Path,
    count: int,
) -> Counter[Kind]:
    market = Market(db, actor, directory, seed=f"reconciliation/{count}")
    await market.pay(count)
    await market.ask()
    async with begin(db, actor) as tx:
        before = await _gate(tx, actor)
    assert before.unexplained_fen == 0
    for day in (DAY, DAY + dt.timedelta(days=1)):
        now = end_of_day(day) + dt.timedelta(hours=9)
        async with begin(db, actor) as tx:
            file = await _load(tx, actor, read(market.stated(day)), now=now, fee_bps=FEE_BPS)
        async with begin(db, actor) as tx:
            await statements.reconcile(tx, actor=actor, now=now, calendar=calendar, file_id=file.id)
        async with begin(db, actor) as tx:
            assert (await _gate(tx, actor)).unexplained_fen == 0
    async with begin(db, actor) as tx:
        rows = await tx.fetch("SELECT id, kind, state FROM settlement.statement_breaks")
        for row in rows:
            if row["state"] == "open":
                await settling.book(tx, actor=actor, now=now, break_id=row["id"])
        gate = await _gate(tx, actor)
    assert (gate.differences_fen, gate.open_breaks, gate.unexplained_fen) == (0, 0, 0)
    assert gate.clearing_fen == gate.stated_fen
    found = Counter(Kind(row["kind"]) for row in rows)
    assert found == Counter(FOUND[fault] for fault in market.faults)
    assert set(market.faults) == set(Fault)
    assert len(market.mischiefs) > count // 20
    return found


async def test_some_hundred_payments_with_a_fifth_disturbed_leave_nothing_unexplained(
    *, db: Database, almighty: Actor, calendar: Calendar, tmp_path: pathlib.Path
) -> None:
    await _everything_explained(
        db=db, actor=almighty, calendar=calendar, directory=tmp_path, count=300
    )


@pytest.mark.campaign
async def test_ten_thousand_payments_with_a_fifth_disturbed_leave_nothing_unexplained(
    *, db: Database, almighty: Actor, calendar: Calendar, tmp_path: pathlib.Path
) -> None:
    found = await _everything_explained(
        db=db, actor=almighty, calendar=calendar, directory=tmp_path, count=10_000
    )
    print(f"\n  10,000 payments, 20 % disturbed: unexplained 0 fen; breaks {dict(found)}")
