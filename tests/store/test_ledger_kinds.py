"""The database knows the chart and the kinds as the code does, and books each of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import RULES as CHARTED
from settlement.ledger.accounts import (
    Account,
    OwnerKind,
    Purpose,
    clearing_of,
    escrow_of,
)
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.kinds import RULES
from settlement.ledger.operations import (
    BalanceInsufficient,
    FloorNotAllowed,
    PeriodClosed,
    ReversalExceeded,
    ReversesNothing,
)
from settlement.ledger.queries import checking, order_money
from settlement.ledger.queries import entries as journal
from tests.store.money import NOON

ORDER = uuid.UUID("019c0000-0000-7000-8000-00000000000a")
PARTY = uuid.UUID("019c0000-0000-7000-8000-00000000000b")
OWNERS = {
    OwnerKind.ORDER: str(ORDER),
    OwnerKind.PARTY: str(PARTY),
    OwnerKind.CHANNEL: "sandbox",
    OwnerKind.MARKET: "market",
}


def of(purpose: Purpose, owner: str | None = None) -> Account:
    return Account(purpose, owner or OWNERS[CHARTED[purpose].owner])


def entry(kind: Kind, source: Account, *arrivals: tuple[Account, int], **other: Any) -> Entry:
    return Entry(
        **{
            "key": new_id(),
            "kind": kind,
            "legs": transfer(source, [Leg(to, amount) for to, amount in arrivals]),
            "booked_at": NOON,
            "value_on": dt.date(2026, 3, 2),
            "rule_version": "test/1",
            "order_id": ORDER,
            **other,
        }
    )


async def post(tx: Tx, actor: Actor, *entries: Entry) -> None:
    for each in entries:
        await ledger.post(tx, actor=actor, now=NOON, entry=each)


def funded(debit: Purpose) -> list[Entry]:
    """Return what puts 100 fen on an account of this purpose, through the escrow of the order."""
    paid = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), 100))
    if CHARTED[debit].guarding == "none" or debit is Purpose.ORDER_ESCROW:
        return [paid]
    if (Purpose.ORDER_ESCROW, debit) in RULES[Kind.RELEASE].flows:
        return [paid, entry(Kind.RELEASE, escrow_of(ORDER), (of(debit), 100))]
    if debit is Purpose.CHARGEBACK_HOLD:
        return [paid, entry(Kind.CHARGEBACK, escrow_of(ORDER), (of(debit), 100))]
    if debit is Purpose.BUYER_ACCOUNT:
        return [paid, entry(Kind.TOP_UP, clearing_of("sandbox"), (of(debit), 100), order_id=None)]
    if debit is Purpose.REFUND_PAYABLE:
        return [paid, entry(Kind.REFUND, escrow_of(ORDER), (of(debit), 100))]
    released = entry(Kind.RELEASE, escrow_of(ORDER), (of(Purpose.PAYABLE), 100))
    return [paid, released, entry(Kind.PAYOUT, of(Purpose.PAYABLE), (of(debit), 100))]


async def test_the_database_has_the_chart_and_the_kinds_of_the_code(owner_dsn: str) -> None:
    connection = await asyncpg.connect(owner_dsn)
    purposes = await connection.fetch(
        "SELECT purpose, owner, guarding, may_be_overdrawn FROM settlement.purposes"
    )
    kinds = await connection.fetch(
        "SELECT code, kind, is_split, must_reverse FROM settlement.entry_kinds"
    )
    flows = await connection.fetch(
        "SELECT kind, debit, credit, paid, released, refunded, charged_back"
        "  FROM settlement.entry_flows"
    )
    await connection.close()

    assert {tuple(row) for row in purposes} == {
        (name, *msgspec.structs.astuple(rule)) for name, rule in CHARTED.items()
    }
    assert {tuple(row) for row in kinds} == {
        (rule.code, kind, rule.is_split, rule.must_reverse) for kind, rule in RULES.items()
    }
    assert {tuple(row) for row in flows} == {
        (kind, debit, credit, *msgspec.structs.astuple(effect))
        for kind, rule in RULES.items()
        for (debit, credit), effect in rule.flows.items()
    }


async def test_what_is_seen_of_flows_at_once_is_what_the_table_of_flows_says(
    owner_dsn: str,
) -> None:
    connection = await asyncpg.connect(owner_dsn)
    bits = dict(await connection.fetch("SELECT purpose, code FROM settlement.purposes"))
    masks = await connection.fetch(
        "SELECT kind, debit, credits, of_orders, is_split, paid, released, refunded, charged_back"
        "  FROM settlement.flow_masks"
    )
    await connection.close()

    of_orders = {name for name, rule in CHARTED.items() if rule.owner is OwnerKind.ORDER}
    expected = set()
    for rule in RULES.values():
        for debit in {debit for debit, _ in rule.flows}:
            to = {credit: by for (left, credit), by in rule.flows.items() if left is debit}
            if len(set(to.values())) == 1 and not rule.must_reverse:
                (effect,) = set(to.values())
                expected.add(
                    (
                        rule.code,
                        bits[debit],
                        sum(1 << bits[credit] for credit in to),
                        sum(1 << bits[name] for name in of_orders),
                        rule.is_split,
                        *msgspec.structs.astuple(effect),
                    )
                )
    assert {tuple(row) for row in masks} == expected


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ADJUSTMENT])
async def test_every_kind_is_booked_from_and_to_every_purpose_it_has(
    db: Database, almighty: Actor, kind: Kind
) -> None:
    for debit, credit in RULES[kind].flows:
        await _book(db, almighty, kind, debit, credit)
    async with begin(db, almighty, snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []


async def settle(db: Database, actor: Actor, *entries: Entry) -> None:
    """Post entries, each in a transaction of its own, and roll up after each."""
    for each in entries:
        async with begin(db, actor) as tx:
            await post(tx, actor, each)
        async with begin(db, actor) as tx:
            await ledger.roll_up(tx, now=NOON)


async def _book(db: Database, actor: Actor, kind: Kind, debit: Purpose, credit: Purpose) -> None:
    before = funded(debit)
    if kind is Kind.LOSS_COVERED:
        before.append(entry(Kind.RELEASE, escrow_of(ORDER), (of(Purpose.PAYABLE), 100)))
    if kind is Kind.PAYOUT_RETURNED:
        before = [*funded(credit), entry(Kind.PAYOUT, of(credit), (of(debit), 100))]
    reverses = before[-1].key if RULES[kind].must_reverse else None
    last = entry(kind, of(debit), (of(credit), 40), reverses=reverses)
    await settle(db, actor, *before, last)


async def _released(db: Database, almighty: Actor, amount: int = 100) -> Entry:
    release = entry(Kind.RELEASE, escrow_of(ORDER), (of(Purpose.RETENTION), amount))
    async with begin(db, almighty) as tx:
        paid = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), amount))
        await post(tx, almighty, paid, release)
    return release


def _back(of_entry: Entry, amount: int, **other: Any) -> Entry:
    to = (of(Purpose.REFUND_PAYABLE), amount)
    return entry(Kind.REVERSAL, of(Purpose.RETENTION), to, **{"reverses": of_entry.key, **other})


async def test_no_more_is_taken_back_of_a_leg_than_it_was_over_all_reversals(
    db: Database, almighty: Actor
) -> None:
    release = await _released(db, almighty)
    async with begin(db, almighty) as tx:  # there is more on the account than the leg brought
        held = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), 50))
        more = entry(Kind.RELEASE, escrow_of(ORDER), (of(Purpose.RETENTION), 50))
        await post(tx, almighty, held, more, _back(release, 60), _back(release, 40))

    with pytest.raises(ReversalExceeded) as refused:
        async with begin(db, almighty) as tx:
            await post(tx, almighty, _back(release, 1))

    assert refused.value.code == "reversal_exceeds_the_leg"
    assert refused.value.facts["reverses"] == str(release.key)
    async with begin(db, almighty, snapshot=True) as tx:
        money = await order_money.get_order_ledger(tx, ORDER)
        assert (money.paid_fen, money.released_fen, money.refunded_fen) == (150, 50, 100)
        assert await checking.find_breaches(tx) == []


@pytest.mark.parametrize("what", ["an unknown entry", "another order", "another account"])
async def test_what_has_no_such_leg_is_not_reversed(
    db: Database, almighty: Actor, what: str
) -> None:
    release = await _released(db, almighty)
    wrong = {
        "an unknown entry": lambda: _back(release, 1, reverses=new_id()),
        "another order": lambda: _back(release, 1, order_id=None),
        "another account": lambda: entry(
            Kind.REVERSAL,
            of(Purpose.PAYABLE),
            (of(Purpose.REFUND_PAYABLE), 1),
            reverses=release.key,
        ),
    }[what]()

    with pytest.raises(ReversesNothing) as refused:
        async with begin(db, almighty) as tx:
            await post(tx, almighty, wrong)

    assert refused.value.code == "reverses_no_leg"


async def test_a_returned_payout_goes_back_to_where_it_came_from(
    db: Database, almighty: Actor
) -> None:
    before = funded(Purpose.PAYOUT_IN_TRANSIT)
    await settle(db, almighty, *before)
    wrong = entry(
        Kind.PAYOUT_RETURNED,
        of(Purpose.PAYOUT_IN_TRANSIT),
        (of(Purpose.PAYABLE, "another"), 100),
        reverses=before[-1].key,
    )

    with pytest.raises(ReversesNothing):
        async with begin(db, almighty) as tx:
            await post(tx, almighty, wrong)


@pytest.mark.parametrize("state", ["closing", "closed"])
async def test_nothing_is_posted_into_a_month_that_is_closed(
    db: Database, almighty: Actor, state: str
) -> None:
    pay_in = entry(Kind.PAY_IN, clearing_of("sandbox"), (escrow_of(ORDER), 5))
    async with begin(db, almighty) as tx:
        await tx.execute(
            "INSERT INTO settlement.periods VALUES ('market', '2026-03-01', $1)", state
        )

    with pytest.raises(PeriodClosed) as refused:
        async with begin(db, almighty) as tx:
            await post(tx, almighty, pay_in)

    assert refused.value.code == "period_closed"
    assert refused.value.facts["value_on"] == "2026-03-02"
    async with begin(db, almighty) as tx:  # the other book and the next month are open
        late = msgspec.structs.replace(
            pay_in, value_on=dt.date(2026, 4, 1), adjusts=dt.date(2026, 3, 1)
        )
        public = new_id()
        other = entry(
            Kind.PAY_IN,
            clearing_of("sandbox"),
            (escrow_of(public), 5),
            order_id=public,
            book="public_data",
        )
        await post(tx, almighty, late, other)
        stored = await journal.get_entry(tx, late.key)
        assert (stored.adjusts, stored.book) == (dt.date(2026, 3, 1), "market")
        assert '"adjusts":"2026-03-01"' in stored.record


async def test_a_contract_lets_a_buyer_go_below_zero_and_no_further(
    db: Database, almighty: Actor
) -> None:
    account = of(Purpose.BUYER_ACCOUNT)
    charged = entry(Kind.USAGE_CHARGED, account, (of(Purpose.RETENTION), 30))
    async with begin(db, almighty) as tx:
        await ledger.set_floor(
            tx, actor=almighty, now=NOON, account=account, floor_fen=-30, rests_on="contract/7"
        )
        await post(tx, almighty, charged)

    with pytest.raises(BalanceInsufficient):
        async with begin(db, almighty) as tx:
            await post(tx, almighty, msgspec.structs.replace(charged, key=new_id()))
    with pytest.raises(BalanceInsufficient):
        async with begin(db, almighty) as tx:
            await ledger.set_floor(
                tx, actor=almighty, now=NOON, account=account, floor_fen=-29, rests_on="contract/8"
            )


@pytest.mark.parametrize(
    ("purpose", "floor_fen"),
    [
        (Purpose.BUYER_ACCOUNT, 1),
        (Purpose.ORDER_ESCROW, -1),
        (Purpose.PLATFORM_FEE, -1),
        (Purpose.BUYER_ACCOUNT, -(10**15) - 1),
    ],
)
async def test_a_floor_that_no_contract_sets_is_refused(
    tx: Tx, almighty: Actor, purpose: Purpose, floor_fen: int
) -> None:
    with pytest.raises(FloorNotAllowed) as refused:
        await ledger.set_floor(
            tx, actor=almighty, now=NOON, account=of(purpose), floor_fen=floor_fen, rests_on="x"
        )

    assert refused.value.code == "floor_not_allowed"
