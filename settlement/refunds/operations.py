"""Make refunds of what is owed back, and take them to their end (退款)."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import clearing_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.payments.asking import ask_next
from settlement.payments.channel import Standing, Told
from settlement.refunds import bank_file, bank_lines, store
from settlement.refunds.bank_file import RefundOutcomesMalformed
from settlement.refunds.model import Refund, RefundBatch
from settlement.refunds.states import Event, State, advance, allows

RULE_VERSION: Final = "refunds/1"
BATCH_MAX: Final = 1_000  # ours: a file that a person still looks through


class NothingToTransfer(Refused):
    """No refund of this channel waits for a file of the bank."""

    code = "refund_nothing_to_transfer"


class RefundOutcomesTakenBefore(Conflict):
    """This very file of the bank was taken before."""

    code = "refund_outcomes_taken_before"


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


async def make_batch(tx: Tx, *, actor: Actor, now: dt.datetime, channel: str) -> RefundBatch:
    """Put what waits to be transferred back into a batch, whose file tells the bank (退款文件).

    For channels that tell by the bank's file alone. A refund is in one batch that is not ended, and
    goes back by the transfer that it came by (原路退回), so no account number is needed.

    :raises NotPermitted: if the actor transfers no refunds.
    :raises NothingToTransfer: if nothing waits.
    """
    actor.require("refund:transfer")
    waiting = await store.lock_waiting(tx, channel=channel, limit=BATCH_MAX)
    if not waiting:
        raise NothingToTransfer(channel=channel)
    batch = RefundBatch(
        id=new_id(),
        channel=channel,
        made_at=now,
        made_by=actor.account_id,
        line_count=len(waiting),
        total_fen=sum(each.amount_fen for each in waiting),
        open_count=len(waiting),
        file_sha256="",
    )
    content = bank_file.write_orders(batch.id, waiting)
    batch = msgspec.structs.replace(batch, file_sha256=hashlib.sha256(content).hexdigest())
    await store.insert_batch(tx, batch, waiting)
    await _remember_batch(
        tx, Happened.REFUND_FILE_MADE, batch, batch.file_sha256, actor=actor, now=now
    )
    return batch


async def take_outcomes(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID, content: bytes
) -> RefundBatch:
    """Take in what the bank says became of a batch of refunds: all of the file, or nothing (回执).

    What was paid is settled by its entry; what was returned failed, and goes into a later batch.

    :raises NotPermitted: if the actor transfers no refunds.
    :raises Missing: if there is no such batch.
    :raises RefundOutcomesMalformed: if it is not a file of this batch, or a line says what can not be.
    :raises RefundOutcomesTakenBefore: if it was taken before.
    """
    actor.require("refund:transfer")
    if await store.lock_batch(tx, batch_id) is None:
        raise Missing
    told = bank_file.read_outcomes(content, batch_id)
    digest = hashlib.sha256(content).hexdigest()
    if not await store.claim_outcomes(tx, sha256=digest, batch_id=batch_id, now=now):
        raise RefundOutcomesTakenBefore(batch_id=str(batch_id))
    lines = {each.reference: each for each in await store.lock_open_lines(tx, batch_id)}
    for each in told:
        refund = lines.get(each.reference)
        if refund is None:
            raise RefundOutcomesMalformed(line=each.line, reason="reference")
        if refund.amount_fen != each.amount_fen:
            raise RefundOutcomesMalformed(line=each.line, reason="amount")
        await _end_line(tx, actor, now, refund, each)
        await store.end_line(tx, batch_id=batch_id, refund_id=refund.id, told=each, now=now)
    after = await store.find_batch(tx, batch_id)
    assert after is not None, "batches are never removed"
    await _remember_batch(tx, Happened.REFUND_OUTCOMES_TAKEN, after, digest, actor=actor, now=now)
    return after


async def _end_line(
    tx: Tx, actor: Actor, now: dt.datetime, refund: Refund, told: bank_lines.Told
) -> None:
    if told.outcome is bank_lines.Outcome.RETURNED:
        await _moved(tx, actor, now, _later(refund, now), Event.FAIL)
        return
    key = await _settle(tx, actor, now, refund)
    await _moved(
        tx,
        actor,
        now,
        refund,
        Event.SETTLE,
        settled_at=now,
        journal_key=key,
        transaction_id=told.transaction_id,
    )


async def _remember_batch(
    tx: Tx, what: Happened, batch: RefundBatch, sha256: str, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("refund_batch", str(batch.id))],
        facts={
            "channel": batch.channel,
            "lines": batch.line_count,
            "total_fen": batch.total_fen,
        },
        digests=[Digest("refund_file", str(batch.id), sha256)],
    )
