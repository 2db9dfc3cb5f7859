"""Send payouts one by one, and take in what the bank says of them (付出、回执)."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from settlement.beneficiaries import queries as beneficiaries
from settlement.ledger.journal import Kind
from settlement.ledger.operations import BalanceInsufficient
from settlement.payouts import store
from settlement.payouts.bank_file import Outcome, OutcomeFileMalformed, Told, read_outcomes
from settlement.payouts.model import Batch, Payout
from settlement.payouts.operations.moving import By, move, post
from settlement.payouts.states import OUT, Event, State


class OutcomesTakenBefore(Conflict):
    """This very file of the bank was taken before."""

    code = "payout_outcomes_taken_before"


async def send(tx: Tx, *, actor: Actor, now: dt.datetime, payout_id: uuid.UUID) -> Payout:
    """Take an approved payout off what is owed, so that the bank may be told to pay it (付出).

    Once: what was sent before, or is over, stays as it is. If the account was withdrawn meanwhile,
    or the money is not there any more, it is not sent, and nothing is owed any less.

    :raises NotPermitted: if the actor sends no payouts.
    :raises Missing: if there is no such payout.
    """
    actor.require("payout:send")
    payout = await store.lock(tx, payout_id)
    if payout is None:
        raise Missing
    if payout.state is not State.APPROVED:
        return payout
    by = By(actor, now)
    verified = await beneficiaries.find_verified(tx, [payout.party_id])
    to = verified.get(payout.party_id)
    if to is None or to.id != payout.beneficiary_id:
        return await _leave(tx, by, payout, "account_not_verified")
    batch = await _batch(tx, payout)
    try:
        async with tx.savepoint():
            key = await post(tx, by, payout, kind=Kind.PAYOUT, channel=batch.channel)
    except BalanceInsufficient:
        return await _leave(tx, by, payout, "balance_insufficient")
    return await move(tx, by, payout, event=Event.SEND, sent_at=now, payout_key=key)


async def doubt(tx: Tx, *, actor: Actor, now: dt.datetime, payout_id: uuid.UUID) -> Payout:
    """Note that the bank said nothing of a payout for too long (存疑).

    :raises NotPermitted: if the actor sends no payouts.
    :raises Missing: if there is no such payout.
    """
    actor.require("payout:send")
    payout = await store.lock(tx, payout_id)
    if payout is None:
        raise Missing
    if payout.state is not State.IN_TRANSIT:
        return payout
    return await move(tx, By(actor, now), payout, event=Event.DOUBT)


async def take_outcomes(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch_id: uuid.UUID, content: bytes
) -> Batch:
    """Take in what the bank says became of a batch: all of the file, or nothing (回执).

    What was paid leaves the channel's account; what was returned is owed again.

    :raises NotPermitted: if the actor approves no payouts.
    :raises Missing: if there is no such batch.
    :raises OutcomeFileMalformed: if it is not a file of this batch, or a line says what can not be.
    :raises OutcomesTakenBefore: if it was taken before.
    """
    actor.require("payout:approve")
    batch = await store.lock_batch(tx, batch_id)
    if batch is None:
        raise Missing
    told = read_outcomes(content, batch_id)
    digest = hashlib.sha256(content).hexdigest()
    if not await store.claim_outcomes(
        tx, sha256=digest, batch_id=batch_id, count=len(told), now=now, by=actor.account_id
    ):
        raise OutcomesTakenBefore(batch_id=str(batch_id))
    lines = {line.reference: line for line in await store.lock_lines(tx, batch_id)}
    by = By(actor, now)
    for each in told:
        await _end(tx, by, batch, _line_of(each, lines), each)
    after = await store.find_batch(tx, batch_id)
    assert after is not None, "batches are never removed"
    return after


def _line_of(told: Told, lines: dict[str, Payout]) -> Payout:
    line = lines.get(told.reference)
    if line is None:
        raise OutcomeFileMalformed(line=told.line, reason="reference")
    if line.amount_fen != told.amount_fen:
        raise OutcomeFileMalformed(line=told.line, reason="amount")
    if line.state not in OUT:
        raise OutcomeFileMalformed(line=told.line, reason="not_under_way")
    return line


async def _end(tx: Tx, by: By, batch: Batch, line: Payout, told: Told) -> None:
    is_paid = told.outcome is Outcome.PAID
    kind = Kind.PAYOUT_SETTLED if is_paid else Kind.PAYOUT_RETURNED
    key = await post(tx, by, line, kind=kind, channel=batch.channel)
    await move(
        tx,
        by,
        line,
        event=Event.PAY if is_paid else Event.RETURN,
        ended_at=by.now,
        transaction_id=told.transaction_id,
        reason=told.reason or None,
        ending_key=key,
    )


async def _leave(tx: Tx, by: By, payout: Payout, reason: str) -> Payout:
    return await move(tx, by, payout, event=Event.LEAVE, ended_at=by.now, reason=reason)


async def _batch(tx: Tx, payout: Payout) -> Batch:
    batch = await store.find_batch(tx, payout.batch_id)
    assert batch is not None, "a payout has its batch"
    return batch
