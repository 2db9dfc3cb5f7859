"""Pay an escrow out to those who share, in parts or at once (划付、放款)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import new_id
from settlement.escrow import release as conditions
from settlement.escrow import states, store
from settlement.escrow.model import Capture, Escrow, Release, capture_of, release_of
from settlement.escrow.operations import casework
from settlement.escrow.queries import get_escrow
from settlement.escrow.release import Distribution, Increment, ReleaseFacts
from settlement.escrow.states import EventNotAllowed, State, advance, releasing
from settlement.holds import operations as holds
from settlement.lanes.model import Move, Request, Transition
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, escrow_of, residual_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import KeyReused
from settlement.money import Fen, fen

_RELEASE_HELD: Final = Transition(
    "escrow_released", store.RELEASE_HELD, "order", Event.ESCROW_RELEASED
)


class AlreadyReleased(Conflict):
    """The money was released before, to others or otherwise."""

    code = "escrow_already_released"


async def capture(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    key: uuid.UUID,
    amount_fen: int,
    split: Distribution,
    may_empty: bool = False,
) -> Capture:
    """Pay a part of the escrow out to those who share (分次划付); one key pays it once.

    All captures of an order are divided as one sum. What nobody is entitled to yet waits as a
    residual, and goes out with the last of the money, which ``release`` or ``refund`` takes. Who
    ``may_empty`` it takes all that is left too, and gives out the residual with ``finish``.

    :raises NotPermitted: if the actor may not release.
    :raises EscrowMissing: if the order has none.
    :raises KeyReused: if the key belongs to another capture, or to something else.
    :raises EventNotAllowed: if there is no money in it, or it is disputed.
    :raises LessLeft: if not more than that is left.
    """
    actor.require("escrow:release")
    escrow = await casework.lock(tx, order_id)
    amount = fen(amount_fen)
    earlier = await ledger.find(tx, key)
    if earlier is not None:
        return _captured_before(tx, earlier, order_id, amount)
    following = advance(escrow.state, states.Event.CAPTURE)
    is_all = may_empty and amount == escrow.left_fen
    if not is_all:
        casework.check_part(escrow, amount)
    before = escrow.captured_fen
    step = split.increment(before, Fen(before + amount))
    entry = casework.entry_of(
        Kind.RELEASE,
        transfer(escrow_of(order_id), _all_of(order_id, step)),
        escrow,
        key=key,
        version=split.version,
        now=now,
    )
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await casework.settle(tx, escrow, step.settled, version=split.version, actor=actor, now=now)
    if is_all:
        emptied = advance(escrow.state, states.Event.CAPTURE_REST)
        await store.close(tx, order_id, state=emptied, at=now, by=key, captured_fen=amount)
    else:
        await store.take_out(tx, order_id, state=following, captured_fen=amount)
    await casework.remember(
        tx, Event.ESCROW_CAPTURED, escrow, amount_fen=amount, actor=actor, now=now
    )
    return capture_of(entry, is_replay=False)


async def release(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    split: Distribution,
    facts: ReleaseFacts,
) -> Release:
    """Pay what is left of the escrow to those who share, as the order's frozen split says (放款).

    The same release once more gives the same answer and moves nothing.

    :raises NotPermitted: if the actor may not release.
    :raises EscrowMissing: if the order has none.
    :raises NotReleasable: if something that must be true first is not.
    :raises EventNotAllowed: if there is no money in it.
    :raises AlreadyReleased: if it was released by another split.
    """
    actor.require("escrow:release")
    escrow = await casework.lock(tx, order_id)
    if escrow.state is State.RELEASED:
        return await _released_before(tx, escrow, split)
    following = advance(escrow.state, releasing(escrow.state))
    conditions.check(facts, now)
    left, before = Fen(escrow.left_fen), escrow.captured_fen
    step = split.increment(before, Fen(before + left)) if before else None
    arrivals = _all_of(order_id, step) if step is not None else split.credits(left)
    entry = casework.entry_of(
        Kind.RELEASE,
        transfer(escrow_of(order_id), arrivals),
        escrow,
        key=new_id(),
        version=split.version,
        now=now,
    )
    await casework.empty(
        tx, escrow, following, actor=actor, now=now, entry=entry, captured_fen=left
    )
    if step is not None:
        settled = (*step.settled, *split.final(Fen(before + left)))
        await casework.settle(tx, escrow, settled, version=split.version, actor=actor, now=now)
    await casework.remember(
        tx, Event.ESCROW_RELEASED, escrow, amount_fen=left, actor=actor, now=now
    )
    return release_of(entry, is_replay=False)


async def draw_up_release(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    split: Distribution,
    facts: ReleaseFacts,
) -> Request:
    """Return what a lane is to post to release an escrow that is held; nothing moves yet (放款请求).

    The lane posts it only if the escrow is still held then: a dispute that comes between, or another
    release, has it refused.

    :raises NotPermitted: if the actor may not release.
    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if its money is not held, or parts of it were captured: a frozen escrow
        is released alone, and so is one with a residual.
    :raises NotReleasable: if something that must be true first is not.
    """
    actor.require("escrow:release")
    escrow = await get_escrow(tx, order_id)
    advance(escrow.state, states.Event.RELEASE)
    if escrow.captured_fen:
        raise EventNotAllowed(state=str(escrow.state), event=str(states.Event.RELEASE))
    conditions.check(facts, now)
    entry = casework.entry_of(
        Kind.RELEASE,
        transfer(escrow_of(order_id), split.credits(Fen(escrow.left_fen))),
        escrow,
        key=new_id(),
        version=split.version,
        now=now,
    )
    return Request(entry, Move(_RELEASE_HELD, order_id))


async def forfeit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    hold_key: uuid.UUID,
    to: Account,
) -> uuid.UUID:
    """Let a deposit that is held go to ``to``, all of it; return by which entry (保证金不予退还).

    :raises EscrowMissing: if there is none.
    :raises EventNotAllowed: if there is no money in it (and what ``holds.capture`` raises).
    """
    escrow = await casework.lock(tx, order_id)
    following = advance(escrow.state, states.Event.FORFEIT)
    left = Fen(escrow.left_fen)
    legs = transfer(escrow_of(order_id), [Leg(to, left)])
    entry = casework.entry_of(
        Kind.DEPOSIT_FORFEITED, legs, escrow, key=new_id(), version=casework.RULE_VERSION, now=now
    )
    await holds.capture(tx, actor=actor, now=now, key=hold_key, entry=entry)
    await store.close(tx, order_id, state=following, at=now, by=entry.key, captured_fen=left)
    await casework.remember(
        tx, Event.ESCROW_FORFEITED, escrow, amount_fen=left, actor=actor, now=now
    )
    return entry.key


def _all_of(order_id: uuid.UUID, step: Increment) -> list[Leg]:
    waiting = [Leg(residual_of(order_id), step.waiting_fen)] if step.waiting_fen else []
    return [*step.charged, *waiting]


async def _released_before(tx: Tx, escrow: Escrow, split: Distribution) -> Release:
    entry = await casework.closing_entry(tx, escrow)
    was_at_once = entry.kind is Kind.RELEASE and entry.amount_fen == escrow.captured_fen
    again = transfer(escrow_of(escrow.order_id), split.credits(Fen(escrow.captured_fen)))
    is_other = (was_at_once and again != entry.legs) or entry.kind is not Kind.RELEASE
    if is_other or split.version != entry.rule_version:
        raise AlreadyReleased(order_id=str(escrow.order_id), journal_key=str(entry.key))
    tx.remember()  # the first run wrote the audit entry; this one changes nothing
    return release_of(entry, is_replay=True)


def _captured_before(tx: Tx, earlier: Entry, order_id: uuid.UUID, amount: Fen) -> Capture:
    said = (earlier.kind, earlier.order_id, earlier.amount_fen)
    if said != (Kind.RELEASE, order_id, amount):
        raise KeyReused(key=str(earlier.key))
    tx.remember()  # the first run wrote the audit entry; this one changes nothing
    return capture_of(earlier, is_replay=True)
