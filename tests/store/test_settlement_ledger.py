"""The database refuses what would break the books, whoever asks."""

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
from settlement.ledger import queries as books
from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of
from settlement.ledger.invariants import Law
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import (
    BalanceInsufficient,
    Effect,
    KeyReused,
    OrderMoneyExceeded,
)
from settlement.money import Fen
from tests.store.money import NOON, accepted, paid_escrow, three_way_split

V7 = str(new_id())[:-1] + "{}"


def row(**changes: str) -> str:
    """Return an INSERT of an entry that would be legal, but for ``changes`` (SQL expressions)."""
    order = changes.pop("order", "o.id")
    values = {
        "key": f"'{V7.format(9)}'::uuid",
        "book": "1",
        "kind": "1",
        "currency": "156",
        "a1": "c.id",
        "v1": "-100",
        "a2": "e.id",
        "v2": "100",
        "order_id": order,
        "rule_id": "r.id",
        "booked_at": "'2026-03-02T04:00:00Z'::timestamptz",
        "value_on": "'2026-03-02'::date",
        **changes,
    }
    return f"""
        WITH o AS (SELECT order_id AS id FROM settlement.escrows LIMIT 1),
             c AS (SELECT id FROM settlement.accounts WHERE purpose = 'channel_clearing'),
             e AS (SELECT id FROM settlement.accounts WHERE purpose = 'order_escrow'),
             p AS (SELECT id FROM settlement.accounts WHERE purpose = 'payable' LIMIT 1),
             r AS (SELECT id FROM settlement.rule_versions LIMIT 1)
        INSERT INTO settlement.journal ({", ".join(values)})
        SELECT {", ".join(values.values())} FROM o, c, e, p, r"""


def legs(*amounts: str | int) -> dict[str, str]:
    """Return legs of these amounts, the first two on the accounts of a pay-in."""
    return {f"v{n}": str(amount) for n, amount in enumerate(amounts, start=1)}


ILLEGAL: dict[str, tuple[str, str]] = {
    # what is written → by which rule it is refused (a constraint, or an SQLSTATE)
    "unbalanced by one fen": (row(v2="99"), "journal_entry_balances"),
    "unbalanced the other way": (row(v2="101"), "journal_entry_balances"),
    "credits without a debit": (row(v1="100"), "journal_entry_balances"),
    "a credit first": (row(v1="100", v2="-100"), "journal_entry_shape"),
    "zero legs": (row(v1="0", v2="0"), "journal_entry_shape"),
    "an amount that is missing": (row(v2="NULL"), "23502"),
    "an account that is missing": (row(a2="NULL"), "23502"),
    "no debit": (row(v1="NULL"), "23502"),
    "a third amount without an account": (row(v2="50", v3="50"), "journal_accounts_are_known"),
    "a third account without an amount": (row(a3="p.id"), "journal_accounts_are_known"),
    "a fourth leg without a third": (row(v2="50", a4="p.id", v4="50"), "journal_accounts_are_known"),
    "a sixteenth leg alone": (row(v2="50", a16="p.id", v16="50"), "journal_accounts_are_known"),
    "a seventeenth leg": (row(a17="p.id", v17="1"), "42703"),
    "a second debit": (row(a3="p.id", v2="200", v3="-100"), "journal_entry_shape"),
    "a leg of nothing": (row(a3="p.id", v3="0"), "journal_entry_shape"),
    "an overflow that would wrap to zero": (row(v1="-2", v2="9223372036854775807", a3="p.id", v3="9223372036854775807", a4="999999", v4="4"), "22003"),
    "more than ten trillion yuan": (row(v1="-1000000000000001", v2="1000000000000001"), "journal_entry_shape"),
    "half a fen": (row(v1="-0.5::text::bigint", v2="0.5::text::bigint"), "22P02"),
    "an unknown account": (row(a2="999999"), "journal_accounts_are_known"),
    "an account beyond all numbers": (row(a2="3000000000"), "22003"),
    "the same account twice": (row(a1="e.id"), "journal_accounts_differ"),
    "the same account twice among the credits": (row(v2="50", a3="e.id", v3="50"), "journal_accounts_differ"),
    "an account of another book": (row(book="2"), "journal_accounts_are_known"),
    "an unknown book": (row(book="3"), "journal_book_is_known"),
    "another currency": (row(currency="840"), "journal_currency_is_cny"),
    "an unknown kind": (row(kind="99"), "journal_kind_fits_accounts"),
    "a pay-in to a right holder": (row(a2="p.id"), "journal_kind_fits_accounts"),
    "a pay-in to two": (row(v2="50", a3="p.id", v3="50"), "journal_kind_fits_accounts"),
    "a pay-in for another order": (row(order_id=f"'{V7.format(8)}'::uuid"), "journal_kind_fits_accounts"),
    "a pay-in for no order": (row(order_id="NULL::uuid"), "journal_kind_fits_accounts"),
    "a release from a channel": (row(kind="2"), "journal_kind_fits_accounts"),
    "a refund to a right holder": (row(kind="3", a1="e.id", a2="p.id"), "journal_kind_fits_accounts"),
    "a settled refund from a payable": (row(kind="4", a1="p.id", a2="c.id"), "journal_kind_fits_accounts"),
    "a release of more than is held": (row(kind="2", a1="e.id", a2="p.id", v1="-1000000", v2="1000000"), "guarded_balance_not_below_floor"),
    "a reversal of nothing": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1"), "journal_reverses_a_leg"),
    "a reversal of an entry that is not there": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1", reverses=f"'{V7.format(8)}'::uuid"), "journal_reverses_a_leg"),
    "a reversal of a leg that the original has not": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1", reverses="(SELECT key FROM settlement.entries WHERE kind = 'pay_in' LIMIT 1)"), "journal_reverses_a_leg"),
    "a reversal of more than the leg": (row(kind="9", a1="p.id", a2="e.id", v1="-2", v2="2", reverses="(SELECT key FROM settlement.entries WHERE kind = 'release' LIMIT 1)"), "reversed_no_more_than_the_leg"),
    "a pay-in that names nothing that there is": (row(reverses=f"'{V7.format(8)}'::uuid"), "journal_reverses_a_leg"),
    "an entry into a closed month": (row(value_on="'2026-01-31'::date"), "journal_period_is_open"),
    "an adjustment of the same month": (row(adjusts="'2026-03-01'::date"), "journal_adjusts_an_earlier_month"),
    "an adjustment of half a month": (row(adjusts="'2026-02-15'::date"), "journal_adjusts_an_earlier_month"),
    "a key that is no UUIDv7": (row(key="gen_random_uuid()"), "23514"),
    "a key of another version in a month that there is": (row(key=f"'{V7.format(9)[:14]}4{V7.format(9)[15:]}'::uuid"), "journal_key_is_uuidv7"),
    "a key of a month that the journal has not": (row(key="'019c0000-0000-7000-8000-000000000009'::uuid"), "23514"),
    "a key that is there": (row(key="(SELECT key FROM settlement.journal LIMIT 1)"), "23505"),
    "an entry past the journal, into its month": (row().replace("INTO settlement.journal ", f"INTO settlement.journal_{dt.datetime.now(dt.UTC):%Y_%m} "), "kept"),
    "a changed amount": ("UPDATE settlement.journal SET v1 = -1, v2 = 1", "kept"),
    "a changed order": ("UPDATE settlement.journal SET order_id = NULL", "kept"),
    "a changed key": (f"UPDATE settlement.journal SET key = '{V7.format(7)}'", "kept"),
    "a removed entry": ("DELETE FROM settlement.journal", "kept"),
    "a removed entry, if there were one": ("DELETE FROM settlement.journal WHERE false", "kept"),
    "an emptied journal": ("TRUNCATE settlement.journal CASCADE", "kept"),
    "a renamed account": ("UPDATE settlement.accounts SET owner = 'mine'", "kept"),
    "a removed account": ("DELETE FROM settlement.accounts", "kept"),
    "a changed kind": ("UPDATE settlement.entry_kinds SET is_split = true", "kept"),
    "a new way for money": ("INSERT INTO settlement.entry_flows (kind, debit, credit, paid, released, refunded, charged_back) VALUES ('pay_in', 'order_escrow', 'payable', 0, 0, 0, 0)", "kept"),
    "a purpose made unguarded": ("UPDATE settlement.purposes SET guarding = 'none'", "kept"),
    "a renamed rule": ("UPDATE settlement.rule_versions SET version = 'other'", "kept"),
    "a closed month opened": ("UPDATE settlement.periods SET state = 'open'", "kept"),
    "a closed month removed": ("DELETE FROM settlement.periods", "kept"),
    "a roll-up that says more than it did": ("UPDATE settlement.rollup_state SET upto = 0, asked_at = now()", "kept"),
    "a roll-up forgotten": ("DELETE FROM settlement.rollup_state", "kept"),
    "a turnover made up": ("UPDATE settlement.turnovers SET credits = credits + 1", "kept"),
    "a posting of a statement made up": (f"INSERT INTO settlement.posting_by_account VALUES (1, '{V7.format(7)}', 5)", "kept"),
    "a posting of a statement removed": ("DELETE FROM settlement.posting_by_account", "kept"),
    "what was taken back forgotten": ("DELETE FROM settlement.reversed_legs", "kept"),
    "a leg taken back by hand": (f"INSERT INTO settlement.reversed_legs VALUES ('{V7.format(7)}', 1, 5, 5)", "kept"),
    "a floor of what is never overdrawn": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT '{V7.format(7)}', id, -5, 'x', now() FROM settlement.accounts WHERE purpose = 'order_escrow'", "floor_fits_account"),
    "a floor above zero": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT '{V7.format(7)}', id, 5, 'x', now() FROM settlement.accounts WHERE purpose = 'payable'", "floor_not_above_zero"),
    "a floor that rests on nothing": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT '{V7.format(7)}', id, -5, '', now() FROM settlement.accounts WHERE purpose = 'payable'", "floor_rests_on_something"),
    "a floor changed": ("UPDATE settlement.account_floors SET floor_fen = 0", "kept"),
    "an account twice": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) SELECT book, purpose, owner, currency, guarding, opened_at FROM settlement.accounts LIMIT 1", "account_opened_once"),
    "an unguarded escrow": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'order_escrow', 'x', 'CNY', 'none', now())", "account_guarded_as_charted"),
    "an account off the chart": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'pocket', 'x', 'CNY', 'none', now())", "account_purpose_is_charted"),
    "a raised balance": ("UPDATE settlement.guard_balances SET posted = posted + 1", "kept"),
    "a lowered floor": ("UPDATE settlement.guard_balances SET floor = -1000000", "kept"),
    "a removed guard": ("DELETE FROM settlement.guard_balances", "kept"),
    "a hold of more than is there": ("UPDATE settlement.guard_balances SET held = posted + 1 WHERE floor = 0 AND posted > 0", "guarded_balance_not_below_floor"),
    "a negative hold": ("UPDATE settlement.guard_balances SET held = -1", "guarded_balance_hold_not_negative"),
    "a payment that nobody made": ("UPDATE settlement.order_money SET paid = paid + 1", "kept"),
    "a release that was not": ("UPDATE settlement.order_money SET released = 0", "kept"),
    "an order's money made up": (f"INSERT INTO settlement.order_money (order_id, paid) VALUES ('{V7.format(6)}', 5)", "kept"),
    "a dispute about more than is there": ("UPDATE settlement.order_money SET disputed = paid + 1", "order_money_not_given_out_twice"),
    "an order's money removed": ("DELETE FROM settlement.order_money", "kept"),
    "an escrow removed": ("DELETE FROM settlement.escrows", "kept"),
    "an escrow released without an entry": ("UPDATE settlement.escrows SET state = 'released'", "escrow_closed_by_an_entry"),
    "an escrow in an unknown state": ("UPDATE settlement.escrows SET state = 'gone'", "escrow_state_known"),
}  # fmt: skip


async def _books(db: Database, almighty: Actor) -> None:
    """Given: one order that was paid and not released, and one right holder with a payable."""
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty)
        await ledger.post(
            tx,
            actor=almighty,
            now=NOON,
            entry=Entry(
                key=new_id(),
                kind=Kind.RELEASE,
                legs=transfer(escrow_of(order_id), [Leg(Account(Purpose.PAYABLE, "holder"), 1)]),
                booked_at=NOON,
                value_on=dt.date(2026, 3, 2),
                rule_version="test/1",
                order_id=order_id,
            ),
        )
        await tx.execute(
            "INSERT INTO settlement.periods (book, month, state) VALUES ('market', '2026-01-01', 'closed')"
        )
    async with begin(db, almighty) as tx:
        await ledger.roll_up(tx, now=NOON)


async def _connect(dsn: str) -> asyncpg.Connection[Any]:
    """Connect as someone whom row-level security hides nothing from."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")
    return connection


def _refusal(error: asyncpg.PostgresError) -> str:
    if error.sqlstate in ("23001", "42501"):
        return "kept"
    return getattr(error, "constraint_name", None) or str(error.sqlstate)


def _is_refused_by(told: str, expected: str, error: asyncpg.PostgresError) -> bool:
    return expected in (told, error.sqlstate)


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_every_illegal_write_is_refused_by_the_database_alone(
    db: Database, almighty: Actor, server: Any, database_name: str, role: str | None
) -> None:
    await _books(db, almighty)
    connection = await _connect(server.dsn(database_name, role))

    accepted_anyway, otherwise = [], {}
    for name, (sql, expected) in ILLEGAL.items():
        try:
            async with connection.transaction():
                await connection.execute(sql)
            accepted_anyway.append(name)
        except asyncpg.PostgresError as error:
            told = _refusal(error)
            if role and told == "kept":
                continue  # the service's role has not even the right to try
            if not _is_refused_by(told, expected, error):
                otherwise[name] = (told, str(error))
    await connection.close()

    assert len(ILLEGAL) >= 40
    assert accepted_anyway == []
    assert otherwise == {}
    async with begin(db, almighty, snapshot=True) as tx:
        assert await books.find_breaches(tx) == []


async def test_the_legal_twin_of_the_illegal_writes_is_accepted(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    await _books(db, almighty)
    connection = await _connect(server.dsn(database_name, "market_api"))

    status = await connection.execute(row())

    await connection.close()
    assert status == "INSERT 0 1"


async def test_the_service_may_not_change_amounts_of_escrows_and_payments(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    connection = await asyncpg.connect(server.dsn(database_name, "market_api"))

    for sql in (
        "UPDATE settlement.escrows SET amount_fen = 1",
        "UPDATE settlement.payments SET amount_fen = 1",
        "UPDATE settlement.channel_events SET amount_fen = 1",
        "DELETE FROM settlement.channel_nonces",
        "DELETE FROM settlement.channel_breaks",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
    await connection.close()


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
    assert await books.get_balance(tx, entry.legs[1].account) == 500


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


async def test_an_order_does_not_freeze_more_than_it_has(db: Database, almighty: Actor) -> None:
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty, 100)

    with pytest.raises(BalanceInsufficient):
        async with begin(db, almighty) as tx:
            await ledger.hold(tx, now=NOON, order_id=order_id, amount_fen=Fen(101))
    with pytest.raises(BalanceInsufficient):
        async with begin(db, almighty) as tx:
            await ledger.unhold(tx, now=NOON, order_id=order_id, amount_fen=Fen(1))


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

    stored = await books.get_entry(tx, entry.key)
    assert hashlib.sha256(stored.record.encode()).hexdigest() == stored.record_sha256
    leaves = await tx.fetch("SELECT leaf FROM audit_log.waiting")
    digests = [d for leaf in leaves for d in json.loads(bytes(leaf["leaf"]))["digests"]]
    assert {"kind": "journal", "id": str(entry.key), "sha256": stored.record_sha256} in digests


async def test_an_entry_that_nobody_booked_is_missing(tx: Tx) -> None:
    key = new_id()

    with pytest.raises(books.EntryMissing) as refused:
        await books.get_entry(tx, key)

    assert refused.value.code == "journal_entry_not_found"
    assert refused.value.facts == {"key": str(key)}


async def test_the_trial_balance_is_zero_and_lists_walk_all_entries(
    tx: Tx, almighty: Actor
) -> None:
    orders = [await paid_escrow(tx, almighty, 100 + i) for i in range(5)]

    trial = await books.trial_balance(tx)
    assert trial.is_balanced
    assert (trial.difference_fen, trial.entries, trial.debits_fen) == (0, 5, 510)
    assert [line.purpose for line in trial.lines] == ["channel_clearing", "order_escrow"]

    seen, cursor = [], None
    while True:
        page = await books.list_entries(tx, limit=2, cursor=cursor)
        seen += [entry.order_id for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == orders

    clearing = await books.list_entries(tx, account_code="channel_clearing/sandbox", limit=200)
    assert len(clearing.items) == 5
    of_one = await books.list_entries(tx, account_code=f"order_escrow/{orders[1]}")
    assert [entry.order_id for entry in of_one.items] == [orders[1]]
    assert (await books.list_entries(tx, account_code="payable/nobody")).items == []
    assert (await books.get_order_ledger(tx, orders[0])).paid_fen == 100
    assert (await books.get_order_ledger(tx, new_id())).entries == ()

    balances = await books.list_balances(tx, limit=3)
    assert len(balances.items) == 3
    rest = await books.list_balances(tx, limit=200, cursor=balances.next_cursor)
    every = balances.items + rest.items
    assert sum(balance.balance_fen for balance in every) == 0
    assert every[0].balance == "-¥5.10"
    only = await books.list_balances(tx, purpose=Purpose.CHANNEL_CLEARING)
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
    from settlement.escrow import operations as escrow

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
        assert await books.find_breaches(tx) == []

    sql, laws = TAMPERINGS[what]
    owner = await asyncpg.connect(server.dsn(database_name))
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(sql)
    await owner.close()

    async with begin(db, almighty, snapshot=True) as tx:
        found = await books.find_breaches(tx)
        # What was tampered with can still be looked at.
        assert (await books.trial_balance(tx)).is_balanced is (
            Law.TRIAL_BALANCE_ZERO not in {breach.law for breach in found}
        )
        assert (await books.list_balances(tx, limit=200)).items
        await books.list_entries(tx, limit=200)
    assert laws <= {breach.law for breach in found}


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}
