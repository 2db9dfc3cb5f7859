"""Open usage accounts, charge windows, suspend who does not pay, and settle at the end (按量计费).

Locks are taken as everywhere: the escrow of the order, then its account. Whether the order is one that
pays as it uses, and what its uses cost, is said by the room that calls.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.signing.canonical import canonical, sha256_hex
from settlement.charging import arrears, balance, states, store, windows
from settlement.charging.model import (
    AccountStanding,
    Charge,
    Charged,
    Priced,
    Tally,
    UsageAccount,
)
from settlement.charging.queries import UsageAccountMissing, standing_of
from settlement.charging.states import LIVE, Event, State, advance
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import refunding, releasing
from settlement.escrow.release import Distribution
from settlement.escrow.states import State as EscrowState

#: What an account became is remembered under its own name.
_BECAME: Final = {
    State.RUNNING: Happened.USAGE_ACCOUNT_RECOVERED,
    State.LOW: Happened.USAGE_ACCOUNT_LOW,
    State.ARREARS: Happened.USAGE_ACCOUNT_IN_ARREARS,
    State.SUSPENDED: Happened.USAGE_ACCOUNT_SUSPENDED,
    State.OWING: Happened.USAGE_ACCOUNT_OWING,
    State.SETTLED: Happened.USAGE_ACCOUNT_SETTLED,
}


class AccountClosed(Refused):
    """The order is over, so nothing more is charged."""

    code = "usage_account_closed"


class ArrearsNotDue(Refused):
    """Nothing is owed, or there are days left to pay it."""

    code = "arrears_not_due"


async def open(  # noqa: A001
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer_party_id: uuid.UUID,
    payee_party_id: uuid.UUID,
    prepaid_fen: int,
    credit_limit_fen: int,
    low_percent: int = balance.LOW_PERCENT,
) -> UsageAccount:
    """Open the account of an order that pays as it uses; opening it again changes nothing.

    ``credit_limit_fen`` is how far below zero its contract lets it run (信用额度); what is left is low
    from ``low_percent`` of what was prepaid downwards (余额预警).
    """
    account = UsageAccount(
        order_id=order_id,
        payer_party_id=payer_party_id,
        payee_party_id=payee_party_id,
        state=State.RUNNING,
        credit_limit_fen=credit_limit_fen,
        low_fen=balance.low_mark(prepaid_fen, percent=low_percent),
        opened_at=now,
    )
    if not await store.insert(tx, account):
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return await _lock(tx, order_id)
    await _remember(tx, Happened.USAGE_ACCOUNT_OPENED, account, actor=actor, now=now)
    return account


async def charge(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    order_id: uuid.UUID,
    tally: Tally,
    priced: Priced,
    split: Distribution,
    within: Period = arrears.PAID_WITHIN,
) -> Charge | None:
    """Charge a window of uses (计费): all that they cost so far, less what was charged before.

    It is taken from the escrow as far as that has it, and shared as one sum with what was taken
    before; the rest is owed. None if the window was charged before: two who charge at once charge once.

    :raises NotPermitted: if the actor charges nothing.
    :raises UsageAccountMissing: if the order has no account.
    :raises AccountClosed: if it is over.
    :raises WindowOutOfTurn: if the window does not go on from the last.
    :raises ChargeFalls: if all of it costs less than was charged before.
    """
    actor.require("usage:charge")
    await escrow.lock(tx, order_id)
    account = await _lock(tx, order_id)
    if account.state not in LIVE:
        raise AccountClosed(order_id=str(order_id))
    last = await store.find_last(tx, order_id)
    before = Charged() if last is None else last.so_far()
    if last is not None and (last.to_seq, last.record_sha256) == (
        tally.to_seq,
        tally.record_sha256,
    ):
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return None
    windows.check_turn(before, tally)
    windows.amount(before, priced.cumulative_fen)
    charged = _charge(before, order_id, tally, priced, now=now)
    await store.insert_charge(tx, charged)
    await audit_log.append(
        tx,
        Happened.USAGE_CHARGED,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(order_id))],
        facts={"amount_fen": charged.amount_fen, "to_seq": charged.to_seq},
        digests=[Digest("charge", str(charged.id), sha256_hex(canonical(charged)))],
    )
    await collect(tx, account, actor=actor, now=now, split=split, key=charged.id)
    await follow(tx, account, actor=actor, now=now, calendar=calendar, within=within)
    return charged


async def receive(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    order_id: uuid.UUID,
    split: Distribution,
    within: Period = arrears.PAID_WITHIN,
) -> AccountStanding:
    """Pay what is owed out of money that came, and let the order go on if that is enough (补缴).

    After the order is over, what is left of it goes back.

    :raises NotPermitted: if the actor charges nothing.
    :raises UsageAccountMissing: if the order has no account.
    """
    actor.require("usage:charge")
    await escrow.lock(tx, order_id)
    account = await _lock(tx, order_id)
    await collect(tx, account, actor=actor, now=now, split=split, key=new_id())
    if account.state in LIVE:
        account = await follow(tx, account, actor=actor, now=now, calendar=calendar, within=within)
    else:
        account = await _close(tx, account, actor=actor, now=now, split=split)
    return await standing_of(tx, account)


async def suspend(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> UsageAccount:
    """Suspend an order whose arrears were not paid in time (欠费停用): its next request is refused.

    :raises NotPermitted: if the actor charges nothing.
    :raises UsageAccountMissing: if the order has no account.
    :raises ArrearsNotDue: if nothing is owed, or there are days left.
    """
    actor.require("usage:charge")
    account = await _lock(tx, order_id)
    if account.state is not State.ARREARS or account.due_at is None or now < account.due_at:
        raise ArrearsNotDue(order_id=str(order_id))
    return await _moved(tx, account, Event.SUSPEND, actor=actor, now=now, suspended_at=now)


async def settle(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, split: Distribution
) -> UsageAccount:
    """Settle the account of an order that is over (结清): the rest goes back, nobody's fen is left.

    If something is owed it stays open until that is paid; a second time changes nothing.

    :raises NotPermitted: if the actor charges nothing.
    :raises UsageAccountMissing: if the order has no account.
    """
    actor.require("usage:charge")
    await escrow.lock(tx, order_id)
    account = await _lock(tx, order_id)
    return await _close(tx, account, actor=actor, now=now, split=split)


async def collect(
    tx: Tx,
    account: UsageAccount,
    *,
    actor: Actor,
    now: dt.datetime,
    split: Distribution,
    key: uuid.UUID,
) -> None:
    """Take what is owed from the escrow, as far as that has it, under ``key``."""
    standing = await standing_of(tx, account)
    held = await escrow.lock(tx, account.order_id)
    due = balance.collectable(
        charged_fen=standing.charged_fen,
        collected_fen=standing.collected_fen,
        left_fen=held.left_fen if held.state is EscrowState.HELD else 0,
    )
    if due:
        await releasing.capture(
            tx,
            actor=actor,
            now=now,
            order_id=account.order_id,
            key=key,
            amount_fen=due,
            split=split,
            may_empty=True,
        )


async def follow(
    tx: Tx,
    account: UsageAccount,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    within: Period,
) -> UsageAccount:
    """Let the account be what its balance makes it: in arrears, say, from which day on days run."""
    standing = await standing_of(tx, account)
    found = balance.level(
        standing.balance_fen, credit_limit_fen=account.credit_limit_fen, low_fen=account.low_fen
    )
    event = balance.event_of(account.state, found)
    if event is None:
        return account
    if event is Event.RUN_OUT:
        until = arrears.due(local_date(now), calendar, within=within)
        changes: dict[str, Any] = {"due_on": until.last_day, "due_at": until.ends_at}
    else:
        changes = {"due_on": None, "due_at": None, "suspended_at": None}
    return await _moved(tx, account, event, actor=actor, now=now, **changes)


async def _close(
    tx: Tx, account: UsageAccount, *, actor: Actor, now: dt.datetime, split: Distribution
) -> UsageAccount:
    standing = await standing_of(tx, account)
    if standing.owed_fen:
        if states.allows(account.state, Event.OWE):
            return await _moved(tx, account, Event.OWE, actor=actor, now=now, closed_at=None)
        return account
    await refunding.finish(tx, actor=actor, now=now, order_id=account.order_id, split=split)
    if not states.allows(account.state, Event.SETTLE):
        return account  # money came after all was settled, and went back
    return await _moved(
        tx,
        account,
        Event.SETTLE,
        actor=actor,
        now=now,
        closed_at=now,
        due_on=None,
        due_at=None,
        suspended_at=None,
    )


def _charge(
    before: Charged, order_id: uuid.UUID, tally: Tally, priced: Priced, *, now: dt.datetime
) -> Charge:
    return Charge(
        id=new_id(),
        order_id=order_id,
        after_seq=before.to_seq,
        to_seq=tally.to_seq,
        calls_before=before.calls,
        calls=tally.calls,
        bytes_before=before.bytes,
        bytes=tally.bytes,
        quantity=priced.quantity,
        before_fen=before.cumulative_fen,
        cumulative_fen=priced.cumulative_fen,
        price_item=priced.price_item,
        price_sha256=priced.price_sha256,
        record_sha256=tally.record_sha256,
        charged_at=now,
    )


async def _lock(tx: Tx, order_id: uuid.UUID) -> UsageAccount:
    account = await store.lock(tx, order_id)
    if account is None:
        raise UsageAccountMissing
    return account


async def _moved(
    tx: Tx, before: UsageAccount, event: Event, *, actor: Actor, now: dt.datetime, **changes: Any
) -> UsageAccount:
    after = msgspec.structs.replace(before, state=advance(before.state, event), **changes)
    await store.update(tx, after)
    await _remember(tx, _BECAME[after.state], after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx, event: Happened, account: UsageAccount, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(account.order_id))],
        facts={"credit_limit_fen": account.credit_limit_fen, "due_on": account.due_on},
        after={"state": account.state.value},
    )
