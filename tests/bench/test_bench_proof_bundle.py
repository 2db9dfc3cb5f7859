"""The bundle of a long order: made and checked, a tenth of it beside the whole. Prints what a use costs.

``BUNDLE_USES`` chooses how many uses the longer order has.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest

from catalog.audit_log.promising import Backlog
from catalog.audit_log.verdict import Verdict
from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.local_time import local_date
from market.access import operations as access
from market.access.model import Asked
from market.http.proof_bundles import _signers
from market.orders.store import standings
from market.proof_bundles import archive, check, sealing
from market.proof_bundles.model import Gathered
from market.proof_bundles.operations import issuing
from market.usage import operations as usage
from tests.api import Api
from tests.journeys.test_proof_bundle import published
from tests.makers_trade import Trade, make_trade

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

USES = int(os.environ.get("BUNDLE_USES", "20000"))
T = TypeVar("T")


async def used(trade: Trade, almighty: Actor, uses: int) -> str:
    """Return an order that was used so often."""
    order = await trade.delivered(quantity=uses)
    actor = msgspec.structs.replace(almighty, party_id=trade.buyer.party.id)
    done = 0
    while done < uses:
        async with begin(trade.db, actor) as tx:
            grant = await access.lock(tx, uuid.UUID(order))
            standing = await standings.read(tx, grant.order_id, today=local_date(trade.clock.now()))
            for _ in range(min(1_000, uses - done)):
                now = trade.clock.now()
                recorded = await usage.record(
                    tx,
                    actor=actor,
                    now=now,
                    grant=grant,
                    asked=Asked(),
                    standing=standing,
                    request_key=None,
                )
                event = recorded.event
                grant = msgspec.structs.replace(
                    grant,
                    used=grant.used + event.event.price_units,
                    order_seq=event.event.order_seq,
                    last_record_sha256=event.record_sha256,
                )
                done += 1
        await trade.api.run_jobs()
    return order


async def test_what_a_use_costs_in_a_bundle(
    api: Api, db: Database, clock: ManualClock, almighty: Actor
) -> None:
    trade = await make_trade(api, db, clock)
    orders = [(uses, await used(trade, almighty, uses)) for uses in (USES // 10, USES)]
    await published(trade)  # type: ignore[arg-type]

    actor = msgspec.structs.replace(almighty, party_id=trade.buyer.party.id)
    signers = _signers(api.context)
    for uses, order in orders:

        async def read(order: str = order) -> Gathered:
            async def once(tx: Tx) -> Gathered:
                return await issuing.gather(
                    tx,
                    actor=actor,
                    now=clock.now(),
                    kind="order",
                    identifier=order,
                    signers=signers,
                )

            return await run(db, almighty, once, must_remember=False)

        gathered, reading = await timed(read)

        async def seal(gathered: Gathered = gathered) -> bytes:
            parts = sealing.drawn_up(gathered, signers.statement)

            async def once(tx: Tx) -> dict[str, bytes]:
                return await issuing.enter(
                    tx,
                    actor=actor,
                    now=clock.now(),
                    gathered=gathered,
                    parts=parts,
                    signers=signers,
                    backlog=Backlog(),
                )

            return sealing.packed(await run(db, almighty, once))

        raw, sealed = await timed(seal)

        async def look(raw: bytes = raw) -> Verdict:
            return check.check(raw)

        verdict, checking = await timed(look)
        assert verdict.problems == ()
        assert verdict.counts["uses"] == uses
        unpacked = sum(map(len, archive.unpack(raw).values()))
        print(
            f"\n{uses:,} uses: read {reading}, seal {sealed}, check {checking}; "
            f"{len(raw) / 1e6:.1f} MB packed, {unpacked / 1e6:.1f} MB unpacked"
        )


async def timed(what: Callable[[], Awaitable[T]]) -> tuple[T, str]:
    """Return what came of it, and how long it took: on the wall, and of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    came = await what()
    return came, f"{time.perf_counter() - wall:.2f} s ({time.process_time() - cpu:.2f} s CPU)"
