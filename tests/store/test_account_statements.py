"""A statement tells of closed months what moved on a party's accounts, and comes to what stands there."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance, NotPermitted
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import AccountId, PartyId, new_id
from settlement.escrow.operations import funding, releasing
from settlement.periods import months
from settlement.periods.queries import PeriodNotClosed
from settlement.revenue.agreement import FrozenSplit
from settlement.statements import queries as statements
from settlement.statements.model import Side, Statement
from settlement.statements.queries import StatementMissing
from tests.store.money import NOON, accepted, three_way_split
from tests.store.test_period_closing import close

IN_APRIL = dt.datetime(2026, 4, 1, 1, 0, tzinfo=dt.UTC)
BUYER = PartyId(new_id())


def of_party(party_id: uuid.UUID) -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(party_id),
        name="一方",
        roles=frozenset(),
        permissions=frozenset({"account_statement:read"}),
        clearance=Clearance.PARTY,
    )


async def sold(db: Database, actor: Actor, split: FrozenSplit, amount_fen: int) -> uuid.UUID:
    order_id = new_id()
    async with begin(db, actor) as tx:
        await funding.open(
            tx,
            actor=actor,
            now=NOON,
            order_id=order_id,
            payer_party_id=BUYER,
            amount_fen=amount_fen,
        )
        await funding.fund(
            tx, actor=actor, now=NOON, order_id=order_id, channel="sandbox", amount_fen=amount_fen
        )
        await releasing.release(
            tx, actor=actor, now=NOON, order_id=order_id, split=split, facts=accepted()
        )
    return order_id


async def drawn_up(
    db: Database, viewer: Actor, side: Side, party_id: uuid.UUID | None, period: str = "2026-03"
) -> Statement:
    async with begin(db, viewer) as tx:
        return await statements.draw_up(
            tx,
            viewer=viewer,
            side=side,
            book="market",
            span=months.span(period),
            party_id=party_id,
            party_name="某公司",
        )


async def test_a_supplier_reads_sales_shares_and_what_stands_with_its_own_clearance(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    supplier = split.shares[0].party_id
    await sold(db, almighty, split, 100_001)
    await sold(db, almighty, split, 7)
    await sold(db, almighty, three_way_split(), 500)  # somebody else's
    await close(db, almighty)

    told = await drawn_up(db, of_party(supplier), Side.SUPPLIER, supplier)

    (account,) = told.accounts
    assert account.account == f"payable/{supplier}"
    assert [line.amount_fen for line in account.lines] == [66_671, 5]
    assert [line.balance_fen for line in account.lines] == [66_671, 66_676]
    assert [line.voucher for line in account.lines] == ["2026-03/000002", "2026-03/000004"]
    assert (told.opening_fen, told.credits_fen, told.closing_fen) == (0, 66_676, 66_676)
    assert [(sale.gross_fen, sale.own_fen) for sale in told.sales] == [(100_001, 66_671), (7, 5)]
    for sale in told.sales:
        parts = (sale.own_fen, sale.platform_fee_fen, sale.tax_fen, sale.treasury_fen)
        assert sum(parts) + sale.others_fen == sale.gross_fen


async def test_a_buyer_reads_what_was_paid_into_its_orders_and_left_them(
    db: Database, almighty: Actor
) -> None:
    order_id = await sold(db, almighty, three_way_split(), 100_001)
    await close(db, almighty)

    told = await drawn_up(db, of_party(BUYER), Side.BUYER, BUYER)

    (account,) = told.accounts
    assert account.account == f"order_escrow/{order_id}"
    assert [line.amount_fen for line in account.lines] == [100_001, -100_001]
    assert told.closing_fen == 0
    assert [(each.kind, each.entries) for each in told.kinds] == [("pay_in", 1), ("release", 1)]
    assert told.sales == ()


async def test_the_regulator_reads_the_whole_book_and_it_sums_to_zero(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)
    await close(db, almighty)

    told = await drawn_up(db, almighty, Side.REGULATOR, None)

    assert told.closing_fen == 0
    assert told.debits_fen == told.credits_fen == 200_002
    assert {line.purpose for line in told.purposes} == {
        "channel_clearing", "order_escrow", "payable", "platform_fee", "treasury_non_tax",
    }  # fmt: skip
    assert [(each.kind, each.amount_fen) for each in told.kinds] == [
        ("pay_in", 100_001),
        ("release", 100_001),
    ]


async def test_a_quarter_is_told_when_its_last_month_is_closed(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    supplier = split.shares[0].party_id
    await sold(db, almighty, split, 100_001)

    with pytest.raises(PeriodNotClosed):
        await drawn_up(db, almighty, Side.SUPPLIER, supplier, "2026-Q1")
    await close(db, almighty)
    quarter = await drawn_up(db, almighty, Side.SUPPLIER, supplier, "2026-Q1")

    assert quarter.closing_fen == 66_671
    assert (quarter.first_day, quarter.last_day) == (dt.date(2026, 1, 1), dt.date(2026, 3, 31))


async def test_the_same_months_are_the_same_bytes(db: Database, almighty: Actor) -> None:
    split = three_way_split()
    await sold(db, almighty, split, 100_001)
    await close(db, almighty)

    first = await drawn_up(db, almighty, Side.SUPPLIER, split.shares[0].party_id)
    again = await drawn_up(
        db, of_party(split.shares[0].party_id), Side.SUPPLIER, split.shares[0].party_id
    )

    assert statements.document(first) == statements.document(again)
    assert msgspec.json.decode(statements.document(first), type=Statement) == first


@pytest.mark.parametrize("side", [Side.SUPPLIER, Side.BUYER, Side.DEPARTMENT])
async def test_a_party_reads_no_statement_but_its_own(db: Database, side: Side) -> None:
    with pytest.raises(StatementMissing):
        await drawn_up(db, of_party(new_id()), side, new_id())
    with pytest.raises(StatementMissing):
        await drawn_up(db, of_party(new_id()), Side.REGULATOR, None)
    with pytest.raises(StatementMissing):
        await drawn_up(db, of_party(new_id()), side, None)
    nobody = msgspec.structs.replace(of_party(new_id()), permissions=frozenset())
    with pytest.raises(NotPermitted):
        await drawn_up(db, nobody, side, nobody.party_id)
