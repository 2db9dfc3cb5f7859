"""What placing an order costs, beside the SQL that it sends, sent bare over the same connections.

The statements are taken from one order while it is placed, and sent again with ids and numbers of
their own: whatever is above that is what the house itself costs.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import statistics
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from catalog.kernel import db as database
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import API_ROLE, Database, Tx
from catalog.products.model import DeliveryMode
from market.orders.operations import placing
from market.orders.operations.placing import PlacedOrder
from market.orders.terms import RequestedTerms
from tests.api import Api
from tests.makers_trade import SCENARIO, TERMS, Trade, make_trade

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

WARM_UP, ORDERS = 50, 500
_NUMBER: Final = re.compile(r"DD-\d{4}-\d{8}")

Said = tuple[str, str, tuple[Any, ...]]  # the method, the statement, its arguments


async def test_an_order_costs_at_most_twice_its_bare_sql(
    api: Api, db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await make_trade(api, db, clock)
    one, other = [await said_by(trade, monkeypatch) for _ in range(2)]
    assert [each[:2] for each in one] == [each[:2] for each in other]
    fresh = _ids(one) - _ids(other)
    numbers = itertools.count(1)
    operation, bare = [], []
    for turn in range(WARM_UP + ORDERS):
        # In turns, so that whatever else runs on the machine meets both alike.
        costs = await timed(place(trade)), await timed(repeat(db, one, fresh, next(numbers)))
        if turn >= WARM_UP:
            operation.append(costs[0])
            bare.append(costs[1])

    ours, theirs = statistics.median(operation), statistics.median(bare)
    print(f"\nplaced: {ours:.2f} ms; its {len(one)} statements bare: {theirs:.2f} ms")
    print(f"ratio: {ours / theirs:.2f} (asked: at most 2)")
    assert ours <= 2 * theirs


async def place(trade: Trade) -> None:
    """Place an order as the door does: one command, one transaction."""
    actor = trade.buyer.actor

    async def once(tx: Tx) -> object:
        return await placing.place(tx, actor=actor, now=trade.clock.now(), wanted=wanted(trade))

    await database.run(trade.db, actor, once)


def wanted(trade: Trade) -> PlacedOrder:
    return PlacedOrder(
        product_id=uuid.UUID(trade.product_id),
        price_item="per_call",
        quantity=3,
        purpose="港口吊装作业停工判断",
        scenario=SCENARIO,
        delivery_mode=DeliveryMode.DATASET_PRODUCT,
        terms=RequestedTerms(**TERMS),
    )


async def timed(act: Any) -> float:
    """Return how many milliseconds it took."""
    begun = time.perf_counter_ns()
    await act
    return (time.perf_counter_ns() - begun) / 1e6


async def said_by(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """Place an order and return what was said to the database, from BEGIN to COMMIT."""
    said: list[Said] = []
    connected = database._connected

    @contextlib.asynccontextmanager
    async def listening(db: Database, role: str) -> AsyncIterator[Any]:
        async with connected(db, role) as connection:
            yield _Listening(connection, said)

    with monkeypatch.context() as patched:
        patched.setattr(database, "_connected", listening)
        await place(trade)
    return said


async def repeat(db: Database, said: list[Said], fresh: set[uuid.UUID], number: int) -> None:
    """Say the same once more, with new ids and a number in the place of those that were new."""
    new = {each: uuid.uuid4() for each in fresh}
    pool = await db.pool(API_ROLE)
    async with pool.acquire() as connection:
        for method, sql, args in said:
            await getattr(connection, method)(sql, *(_renewed(arg, new, number) for arg in args))


def _renewed(arg: Any, new: dict[uuid.UUID, uuid.UUID], number: int) -> Any:
    if isinstance(arg, uuid.UUID):
        return new.get(arg, arg)
    if isinstance(arg, str) and _NUMBER.fullmatch(arg):
        return f"DD-1999-{number:08d}"
    return arg


def _ids(said: list[Said]) -> set[uuid.UUID]:
    return {arg for *_, args in said for arg in args if isinstance(arg, uuid.UUID)}


class _Listening:
    """A connection that keeps what is said over it."""

    def __init__(self, connection: Any, said: list[Said]) -> None:
        self._connection, self._said = connection, said

    def __getattr__(self, name: str) -> Any:
        async def call(sql: str, *args: Any) -> Any:
            self._said.append((name, sql, args))
            return await getattr(self._connection, name)(sql, *args)

        return call
