"""Open, fund, freeze, release and refund escrows (资金托管).

Each holds the row of its order, so that of many at once one acts and the others see what it did.
Whether the order as such may do it is asked by the room that calls; only releasing has a
permission of its own, because money leaves for good.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.escrow import release as conditions
from settlement.escrow import states, store
from settlement.escrow.model import (
    Capture,
    Escrow,
    Refund,
    Release,
    capture_of,
    refund_of,
    release_of,
)
from settlement.escrow.queries import EscrowMissing, get_escrow
from settlement.escrow.release import Distribution, Increment, ReleaseFacts
from settlement.escrow.states import (
    EventNotAllowed,
    State,
    advance,
    refunding,
    refunding_part,
    releasing,
)
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.holds.queries import find_standing
from settlement.lanes.model import Move, Request, Transition
from settlement.ledger import operations as ledger
from settlement.ledger import queries as books
from settlement.ledger.accounts import (
    BOOK,
    Account,
    Book,
    chargeback_of,
    clearing_of,
    escrow_of,
    refund_owed_to,
    residual_of,
)
from settlement.ledger.journal import Entry, Kind, Leg, read_record, transfer
from settlement.ledger.operations import KeyReused
from settlement.money import Fen, fen
from settlement.taxes.model import Tax

RULE_VERSION = "escrow/1"
_RELEASE_HELD: Final = Transition(
    "escrow_released", store.RELEASE_HELD, "order", Event.ESCROW_RELEASED
)


class OtherTerms(Conflict):
    """The order has an escrow already, with another payer, amount or book."""

    code = "escrow_opened_on_other_terms"


class AmountDiffers(Conflict):
    """What came is not what was due."""

    code = "escrow_amount_differs"


class LessLeft(Refused):
    """Not more than that is left in the escrow, so it is no part of it."""

    code = "escrow_less_left"


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
    book: Book = BOOK,
    tax: Tax | None = None,
) -> Escrow:
    """Open the escrow of an order; opening it again on the same terms changes nothing.

    All of its money is accounted in ``book``, from pay-in to payout. ``amount_fen`` is with the tax.

    :raises OtherTerms: if it is open with another payer, amount, book or tax.
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
        book=book,
        tax=tax,
    )
    if not await store.insert(tx, wanted):
        found = await lock(tx, order_id)
        terms = (payer_party_id, wanted.amount_fen, book, tax)
        if (found.payer_party_id, found.amount_fen, found.book, found.tax) != terms:
            raise OtherTerms(order_id=str(order_id), amount_fen=found.amount_fen)
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return found
    await _remember(tx, Event.ESCROW_OPENED, wanted, wanted.amount_fen, actor=actor, now=now)
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
            book=escrow.book,
        ),
    )
    await store.fund(tx, order_id, state=following, at=now, by=posted.entry.key)
    await _remember(tx, Event.ESCROW_FUNDED, escrow, escrow.amount_fen, actor=actor, now=now)
    return await lock(tx, order_id)


async def top_up(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    channel: str,
    amount_fen: int,
) -> Escrow:
    """Book more money of an order that pays as it uses into its escrow (补款).

    ``funding_key`` of what is returned is the entry of this money.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was paid yet, or it is disputed.
    """
    escrow, amount = await lock(tx, order_id), fen(amount_fen)
    following = advance(escrow.state, states.Event.TOP_UP)
    entry = _entry(
        Kind.PAY_IN,
        transfer(clearing_of(channel), [Leg(escrow_of(order_id), amount)]),
        escrow,
        key=new_id(),
        version=RULE_VERSION,
        now=now,
    )
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.top_up(tx, order_id, state=following, amount_fen=amount)
    await _remember(tx, Event.ESCROW_TOPPED_UP, escrow, amount, actor=actor, now=now)
    return msgspec.structs.replace(await lock(tx, order_id), funding_key=entry.key)


async def cover(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    source: Account,
    amount_fen: int,
) -> uuid.UUID:
    """Book money of the platform into the escrow of an order that its buyer never paid (坏账核销).

    Return by which entry.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was paid yet, or it is disputed.
    """
    escrow, amount = await lock(tx, order_id), fen(amount_fen)
    following = advance(escrow.state, states.Event.TOP_UP)
    legs = transfer(source, [Leg(escrow_of(order_id), amount)])
    key = await _charge(tx, Kind.LOSS_COVERED, legs, escrow, actor=actor, now=now)
    await store.top_up(tx, order_id, state=following, amount_fen=amount)
    await _remember(tx, Event.ESCROW_TOPPED_UP, escrow, amount, actor=actor, now=now)
    return key


async def finish(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, split: Distribution
) -> None:
    """Give back what is left, and give out the residual: nothing more is captured (结清).

    A second time it changes nothing; money that came in between goes back.

    :raises EscrowMissing: if the order has none.
    """
    escrow = await lock(tx, order_id)
    if escrow.state is State.HELD:
        await _give_rest_back(tx, escrow, actor=actor, now=now)
    if await books.get_balance(tx, residual_of(order_id), book=escrow.book):
        final = split.final(Fen(escrow.captured_fen))
        await _settle(tx, escrow, final, split.version, actor=actor, now=now)


async def freeze(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Escrow:
    """Freeze the escrow of an order whose delivery is disputed (争议冻结).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it, or it is frozen.
    """
    escrow = await lock(tx, order_id)
    following = advance(escrow.state, states.Event.DISPUTE)
    await holds.place(
        tx,
        actor=actor,
        now=now,
        key=new_id(),
        account=escrow_of(order_id),
        amount_fen=escrow.left_fen,
        reason=Reason.DISPUTE,
        order_id=order_id,
        book=escrow.book,
    )
    await store.set_state(tx, order_id, following)
    await _remember(tx, Event.ESCROW_FROZEN, escrow, escrow.left_fen, actor=actor, now=now)
    return await lock(tx, order_id)


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> None:
    """Let an escrow that nobody paid into run out, because its order is over (失效).

    Without escrow there is nothing to run out. Money that comes nevertheless is taken in, and goes
    back.

    :raises EventNotAllowed: if there is money in it, or was.
    """
    escrow = await store.lock(tx, order_id)
    if escrow is None or escrow.state is State.EXPIRED:
        return
    await store.set_state(tx, order_id, advance(escrow.state, states.Event.EXPIRE))
    await _remember(tx, Event.ESCROW_EXPIRED, escrow, escrow.amount_fen, actor=actor, now=now)


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
    escrow = await lock(tx, order_id)
    amount = fen(amount_fen)
    earlier = await ledger.find(tx, key)
    if earlier is not None:
        return _captured_before(tx, earlier, order_id, amount)
    following = advance(escrow.state, states.Event.CAPTURE)
    is_all = may_empty and amount == escrow.left_fen
    if not is_all:
        _check_part(escrow, amount)
    before = escrow.captured_fen
    step = split.increment(before, Fen(before + amount))
    entry = _entry(
        Kind.RELEASE,
        transfer(escrow_of(order_id), _all_of(order_id, step)),
        escrow,
        key=key,
        version=split.version,
        now=now,
    )
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await _settle(tx, escrow, step.settled, split.version, actor=actor, now=now)
    if is_all:
        emptied = advance(escrow.state, states.Event.CAPTURE_REST)
        await store.close(tx, order_id, state=emptied, at=now, by=key, captured_fen=amount)
    else:
        await store.take_out(tx, order_id, state=following, captured_fen=amount)
    await _remember(tx, Event.ESCROW_CAPTURED, escrow, amount, actor=actor, now=now)
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
    escrow = await lock(tx, order_id)
    if escrow.state is State.RELEASED:
        return await _released_before(tx, escrow, split)
    following = advance(escrow.state, releasing(escrow.state))
    conditions.check(facts, now)
    left, before = Fen(escrow.left_fen), escrow.captured_fen
    step = split.increment(before, Fen(before + left)) if before else None
    arrivals = _all_of(order_id, step) if step is not None else split.credits(left)
    entry = _entry(
        Kind.RELEASE,
        transfer(escrow_of(order_id), arrivals),
        escrow,
        key=new_id(),
        version=split.version,
        now=now,
    )
    await _empty(tx, escrow, following, actor=actor, now=now, entry=entry, captured_fen=left)
    if step is not None:
        settled = (*step.settled, *split.final(Fen(before + left)))
        await _settle(tx, escrow, settled, split.version, actor=actor, now=now)
    await _remember(tx, Event.ESCROW_RELEASED, escrow, left, actor=actor, now=now)
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
    entry = _entry(
        Kind.RELEASE,
        transfer(escrow_of(order_id), split.credits(Fen(escrow.left_fen))),
        escrow,
        key=new_id(),
        version=split.version,
        now=now,
    )
    return Request(entry, Move(_RELEASE_HELD, order_id))


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
    escrow = await lock(tx, order_id)
    payer, amount = escrow.payer_party_id, fen(amount_fen)
    entry = _entry(
        Kind.REFUND,
        transfer(escrow_of(order_id), [Leg(refund_owed_to(payer), amount)]),
        escrow,
        key=key,
        version=RULE_VERSION,
        now=now,
    )
    earlier = await ledger.find(tx, key)
    if earlier is not None:
        if (earlier.kind, earlier.legs) != (entry.kind, entry.legs):
            raise KeyReused(key=str(key))
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return refund_of(earlier, payer_party_id=payer, is_replay=True)
    following = advance(escrow.state, refunding_part(escrow.state))
    _check_part(escrow, amount)
    await _thaw(tx, escrow, actor=actor, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.take_out(tx, order_id, state=following, refunded_fen=amount)
    await _remember(tx, Event.ESCROW_REFUNDED_IN_PART, escrow, amount, actor=actor, now=now)
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
    escrow = await lock(tx, order_id)
    payer, captured = escrow.payer_party_id, escrow.captured_fen
    if escrow.state is State.REFUNDED:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return refund_of(await _closing(tx, escrow), payer_party_id=payer, is_replay=True)
    refund = await _give_rest_back(tx, escrow, actor=actor, now=now)
    if captured:
        assert split is not None, "whoever captured parts has their split"
        final = split.final(Fen(captured))
        await _settle(tx, escrow, final, split.version, actor=actor, now=now)
    return refund


async def _give_rest_back(tx: Tx, escrow: Escrow, *, actor: Actor, now: dt.datetime) -> Refund:
    payer, captured, left = escrow.payer_party_id, escrow.captured_fen, Fen(escrow.left_fen)
    following = advance(escrow.state, refunding(escrow.state, captured_fen=captured))
    entry = _entry(
        Kind.REFUND,
        transfer(escrow_of(escrow.order_id), [Leg(refund_owed_to(payer), left)]),
        escrow,
        key=new_id(),
        version=RULE_VERSION,
        now=now,
    )
    await _empty(tx, escrow, following, actor=actor, now=now, entry=entry, refunded_fen=left)
    await _remember(tx, Event.ESCROW_REFUNDED, escrow, left, actor=actor, now=now)
    return refund_of(entry, payer_party_id=payer, is_replay=False)


async def charge_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, amount_fen: int
) -> None:
    """Set aside what a channel takes back; nothing else leaves until that is over (拒付冻结).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it.
    :raises BalanceInsufficient: if there is less.
    """
    escrow = await lock(tx, order_id)
    following = advance(escrow.state, states.Event.CHARGE_BACK)
    await _thaw(tx, escrow, actor=actor, now=now)
    legs = transfer(escrow_of(order_id), [Leg(chargeback_of(order_id), fen(amount_fen))])
    await _charge(tx, Kind.CHARGEBACK, legs, escrow, actor=actor, now=now)
    await store.set_state(tx, order_id, following)


async def end_chargeback(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    amount_fen: int,
    lost_to: str | None,
    aside_fen: int = 0,
) -> uuid.UUID:
    """Let what was set aside go to the channel ``lost_to``, or back; return by which entry (拒付了结).

    ``aside_fen`` stay set aside for other cases of the order, and all of it frozen until they are over.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was set aside.
    """
    escrow = await lock(tx, order_id)
    left = escrow.left_fen - amount_fen if lost_to else escrow.left_fen
    over = states.ending(left_fen=left, captured_fen=escrow.captured_fen, aside_fen=aside_fen)
    following = advance(escrow.state, over)
    kind = Kind.CHARGEBACK_LOST if lost_to else Kind.CHARGEBACK_WON
    to = clearing_of(lost_to) if lost_to else escrow_of(order_id)
    legs = transfer(chargeback_of(order_id), [Leg(to, fen(amount_fen))])
    key = await _charge(tx, kind, legs, escrow, actor=actor, now=now)
    if not lost_to:
        await store.set_state(tx, order_id, following)
    elif left:
        await store.take_out(tx, order_id, state=following, refunded_fen=amount_fen)
    else:
        await store.close(tx, order_id, state=following, at=now, by=key, refunded_fen=amount_fen)
    return key


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
    escrow = await lock(tx, order_id)
    following = advance(escrow.state, states.Event.FORFEIT)
    left = Fen(escrow.left_fen)
    legs = transfer(escrow_of(order_id), [Leg(to, left)])
    entry = _entry(
        Kind.DEPOSIT_FORFEITED, legs, escrow, key=new_id(), version=RULE_VERSION, now=now
    )
    await holds.capture(tx, actor=actor, now=now, key=hold_key, entry=entry)
    await store.close(tx, order_id, state=following, at=now, by=entry.key, captured_fen=left)
    await _remember(tx, Event.ESCROW_FORFEITED, escrow, left, actor=actor, now=now)
    return entry.key


async def _charge(
    tx: Tx, kind: Kind, legs: tuple[Leg, ...], escrow: Escrow, *, actor: Actor, now: dt.datetime
) -> uuid.UUID:
    entry = _entry(kind, legs, escrow, key=new_id(), version=RULE_VERSION, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    return entry.key


def _check_part(escrow: Escrow, amount_fen: Fen) -> None:
    if amount_fen >= escrow.left_fen:
        raise LessLeft(left_fen=escrow.left_fen, amount_fen=amount_fen)


def _all_of(order_id: uuid.UUID, step: Increment) -> list[Leg]:
    waiting = [Leg(residual_of(order_id), step.waiting_fen)] if step.waiting_fen else []
    return [*step.charged, *waiting]


def _entry(
    kind: Kind,
    legs: tuple[Leg, ...],
    of: Escrow,
    *,
    key: uuid.UUID,
    version: str,
    now: dt.datetime,
) -> Entry:
    return Entry(
        key=key,
        kind=kind,
        legs=legs,
        booked_at=now,
        value_on=local_date(now),
        rule_version=version,
        order_id=of.order_id,
        book=of.book,
    )


async def _settle(
    tx: Tx,
    of: Escrow,
    legs: Sequence[Leg],
    version: str,
    *,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Pay out of the residual what somebody is entitled to by now (尾差结转)."""
    if legs:
        entry = _entry(
            Kind.RESIDUAL_SETTLED,
            transfer(residual_of(of.order_id), legs),
            of,
            key=new_id(),
            version=version,
            now=now,
        )
        await ledger.post(tx, actor=actor, now=now, entry=entry)


async def _thaw(tx: Tx, escrow: Escrow, *, actor: Actor, now: dt.datetime) -> None:
    if escrow.state is State.DISPUTED:
        frozen = await find_standing(tx, order_id=escrow.order_id, reason=Reason.DISPUTE)
        assert frozen is not None, "what is disputed is held"
        await holds.release(tx, actor=actor, now=now, key=frozen.key)


async def _empty(
    tx: Tx,
    escrow: Escrow,
    following: State,
    *,
    actor: Actor,
    now: dt.datetime,
    entry: Entry,
    captured_fen: int = 0,
    refunded_fen: int = 0,
) -> None:
    await _thaw(tx, escrow, actor=actor, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.close(
        tx,
        escrow.order_id,
        state=following,
        at=now,
        by=entry.key,
        captured_fen=captured_fen,
        refunded_fen=refunded_fen,
    )


async def _released_before(tx: Tx, escrow: Escrow, split: Distribution) -> Release:
    entry = await _closing(tx, escrow)
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


async def _closing(tx: Tx, escrow: Escrow) -> Entry:
    assert escrow.closing_key is not None, "escrow_closed_by_an_entry"
    found = await books.get_entry(tx, escrow.closing_key)
    return read_record(found.record.encode())


async def _remember(
    tx: Tx, event: Event, escrow: Escrow, amount_fen: int, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(escrow.order_id))],
        facts={"amount_fen": amount_fen, "payer_party_id": str(escrow.payer_party_id)},
    )
