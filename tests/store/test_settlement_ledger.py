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

COLUMNS = (
    "key, book, kind, currency, acct, amt, order_id, reverses, rule_version,"
    " booked_at, value_on, record, record_sha256"
)
V7 = "019c0000-0000-7000-8000-00000000000{}"


def row(**changes: str) -> str:
    """Return an INSERT of an entry that would be legal, but for ``changes`` (SQL expressions)."""
    order = changes.pop("order", "o.id")
    told = changes.pop("told", "{}")
    values = {
        "key": f"'{V7.format(9)}'::uuid",
        "book": "'market'",
        "kind": "'pay_in'",
        "currency": "'CNY'",
        "acct": "ARRAY[c.id, e.id]",
        "amt": "ARRAY[-100, 100]::bigint[]",
        "order_id": order,
        "reverses": "NULL::uuid",
        "rule_version": "'test/1'",
        "booked_at": "'2026-03-02T04:00:00Z'::timestamptz",
        "value_on": "'2026-03-02'::date",
        **changes,
    }
    record = changes.get("record") or (
        "convert_to((jsonb_build_object('format', 'shushi/journal/1', 'key', v.key,"
        " 'kind', v.kind, 'book', v.book, 'currency', v.currency, 'legs', (SELECT"
        " jsonb_agg(jsonb_build_array(a.code, l.amt) ORDER BY l.n) FROM unnest(v.acct, v.amt)"
        " WITH ORDINALITY l (id, amt, n) JOIN settlement.accounts a ON a.id = l.id),"
        " 'order_id', v.order_id, 'reverses', v.reverses, 'rule_version', v.rule_version,"
        f" 'value_on', v.value_on, 'booked_at', v.booked_at) || '{told}')::text, 'UTF8')"
    )
    digest = changes.get("record_sha256") or "sha256(r.record)"
    names = [name for name in values if name not in ("record", "record_sha256")]
    inner = ", ".join(f"{values[name]} AS {name}" for name in names)
    return f"""
        WITH o AS (SELECT order_id AS id FROM settlement.escrows LIMIT 1),
             c AS (SELECT id FROM settlement.accounts WHERE purpose = 'channel_clearing'),
             e AS (SELECT id FROM settlement.accounts WHERE purpose = 'order_escrow'),
             p AS (SELECT id FROM settlement.accounts WHERE purpose = 'payable' LIMIT 1),
             v AS (SELECT {inner} FROM o, c, e, p),
             r AS (SELECT {record} AS record FROM v)
        INSERT INTO settlement.journal ({COLUMNS})
        SELECT {", ".join("v." + name for name in names)}, r.record, {digest} FROM v, r"""


ILLEGAL: dict[str, tuple[str, str]] = {
    # what is written → by which rule it is refused (a constraint, or an SQLSTATE)
    "unbalanced by one fen": (row(amt="ARRAY[-100, 99]::bigint[]"), "journal_entry_balances"),
    "unbalanced the other way": (row(amt="ARRAY[-100, 101]::bigint[]"), "journal_entry_balances"),
    "credits without a debit": (row(amt="ARRAY[100, 100]::bigint[]"), "journal_entry_balances"),
    "a credit first": (row(amt="ARRAY[100, -100]::bigint[]"), "journal_entry_shape"),
    "zero legs": (row(amt="ARRAY[0, 0]::bigint[]"), "journal_entry_shape"),
    "a NULL amount": (row(amt="ARRAY[-100, 100, NULL]::bigint[]", acct="ARRAY[c.id, e.id, p.id]"), "journal_entry_shape"),
    "a NULL account": (row(acct="ARRAY[c.id, NULL]::bigint[]"), "journal_entry_shape"),
    "all amounts NULL": (row(amt="ARRAY[NULL, NULL]::bigint[]"), "journal_entry_shape"),
    "amounts that are no array": (row(amt="NULL::bigint[]"), "23502"),
    "accounts that are no array": (row(acct="NULL::bigint[]"), "23502"),
    "an empty array": (row(amt="'{}'::bigint[]", acct="'{}'::bigint[]"), "journal_entry_shape"),
    "one leg": (row(amt="ARRAY[-100]::bigint[]", acct="ARRAY[c.id]"), "journal_entry_balances"),
    "two dimensions": (row(amt="ARRAY[[-100, 100]]::bigint[]", acct="ARRAY[[c.id, e.id]]"), "journal_entry_shape"),
    "two dimensions of amounts": (row(amt="ARRAY[[-100], [100]]::bigint[]"), "journal_entry_shape"),
    "lower bound 0": (row(amt="'[0:1]={-100,100}'::bigint[]"), "journal_entry_balances"),
    "lower bound 0 that sums to zero": (row(amt="'[0:3]={100,-50,25,25}'::bigint[]"), "journal_entry_shape"),
    "lower bound 2": (row(amt="'[2:3]={-100,100}'::bigint[]"), "journal_entry_shape"),
    "accounts with lower bound 0": (row(acct="('[0:1]={' || c.id || ',' || e.id || '}')::bigint[]"), "journal_entry_shape"),
    "a seventeenth leg": (row(amt="ARRAY[-16] || array_fill(1::bigint, ARRAY[16])", acct="ARRAY[c.id] || array_fill(e.id, ARRAY[16])"), "journal_entry_balances"),
    "a seventeenth leg unseen by the sum": (row(amt="ARRAY[-15] || array_fill(1::bigint, ARRAY[15]) || ARRAY[7::bigint]", acct="ARRAY[c.id] || array_fill(e.id, ARRAY[16])"), "journal_entry_shape"),
    "more amounts than accounts": (row(amt="ARRAY[-100, 50, 50]::bigint[]"), "journal_entry_shape"),
    "more accounts than amounts": (row(acct="ARRAY[c.id, e.id, p.id]"), "journal_entry_shape"),
    "a second debit": (row(amt="ARRAY[-100, -100, 200]::bigint[]", acct="ARRAY[c.id, p.id, e.id]"), "journal_entry_shape"),
    "a leg of nothing": (row(amt="ARRAY[-100, 100, 0]::bigint[]", acct="ARRAY[c.id, e.id, p.id]"), "journal_entry_shape"),
    "an overflow that would wrap to zero": (row(amt="ARRAY[-2, 9223372036854775807, 9223372036854775807, 4]::bigint[]", acct="ARRAY[c.id, e.id, p.id, p.id]"), "22003"),
    "more than ten trillion yuan": (row(amt="ARRAY[-1000000000000001, 1000000000000001]::bigint[]"), "journal_entry_shape"),
    "an unknown account": (row(acct="ARRAY[c.id, 999999]"), "journal_accounts_are_known"),
    "the same account twice": (row(acct="ARRAY[e.id, e.id]"), "journal_accounts_are_known"),
    "an account of another book": (row(book="'public_data'"), "journal_accounts_are_known"),
    "an unknown book": (row(book="'other'"), "journal_book_is_known"),
    "another currency": (row(currency="'USD'"), "journal_currency_is_cny"),
    "an unknown kind": (row(kind="'gift'"), "journal_kind_is_known"),
    "a pay-in to a right holder": (row(acct="ARRAY[c.id, p.id]"), "journal_kind_fits_accounts"),
    "a pay-in for another order": (row(order_id=f"'{V7.format(8)}'::uuid"), "journal_kind_fits_accounts"),
    "a pay-in for no order": (row(order_id="NULL::uuid"), "journal_kind_fits_accounts"),
    "a release from a channel": (row(kind="'release'"), "journal_kind_fits_accounts"),
    "a refund to a right holder": (row(kind="'refund'", acct="ARRAY[e.id, p.id]"), "journal_kind_fits_accounts"),
    "a settled refund from a payable": (row(kind="'refund_settled'", acct="ARRAY[p.id, c.id]"), "journal_kind_fits_accounts"),
    "a release of more than is held": (row(kind="'release'", acct="ARRAY[e.id, p.id]", amt="ARRAY[-1000000, 1000000]::bigint[]"), "guarded_balance_not_below_floor"),
    "a record of another amount": (row(told='{"legs": []}'), "journal_record_equals_columns"),
    "a record of another order": (row(told='{"order_id": null}'), "journal_record_equals_columns"),
    "a record of another instant": (row(told='{"booked_at": "2026-03-02T04:00:01Z"}'), "journal_record_equals_columns"),
    "a record that says more": (row(told='{"note": "psst"}'), "journal_record_equals_columns"),
    "a record that is no JSON": (row(record="'\\x00'::bytea"), "22021"),
    "a digest of something else": (row(record_sha256="sha256('other')"), "journal_record_digest"),
    "a reversal of nothing": (row(reverses=f"'{V7.format(8)}'::uuid"), "journal_reverses_a_leg"),
    "a key that is no UUIDv7": (row(key="gen_random_uuid()"), "journal_key_is_uuidv7"),
    "a key that is there": (row(key="(SELECT key FROM settlement.journal LIMIT 1)"), "23505"),
    "a changed amount": ("UPDATE settlement.journal SET amt = ARRAY[-1, 1]", "kept"),
    "a changed record": ("UPDATE settlement.journal SET record = '\\x00'", "kept"),
    "a changed key": (f"UPDATE settlement.journal SET key = '{V7.format(7)}'", "kept"),
    "a removed entry": ("DELETE FROM settlement.journal", "kept"),
    "a removed entry, if there were one": ("DELETE FROM settlement.journal WHERE false", "kept"),
    "an emptied journal": ("TRUNCATE settlement.journal CASCADE", "kept"),
    "a renamed account": ("UPDATE settlement.accounts SET owner = 'mine'", "kept"),
    "a removed account": ("DELETE FROM settlement.accounts", "kept"),
    "an account twice": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) SELECT book, purpose, owner, currency, guarding, opened_at FROM settlement.accounts LIMIT 1", "account_opened_once"),
    "an unguarded escrow": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'order_escrow', 'x', 'CNY', 'none', now())", "account_guarded_as_charted"),
    "an account off the chart": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'pocket', 'x', 'CNY', 'none', now())", "account_purpose_is_charted"),
    "a raised balance": ("UPDATE settlement.guard_balances SET posted = posted + 1", "kept"),
    "a lowered floor": ("UPDATE settlement.guard_balances SET floor = -1000000", "kept"),
    "a removed guard": ("DELETE FROM settlement.guard_balances", "kept"),
    "a hold of more than is there": ("UPDATE settlement.guard_balances SET held = posted + 1", "guarded_balance_not_below_floor"),
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
        "UPDATE settlement.journal SET amt = ARRAY[amt[1] - 1, amt[2] + 1] WHERE kind = 'pay_in'",
        {Law.RECORD_EQUALS_COLUMNS, Law.GUARD_EQUALS_REPLAY},
    ),
    "a record": (
        (
            "ALTER TABLE settlement.journal DROP CONSTRAINT journal_record_digest;"
            "UPDATE settlement.journal SET record = record || '\\x20'::bytea"
        ),
        {Law.RECORD_INTACT},
    ),
    "a record and its digest": (
        (
            "UPDATE settlement.journal SET record = record || '\\x20'::bytea,"
            " record_sha256 = sha256(record || '\\x20'::bytea)"
        ),
        {Law.RECORD_INTACT},
    ),
    "an order id": (
        "UPDATE settlement.journal SET order_id = NULL WHERE kind = 'release'",
        {Law.RECORD_EQUALS_COLUMNS, Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "a removed entry": (
        "DELETE FROM settlement.journal WHERE kind = 'release'",
        {Law.GUARD_EQUALS_REPLAY, Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "one leg": (
        (
            "ALTER TABLE settlement.journal DROP CONSTRAINT journal_entry_balances;"
            "UPDATE settlement.journal SET amt[2] = amt[2] + 1 WHERE kind = 'pay_in'"
        ),
        {Law.TRIAL_BALANCE_ZERO, Law.RECORD_EQUALS_COLUMNS},
    ),
    "a guard": (
        "UPDATE settlement.guard_balances SET posted = posted + 7 WHERE posted > 0",
        {Law.GUARD_EQUALS_REPLAY},
    ),
    "an order's money": (
        "UPDATE settlement.order_money SET paid = paid + 7",
        {Law.ORDER_MONEY_EQUALS_JOURNAL},
    ),
    "a removed account": (
        "DELETE FROM settlement.accounts WHERE purpose = 'platform_fee'",
        {Law.RECORD_EQUALS_COLUMNS},
    ),
    "an account off the chart": (
        (
            "ALTER TABLE settlement.accounts DROP CONSTRAINT account_purpose_is_charted;"
            "UPDATE settlement.accounts SET purpose = 'pocket' WHERE purpose = 'platform_fee'"
        ),
        {Law.RECORD_EQUALS_COLUMNS},
    ),
    "a renamed account": (
        "UPDATE settlement.accounts SET owner = 'mine' WHERE purpose = 'payable'",
        {Law.RECORD_EQUALS_COLUMNS},
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
