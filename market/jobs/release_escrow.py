"""Release every escrow whose order is ready for it (到期放款), many in a transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from market.orders import queries as orders
from market.orders.operations import releasing
from settlement.escrow import states
from settlement.escrow.operations import releasing as escrow
from settlement.lanes.batching import MOST_TOGETHER
from settlement.lanes.model import LaneTaken, Request
from settlement.lanes.operations.writing import Lane

LANE: Final = 0
_ACTOR: Final = system("release_escrow", "escrow:release")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Release what is due and return how many orders were released.

    Two runs at once are harmless: one writes the lane, and leaves nothing to the other. An order that
    is refused stays for the next run and does not stop the others.
    """
    async with begin(db, _ACTOR) as tx:
        due = await orders.list_releasable(tx, now=now, limit=MOST_TOGETHER)
        held, frozen = await _drawn_up(tx, due, now)
    released = sum([await _release_alone(db, each, now) for each in frozen])
    return released + await _release_together(db, held, now)


async def _drawn_up(
    tx: Tx, due: Sequence[uuid.UUID], now: dt.datetime
) -> tuple[list[Request], list[uuid.UUID]]:
    """Return what the lane is to post, and the orders that go alone: frozen ones, or such as keep something."""
    held: list[Request] = []
    frozen: list[uuid.UUID] = []
    for order_id in due:
        try:
            terms = await orders.get_release_terms(tx, order_id=order_id)
            if terms.retained is not None:  # what is kept is held in the same transaction
                frozen.append(order_id)
                continue
            request = await escrow.draw_up_release(
                tx, actor=_ACTOR, now=now, order_id=order_id, split=terms.split, facts=terms.facts
            )
        except states.EventNotAllowed:
            frozen.append(order_id)
        except DomainError as refused:
            _tell_refusal(order_id, refused)
        else:
            held.append(request)
    return held, frozen


async def _release_together(db: Database, held: Sequence[Request], now: dt.datetime) -> int:
    if not held:
        return 0
    try:
        async with Lane(db, LANE, actor=_ACTOR, now=lambda: now) as lane:
            posted = await asyncio.gather(*(_submitted(lane, each) for each in held))
    except LaneTaken:
        return 0  # another worker releases them
    return sum(posted)


async def _submitted(lane: Lane, request: Request) -> int:
    try:
        await lane.submit(request)
    except DomainError as refused:
        _tell_refusal(request.entry.order_id, refused)
        return 0
    return 1


async def _release_alone(db: Database, order_id: uuid.UUID, now: dt.datetime) -> int:
    async def once(tx: Tx) -> int:
        release = await releasing.release(tx, actor=_ACTOR, now=now, order_id=order_id)
        return 0 if release.is_replay else 1

    try:
        return await database.run(db, _ACTOR, once)
    except DomainError as refused:
        _tell_refusal(order_id, refused)
        return 0


def _tell_refusal(order_id: uuid.UUID | None, refused: DomainError) -> None:
    _log.warning("release_refused", order_id=str(order_id), code=refused.code)
