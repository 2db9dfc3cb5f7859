"""Make refunds of what is owed back, and take them to their end (退款)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import clearing_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.payments.asking import ask_next
from settlement.payments.channel import Standing, Told
from settlement.refunds import store
from settlement.refunds.model import Refund
from settlement.refunds.states import Event, State, advance, allows

RULE_VERSION: Final = "refunds/1"


async def prepare(tx: Tx, *, actor: Actor, now: dt.datetime, limit: int) -> int:
    """Make a refund of each entry that owes a buyer money back; return how many (生成退款).

    :raises NotPermitted: if the actor sends no refunds.
    """
    actor.require("refund:send")
    made = 0
    for owed in await store.list_owed(tx, limit=limit):
        refund_id = new_id()
        refund = Refund(
            id=refund_id,
            reference=f"R{refund_id.hex}",
            owed_by=owed.key,
            channel=owed.channel,
            paid_transaction_id=owed.paid_transaction_id,
            order_id=owed.order_id,
            payer_party_id=owed.payer_party_id,
            book=owed.book,
            amount_fen=owed.amount_fen,
            state=State.PREPARED,
            created_at=now,
            send_at=now,
        )
        if await store.insert(tx, refund):
            await _remember(tx, Happened.REFUND_PREPARED, actor, now, refund)
            made += 1
    return made


async def send(tx: Tx, *, actor: Actor, now: dt.datetime, refund_id: uuid.UUID) -> Refund:
    """Note that the channel is about to be told; what it was told before is asked about (提交渠道).

    :raises NotPermitted: if the actor sends no refunds.
    :raises Missing: if there is no such refund.
    """
    actor.require("refund:send")
    refund = await _lock(tx, refund_id)
    if not allows(refund.state, Event.SEND):
        return refund
    return await _moved(tx, actor, now, refund, Event.SEND)


async def hear(
    tx: Tx, *, actor: Actor, now: dt.datetime, refund_id: uuid.UUID, told: Told | None
) -> Refund:
    """Take in what the channel said; None: it was silent. What is over stays as it is (退款结果).

    :raises NotPermitted: if the actor sends no refunds.
    :raises Missing: if there is no such refund.
    """
    actor.require("refund:send")
    refund = await _lock(tx, refund_id)
    event = _event_of(told)
    if event is None or not allows(refund.state, event):
        await store.update(tx, _later(refund, now))
        return refund
    if event is not Event.SETTLE:
        return await _moved(tx, actor, now, _later(refund, now), event)
    assert told is not None, "it said so"
    assert told.event is not None, "who paid says by which transaction"
    key = await _settle(tx, actor, now, refund)
    return await _moved(
        tx,
        actor,
        now,
        refund,
        event,
        settled_at=now,
        journal_key=key,
        transaction_id=told.event.channel_transaction_id,
    )


def _event_of(told: Told | None) -> Event | None:
    if told is None:
        return Event.DOUBT
    return {
        Standing.PAID: Event.SETTLE,
        Standing.FAILED: Event.FAIL,
        Standing.WAITING: None,
    }[told.standing]


def _later(refund: Refund, now: dt.datetime) -> Refund:
    tries = refund.tries + 1
    return msgspec.structs.replace(refund, tries=tries, send_at=ask_next(now, tries))


async def _settle(tx: Tx, actor: Actor, now: dt.datetime, refund: Refund) -> uuid.UUID:
    entry = Entry(
        key=new_id(),
        kind=Kind.REFUND_SETTLED,
        legs=transfer(
            refund_owed_to(refund.payer_party_id),
            [Leg(clearing_of(refund.channel), refund.amount_fen)],
        ),
        booked_at=now,
        value_on=local_date(now),
        rule_version=RULE_VERSION,
        order_id=refund.order_id,
        book=refund.book,
    )
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    return entry.key


async def _lock(tx: Tx, refund_id: uuid.UUID) -> Refund:
    refund = await store.lock(tx, refund_id)
    if refund is None:
        raise Missing
    return refund


_WHAT: Final = {
    Event.SEND: Happened.REFUND_SENT,
    Event.DOUBT: Happened.REFUND_DOUBTED,
    Event.FAIL: Happened.REFUND_FAILED,
    Event.SETTLE: Happened.REFUND_SETTLED,
}


async def _moved(
    tx: Tx, actor: Actor, now: dt.datetime, refund: Refund, event: Event, **changes: Any
) -> Refund:
    after = msgspec.structs.replace(refund, state=advance(refund.state, event), **changes)
    await store.update(tx, after)
    await _remember(tx, _WHAT[event], actor, now, after)
    return after


async def _remember(tx: Tx, what: Happened, actor: Actor, now: dt.datetime, refund: Refund) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("refund", str(refund.id)), Subject("order", str(refund.order_id))],
        facts={"amount_fen": refund.amount_fen, "channel": refund.channel},
    )
