"""Payouts: two people, verified accounts, sent once, ended by the bank, resumed after a crash."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.sealed import NONCE_BYTES, Box
from market.jobs import send_payouts
from settlement.beneficiaries import operations as beneficiaries
from settlement.beneficiaries import queries as accounts
from settlement.beneficiaries.account_numbers import masked, open_number, seal_number
from settlement.beneficiaries.disk import AccountKeyUnusable, box
from settlement.beneficiaries.model import Beneficiary, Handed
from settlement.beneficiaries.operations import SecondPersonNeeded as CheckedByTheSame
from settlement.beneficiaries.states import EventNotAllowed as AccountEventNotAllowed
from settlement.beneficiaries.states import State as AccountState
from settlement.escrow.operations import releasing as escrow
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.ledger.accounts import Account, Purpose, clearing_of
from settlement.ledger.queries import balances as books
from settlement.money import Bps
from settlement.payouts import queries
from settlement.payouts.bank_file import (
    Outcome,
    OutcomeFileMalformed,
    Told,
)
from settlement.payouts.choosing import AccountNotVerified, NothingToPay
from settlement.payouts.model import Batch, Payout, Prepared
from settlement.payouts.operations import batches, sending
from settlement.payouts.operations.batches import BatchNotSent, SecondPersonNeeded
from settlement.payouts.operations.sending import OutcomesTakenBefore
from settlement.payouts.states import EventNotAllowed, State
from settlement.revenue.agreement import freeze
from settlement.revenue.split import Method, Role, Share
from tests.bank_files import write_outcomes
from tests.store.money import NOON, accepted, is_over, paid_escrow

NUMBER = "6222021234567890"
BOX = Box(bytes(32))


@pytest.fixture
def colleague(almighty: Actor) -> Actor:
    """Somebody else with every permission."""
    return msgspec.structs.replace(almighty, account_id=AccountId(new_id()), name="colleague")


@pytest.fixture
def sender(almighty: Actor) -> Actor:
    """The job that sends."""
    return msgspec.structs.replace(
        almighty, permissions=almighty.permissions | {"payout:send", "escrow:release"}
    )


async def _handed_in(tx: Tx, actor: Actor, party: uuid.UUID) -> Beneficiary:
    beneficiary_id = new_id()
    sealed = seal_number(BOX, NUMBER, beneficiary_id=beneficiary_id, nonce=bytes(NONCE_BYTES))
    return await beneficiaries.submit(
        tx,
        actor=msgspec.structs.replace(actor, party_id=PartyId(party)),
        now=NOON,
        beneficiary_id=beneficiary_id,
        handed=Handed(
            holder_name="某某（海南）有限公司",
            bank_name="某银行海口支行",
            bank_code="102100099996",
            account_masked=masked(NUMBER),
            sealed=sealed,
        ),
    )


async def _verified(tx: Tx, actor: Actor, second: Actor, party: uuid.UUID) -> Beneficiary:
    found = await _handed_in(tx, actor, party)
    await beneficiaries.check(tx, actor=actor, now=NOON, beneficiary_id=found.id)
    return await beneficiaries.verify(tx, actor=second, now=NOON, beneficiary_id=found.id)


async def _owed(tx: Tx, actor: Actor, *parties: uuid.UUID) -> None:
    """Let each party be owed 50,000 fen, by an order of its own."""
    for party in parties:
        share = Share(
            party_id=party,
            role=Role.RIGHT_HOLDER,
            method=Method.PROFIT_SHARING,
            share_bps=Bps(10_000),
        )
        await escrow.release(
            tx,
            actor=actor,
            now=NOON,
            order_id=await paid_escrow(tx, actor, 50_000),
            split=freeze(version="v", frozen_at=NOON, shares=(share,)),
            facts=accepted(),
        )
    await is_over(tx)


async def _prepared(tx: Tx, actor: Actor, **other: Any) -> Prepared:
    wanted = {"now": NOON, "channel": "bank_transfer", "minimum_fen": 10_000, **other}
    return await batches.prepare(tx, actor=actor, **wanted)


async def _lines(tx: Tx, actor: Actor, batch: Batch) -> list[Payout]:
    page = await queries.list_payouts(tx, viewer=actor, batch_id=batch.id, limit=200)
    return page.items


async def _balance(tx: Tx, purpose: Purpose, party: uuid.UUID) -> int:
    return await books.get_balance(tx, Account(purpose, str(party)))


def _told(line: Payout, outcome: Outcome = Outcome.PAID, **other: Any) -> Told:
    told = Told(
        line=2,
        reference=line.reference,
        outcome=outcome,
        amount_fen=line.amount_fen,
        transaction_id=f"B-{line.reference}",
        reason="" if outcome is Outcome.PAID else "户名不符",
    )
    return msgspec.structs.replace(told, **other)


def test_the_key_of_account_numbers_is_made_once_and_never_over_another(
    tmp_path: pathlib.Path,
) -> None:
    sealed = seal_number(
        box(tmp_path), NUMBER, beneficiary_id=uuid.UUID(int=1), nonce=bytes(NONCE_BYTES)
    )
    assert open_number(box(tmp_path), sealed, beneficiary_id=uuid.UUID(int=1)) == NUMBER

    (key,) = tmp_path.iterdir()
    key.write_text("not a key")

    with pytest.raises(AccountKeyUnusable):
        box(tmp_path)


async def test_an_account_counts_after_two_people_looked_at_it(
    tx: Tx, almighty: Actor, colleague: Actor
) -> None:
    party = new_id()
    found = await _handed_in(tx, almighty, party)
    wanted = {"now": NOON, "beneficiary_id": found.id}
    with pytest.raises(AccountEventNotAllowed):
        await beneficiaries.verify(tx, actor=colleague, **wanted)
    await beneficiaries.check(tx, actor=almighty, **wanted)
    with pytest.raises(CheckedByTheSame):
        await beneficiaries.verify(tx, actor=almighty, **wanted)

    assert await accounts.find_verified(tx, [party]) == {}
    verified = await beneficiaries.verify(tx, actor=colleague, **wanted)

    assert (verified.state, verified.account_masked) == (AccountState.VERIFIED, "****7890")
    second = await _verified(tx, almighty, colleague, party)
    assert (await accounts.find_verified(tx, [party]))[party].id == second.id
    page = await accounts.list_page(tx, viewer=almighty, state=AccountState.WITHDRAWN)
    assert [each.id for each in page.items] == [found.id]


async def test_an_account_is_rejected_with_a_reason_and_withdrawn_by_its_party_alone(
    tx: Tx, almighty: Actor
) -> None:
    party = new_id()
    found = await _handed_in(tx, almighty, party)
    with pytest.raises(Missing):
        await beneficiaries.withdraw(tx, actor=almighty, now=NOON, beneficiary_id=found.id)

    rejected = await beneficiaries.reject(
        tx, actor=almighty, now=NOON, beneficiary_id=found.id, reason="户名与登记不一致"
    )
    other = await _handed_in(tx, almighty, party)
    own = msgspec.structs.replace(almighty, party_id=PartyId(party))
    withdrawn = await beneficiaries.withdraw(tx, actor=own, now=NOON, beneficiary_id=other.id)

    assert (rejected.state, rejected.reason) == (AccountState.REJECTED, "户名与登记不一致")
    assert withdrawn.state is AccountState.WITHDRAWN
    with pytest.raises(Missing):
        await beneficiaries.check(tx, actor=almighty, now=NOON, beneficiary_id=new_id())


async def test_a_batch_goes_from_two_people_to_the_bank_and_ends_line_by_line(
    db: Database, sender: Actor, colleague: Actor
) -> None:
    paid, returned, unverified = new_id(), new_id(), new_id()
    async with begin(db, sender) as tx:
        await _owed(tx, sender, paid, returned, unverified)
        for party in (paid, returned):
            await _verified(tx, sender, colleague, party)
        prepared = await _prepared(tx, sender)
        batch = prepared.batch
        with pytest.raises(SecondPersonNeeded):
            await batches.approve(tx, actor=sender, now=NOON, batch_id=batch.id)
        with pytest.raises(BatchNotSent):
            await batches.make_file(tx, actor=sender, now=NOON, batch_id=batch.id, box=BOX)
        # What is in a batch is not put into another.
        with pytest.raises(NothingToPay):
            await _prepared(tx, sender)
    assert prepared.left_out == (unverified,)
    assert (batch.line_count, batch.total_fen, batch.counts) == (2, 100_000, {"prepared": 2})

    async with begin(db, colleague) as tx:
        await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    sent = await send_payouts.run(db, now=NOON)
    again = await send_payouts.run(db, now=NOON)

    assert (sent, again) == (2, 0)
    async with begin(db, sender) as tx:
        assert await _balance(tx, Purpose.PAYABLE, paid) == 0
        assert await _balance(tx, Purpose.PAYOUT_IN_TRANSIT, paid) == 50_000
        made = await batches.make_file(tx, actor=sender, now=NOON, batch_id=batch.id, box=BOX)
        content = await queries.get_file(tx, viewer=sender, batch_id=batch.id, box=BOX)
        first, second = await _lines(tx, sender, batch)
        told = [
            _told(line, Outcome.PAID if line.party_id == paid else Outcome.RETURNED)
            for line in (first, second)
        ]
        after = await sending.take_outcomes(
            tx,
            actor=sender,
            now=NOON,
            batch_id=batch.id,
            content=write_outcomes(batch.id, told),
        )
        assert content.count(NUMBER.encode()) == 2
        assert made.file_sha256 is not None
        assert after.counts == {"paid": 1, "returned": 1}
        assert await _balance(tx, Purpose.PAYABLE, returned) == 50_000
        for party in (paid, returned):
            assert await _balance(tx, Purpose.PAYOUT_IN_TRANSIT, party) == 0
        assert await books.get_balance(tx, clearing_of("bank_transfer")) == 50_000
    async with begin(db, sender) as tx:
        with pytest.raises(OutcomesTakenBefore):
            await sending.take_outcomes(
                tx,
                actor=sender,
                now=NOON,
                batch_id=batch.id,
                content=write_outcomes(batch.id, told),
            )
        # What came back may be paid anew.
        assert (await _prepared(tx, sender)).batch.total_fen == 50_000


async def test_a_crash_in_the_middle_loses_nothing_and_pays_nothing_twice(
    db: Database, sender: Actor, colleague: Actor
) -> None:
    parties = [new_id() for _ in range(5)]
    async with begin(db, sender) as tx:
        await _owed(tx, sender, *parties)
        for party in parties:
            await _verified(tx, sender, colleague, party)
        batch = (await _prepared(tx, sender)).batch
        await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
        lines = await _lines(tx, sender, batch)
    async with begin(db, sender) as tx:
        await sending.send(tx, actor=sender, now=NOON, payout_id=lines[0].id)

    async def interrupted() -> None:
        async with begin(db, sender) as tx:
            await sending.send(tx, actor=sender, now=NOON, payout_id=lines[1].id)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await interrupted()

    await asyncio.gather(*(send_payouts.run(db, now=NOON) for _ in range(4)))

    async with begin(db, sender) as tx:
        states = {line.state for line in await _lines(tx, sender, batch)}
        assert states == {State.IN_TRANSIT}
        for party in parties:
            assert await _balance(tx, Purpose.PAYABLE, party) == 0
            assert await _balance(tx, Purpose.PAYOUT_IN_TRANSIT, party) == 50_000


async def test_an_account_that_was_withdrawn_meanwhile_is_not_paid(
    tx: Tx, sender: Actor, colleague: Actor
) -> None:
    party = new_id()
    await _owed(tx, sender, party)
    account = await _verified(tx, sender, colleague, party)
    batch = (await _prepared(tx, sender, party_ids=(party,))).batch
    await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    own = msgspec.structs.replace(sender, party_id=PartyId(party))
    await beneficiaries.withdraw(tx, actor=own, now=NOON, beneficiary_id=account.id)
    (line,) = await _lines(tx, sender, batch)

    left = await sending.send(tx, actor=sender, now=NOON, payout_id=line.id)

    assert (left.state, left.reason) == (State.NOT_SENT, "account_not_verified")
    assert await _balance(tx, Purpose.PAYABLE, party) == 50_000
    with pytest.raises(AccountNotVerified):
        await _prepared(tx, sender, party_ids=(party,))


async def test_money_that_went_elsewhere_meanwhile_is_not_paid(
    tx: Tx, sender: Actor, colleague: Actor
) -> None:
    party = new_id()
    await _owed(tx, sender, party)
    await _verified(tx, sender, colleague, party)
    batch = (await _prepared(tx, sender)).batch
    await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    (line,) = await _lines(tx, sender, batch)
    await holds.place(
        tx,
        actor=sender,
        now=NOON,
        key=new_id(),
        account=Account(Purpose.PAYABLE, str(party)),
        amount_fen=50_000,
        reason=Reason.RETENTION,
    )

    left = await sending.send(tx, actor=sender, now=NOON, payout_id=line.id)

    assert (left.state, left.reason) == (State.NOT_SENT, "balance_insufficient")


async def test_what_was_not_sent_is_cancelled_and_what_was_is_not(
    tx: Tx, sender: Actor, colleague: Actor
) -> None:
    first, second = new_id(), new_id()
    await _owed(tx, sender, first, second)
    for party in (first, second):
        await _verified(tx, sender, colleague, party)
    batch = (await _prepared(tx, sender)).batch
    await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    sent, _ = await _lines(tx, sender, batch)
    await sending.send(tx, actor=sender, now=NOON, payout_id=sent.id)

    cancelled = await batches.cancel(tx, actor=sender, now=NOON, batch_id=batch.id)

    assert cancelled.counts == {"in_transit": 1, "cancelled": 1}
    with pytest.raises(EventNotAllowed):
        await batches.cancel(tx, actor=sender, now=NOON, batch_id=batch.id)
    with pytest.raises(EventNotAllowed):
        await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)


async def test_a_bank_that_says_nothing_leaves_the_outcome_unknown_until_it_does(
    db: Database, sender: Actor, colleague: Actor
) -> None:
    party = new_id()
    async with begin(db, sender) as tx:
        await _owed(tx, sender, party)
        await _verified(tx, sender, colleague, party)
        batch = (await _prepared(tx, sender)).batch
        await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    await send_payouts.run(db, now=NOON)

    later = NOON + send_payouts.SILENCE + dt.timedelta(seconds=1)
    assert await send_payouts.run(db, now=later) == 1

    async with begin(db, sender) as tx:
        (line,) = await _lines(tx, sender, batch)
        assert line.state is State.UNKNOWN
        assert (await sending.doubt(tx, actor=sender, now=later, payout_id=line.id)) == line
        with pytest.raises(NothingToPay):  # it may have been paid
            await _prepared(tx, sender)
        content = write_outcomes(batch.id, [_told(line)])
        after = await sending.take_outcomes(
            tx, actor=sender, now=later, batch_id=batch.id, content=content
        )
        assert after.counts == {"paid": 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reference": "O-unknown"}, "reference"),
        ({"amount_fen": 49_999}, "amount"),
        ({}, "not_under_way"),
    ],
)
async def test_a_line_that_says_what_can_not_be_refuses_the_whole_file(
    tx: Tx, sender: Actor, colleague: Actor, change: dict[str, Any], reason: str
) -> None:
    party = new_id()
    await _owed(tx, sender, party)
    await _verified(tx, sender, colleague, party)
    batch = (await _prepared(tx, sender)).batch
    await batches.approve(tx, actor=colleague, now=NOON, batch_id=batch.id)
    (line,) = await _lines(tx, sender, batch)
    if change:
        await sending.send(tx, actor=sender, now=NOON, payout_id=line.id)

    with pytest.raises(OutcomeFileMalformed) as refused:
        async with tx.savepoint():
            await sending.take_outcomes(
                tx,
                actor=sender,
                now=NOON,
                batch_id=batch.id,
                content=write_outcomes(batch.id, [_told(line, **change)]),
            )

    assert refused.value.facts == {"line": 2, "reason": reason}


async def test_there_is_no_batch_and_no_payout_that_is_not_there(tx: Tx, sender: Actor) -> None:
    for call in (
        queries.get_batch(tx, viewer=sender, batch_id=new_id()),
        batches.approve(tx, actor=sender, now=NOON, batch_id=new_id()),
        sending.send(tx, actor=sender, now=NOON, payout_id=new_id()),
        sending.doubt(tx, actor=sender, now=NOON, payout_id=new_id()),
        sending.take_outcomes(tx, actor=sender, now=NOON, batch_id=new_id(), content=b""),
    ):
        with pytest.raises(Missing):
            await call


async def test_a_party_sees_its_own_account_and_payouts_and_no_other(
    db: Database, sender: Actor, colleague: Actor
) -> None:
    mine, other = new_id(), new_id()
    async with begin(db, sender) as tx:
        await _owed(tx, sender, mine, other)
        for party in (mine, other):
            await _verified(tx, sender, colleague, party)
        await _prepared(tx, sender)
    viewer = msgspec.structs.replace(
        sender, party_id=PartyId(mine), clearance=Clearance.PARTY, name="party"
    )

    async with begin(db, viewer) as tx:
        seen = await accounts.list_page(tx, viewer=viewer)
        payouts = await queries.list_payouts(tx, viewer=viewer)
        found = await queries.list_batches(tx, viewer=viewer)

    assert {each.party_id for each in seen.items} == {mine}
    assert {each.party_id for each in payouts.items} == {mine}
    assert found.items == []


async def test_the_database_lets_nobody_pay_or_verify_alone(
    tx: Tx, sender: Actor, colleague: Actor
) -> None:
    party = new_id()
    await _owed(tx, sender, party)
    account = await _verified(tx, sender, colleague, party)
    batch = (await _prepared(tx, sender)).batch

    for statement, row in (
        ("UPDATE settlement.beneficiaries SET checked_by = verified_by WHERE id = $1", account.id),
        ("UPDATE settlement.beneficiaries SET account_masked = '1' WHERE id = $1", account.id),
        (
            """UPDATE settlement.payout_batches
                  SET approved_at = now(), approved_by = prepared_by WHERE id = $1""",
            batch.id,
        ),
        ("UPDATE settlement.payouts SET state = 'paid' WHERE batch_id = $1", batch.id),
        ("UPDATE settlement.payouts SET amount_fen = 1 WHERE batch_id = $1", batch.id),
        ("DELETE FROM settlement.payouts WHERE batch_id = $1", batch.id),
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with tx.savepoint():
                await tx.execute(statement, row)
