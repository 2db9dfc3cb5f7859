"""Refund an order after its escrow was released (放款后退款): by the frozen legs, each key once."""

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
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.escrow.model import Escrow
from settlement.escrow.operations import casework as escrow
from settlement.escrow.states import State
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import (
    Account,
    Purpose,
    account,
    chargeback_of,
    refund_owed_to,
    residual_of,
)
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.queries import balances as books
from settlement.money import Fen, fen
from settlement.retentions import operations as keeping
from settlement.retentions import queries as retentions
from settlement.retentions.model import Retention
from settlement.retentions.states import State as Keeping
from settlement.returns import store
from settlement.returns.model import GivenBack, Return, To
from settlement.revenue.retaining import merged
from settlement.revenue.reversing import given_back, given_back_with_tax, sources

RULE_VERSION: Final = "return/1"
#: Who bears what nobody else can give: the one market.
_PLATFORM: Final = Account(Purpose.PLATFORM_LOSS, "market")


class NotReleasedAtOnce(Refused):
    """The escrow was not released, or in parts: there are no legs of one entry to go by."""

    code = "return_not_released_at_once"


class ReturnKeyReused(Conflict):
    """The key belongs to a refund of another order or amount."""

    code = "return_key_reused"


class _Shared(msgspec.Struct, frozen=True):
    """What each got of an order: by one entry, or in parts (分次划付)."""

    legs: Sequence[Leg]
    is_in_parts: bool = False


async def give_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, key: uuid.UUID, amount_fen: int
) -> Return:
    """Take ``amount_fen`` back from those who shared, and owe it to the buyer.

    :raises NotPermitted: if the actor grants no refunds.
    :raises EscrowMissing: if the order has no escrow.
    :raises NotReleasedAtOnce: if it was not released, or in parts.
    :raises ReturnKeyReused: if the key belongs to another refund.
    :raises ReversalTooLarge: if more would be taken back than was paid out.
    """
    actor.require("refund:grant")
    held = await escrow.lock(tx, order_id)
    amount = fen(amount_fen)
    for each in await store.list_of_order(tx, order_id):
        if each.key == key:
            return _replayed(tx, each, amount)
    async with beyond_own_rows(tx):  # whosever order it is of: that it is used may be known
        if await store.is_used(tx, key):
            raise ReturnKeyReused(key=str(key))
    to, paid = refund_owed_to(held.payer_party_id), await _released_by(tx, held)
    return await _take(
        tx,
        held,
        To.REFUND,
        to,
        _Shared(paid.legs[1:]),
        actor=actor,
        now=now,
        key=key,
        amount=amount,
    )


async def charge_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, key: uuid.UUID, amount_fen: int
) -> Return:
    """Take ``amount_fen`` back from those who shared and set it aside, as a channel wants it (拒付追回).

    Whoever calls has seen to it that the key is new. Of what was paid out in parts each gives back
    of all that it got; the few fen that nobody is entitled to yet are advanced by the platform.

    :raises EscrowMissing: if the order has no escrow.
    :raises ReversalTooLarge: if more would be taken back than was paid out.
    """
    held = await escrow.lock(tx, order_id)
    amount, to, of = fen(amount_fen), chargeback_of(order_id), await _shared(tx, held)
    return await _take(
        tx, held, To.CHARGEBACK, to, of, actor=actor, now=now, key=key, amount=amount
    )


async def restore(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, key: uuid.UUID
) -> uuid.UUID:
    """Give back what a charge-back took that was won, to where it came from (拒付申诉成功).

    It counts as never taken for whatever is refunded later. Return the last entry that gave.
    """
    held = await escrow.lock(tx, order_id)
    (taken,) = [each for each in await store.list_of_order(tx, order_id) if each.key == key]
    kept = await retentions.find(tx, order_id)
    for part in taken.parts:
        of = account(part.account)
        # Of what was freed meanwhile nothing is kept again: it is the party's.
        is_freed = kept is not None and kept.state is Keeping.RELEASED
        was_kept = kept is not None and kept.destination == of and not is_freed
        for to, amount in (
            (of, part.from_owed_fen),
            (of if is_freed else _retention_of(of), part.from_retention_fen),
            (_PLATFORM, part.from_platform_fen),
        ):
            if amount:
                legs = transfer(chargeback_of(order_id), [Leg(to, amount)])
                entry = _entry(Kind.CHARGEBACK_WON, legs, held, book=held.book, now=now)
                await ledger.post(tx, actor=actor, now=now, entry=entry)
        again = min(part.from_retention_fen, kept.drawn_fen) if kept and was_kept else 0
        if again:
            await keeping.restore(tx, actor=actor, now=now, order_id=order_id, amount_fen=again)
        await store.restore(tx, key=key, account=part.account, now=now)
    return entry.key


async def takeable_fen(tx: Tx, held: Escrow) -> int:
    """Return how much of what was paid out of an escrow can still be taken back, in fen."""
    taken = await store.list_standing(tx, held.order_id)
    shared = sum(leg.amount_fen for leg in (await _shared(tx, held)).legs)
    return shared - sum(each.amount_fen for each in taken)


async def _take(
    tx: Tx,
    held: Escrow,
    what: To,
    to: Account,
    shared: _Shared,
    *,
    actor: Actor,
    now: dt.datetime,
    key: uuid.UUID,
    amount: Fen,
) -> Return:
    order_id, earlier = held.order_id, await store.list_standing(tx, held.order_id)
    await ledger.roll_up(tx, now=now)  # what was shared out until now can be taken back
    legs = merged(shared.legs)  # what is kept of a party is its own
    before = [
        sum(part.amount_fen for each in earlier for part in each.parts if part.account == code)
        for code in (leg.account.code for leg in legs)
    ]
    due = _due(held, legs, before, amount)
    # Always in one order, so that two refunds never wait for each other.
    owing = sorted((leg.account, back) for leg, back in zip(legs, due, strict=True) if back)
    kept = await retentions.find(tx, order_id)
    parts = tuple([await _part(tx, of, back, kept, book=held.book) for of, back in owing])
    for part in parts:
        rest = await _draw(tx, part, kept, to, actor=actor, now=now)
        entries = (
            _in_one(rest, held, to, now=now)
            if shared.is_in_parts
            else await _by_original(tx, rest, held, to, now=now)
        )
        for entry in entries:
            await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.insert(tx, key=key, order_id=order_id, now=now, parts=parts, what=what)
    await audit_log.append(
        tx,
        Event.ESCROW_GIVEN_BACK,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(order_id))],
        facts={"amount_fen": amount, "parts": parts, "reverses": str(held.closing_key or "")},
    )
    return Return(order_id=order_id, key=key, amount_fen=amount, returned_at=now, parts=parts)


def _due(held: Escrow, legs: Sequence[Leg], before: Sequence[int], amount: Fen) -> tuple[int, ...]:
    """Return what each leg gives back; the tax first, if the order said what of its price is tax."""
    paid = [leg.amount_fen for leg in legs]
    taxes = [place for place, leg in enumerate(legs) if leg.account.purpose is Purpose.TAX_PAYABLE]
    if held.tax is None or not taxes:
        return given_back(paid, before, amount)
    (place,) = taxes
    return given_back_with_tax(paid, before, amount, tax_leg=place, tax_rate_bps=held.tax.rate_bps)


def _replayed(tx: Tx, earlier: Return, amount: Fen) -> Return:
    if earlier.amount_fen != amount:
        raise ReturnKeyReused(key=str(earlier.key))
    tx.remember()  # the first run wrote the audit entry; this one changes nothing
    return Return(
        order_id=earlier.order_id,
        key=earlier.key,
        amount_fen=amount,
        returned_at=earlier.returned_at,
        parts=earlier.parts,
        is_replay=True,
    )


async def _released_by(tx: Tx, held: Escrow) -> Entry:
    entry = None
    if held.state is State.RELEASED and held.closing_key is not None:
        entry = await ledger.find(tx, held.closing_key)
    if entry is None or entry.kind is not Kind.RELEASE or entry.amount_fen != held.captured_fen:
        raise NotReleasedAtOnce(order_id=str(held.order_id))
    return entry


async def _shared(tx: Tx, held: Escrow) -> _Shared:
    """Return what each got of an escrow, and last what nobody is entitled to yet."""
    try:
        return _Shared((await _released_by(tx, held)).legs[1:])
    except NotReleasedAtOnce:
        legs = await store.list_shared(tx, held.order_id, book=held.book)
    waiting = residual_of(held.order_id)
    if left := await books.get_balance(tx, waiting, book=held.book):
        legs.append(Leg(waiting, left))
    return _Shared(legs, is_in_parts=True)


async def _part(
    tx: Tx, of: Account, due_fen: int, kept: Retention | None, *, book: str
) -> GivenBack:
    """Return where a party's part comes from: what is kept of this order first, then what it is owed.

    The residual has to be there when the next part is shared, so the platform stands in for it.
    """
    drawn = min(due_fen, _left_of(kept, of))
    is_waiting = of.purpose is Purpose.ROUNDING_RESIDUAL
    owed, floor = (0, 0) if is_waiting else await store.spendable(tx, of, book=book)
    retained = 0
    if of.purpose is Purpose.PAYABLE:
        retained, _ = await store.spendable(tx, _retention_of(of), book=book)
    found = sources(due_fen - drawn, owed_fen=owed, floor_fen=floor, retained_fen=retained)
    return GivenBack(
        account=of.code,
        amount_fen=due_fen,
        from_owed_fen=found.payable_fen,
        from_retention_fen=found.retention_fen + drawn,
        from_platform_fen=found.loss_fen,
    )


def _left_of(kept: Retention | None, of: Account) -> int:
    is_kept = kept is not None and kept.state is Keeping.KEPT and kept.destination == of
    return kept.left_fen if kept is not None and is_kept else 0


async def _draw(
    tx: Tx,
    part: GivenBack,
    kept: Retention | None,
    to: Account,
    *,
    actor: Actor,
    now: dt.datetime,
) -> GivenBack:
    """Draw what is kept of the order; return the part without it."""
    drawn = min(part.from_retention_fen, _left_of(kept, account(part.account)))
    if not drawn or kept is None:
        return part
    await keeping.draw(tx, actor=actor, now=now, order_id=kept.order_id, amount_fen=drawn, to=to)
    return msgspec.structs.replace(part, from_retention_fen=part.from_retention_fen - drawn)


async def _by_original(
    tx: Tx, part: GivenBack, held: Escrow, to: Account, *, now: dt.datetime
) -> list[Entry]:
    """Return the entries by which one party gives back, each reversing what it was credited."""
    of, book = account(part.account), held.book
    left, made = part.from_owed_fen, []
    for original, can_give in await store.reversible(tx, held.order_id, of, book=book):
        moved = min(left, can_give)
        left -= moved
        if moved:
            legs = transfer(of, [Leg(to, moved)])
            made.append(_entry(Kind.REVERSAL, legs, held, book=book, now=now, reverses=original))
    assert left == 0, "nobody gives back more than it was credited"
    return [*made, *_beyond_owed(part, held, to, now=now)]


def _in_one(part: GivenBack, held: Escrow, to: Account, *, now: dt.datetime) -> list[Entry]:
    """Return the entries by which one party gives back of what it got in parts.

    Not an entry for each part: an order that pays as it uses is shared hourly. That nobody gives more
    than it got of this order is held by the order's sums.
    """
    made = []
    if part.from_owed_fen:
        legs = transfer(account(part.account), [Leg(to, part.from_owed_fen)])
        made.append(_entry(Kind.CHARGEBACK, legs, held, book=held.book, now=now))
    return [*made, *_beyond_owed(part, held, to, now=now)]


def _beyond_owed(part: GivenBack, held: Escrow, to: Account, *, now: dt.datetime) -> list[Entry]:
    sources = (
        (Kind.RETENTION_DRAWN, _retention_of(account(part.account)), part.from_retention_fen),
        (Kind.LOSS_COVERED, _PLATFORM, part.from_platform_fen),
    )
    return [
        _entry(kind, transfer(source, [Leg(to, moved)]), held, book=held.book, now=now)
        for kind, source, moved in sources
        if moved
    ]


def _entry(
    kind: Kind,
    legs: tuple[Leg, ...],
    held: Escrow,
    *,
    book: str,
    now: dt.datetime,
    reverses: uuid.UUID | None = None,
) -> Entry:
    return Entry(
        key=new_id(),
        kind=kind,
        legs=legs,
        booked_at=now,
        value_on=local_date(now),
        rule_version=RULE_VERSION,
        order_id=held.order_id,
        reverses=reverses,
        book=book,
    )


def _retention_of(of: Account) -> Account:
    return Account(Purpose.RETENTION, of.owner)
