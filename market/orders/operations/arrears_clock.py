"""Let the days in which a buyer pays what it owes be a timer like others (欠费催缴期限).

So they stand in the queue of both sides and of who supervises, are marked when they are over, and are
computed anew when a calendar comes.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers import queries as clocks
from market.orders.model import Order
from settlement.charging.model import UsageAccount
from settlement.charging.states import UNPAID, State

KIND: Final = "usage_arrears"
SUBJECT: Final = "usage_account"
RULEBOOK: Final = HAINAN_2023.code


async def follow(
    tx: Tx,
    order: Order,
    *,
    before: UsageAccount,
    after: UsageAccount,
    now: dt.datetime,
    within: Period,
) -> None:
    """Start the buyer's days when arrears begin, and end them with what was due: paid, in time or late."""
    begins = after.state is State.ARREARS and before.state is not State.ARREARS
    ends = before.state in UNPAID and after.state not in UNPAID
    if not begins and not ends:
        return
    async with beyond_own_rows(tx):  # the buyer's days, begun by a job or a bank
        if begins:
            await timers.start(
                tx,
                now=now,
                calendar=await clocks.get_calendar(tx),
                kind=KIND,
                subject_kind=SUBJECT,
                subject_id=order.id,
                against="buyer",
                rulebook=RULEBOOK,
                period=within,
                started_on=local_date(now),
                party_id=order.buyer_party_id,
            )
        else:
            await _meet(tx, order, now=now)


async def _meet(tx: Tx, order: Order, *, now: dt.datetime) -> None:
    try:
        await timers.meet(tx, now=now, kind=KIND, subject_kind=SUBJECT, subject_id=order.id)
    except timers.TimerNotRunning:
        return  # in arrears before there were timers for it, or owed only after its end
