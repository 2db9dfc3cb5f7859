"""What the reports on the ledger say is what stands in the journal, rolled up or not, closed or open."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest

from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance, NotPermitted
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import AccountId, PartyId, new_id
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Purpose, account
from settlement.ledger_reports.model import AccountLedger, TrialBalance
from settlement.ledger_reports.queries import accounts, trials
from settlement.ledger_reports.queries.accounts import LedgerAccountMissing
from settlement.ledger_reports.queries.trials import InstantWithoutZone
from settlement.periods import months
from settlement.periods.queries import PeriodMissing
from tests.store.money import NOON, three_way_split
from tests.store.test_account_statements import BUYER, of_party, sold
from tests.store.test_period_closing import close


async def rolled_up(db: Database, actor: Actor) -> None:
    async with begin(db, actor) as tx:
        await ledger.roll_up(tx, now=NOON)


async def trial(
    db: Database, actor: Actor, period: str | None = None, as_of: dt.datetime | None = None
) -> TrialBalance:
    async with begin(db, actor) as tx:
        return await trials.trial_balance(
            tx,
            viewer=actor,
            book="market",
            span=None if period is None else months.span(period),
            as_of=as_of,
        )


async def told(
    db: Database,
    viewer: Actor,
    code: str,
    period: str | None = None,
    *,
    limit: int = 20,
    cursor: str | None = None,
) -> AccountLedger:
    async with begin(db, viewer) as tx:
        return await accounts.get_ledger(
            tx,
            viewer=viewer,
            book="market",
            of=account(code),
            span=None if period is None else months.span(period),
            limit=limit,
            cursor=cursor,
        )


def closings(found: TrialBalance) -> dict[str, int]:
    return {line.purpose: line.closing_fen for line in found.lines}


async def test_the_trial_balance_is_the_same_before_and_after_a_roll_up(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)

    tail = await trial(db, almighty)
    await rolled_up(db, almighty)
    await rolled_up(db, almighty)
    summed = await trial(db, almighty)

    assert tail == summed
    assert tail.is_balanced
    assert tail.entries == 2
    assert closings(tail) == {
        "channel_clearing": -100_001,
        "order_escrow": 0,
        "payable": 66_671,
        "platform_fee": 10_000,
        "treasury_non_tax": 23_330,
    }


async def test_what_stood_before_a_month_is_its_opening(db: Database, almighty: Actor) -> None:
    await sold(db, almighty, three_way_split(), 100_001)

    march = await trial(db, almighty, "2026-03")
    april = await trial(db, almighty, "2026-04")
    february = await trial(db, almighty, "2026-02")

    assert march.total.debits_fen == march.total.credits_fen == 200_002
    assert [line.opening_fen for line in march.lines] == [0] * 5
    assert (april.entries, april.total.debits_fen) == (0, 0)
    assert closings(april) == closings(march)
    assert {line.purpose: line.opening_fen for line in april.lines} == closings(march)
    assert february.lines == ()
    assert february.is_balanced


async def test_as_of_an_instant_what_was_booked_later_is_not_there(
    db: Database, almighty: Actor
) -> None:
    await sold(db, almighty, three_way_split(), 100_001)

    before = await trial(db, almighty, as_of=NOON - dt.timedelta(seconds=1))
    then = await trial(db, almighty, as_of=NOON)

    assert before.is_balanced
    assert set(closings(before).values()) <= {0}
    assert closings(then) == closings(await trial(db, almighty))
    with pytest.raises(InstantWithoutZone):
        await trial(db, almighty, as_of=NOON.replace(tzinfo=None))


@pytest.mark.parametrize("is_closed", [False, True])
async def test_the_accounts_of_a_purpose_come_to_its_line(
    db: Database, almighty: Actor, is_closed: bool
) -> None:
    splits = [three_way_split() for _ in range(3)]
    for split, amount in zip(splits, (100_001, 7, 500), strict=True):
        await sold(db, almighty, split, amount)
    if is_closed:
        await close(db, almighty)

    for period in ("2026-03", "2026-04", None):
        whole = await trial(db, almighty, period)
        for line in whole.lines:
            found, cursor = [], None
            while True:
                async with begin(db, almighty) as tx:
                    page = await trials.list_accounts(
                        tx,
                        viewer=almighty,
                        book="market",
                        purpose=Purpose(line.purpose),
                        span=None if period is None else months.span(period),
                        limit=2,
                        cursor=cursor,
                    )
                found += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            codes = [each.account for each in found]
            assert codes == sorted(set(map(str, codes)))
            for member in ("opening_fen", "debits_fen", "credits_fen", "closing_fen"):
                assert sum(getattr(each, member) for each in found) == getattr(line, member)


async def test_an_account_is_told_line_by_line_whatever_was_rolled_up(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    code = f"payable/{split.shares[0].party_id}"
    orders = [await sold(db, almighty, split, amount) for amount in (100_001, 7)]
    await rolled_up(db, almighty)
    orders.append(await sold(db, almighty, split, 500))

    whole = await told(db, almighty, code)
    first = await told(db, almighty, code, limit=2)
    second = await told(db, almighty, code, limit=2, cursor=first.next_cursor)

    assert [line.amount_fen for line in whole.items] == [66_671, 5, 333]
    assert [line.balance_fen for line in whole.items] == [66_671, 66_676, 67_009]
    assert [line.order_id for line in whole.items] == orders
    assert [line.counterparts for line in whole.items] == [
        (f"order_escrow/{order}",) for order in orders
    ]
    assert [line.kind_zh for line in whole.items] == ["放款分账"] * 3
    assert first.items + second.items == whole.items
    assert (second.opening_fen, second.next_cursor) == (66_676, None)
    with pytest.raises(paging.CursorUnreadable):
        await told(db, almighty, code, "2026-03", limit=2, cursor=first.next_cursor)


async def test_the_numbers_of_a_closed_month_stand_at_its_lines(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    code = f"payable/{split.shares[0].party_id}"
    await sold(db, almighty, split, 100_001)
    open_ = await told(db, almighty, code, "2026-03")
    await close(db, almighty)

    march = await told(db, almighty, code, "2026-03")
    april = await told(db, almighty, code, "2026-04")

    assert [line.voucher for line in open_.items] == [None]
    assert [line.voucher for line in march.items] == ["2026-03/000002"]
    assert (april.items, april.opening_fen, april.closing_fen) == ((), 66_671, 66_671)


async def test_the_escrow_of_an_order_is_told_to_both_its_sides(
    db: Database, almighty: Actor
) -> None:
    order = await sold(db, almighty, three_way_split(), 100_001)

    seen = await told(db, of_party(BUYER), f"order_escrow/{order}")

    assert [line.amount_fen for line in seen.items] == [100_001, -100_001]
    assert [line.balance_fen for line in seen.items] == [100_001, 0]


async def test_a_party_reads_its_own_accounts_and_nobody_elses(
    db: Database, almighty: Actor
) -> None:
    split = three_way_split()
    supplier, platform, _ = (share.party_id for share in split.shares)
    order = await sold(db, almighty, split, 100_001)
    mine = of_party(supplier)

    own = await told(db, mine, f"payable/{supplier}")
    async with begin(db, mine) as tx:
        listed = await accounts.list_own(tx, viewer=mine)

    assert [line.amount_fen for line in own.items] == [66_671]
    assert [(each.account, each.balance_fen) for each in listed] == [
        (f"payable/{supplier}", 66_671)
    ]
    stranger = of_party(new_id())
    for viewer, code in (
        (stranger, f"payable/{supplier}"),
        (stranger, f"order_escrow/{order}"),
        (of_party(platform), f"platform_fee/{platform}"),  # the house's, though its owner's
        (mine, "channel_clearing/sandbox"),
        (mine, f"payable/{new_id()}"),
    ):
        with pytest.raises(LedgerAccountMissing):
            await told(db, viewer, code)


async def test_who_may_not_read_the_books_is_refused_and_what_is_unknown_is_named(
    db: Database, almighty: Actor
) -> None:
    nobody = Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(uuid.UUID(int=1)),
        name="无权",
        roles=frozenset(),
        permissions=frozenset(),
        clearance=Clearance.PARTY,
    )

    with pytest.raises(NotPermitted):
        await trial(db, nobody)
    with pytest.raises(NotPermitted):
        await told(db, nobody, "payable/p")
    async with begin(db, almighty) as tx:
        with pytest.raises(PeriodMissing):
            await trials.trial_balance(tx, viewer=almighty, book="other")
        with pytest.raises(NotPermitted):
            await trials.list_accounts(
                tx,
                viewer=msgspec.structs.replace(almighty, permissions=frozenset()),
                book="market",
                purpose=Purpose.PAYABLE,
            )
