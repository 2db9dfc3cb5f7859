"""Prepare a batch, approve it as somebody else, cancel it, make its file for the bank (付款批次)."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Collection

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Missing, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.sealed import Box
from settlement.beneficiaries import queries as beneficiaries
from settlement.ledger import operations as ledger
from settlement.money import fen
from settlement.payouts import queries, store
from settlement.payouts.choosing import choose
from settlement.payouts.model import Batch, Payout, Prepared
from settlement.payouts.states import Event, State, advance


class SecondPersonNeeded(Forbidden):
    """Whoever prepared a batch does not approve it."""

    code = "payout_second_person_needed"


class BatchNotSent(Refused):
    """Some of its lines wait to be approved or sent; the bank's file would lack them."""

    code = "payout_batch_not_sent"


async def prepare(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    channel: str,
    minimum_fen: int,
    party_ids: Collection[uuid.UUID] = (),
) -> Prepared:
    """Put what is owed, from a minimum on, into a batch: of all parties, or of those named (编制).

    :raises NotPermitted: if the actor prepares no payouts.
    :raises AccountNotVerified: if a party that was named has no verified account.
    :raises NothingToPay: if there is nothing to pay.
    """
    actor.require("payout:prepare")
    await ledger.roll_up(tx, now=now)  # what arrived until now can be paid
    owed = await store.list_owed(tx)
    wanted = {*party_ids, *(each.party_id for each in owed)}
    accounts = await beneficiaries.find_verified(tx, list(wanted))
    chosen = choose(owed, verified=accounts, minimum_fen=fen(minimum_fen), named=set(party_ids))
    batch = Batch(
        id=new_id(),
        channel=channel,
        minimum_fen=minimum_fen,
        prepared_at=now,
        prepared_by=actor.account_id,
    )
    lines = []
    for each in chosen.lines:
        payout_id = new_id()
        lines.append(
            Payout(
                id=payout_id,
                batch_id=batch.id,
                reference=f"O{payout_id.hex}",
                book=each.book,
                purpose=each.purpose,
                party_id=each.party_id,
                beneficiary_id=accounts[each.party_id].id,
                amount_fen=each.amount_fen,
                state=State.PREPARED,
            )
        )
    await store.insert_batch(tx, batch, lines)
    kept = await store.find_batch(tx, batch.id)
    assert kept is not None, "it was inserted"
    await _remember(tx, Happened.PAYOUT_BATCH_PREPARED, actor, now, kept)
    return Prepared(batch=kept, left_out=chosen.left_out)


async def approve(tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID) -> Batch:
    """Approve a batch that somebody else prepared; it is then sent by itself (批准).

    :raises NotPermitted: if the actor approves no payouts.
    :raises Missing: if there is no such batch.
    :raises SecondPersonNeeded: if the actor prepared it.
    :raises EventNotAllowed: if it was approved or cancelled.
    """
    actor.require("payout:approve")
    batch, lines = await _lock(tx, batch_id)
    if batch.prepared_by == actor.account_id:
        raise SecondPersonNeeded
    for line in lines:
        await store.update(
            tx, msgspec.structs.replace(line, state=advance(line.state, Event.APPROVE))
        )
    return await _changed(
        tx, Happened.PAYOUT_BATCH_APPROVED, actor, now, batch, approved_by=actor.account_id
    )


async def cancel(tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID) -> Batch:
    """Cancel what of a batch was not sent; nothing of it is owed any less (取消).

    :raises NotPermitted: if the actor prepares no payouts.
    :raises Missing: if there is no such batch.
    :raises EventNotAllowed: if all of it was sent, or it was cancelled before.
    """
    actor.require("payout:prepare")
    batch, lines = await _lock(tx, batch_id)
    waiting = [line for line in lines if line.state in (State.PREPARED, State.APPROVED)]
    for line in waiting or lines[:1]:
        await store.update(
            tx, msgspec.structs.replace(line, state=advance(line.state, Event.CANCEL))
        )
    return await _changed(tx, Happened.PAYOUT_BATCH_CANCELLED, actor, now, batch)


async def make_file(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID, box: Box
) -> Batch:
    """Make the file by which the bank pays a batch, and remember its digest (付款文件).

    Made again it has the same bytes, for nothing that was sent is changed.

    :raises NotPermitted: if the actor approves no payouts.
    :raises Missing: if there is no such batch.
    :raises BatchNotSent: if lines wait to be approved or sent.
    """
    actor.require("payout:approve")
    batch, lines = await _lock(tx, batch_id)
    waits = any(line.state in (State.PREPARED, State.APPROVED) for line in lines)
    if waits or all(line.payout_key is None for line in lines):
        raise BatchNotSent(batch_id=str(batch_id))
    content = await queries.orders_of(tx, batch_id=batch_id, box=box)
    batch = msgspec.structs.replace(batch, file_sha256=hashlib.sha256(content).hexdigest())
    await store.update_batch(tx, batch)
    await _remember(
        tx,
        Happened.PAYOUT_FILE_MADE,
        actor,
        now,
        batch,
        digests=[Digest("payout_file", str(batch.id), str(batch.file_sha256))],
    )
    return batch


async def _lock(tx: Tx, batch_id: uuid.UUID) -> tuple[Batch, list[Payout]]:
    batch = await store.lock_batch(tx, batch_id)
    if batch is None:
        raise Missing
    return batch, await store.lock_lines(tx, batch_id)


async def _changed(
    tx: Tx,
    what: Happened,
    actor: Actor,
    now: dt.datetime,
    batch: Batch,
    *,
    approved_by: uuid.UUID | None = None,
) -> Batch:
    is_approval = what is Happened.PAYOUT_BATCH_APPROVED
    changed = msgspec.structs.replace(
        batch,
        approved_by=approved_by if is_approval else batch.approved_by,
        approved_at=now if is_approval else batch.approved_at,
        cancelled_at=batch.cancelled_at if is_approval else now,
    )
    await store.update_batch(tx, changed)
    after = await store.find_batch(tx, batch.id)
    assert after is not None, "batches are never removed"
    await _remember(tx, what, actor, now, after)
    return after


async def _remember(
    tx: Tx,
    what: Happened,
    actor: Actor,
    now: dt.datetime,
    batch: Batch,
    *,
    digests: Collection[Digest] = (),
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("payout_batch", str(batch.id))],
        facts={
            "channel": batch.channel,
            "lines": batch.line_count,
            "total_fen": batch.total_fen,
        },
        digests=digests,
    )
