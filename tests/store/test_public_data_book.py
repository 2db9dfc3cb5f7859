"""What is paid for public data stands in its own book, from pay-in to payout (单独核算)."""

from __future__ import annotations

import datetime as dt
import uuid

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import AccountId, new_id
from catalog.kernel.local_time import end_of_day
from catalog.kernel.workdays import Calendar
from market.jobs import close_periods
from settlement.escrow.operations import freezing, funding, refunding, releasing
from settlement.escrow.operations.funding import OtherTerms
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import (
    Account,
    Book,
    OrderOfAnotherBook,
    Purpose,
    clearing_of,
    escrow_of,
    refund_owed_to,
)
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import NotAllPosted
from settlement.ledger.queries import balances, checking, order_money
from settlement.payouts import queries as payouts
from settlement.payouts.operations import batches, sending
from settlement.periods import months
from settlement.periods import operations as periods
from settlement.periods.queries import get_record
from settlement.periods.sealing import read_record
from settlement.reconciliation import queries as gates
from settlement.reconciliation.differences import fee_of
from settlement.reconciliation.operations import settling, statements
from settlement.refunds import operations as refunds
from settlement.returns import operations as returns
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.split import Role, Share
from settlement.statements import queries as told_statements
from settlement.statements.model import Side
from tests.bank_files import write_outcomes
from tests.store.channel_days import DAY, FEE_BPS
from tests.store.money import NOON, accepted, is_over, paid_escrow, share, three_way_split
from tests.store.test_settlement_payouts import _told, _verified
from tests.store.test_settlement_reconciliation import _line, _load, _paid, _statement

IN_APRIL = dt.datetime(2026, 4, 1, 1, 0, tzinfo=dt.UTC)
PUBLIC = Book.PUBLIC_DATA


@pytest.fixture
def colleague(almighty: Actor) -> Actor:
    """Somebody else with every permission."""
    return msgspec.structs.replace(almighty, account_id=AccountId(new_id()), name="colleague")


def _split(*shares: Share) -> FrozenSplit:
    return freeze(version="public/1", frozen_at=NOON, shares=shares)


async def _by_book(tx: Tx) -> dict[str, int]:
    """Return how many entries of the journal are in each book."""
    rows = await tx.fetch("SELECT book, count(*) AS n FROM settlement.entries GROUP BY book")
    return {row["book"]: row["n"] for row in rows}


async def test_the_whole_life_of_a_public_order_stands_in_the_book_of_public_data_alone(
    tx: Tx, almighty: Actor, colleague: Actor
) -> None:
    sender = msgspec.structs.replace(
        almighty, permissions=almighty.permissions | {"payout:send", "refund:send"}
    )
    department = share(Role.DEPARTMENT, 2_000)
    treasury = share(Role.TREASURY, 3_000)
    split = _split(share(Role.RIGHT_HOLDER, 5_000), department, treasury)
    order = await paid_escrow(tx, almighty, 100_001, book=PUBLIC)

    await freezing.freeze(tx, actor=almighty, now=NOON, order_id=order)
    await refunding.refund_part(
        tx, actor=almighty, now=NOON, order_id=order, key=new_id(), amount_fen=20_000
    )
    parts = await paid_escrow(tx, almighty, 30_001, book=PUBLIC)
    await releasing.capture(
        tx, actor=almighty, now=NOON, order_id=parts, key=new_id(), amount_fen=10_001, split=split
    )
    for each in (order, parts):
        await releasing.release(
            tx, actor=almighty, now=NOON, order_id=each, split=split, facts=accepted()
        )
    await is_over(tx)
    await returns.give_back(
        tx, actor=almighty, now=NOON, order_id=order, key=new_id(), amount_fen=1_000
    )
    assert department.party_id is not None
    await _verified(tx, almighty, colleague, department.party_id)
    prepared = await batches.prepare(
        tx, actor=almighty, now=NOON, channel="bank_transfer", minimum_fen=1
    )
    batch = await batches.approve(tx, actor=colleague, now=NOON, batch_id=prepared.batch.id)
    (line,) = (await payouts.list_payouts(tx, viewer=almighty, batch_id=batch.id)).items
    await sending.send(tx, actor=sender, now=NOON, payout_id=line.id)
    await sending.take_outcomes(
        tx,
        actor=almighty,
        now=NOON,
        batch_id=batch.id,
        content=write_outcomes(batch.id, [_told(line)]),
    )

    assert set(await _by_book(tx)) == {"public_data"}
    assert line.book == "public_data"
    public = await balances.trial_balance(tx, book=PUBLIC)
    whole = await balances.trial_balance(tx)
    assert public == whole
    assert (public.difference_fen, public.is_balanced) == (0, True)
    assert (await balances.trial_balance(tx, book=Book.MARKET)).lines == ()
    money = await order_money.get_order_ledger(tx, order)
    assert (money.released_fen, money.refunded_fen) == (79_001, 21_000)
    assert await checking.find_breaches(tx) == []


async def test_each_book_is_balanced_by_itself(tx: Tx, almighty: Actor) -> None:
    for book, amount in ((Book.MARKET, 700), (PUBLIC, 1_100)):
        order = await paid_escrow(tx, almighty, amount, book=book)
        await releasing.release(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order,
            split=three_way_split(),
            facts=accepted(),
        )

    paid = {
        book: {line.purpose: line.debits_fen for line in found.lines}["channel_clearing"]
        for book in Book
        for found in [await balances.trial_balance(tx, book=book)]
        if found.is_balanced
    }
    assert paid == {Book.MARKET: 700, PUBLIC: 1_100}
    assert (await balances.trial_balance(tx)).debits_fen == 2 * (700 + 1_100)


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_the_database_refuses_an_entry_whose_legs_are_of_two_books(
    tx: Tx, almighty: Actor, role: str | None
) -> None:
    mixed = new_id()
    await paid_escrow(tx, almighty, 500)
    await paid_escrow(tx, almighty, 500, book=PUBLIC)
    ids = await tx.fetch(
        """SELECT book, id FROM settlement.accounts WHERE purpose = 'channel_clearing'
            UNION ALL SELECT book, id FROM settlement.accounts WHERE purpose = 'order_escrow'
            ORDER BY book, id"""
    )
    of_market = next(row["id"] for row in ids if row["book"] == "market")
    of_public = [row["id"] for row in ids if row["book"] == "public_data"][-1]
    if role is not None:
        await tx.execute(f"SET LOCAL ROLE {role}")

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await tx.execute(
            """INSERT INTO settlement.journal
                      (key, booked_at, value_on, rule_id, kind, book, currency, a1, v1, a2, v2)
               VALUES ($1, $2, $3, 1, 24, 2, 156, $4, -5, $5, 5)""",
            mixed,
            NOON,
            NOON.date(),
            of_market,
            of_public,
        )

    assert refused.value.constraint_name == "journal_accounts_are_known"


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_the_database_opens_no_account_of_an_order_in_a_second_book(
    tx: Tx, almighty: Actor, role: str | None
) -> None:
    order = await paid_escrow(tx, almighty, 500, book=PUBLIC)
    if role is not None:
        await tx.execute(f"SET LOCAL ROLE {role}")

    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await tx.execute(
            """INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at)
               VALUES ('market', 'order_escrow', $1, 'CNY', 'at_once', $2)""",
            str(order),
            NOON,
        )

    assert refused.value.constraint_name == "account_of_an_order_in_one_book"


def _pay_in(order: uuid.UUID, book: str) -> Entry:
    return Entry(
        key=new_id(),
        kind=Kind.PAY_IN,
        legs=transfer(clearing_of("sandbox"), [Leg(escrow_of(order), 5)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="test/1",
        order_id=order,
        book=book,
    )


async def test_money_of_an_order_is_not_booked_into_another_book(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        order = await paid_escrow(tx, almighty, 500, book=PUBLIC)

    with pytest.raises(OrderOfAnotherBook) as refused:
        async with begin(db, almighty) as tx:
            await ledger.post(tx, actor=almighty, now=NOON, entry=_pay_in(order, "market"))
    with pytest.raises(NotAllPosted):
        async with begin(db, almighty) as tx:
            await ledger.post_all(
                tx, actor=almighty, now=NOON, entries=[_pay_in(order, "market")], known={}
            )

    assert refused.value.facts == {"account": f"order_escrow/{order}"}
    async with begin(db, almighty) as tx:
        assert await _by_book(tx) == {"public_data": 1}


async def test_an_escrow_is_not_opened_again_in_another_book(tx: Tx, almighty: Actor) -> None:
    order, payer = new_id(), new_id()
    wanted = {"order_id": order, "payer_party_id": payer, "amount_fen": 7}
    opened = await funding.open(tx, actor=almighty, now=NOON, book=PUBLIC, **wanted)

    with pytest.raises(OtherTerms):
        await funding.open(tx, actor=almighty, now=NOON, **wanted)

    assert (await funding.open(tx, actor=almighty, now=NOON, book=PUBLIC, **wanted)) == opened


async def test_a_lane_releases_a_public_order_in_its_book(tx: Tx, almighty: Actor) -> None:
    order = await paid_escrow(tx, almighty, 500, book=PUBLIC)

    request = await releasing.draw_up_release(
        tx, actor=almighty, now=NOON, order_id=order, split=three_way_split(), facts=accepted()
    )

    assert request.entry.book == "public_data"


async def test_a_refund_of_a_public_order_is_sent_and_settled_in_its_book(
    tx: Tx, almighty: Actor
) -> None:
    actor = msgspec.structs.replace(almighty, permissions=almighty.permissions | {"refund:send"})
    payment = await _paid(tx, actor, book=PUBLIC)
    await refunding.refund(tx, actor=actor, now=NOON, order_id=payment.order_id)

    assert await refunds.prepare(tx, actor=actor, now=NOON, limit=10) == 1

    assert await tx.fetch_value("SELECT book FROM settlement.refunds") == "public_data"
    owed = refund_owed_to(payment.payer_party_id)
    assert await balances.get_balance(tx, owed, book=PUBLIC) == payment.amount_fen
    assert await balances.get_balance(tx, owed) == 0


async def test_fees_and_breaks_of_a_channel_are_booked_where_they_belong(
    tx: Tx, almighty: Actor, calendar: Calendar
) -> None:
    market = await _paid(tx, almighty, "T1")
    public = await _paid(tx, almighty, "T2", book=PUBLIC)
    fee = fee_of(market.amount_fen, FEE_BPS)
    lines = (
        _line(market.reference, "T1", fee_fen=fee),
        _line(public.reference, "T2", number=3, amount_fen=public.amount_fen - 1, fee_fen=fee),
    )
    now = end_of_day(DAY) + dt.timedelta(hours=9)

    file = await _load(tx, almighty, _statement(*lines), fee_bps=FEE_BPS)
    await statements.reconcile(tx, actor=almighty, now=now, calendar=calendar, file_id=file.id)
    (found,) = (await gates.list_breaks(tx, viewer=almighty, now=now, calendar=calendar)).items
    await settling.book(tx, actor=almighty, now=now, break_id=found.id)

    assert found.book == "public_data"
    fees, suspense = (Account(each, "sandbox") for each in (Purpose.CHANNEL_FEE, Purpose.SUSPENSE))
    for book, difference in ((Book.MARKET, 0), (PUBLIC, -1)):
        assert await balances.get_balance(tx, fees, book=book) == -fee
        assert await balances.get_balance(tx, suspense, book=book) == difference
    assert await checking.find_breaches(tx) == []
    gate = await gates.get_gate(tx, viewer=almighty, channel="sandbox")
    assert gate.unexplained_fen == 0


async def test_a_month_of_public_data_is_closed_and_stated_apart_from_the_market(
    db: Database, almighty: Actor
) -> None:
    split = _split(share(Role.DEPARTMENT, 4_000), share(Role.TREASURY, 6_000))
    department = split.shares[0].party_id
    async with begin(db, almighty) as tx:
        for book, amount in ((Book.MARKET, 300), (PUBLIC, 1_000)):
            order = await paid_escrow(tx, almighty, amount, book=book)
            await releasing.release(
                tx, actor=almighty, now=NOON, order_id=order, split=split, facts=accepted()
            )
    march = months.month("2026-03")
    async with begin(db, almighty) as tx:
        await periods.begin(tx, actor=almighty, now=IN_APRIL, book="public_data", month=march)
    await close_periods.run(db, now=IN_APRIL)
    async with begin(db, almighty) as tx:
        await periods.explain(
            tx,
            actor=almighty,
            now=IN_APRIL,
            book="public_data",
            month=march,
            account="channel_clearing/sandbox",
            explanation="与渠道对账单一致",
        )

    assert await close_periods.run(db, now=IN_APRIL) == 1

    async with begin(db, almighty) as tx:
        record = await get_record(tx, viewer=almighty, book="public_data", month=march)
        told = await told_statements.draw_up(
            tx,
            viewer=almighty,
            side=Side.DEPARTMENT,
            book="public_data",
            span=months.span("2026-03"),
            party_id=department,
            party_name="某局",
        )
        closed = await tx.fetch("SELECT book, month FROM settlement.closings")
    sealed = read_record(record.record.encode())
    assert {line.purpose: line.closing_fen for line in sealed.lines} == {
        "channel_clearing": -1_000,
        "order_escrow": 0,
        "department_payable": 400,
        "treasury_non_tax": 600,
    }
    assert told.closing_fen == 400
    assert [(row["book"], row["month"]) for row in closed] == [("public_data", "2026-03")]
