"""Ask channels for what they did not tell (查询补单): one payment in a transaction."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Mapping
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from market.orders.operations import payment as order_payment
from settlement.payments import operations, queries
from settlement.payments.channel import Channel, ChannelSilent, Told
from settlement.payments.model import Payment

BATCH: Final = 100
_ACTOR: Final = system("ask_channels")


async def run(db: Database, *, now: dt.datetime, channels: Mapping[str, Channel]) -> int:
    """Ask about every payment that is due to be asked about; return of how many there was news."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_unheard(tx, now=now, limit=BATCH)
    news = 0
    for payment in due:
        # Asked outside of a transaction: a channel may take its time.
        told = await _ask(channels.get(payment.channel), payment)
        once = functools.partial(_note, now=now, payment=payment, told=told)
        news += await database.run(db, _ACTOR, once, must_remember=False)
    return news


async def _ask(channel: Channel | None, payment: Payment) -> Told | None:
    """Return the channel's answer; None if it is silent, or not connected any more."""
    if channel is None:
        return None
    try:
        return await channel.ask(payment.reference)
    except ChannelSilent:
        return None


async def _note(tx: Tx, *, now: dt.datetime, payment: Payment, told: Told | None) -> bool:
    is_new = False
    if told is not None and told.event is not None:
        recorded = await order_payment.hear(
            tx,
            now=now,
            channel=payment.channel,
            event=told.event,
            nonce=f"asked-{hashlib.sha256(told.event.event_id.encode()).hexdigest()}",
        )
        is_new = not recorded.is_replay
    standing = None if told is None else told.standing
    after = await operations.note_answer(tx, now=now, payment_id=payment.id, standing=standing)
    return is_new or after.state is not payment.state
