"""Charge what was used of an order window by window, and tell who is to pay (按量计费、欠费催缴).

What was used is read from the events that the log holds, what it costs follows from the contract; the
account itself is kept by ``settlement/charging``. A window is one transaction, so a job that dies
between two leaves the next one to the next run.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Period
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.timers import queries as timers
from market.orders import metered
from market.orders.model import Order
from market.orders.operations import arrears_clock
from market.orders.operations.casework import lock
from market.orders.queries import OrderMissing, get_order
from market.orders.states import State
from market.orders.store import contracts
from market.usage import metering
from market.usage import queries as usage
from settlement.chargebacks import queries as chargebacks
from settlement.charging import arrears, balance, states, windows
from settlement.charging import operations as charging
from settlement.charging import queries as accounts
from settlement.charging.model import AccountStanding, Charged, UsageAccount
from settlement.money import yuan
from settlement.payments import operations as payments
from settlement.payments.model import Payment
from settlement.revenue.agreement import FrozenSplit

#: Where an order is over and nothing more is used.
OVER: Final = frozenset({State.COMPLETED, State.TERMINATED})
_TOLD: Final = {
    states.State.LOW: Topic.USAGE_BALANCE_LOW,
    states.State.ARREARS: Topic.USAGE_IN_ARREARS,
    states.State.SUSPENDED: Topic.USAGE_SUSPENDED,
    states.State.RUNNING: Topic.USAGE_RESUMED,
    states.State.OWING: Topic.USAGE_OWED,
}


async def open_account(
    tx: Tx, *, actor: Actor, now: dt.datetime, order: Order, low_percent: int = balance.LOW_PERCENT
) -> None:
    """Open the account of an order that is delivered, if it pays as it uses."""
    if not metered.is_metered(order):
        return
    await charging.open(
        tx,
        actor=actor,
        now=now,
        order_id=order.id,
        payer_party_id=order.buyer_party_id,
        payee_party_id=order.supplier_party_id,
        prepaid_fen=order.amount_fen,
        credit_limit_fen=metered.credit_limit_fen(order),
        low_percent=low_percent,
    )


async def charge_next(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    within: Period = arrears.PAID_WITHIN,
    open_for: dt.timedelta = windows.OPEN_FOR,
) -> int | None:
    """Charge the next window of an order if it is closed, or settle an order that is over (计费).

    Return how many uses were charged, or 0 if it was settled; None if nothing is due: while a bank
    takes back what was paid, nobody knows what is left to settle.

    :raises NotPermitted: if the actor charges nothing.
    :raises OrderMissing: if there is no such order.
    :raises UsageAccountMissing: if it does not pay as it uses.
    """
    actor.require("usage:charge")
    order = await lock(tx, order_id)
    before = await accounts.get_standing(tx, order_id)
    if before.account.state not in states.LIVE:
        return None
    is_over = order.state in OVER
    told = await _charge_window(
        tx, order, before, actor=actor, now=now, within=within, open_for=open_for
    )
    if told is None and is_over and not await chargebacks.has_standing(tx, order.id):
        split = await _split(tx, order.id)
        await charging.settle(tx, actor=actor, now=now, order_id=order.id, split=split)
        told = 0
    if told is not None:
        await _tell_change(tx, order, before.account, now=now, within=within)
    return told


async def _charge_window(
    tx: Tx,
    order: Order,
    before: AccountStanding,
    *,
    actor: Actor,
    now: dt.datetime,
    within: Period,
    open_for: dt.timedelta,
) -> int | None:
    """Charge what follows the last window; None if nothing does, or it is not closed."""
    if order.accepted_at is None:
        return None  # what nobody accepted is not paid for (RULES §6.8)
    last = await accounts.find_last_charge(tx, order.id)
    so_far = Charged() if last is None else last.so_far()
    uses = await usage.list_after(
        tx, order_id=order.id, after_seq=before.charged_to_seq, limit=windows.USES_MAX
    )
    if not uses:
        return None
    first_at = dt.datetime.fromisoformat(uses[0].event.at)
    is_due = windows.is_due(first_at=first_at, uses=len(uses), now=now, open_for=open_for)
    if order.state not in OVER and not is_due:
        return None
    used = metering.tally(so_far, uses)
    await charging.charge(
        tx,
        actor=actor,
        now=now,
        calendar=await timers.get_calendar(tx),
        order_id=order.id,
        tally=used,
        priced=metered.price_of(order, used),
        split=await _split(tx, order.id),
        within=within,
    )
    return len(uses)


async def receive(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    within: Period = arrears.PAID_WITHIN,
) -> AccountStanding:
    """Pay what is owed out of a top-up that came; who was suspended goes on (补缴).

    :raises NotPermitted: if the actor charges nothing.
    :raises OrderMissing: if there is no such order.
    """
    order = await lock(tx, order_id)
    before = await accounts.get_standing(tx, order_id)
    standing = await charging.receive(
        tx,
        actor=actor,
        now=now,
        calendar=await timers.get_calendar(tx),
        order_id=order_id,
        split=await _split(tx, order_id),
        within=within,
    )
    await _tell_change(tx, order, before.account, now=now, within=within)
    return standing


async def start_top_up(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    amount_fen: int,
    channel: str,
    lifetime: dt.timedelta,
) -> Payment:
    """Start to collect more for an order that pays as it uses (补款), or what it owes after its end.

    :raises NotPermitted: if the actor pays no orders.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises UsageAccountMissing: if it does not pay as it uses, or was not delivered.
    :raises AccountClosed: if it is settled.
    :raises OutcomeUnknown: if nobody knows what became of the top-up before.
    """
    actor.require("order:pay")
    order = await get_order(tx, viewer=actor, order_id=order_id)
    if order.buyer_party_id != actor.party:
        raise OrderMissing
    standing = await accounts.get_standing(tx, order_id)
    if standing.account.state is states.State.SETTLED:
        raise charging.AccountClosed(order_id=str(order_id))
    return await payments.start_top_up(
        tx,
        actor=actor,
        now=now,
        order_id=order_id,
        payer_party_id=order.buyer_party_id,
        amount_fen=amount_fen,
        channel=channel,
        lifetime=lifetime,
    )


async def suspend(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> UsageAccount:
    """Suspend an order whose arrears were not paid in time, and tell both sides (欠费停用).

    :raises NotPermitted: if the actor charges nothing.
    :raises OrderMissing: if there is no such order.
    :raises ArrearsNotDue: if there are days left, or nothing is owed.
    """
    order = await lock(tx, order_id)
    before = await accounts.get_standing(tx, order_id)
    suspended = await charging.suspend(tx, actor=actor, now=now, order_id=order_id)
    await _tell_change(tx, order, before.account, now=now)
    return suspended


async def _split(tx: Tx, order_id: uuid.UUID) -> FrozenSplit:
    contract = await contracts.find(tx, order_id)
    if contract is None:
        raise OrderMissing
    return contract.split


async def _tell_change(
    tx: Tx,
    order: Order,
    before: UsageAccount,
    *,
    now: dt.datetime,
    within: Period = arrears.PAID_WITHIN,
) -> None:
    """Tell the buyer how its account stands now, if that is new; the supplier what stops or goes on."""
    standing = await accounts.get_standing(tx, order.id)
    after = standing.account
    await arrears_clock.follow(tx, order, before=before, after=after, now=now, within=within)
    topic = _TOLD.get(after.state)
    if after.state is before.state or topic is None:
        return
    told: list[PartyId] = [order.buyer_party_id]
    if states.State.SUSPENDED in (before.state, after.state):
        told.append(order.supplier_party_id)
    async with beyond_own_rows(tx):
        for party in told:
            await notifications.send(
                tx,
                now=now,
                to=party,
                topic=topic,
                subject=Subject("order", str(order.id)),
                facts={
                    "order_number": order.number,
                    "product_name": order.product_name,
                    "balance_yuan": yuan(standing.balance_fen),
                    "due_on": after.due_on or "",
                },
            )
