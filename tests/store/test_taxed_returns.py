"""What is taken back of an order whose price says its tax: the tax of what is not kept, in one or in parts."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from settlement.escrow.operations import funding, releasing
from settlement.ledger.queries import balances, checking
from settlement.returns import operations as returns
from settlement.revenue.agreement import FrozenSplit, OwedTax
from settlement.taxes.model import Tax
from tests.pure.test_settlement_taxes import slow_inside
from tests.store.money import NOON, accepted, is_over, three_way_split

PAID: Final = 39_257


def taxed_split() -> FrozenSplit:
    tax = OwedTax(party_id=new_id(), rate_bps=600)
    return msgspec.structs.replace(three_way_split(), tax=tax)


async def opened(tx: Tx, actor: Actor) -> uuid.UUID:
    order_id = new_id()
    await funding.open(
        tx,
        actor=actor,
        now=NOON,
        order_id=order_id,
        payer_party_id=new_id(),
        amount_fen=PAID,
        tax=Tax(rate_bps=600),
    )
    await funding.fund(
        tx, actor=actor, now=NOON, order_id=order_id, channel="sandbox", amount_fen=PAID
    )
    return order_id


@pytest.mark.parametrize("parts", [(), (1, 9_999, 20_000)])
async def test_a_charge_back_takes_the_tax_of_what_is_not_kept(
    tx: Tx, almighty: Actor, parts: tuple[int, ...]
) -> None:
    order_id, split = await opened(tx, almighty), taxed_split()
    assert split.tax is not None
    account = split.tax.account
    for amount in parts:
        await releasing.capture(
            tx,
            actor=almighty,
            now=NOON,
            order_id=order_id,
            key=new_id(),
            amount_fen=amount,
            split=split,
        )
    await releasing.release(
        tx, actor=almighty, now=NOON, order_id=order_id, split=split, facts=accepted()
    )
    await is_over(tx)
    assert await balances.get_balance(tx, account) == slow_inside(PAID, 600)

    kept = PAID
    for amount in (8, 9_992, 10_000, PAID - 20_000):
        await returns.charge_back(
            tx, actor=almighty, now=NOON, order_id=order_id, key=new_id(), amount_fen=amount
        )
        await is_over(tx)
        kept -= amount
        assert await balances.get_balance(tx, account) == slow_inside(kept, 600)
    assert await checking.find_breaches(tx) == []
