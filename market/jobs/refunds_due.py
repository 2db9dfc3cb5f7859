"""Send back what is owed to buyers (退款): tell the channel once, ask it until it has done it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from settlement.payments.channel import Channel, ChannelSilent, Told
from settlement.refunds import operations, queries
from settlement.refunds.model import Refund
from settlement.refunds.states import State

BATCH: Final = 100
_ACTOR: Final = system("refunds_due", "refund:send")


async def run(db: Database, *, now: dt.datetime, channels: Mapping[str, Channel]) -> int:
    """Make, send and ask about what is due; return how many refunds were settled."""
    await database.run(
        db,
        _ACTOR,
        functools.partial(operations.prepare, actor=_ACTOR, now=now, limit=BATCH),
        must_remember=False,
    )
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
    settled = 0
    for refund in due:
        # That it is sent is kept before the channel hears of it: a crash between leaves a refund
        # that is asked about, and told again under the same reference, never one that is forgotten.
        once = functools.partial(operations.send, actor=_ACTOR, now=now, refund_id=refund.id)
        await database.run(db, _ACTOR, once, must_remember=False)
        told = await _tell(channels.get(refund.channel), refund, now)
        hear = functools.partial(
            operations.hear, actor=_ACTOR, now=now, refund_id=refund.id, told=told
        )
        after = await database.run(db, _ACTOR, hear, must_remember=False)
        settled += after.state is State.SETTLED
    return settled


async def _tell(channel: Channel | None, refund: Refund, now: dt.datetime) -> Told | None:
    """Return what the channel says of a refund; None if it is silent, or not connected any more."""
    if channel is None:
        return None
    try:
        return await channel.refund(refund.request(now))
    except ChannelSilent:
        return None
