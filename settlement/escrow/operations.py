"""Open, fund, freeze, release and refund escrows (资金托管).

Each holds the row of its order, so that of many at once one acts and the others see what it did.
Whether the order as such may do it is asked by the room that calls; only releasing has a
permission of its own, because money leaves for good.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.escrow import release as conditions
from settlement.escrow import states, store
from settlement.escrow.model import Escrow, Refund, Release, refund_of, release_of
from settlement.escrow.queries import EscrowMissing, get_escrow
from settlement.escrow.release import Distribution, ReleaseFacts
from settlement.escrow.states import State, advance, refunding, releasing
from settlement.lanes.model import Move, Request, Transition
from settlement.ledger import operations as ledger
from settlement.ledger import queries as books
from settlement.ledger.accounts import clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, read_record, transfer
from settlement.money import Fen, fen

RULE_VERSION = "escrow/1"
_RELEASE_HELD: Final = Transition(
    "escrow_released", store.RELEASE_HELD, "order", Event.ESCROW_RELEASED
)


class OtherTerms(Conflict):
    """The order has an escrow already, with another payer or amount."""

    code = "escrow_opened_on_other_terms"


class AmountDiffers(Conflict):
    """What came is not what was due."""

    code = "escrow_amount_differs"


class AlreadyReleased(Conflict):
    """The money was released before, to others or otherwise."""

    code = "escrow_already_released"


async def open(  # noqa: A001
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer_party_id: uuid.UUID,
    amount_fen: int,
    payee_party_id: uuid.UUID | None = None,
) -> Escrow:
    """Open the escrow of an order; opening it again on the same terms changes nothing.

    :raises OtherTerms: if it is open with another payer or amount.
    """
    wanted = Escrow(
        order_id=order_id,
        payer_party_id=payer_party_id,
        payee_party_id=payee_party_id,
        amount_fen=fen(amount_fen),
        state=State.AWAITING_PAYMENT,
        opened_at=now,
        funded_at=None,
        closed_at=None,
        funding_key=None,
        closing_key=None,
    )
    if not await store.insert(tx, wanted):
        found = await lock(tx, order_id)
        if (found.payer_party_id, found.amount_fen) != (payer_party_id, wanted.amount_fen):
            raise OtherTerms(order_id=str(order_id), amount_fen=found.amount_fen)
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return found
    await _remember(tx, Event.ESCROW_OPENED, actor, now, wanted)
    return wanted


async def lock(tx: Tx, order_id: uuid.UUID) -> Escrow:
    """Return the escrow of an order, locked until the transaction ends.

    :raises EscrowMissing: if it has none.
    """
    escrow = await store.lock(tx, order_id)
    if escrow is None:
        raise EscrowMissing(order_id=str(order_id))
    return escrow


async def fund(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    channel: str,
    amount_fen: int,
) -> Escrow:
    """Book money that a channel collected into the escrow (收款入托管).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if the money came before.
    :raises AmountDiffers: if it is not exactly what is due.
    """
    escrow = await lock(tx, order_id)
    following = advance(escrow.state, states.Event.PAY)
    if amount_fen != escrow.amount_fen:
        raise AmountDiffers(due_fen=escrow.amount_fen, amount_fen=amount_fen)
    posted = await ledger.post(
        tx,
        actor=actor,
        now=now,
        entry=Entry(
            key=new_id(),
            kind=Kind.PAY_IN,
            legs=transfer(clearing_of(channel), [Leg(escrow_of(order_id), escrow.amount_fen)]),
            booked_at=now,
            value_on=local_date(now),
            rule_version=RULE_VERSION,
            order_id=order_id,
        ),
    )
    await store.fund(tx, order_id, state=following, at=now, by=posted.entry.key)
    await _remember(tx, Event.ESCROW_FUNDED, actor, now, escrow)
    return await lock(tx, order_id)


async def freeze(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Escrow:
    """Freeze the escrow of an order whose delivery is disputed (争议冻结).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it, or it is frozen.
    """
    escrow = await lock(tx, order_id)
    following = advance(escrow.state, states.Event.DISPUTE)
    await ledger.hold(tx, now=now, order_id=order_id, amount_fen=escrow.amount_fen)
    await store.set_state(tx, order_id, following)
    await _remember(tx, Event.ESCROW_FROZEN, actor, now, escrow)
    return await lock(tx, order_id)


async def release(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    split: Distribution,
    facts: ReleaseFacts,
) -> Release:
    """Pay the escrow out to those who share, as the order's frozen split says (放款).

    The same release once more gives the same answer and moves nothing.

    :raises NotPermitted: if the actor may not release.
    :raises EscrowMissing: if the order has none.
    :raises NotReleasable: if something that must be true first is not.
    :raises EventNotAllowed: if there is no money in it.
    :raises AlreadyReleased: if it was released by another split.
    """
    actor.require("escrow:release")
    escrow = await lock(tx, order_id)
    if escrow.state is State.RELEASED:
        return await _released_before(tx, escrow, split)
    following = advance(escrow.state, releasing(escrow.state))
    conditions.check(facts, now)
    entry = _releasing_entry(escrow, split, now)
    await _empty(tx, escrow, following, actor=actor, now=now, entry=entry)
    await _remember(tx, Event.ESCROW_RELEASED, actor, now, escrow)
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
    :raises EventNotAllowed: if its money is not held: a frozen escrow is released alone.
    :raises NotReleasable: if something that must be true first is not.
    """
    actor.require("escrow:release")
    escrow = await get_escrow(tx, order_id)
    advance(escrow.state, states.Event.RELEASE)
    conditions.check(facts, now)
    return Request(_releasing_entry(escrow, split, now), Move(_RELEASE_HELD, order_id))


async def refund(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Refund:
    """Owe the whole escrow back to the buyer (退款). A second time gives the same answer.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it.
    """
    escrow = await lock(tx, order_id)
    payer = escrow.payer_party_id
    if escrow.state is State.REFUNDED:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return refund_of(await _closing(tx, escrow), payer_party_id=payer, is_replay=True)
    following = advance(escrow.state, refunding(escrow.state))
    entry = Entry(
        key=new_id(),
        kind=Kind.REFUND,
        legs=transfer(escrow_of(order_id), [Leg(refund_owed_to(payer), escrow.amount_fen)]),
        booked_at=now,
        value_on=local_date(now),
        rule_version=RULE_VERSION,
        order_id=order_id,
    )
    await _empty(tx, escrow, following, actor=actor, now=now, entry=entry)
    await _remember(tx, Event.ESCROW_REFUNDED, actor, now, escrow)
    return refund_of(entry, payer_party_id=payer, is_replay=False)


def _releasing_entry(escrow: Escrow, split: Distribution, now: dt.datetime) -> Entry:
    return Entry(
        key=new_id(),
        kind=Kind.RELEASE,
        legs=transfer(escrow_of(escrow.order_id), split.credits(escrow.amount_fen)),
        booked_at=now,
        value_on=local_date(now),
        rule_version=split.version,
        order_id=escrow.order_id,
    )


async def _empty(
    tx: Tx, escrow: Escrow, following: State, *, actor: Actor, now: dt.datetime, entry: Entry
) -> None:
    if escrow.state is State.DISPUTED:
        order_id, frozen = escrow.order_id, Fen(escrow.amount_fen)
        await ledger.unhold(tx, now=now, order_id=order_id, amount_fen=frozen)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.close(tx, escrow.order_id, state=following, at=now, by=entry.key)


async def _released_before(tx: Tx, escrow: Escrow, split: Distribution) -> Release:
    entry = await _closing(tx, escrow)
    again = transfer(escrow_of(escrow.order_id), split.credits(escrow.amount_fen))
    if again != entry.legs or split.version != entry.rule_version:
        raise AlreadyReleased(order_id=str(escrow.order_id), journal_key=str(entry.key))
    tx.remember()  # the first run wrote the audit entry; this one changes nothing
    return release_of(entry, is_replay=True)


async def _closing(tx: Tx, escrow: Escrow) -> Entry:
    assert escrow.closing_key is not None, "escrow_closed_by_an_entry"
    found = await books.get_entry(tx, escrow.closing_key)
    return read_record(found.record.encode())


async def _remember(tx: Tx, event: Event, actor: Actor, now: dt.datetime, escrow: Escrow) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(escrow.order_id))],
        facts={"amount_fen": escrow.amount_fen, "payer_party_id": str(escrow.payer_party_id)},
    )
