"""The ledger posts once, overdraws nothing, and what is changed behind its back is found."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of
from settlement.ledger.invariants import Law
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import (
    BalanceInsufficient,
    Effect,
    KeyReused,
    OrderMoneyExceeded,
)
from settlement.ledger.queries import balances, checking, entries, order_money
from tests.store.money import NOON, accepted, paid_escrow, three_way_split


def _pay_in(order_id: Any, amount: int, key: Any = None) -> Entry:
    return Entry(
        key=key or new_id(),
        kind=Kind.PAY_IN,
        legs=transfer(clearing_of("sandbox"), [Leg(escrow_of(order_id), amount)]),
        booked_at=NOON,
        value_on=dt.date(2026, 3, 2),
        rule_version="test/1",
        order_id=order_id,
    )


async def test_an_entry_posted_twice_moves_money_once(tx: Tx, almighty: Actor) -> None:
    entry = _pay_in(new_id(), 500)

    first = await ledger.post(tx, actor=almighty, now=NOON, entry=entry)
    later = Entry(**{**_fields(entry), "booked_at": NOON + dt.timedelta(seconds=9)})
    second = await ledger.post(tx, actor=almighty, now=NOON, entry=later)

    assert (first.effect, second.effect) == (Effect.ACCEPTED, Effect.REPLAYED)
    assert first.is_new
    assert not second.is_new
    assert second.entry == entry
    assert await balances.get_balance(tx, entry.legs[1].account) == 500


async def test_a_key_reused_for_another_amount_is_refused(tx: Tx, almighty: Actor) -> None:
    order_id, key = new_id(), new_id()
    await ledger.post(tx, actor=almighty, now=NOON, entry=_pay_in(order_id, 500, key))

    with pytest.raises(KeyReused) as refused:
        await ledger.post(tx, actor=almighty, now=NOON, entry=_pay_in(order_id, 501, key))

    assert refused.value.code == "journal_key_reused"


async def test_an_account_is_not_overdrawn(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 100)

    with pytest.raises(BalanceInsufficient) as refused:
        async with begin(db, almighty) as tx:
            await ledger.post(
                tx,
                actor=almighty,
                now=NOON,
                entry=Entry(
                    key=new_id(),
                    kind=Kind.RELEASE,
                    legs=transfer(
                        escrow_of(order_id), [Leg(Account(Purpose.PAYABLE, "holder"), 101)]
                    ),
                    booked_at=NOON,
                    value_on=dt.date(2026, 3, 2),
                    rule_version="test/1",
                    order_id=order_id,
                ),
            )

    assert refused.value.code == "ledger_balance_insufficient"
    assert refused.value.facts["amount_fen"] == 101


async def test_money_of_an_order_is_not_given_out_beyond_what_was_paid(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 100)
    owner = await asyncpg.connect(server.dsn(database_name))
    # Given a guard that has gone wrong, so that the second wall is the one that is asked.
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE settlement.guard_balances SET posted = 1000")
    await owner.close()

    with pytest.raises(OrderMoneyExceeded) as refused:
        async with begin(db, almighty) as tx:
            await ledger.post(
                tx,
                actor=almighty,
                now=NOON,
                entry=Entry(
                    key=new_id(),
                    kind=Kind.RELEASE,
                    legs=transfer(
                        escrow_of(order_id), [Leg(Account(Purpose.PAYABLE, "holder"), 101)]
                    ),
                    booked_at=NOON,
                    value_on=dt.date(2026, 3, 2),
                    rule_version="test/1",
                    order_id=order_id,
                ),
            )

    assert refused.value.code == "order_money_exceeded"


async def test_every_entry_has_its_digest_in_the_audit_log(tx: Tx, almighty: Actor) -> None:
    entry = _pay_in(new_id(), 500)

    await ledger.post(tx, actor=almighty, now=NOON, entry=entry)

    stored = await entries.get_entry(tx, entry.key)
    assert hashlib.sha256(stored.record.encode()).hexdigest() == stored.record_sha256
    leaves = await tx.fetch("SELECT leaf FROM audit_log.waiting")
    digests = [d for leaf in leaves for d in json.loads(bytes(leaf["leaf"]))["digests"]]
    assert {"kind": "journal", "id": str(entry.key), "sha256": stored.record_sha256} in digests


async def test_an_entry_that_nobody_booked_is_missing(tx: Tx) -> None:
    key = new_id()

    with pytest.raises(entries.EntryMissing) as refused:
        await entries.get_entry(tx, key)

    assert refused.value.code == "journal_entry_not_found"
    assert refused.value.facts == {"key": str(key)}


async def test_the_trial_balance_is_zero_and_lists_walk_all_entries(
    tx: Tx, almighty: Actor
) -> None:
    orders = [await paid_escrow(tx, almighty, 100 + i) for i in range(5)]

    trial = await balances.trial_balance(tx)
    assert trial.is_balanced
    assert (trial.difference_fen, trial.entries, trial.debits_fen) == (0, 5, 510)
    assert [line.purpose for line in trial.lines] == ["channel_clearing", "order_escrow"]

    seen, cursor = [], None
    while True:
        page = await entries.list_entries(tx, limit=2, cursor=cursor)
        seen += [entry.order_id for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == orders

    clearing = await entries.list_entries(tx, account_code="channel_clearing/sandbox", limit=200)
    assert len(clearing.items) == 5
    of_one = await entries.list_entries(tx, account_code=f"order_escrow/{orders[1]}")
    assert [entry.order_id for entry in of_one.items] == [orders[1]]
    assert (await entries.list_entries(tx, account_code="payable/nobody")).items == []
    assert (await order_money.get_order_ledger(tx, orders[0])).paid_fen == 100
    assert (await order_money.get_order_ledger(tx, new_id())).entries == ()

    first = await balances.list_balances(tx, limit=3)
    assert len(first.items) == 3
    rest = await balances.list_balances(tx, limit=200, cursor=first.next_cursor)
    every = first.items + rest.items
    assert sum(balance.balance_fen for balance in every) == 0
    assert every[0].balance == "-¥5.10"
    only = await balances.list_balances(tx, purpose=Purpose.CHANNEL_CLEARING)
    assert [balance.account for balance in only.items] == ["channel_clearing/sandbox"]


TAMPERINGS: dict[str, tuple[str, set[Law]]] = {
    "an amount": (
        "UPDATE settlement.journal SET v1 = v1 - 1, v2 = v2 + 1 WHERE kind = 1",
        {Law.RECORD_AS_LOGGED, Law.GUARD_EQUALS_REPLAY},
    ),
    "an amount, and whom it was for": (
        "UPDATE settlement.journal SET v2 = v3, v3 = v2 WHERE kind = 2",
        {Law.RECORD_AS_LOGGED},
    ),
    "an instant": (
        "UPDATE settlement.journal SET booked_at = booked_at + interval '1 day'",
        {Law.RECORD_AS_LOGGED},
    ),
    "a kind": (
        "UPDATE settlement.journal SET kind = 99 WHERE kind = 1",
        {Law.RECORD_INTACT, Law.RECORD_AS_LOGGED},
    ),
    "an order id": (
        "UPDATE settlement.journal SET order_id = NULL WHERE kind = 2",
        {Law.RECORD_AS_LOGGED, Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "a removed entry": (
        "DELETE FROM settlement.journal WHERE kind = 2",
        {Law.RECORD_AS_LOGGED, Law.GUARD_EQUALS_REPLAY, Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "one leg": (
        (
            "ALTER TABLE settlement.journal DROP CONSTRAINT journal_entry_balances;"
            "UPDATE settlement.journal SET v2 = v2 + 1 WHERE kind = 1"
        ),
        {Law.TRIAL_BALANCE_ZERO, Law.RECORD_AS_LOGGED},
    ),
    "a guard": (
        "UPDATE settlement.guard_balances SET posted = posted + 7 WHERE posted > 0 OR floor = 0",
        {Law.GUARD_EQUALS_REPLAY},
    ),
    "an order's money": (
        "UPDATE settlement.order_money SET paid = paid + 7",
        {Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "a removed account": (
        "DELETE FROM settlement.accounts WHERE purpose = 'platform_fee'",
        {Law.RECORD_INTACT, Law.RECORD_AS_LOGGED, Law.GUARD_EQUALS_REPLAY},
    ),
    "an account off the chart": (
        (
            "ALTER TABLE settlement.accounts DROP CONSTRAINT account_purpose_is_charted,"
            " DROP CONSTRAINT account_guarded_as_charted;"
            "UPDATE settlement.accounts SET purpose = 'pocket' WHERE purpose = 'platform_fee'"
        ),
        {Law.RECORD_INTACT},
    ),
    "a renamed account": (
        "UPDATE settlement.accounts SET owner = 'mine' WHERE purpose = 'payable'",
        {Law.RECORD_AS_LOGGED},
    ),
    "a renamed rule": (
        "UPDATE settlement.rule_versions SET version = version || 'x'",
        {Law.RECORD_AS_LOGGED},
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_the_check_finds_what_was_changed_behind_the_databases_back(
    db: Database, almighty: Actor, server: Any, database_name: str, what: str
) -> None:
    from settlement.escrow.operations import releasing as escrow

    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty)
        await escrow.release(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            split=three_way_split(),
            facts=accepted(),
        )
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []

    sql, laws = TAMPERINGS[what]
    owner = await asyncpg.connect(server.dsn(database_name))
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(sql)
    await owner.close()

    async with begin(db, almighty, snapshot=True) as tx:
        found = await checking.find_breaches(tx)
        # What was tampered with can still be looked at.
        assert (await balances.trial_balance(tx)).is_balanced is (
            Law.TRIAL_BALANCE_ZERO not in {breach.law for breach in found}
        )
        assert (await balances.list_balances(tx, limit=200)).items
        await entries.list_entries(tx, limit=200)
    assert laws <= {breach.law for breach in found}


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}
