"""Give an escrow back to the buyer, a part or what is left (退款)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from settlement.escrow import store
from settlement.escrow.model import Escrow, Refund, refund_of
from settlement.escrow.operations import casework
from settlement.escrow.release import Distribution
from settlement.escrow.states import State, advance, refunding, refunding_part
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import escrow_of, refund_owed_to, residual_of
from settlement.ledger.journal import Kind, Leg, transfer
from settlement.ledger.operations import KeyReused
from settlement.ledger.queries import balances as books
from settlement.money import Fen, fen


async def refund_part(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, key: uuid.UUID, amount_fen: int
) -> Refund:
    """Owe a part of the escrow back to the buyer (部分退款); a dispute is over with it.

    One key refunds it once. The rest stays, to be released or refunded.

    :raises EscrowMissing: if the order has none.
    :raises KeyReused: if the key belongs to another refund, or to something else.
    :raises EventNotAllowed: if there is no money in it.
    :raises LessLeft: if not more than that is left: all of it is a refund as a whole.
    """
    escrow = await casework.lock(tx, order_id)
    payer, amount = escrow.payer_party_id, fen(amount_fen)
    entry = casework.entry_of(
        Kind.REFUND,
        transfer(escrow_of(order_id), [Leg(refund_owed_to(payer), amount)]),
        escrow,
        key=key,
        version=casework.RULE_VERSION,
        now=now,
    )
    earlier = await ledger.find(tx, key)
    if earlier is not None:
        if (earlier.kind, earlier.legs) != (entry.kind, entry.legs):
            raise KeyReused(key=str(key))
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return refund_of(earlier, payer_party_id=payer, is_replay=True)
    following = advance(escrow.state, refunding_part(escrow.state))
    casework.check_part(escrow, amount)
    await casework.thaw(tx, escrow, actor=actor, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.take_out(tx, order_id, state=following, refunded_fen=amount)
    await casework.remember(
        tx, Event.ESCROW_REFUNDED_IN_PART, escrow, amount_fen=amount, actor=actor, now=now
    )
    return refund_of(entry, payer_party_id=payer, is_replay=False)


async def refund(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    split: Distribution | None = None,
) -> Refund:
    """Owe what is left of the escrow back to the buyer (退款). A second time gives the same answer.

    Where parts were captured, ``split`` says who gets the residual of them.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it.
    """
    escrow = await casework.lock(tx, order_id)
    payer, captured = escrow.payer_party_id, escrow.captured_fen
    if escrow.state is State.REFUNDED:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return refund_of(
            await casework.closing_entry(tx, escrow), payer_party_id=payer, is_replay=True
        )
    refund = await _give_rest_back(tx, escrow, actor=actor, now=now)
    if captured:
        assert split is not None, "whoever captured parts has their split"
        final = split.final(Fen(captured))
        await casework.settle(tx, escrow, final, version=split.version, actor=actor, now=now)
    return refund


async def finish(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, split: Distribution
) -> None:
    """Give back what is left, and give out the residual: nothing more is captured (结清).

    A second time it changes nothing; money that came in between goes back.

    :raises EscrowMissing: if the order has none.
    """
    escrow = await casework.lock(tx, order_id)
    if escrow.state is State.HELD:
        await _give_rest_back(tx, escrow, actor=actor, now=now)
    if await books.get_balance(tx, residual_of(order_id), book=escrow.book):
        final = split.final(Fen(escrow.captured_fen))
        await casework.settle(tx, escrow, final, version=split.version, actor=actor, now=now)


async def _give_rest_back(tx: Tx, escrow: Escrow, *, actor: Actor, now: dt.datetime) -> Refund:
    payer, captured, left = escrow.payer_party_id, escrow.captured_fen, Fen(escrow.left_fen)
    following = advance(escrow.state, refunding(escrow.state, captured_fen=captured))
    entry = casework.entry_of(
        Kind.REFUND,
        transfer(escrow_of(escrow.order_id), [Leg(refund_owed_to(payer), left)]),
        escrow,
        key=new_id(),
        version=casework.RULE_VERSION,
        now=now,
    )
    await casework.empty(
        tx, escrow, following, actor=actor, now=now, entry=entry, refunded_fen=left
    )
    await casework.remember(
        tx, Event.ESCROW_REFUNDED, escrow, amount_fen=left, actor=actor, now=now
    )
    return refund_of(entry, payer_party_id=payer, is_replay=False)
