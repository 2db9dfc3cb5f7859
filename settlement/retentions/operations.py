"""Keep retention money with a release, draw on it, keep it again, free it on its day (质保金).

Rows are locked in the order escrow, retention, hold. Drawing and freeing are captures of its hold, so
that nothing but they can take it.
"""

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
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.escrow.model import Release
from settlement.escrow.operations import casework as escrow
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Fen
from settlement.retentions import store
from settlement.retentions.model import Retention
from settlement.retentions.queries import RetentionMissing
from settlement.retentions.states import Event, State, advance, drawing
from settlement.revenue.retaining import Retained

RULE_VERSION: Final = "retention/1"


class RetentionNotDue(Refused):
    """The days for which the money is kept are not over."""

    code = "retention_money_not_due"


async def keep(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    release: Release,
    retained: Retained,
    due_at: dt.datetime,
) -> Retention | None:
    """Hold what a release left on the retention account for its order (扣留质保金); None: it left nothing.

    The same release once more keeps nothing more.
    """
    amount = next((leg.amount_fen for leg in release.credits if leg.account == retained.account), 0)
    held = await escrow.lock(tx, release.order_id)
    earlier = await store.lock(tx, release.order_id)
    if not amount or earlier is not None:
        return earlier
    kept = Retention(
        order_id=release.order_id,
        party_id=retained.party_id,
        book=held.book,
        amount_fen=Fen(amount),
        drawn_fen=0,
        kept_by=release.journal_key,
        kept_at=now,
        due_at=due_at,
        hold_key=new_id(),
        state=State.KEPT,
    )
    await _hold(tx, kept, kept.left_fen, actor=actor, now=now)
    await store.insert(tx, kept)
    await _remember(tx, Happened.RETENTION_MONEY_KEPT, kept, amount, actor=actor, now=now)
    return kept


async def draw(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, amount_fen: int, to: Account
) -> uuid.UUID:
    """Let a part of what is kept go to ``to``, or all of it; return by which entry (动用质保金).

    :raises RetentionMissing: if nothing is kept of the order.
    :raises EventNotAllowed: if it was used up, or freed (and what ``holds.capture`` raises).
    """
    kept = await _lock(tx, order_id)
    event = drawing(left_fen=kept.left_fen, amount_fen=amount_fen)
    following = advance(kept.state, event)
    entry = _entry(Kind.RETENTION_DRAWN, kept, to, amount_fen, now=now)
    await holds.capture(tx, actor=actor, now=now, key=kept.hold_key, entry=entry)
    after = msgspec.structs.replace(
        kept, state=following, drawn_fen=kept.drawn_fen + entry.amount_fen
    )
    await store.update(tx, after)
    await _remember(tx, Happened.RETENTION_MONEY_DRAWN, after, amount_fen, actor=actor, now=now)
    return entry.key


async def restore(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, amount_fen: int
) -> None:
    """Hold what came back to the retention account after it was drawn (恢复扣留).

    :raises RetentionMissing: if nothing is kept of the order.
    :raises EventNotAllowed: if the rest was freed meanwhile.
    """
    kept = await _lock(tx, order_id)
    following = advance(kept.state, Event.RESTORE)
    assert amount_fen <= kept.drawn_fen, "no more comes back than was drawn"
    if kept.state is State.KEPT:
        await holds.release(tx, actor=actor, now=now, key=kept.hold_key)
    after: Retention = msgspec.structs.replace(
        kept, state=following, drawn_fen=kept.drawn_fen - amount_fen, hold_key=new_id()
    )
    await _hold(tx, after, after.left_fen, actor=actor, now=now)
    await store.update(tx, after)
    await _remember(tx, Happened.RETENTION_MONEY_RESTORED, after, amount_fen, actor=actor, now=now)


async def release(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Retention:
    """Free what is left on its day, to whom it was kept from (退还质保金).

    :raises NotPermitted: if the actor frees none.
    :raises RetentionMissing: if nothing is kept of the order.
    :raises EventNotAllowed: if it was used up, or freed.
    :raises RetentionNotDue: if its days are not over.
    """
    actor.require("retention_money:release")
    kept = await _lock(tx, order_id)
    following = advance(kept.state, Event.RELEASE)
    if now < kept.due_at:
        raise RetentionNotDue(until=kept.due_at.isoformat())
    left = kept.left_fen
    entry = _entry(Kind.RETENTION_RELEASED, kept, kept.destination, left, now=now)
    await holds.capture(tx, actor=actor, now=now, key=kept.hold_key, entry=entry)
    after = msgspec.structs.replace(kept, state=following, released_at=now, released_by=entry.key)
    await store.update(tx, after)
    await _remember(tx, Happened.RETENTION_MONEY_RELEASED, after, left, actor=actor, now=now)
    return after


async def _lock(tx: Tx, order_id: uuid.UUID) -> Retention:
    await escrow.lock(tx, order_id)
    kept = await store.lock(tx, order_id)
    if kept is None:
        raise RetentionMissing
    return kept


async def _hold(
    tx: Tx, kept: Retention, amount_fen: int, *, actor: Actor, now: dt.datetime
) -> None:
    await holds.place(
        tx,
        actor=actor,
        now=now,
        key=kept.hold_key,
        account=kept.account,
        amount_fen=amount_fen,
        reason=Reason.RETENTION,
        order_id=kept.order_id,
        book=kept.book,
    )


def _entry(kind: Kind, of: Retention, to: Account, amount_fen: int, *, now: dt.datetime) -> Entry:
    return Entry(
        key=new_id(),
        kind=kind,
        legs=transfer(of.account, [Leg(to, amount_fen)]),
        booked_at=now,
        value_on=local_date(now),
        rule_version=RULE_VERSION,
        order_id=of.order_id,
        book=of.book,
    )


async def _remember(
    tx: Tx, what: Happened, kept: Retention, amount_fen: int, *, actor: Actor, now: dt.datetime
) -> None:
    facts: dict[str, Any] = {
        "amount_fen": amount_fen,
        "left_fen": kept.left_fen if kept.state is State.KEPT else 0,
        "due_at": kept.due_at,
    }
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[
            Subject("retention_money", str(kept.order_id)),
            Subject("order", str(kept.order_id)),
        ],
        facts=facts,
    )
