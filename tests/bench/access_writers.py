"""Let some writers use orders as fast as they can, in a process of their own; print what they did.

``python -m tests.bench.access_writers JOB`` with a ``Job`` as JSON. Each writer has orders of its
own and one transaction at a time: the transaction of the door, without the web around it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import sys
import time
import uuid
from typing import Any, Final

import msgspec
import uvloop

from catalog.audit_log import leaf
from catalog.audit_log import operations as audit_log
from catalog.audit_log.model import Appended
from catalog.audit_log.promising import Backlog
from catalog.kernel import db as database
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.clock import monotonic
from catalog.kernel.db import API_ROLE, Database, Tx
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.statements.db import Write
from market.access import operations as access
from market.access.model import Asked
from market.orders.operations import delivery
from tests.bench.worked import seconds_of

AUDITED: Final = "with audit"
BARE: Final = "without any audit"
CHAINED: Final = "one global chain"


class Job(msgspec.Struct, frozen=True):
    """What to do: whose orders, how, with how many writers, for how long."""

    dsns: dict[str, str]
    buyer: uuid.UUID
    orders: list[uuid.UUID]
    variant: str
    writers: int
    seconds: float
    now: dt.datetime


class Done(msgspec.Struct, frozen=True):
    """What was done: each entry with the instant (monotonic) at which its commit returned.

    ``worked`` is for how many seconds this process had a core, ``served`` those of the database that
    it talked to.
    """

    seconds: float
    commits: list[tuple[uuid.UUID, float]]
    worked: float
    served: float


async def _bare(tx: Tx, *_: Any, **said: Any) -> Appended:
    await tx.write(*said["beside"])
    tx.remember()
    return Appended(said["entry_id"], b"")


async def _chained(tx: Tx, event: Any, **said: Any) -> Appended:
    """Append to one hash chain, as audit logs without a tree do: each entry waits for the last."""
    entry_id = said["entry_id"]
    payload = leaf.payload_bytes(said["actor"], facts=said["facts"])
    public = leaf.leaf_bytes(
        entry_id,
        said["now"],
        event.value,
        subjects=said["subjects"],
        payload_sha256=leaf.commitment(b"", payload),
        digests=said["digests"],
        rules=said["rules"],
        order_seq=said["order_seq"],
    )
    head = await tx.fetch_value("SELECT head FROM public.chain_head FOR UPDATE")
    after = hashlib.sha256(head + public).digest()
    # As few round trips as there can be while the chain is held: all writes go together.
    await tx.write(
        *said["beside"],
        Write(
            "INSERT INTO public.chain (entry_id, leaf, payload, head) VALUES ($1, $2, $3, $4)",
            (entry_id, public, payload, after),
        ),
        Write("UPDATE public.chain_head SET head = $1", (after,)),
    )
    tx.remember()
    return Appended(entry_id, public)


async def work(job: Job) -> Done:
    """Use the orders until the time is over."""
    if job.variant != AUDITED:
        audit_log.append = {BARE: _bare, CHAINED: _chained}[job.variant]  # type: ignore[assignment]
    db = Database(job.dsns.__getitem__, pool_size=job.writers)
    actor = Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(job.buyer),
        name="writer",
        roles=frozenset({"buyer"}),
        permissions=frozenset({"grant:use"}),
        clearance=Clearance.PARTY,
    )
    commits: list[tuple[uuid.UUID, float]] = []

    async def use(order_id: uuid.UUID) -> uuid.UUID:
        async def command(tx: Tx) -> Any:
            return await delivery.open_content(
                tx,
                actor=actor,
                now=job.now,
                order_id=order_id,
                asked=Asked(),
                request_key=None,
                backlog=Backlog(),
            )

        locked = access.locking(order_id)
        return (await database.run(db, actor, command, ahead=locked)).entry.id

    async def write(orders: list[uuid.UUID]) -> None:
        turn = 0
        while monotonic() < end:
            entry = await use(orders[turn % len(orders)])
            commits.append((entry, monotonic()))
            turn += 1

    mine = [job.orders[i :: job.writers] for i in range(job.writers)]
    await asyncio.gather(*(use(orders[0]) for orders in mine))  # connect, prepare, warm up
    servers = await _servers(db, job.writers)
    started, worked, served = monotonic(), time.process_time(), seconds_of(servers)
    end = started + job.seconds
    await asyncio.gather(*(write(orders) for orders in mine))
    took = monotonic() - started
    done = Done(took, commits, time.process_time() - worked, seconds_of(servers) - served)
    await db.close()
    return done


async def _servers(db: Database, writers: int) -> list[int]:
    """Return the processes of the database behind the connections of the writers."""
    pool = await db.pool(API_ROLE)
    held = [await pool.acquire() for _ in range(writers)]
    found = [each.get_server_pid() for each in held]
    for each in held:
        await pool.release(each)
    return found


if __name__ == "__main__":
    done = uvloop.run(work(msgspec.json.decode(sys.argv[1], type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(done))
