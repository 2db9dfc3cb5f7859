"""Place holds, capture them by entries, release them and let them run out (冻结、划付、解冻).

Whoever calls has decided that it may be so; what is kept here is that each thing happens once and
that nothing is taken which is not held. Rows are locked in the order hold, guarded account.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from settlement.holds import capturing, store
from settlement.holds.model import Captured, Hold, Reason
from settlement.holds.queries import HoldMissing
from settlement.holds.states import Event, State, advance
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import BOOK, Account
from settlement.ledger.journal import Entry
from settlement.ledger.operations import BalanceInsufficient
from settlement.money import Fen, fen


class HoldKeyReused(Conflict):
    """The key belongs to a hold, or to a capture, that says something else."""

    code = "hold_key_reused"


async def place(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    key: uuid.UUID,
    account: Account,
    amount_fen: int,
    reason: Reason,
    order_id: uuid.UUID | None = None,
    expires_at: dt.datetime | None = None,
    book: str = BOOK,
) -> Hold:
    """Hold money on an account, so that nothing but a capture takes it (冻结); one key holds once.

    :raises AmountNotPositive: if there is nothing to hold.
    :raises BalanceInsufficient: if so much is not free on the account.
    :raises HoldKeyReused: if the key belongs to another hold.
    """
    wanted = Hold(
        key=key,
        account=account,
        book=book,
        order_id=order_id,
        reason=reason,
        amount_fen=fen(amount_fen),
        placed_at=now,
        expires_at=expires_at,
    )
    account_id = await ledger.open_account(tx, now=now, account=account, book=book)
    with _refusals(account=account.code, amount_fen=wanted.amount_fen):
        is_new = await store.insert(tx, wanted, account_id=account_id)
    if not is_new:
        earlier = await lock(tx, key)
        if not wanted.repeats(earlier):
            raise HoldKeyReused(key=str(key))
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return earlier
    await _remember(tx, Happened.HOLD_PLACED, wanted, wanted.amount_fen, actor=actor, now=now)
    return wanted


async def lock(tx: Tx, key: uuid.UUID) -> Hold:
    """Return a hold, locked until the transaction ends.

    :raises HoldMissing: if there is none.
    """
    found = await store.lock(tx, key)
    if found is None:
        raise HoldMissing(key=str(key))
    return found


async def capture(
    tx: Tx, *, actor: Actor, now: dt.datetime, key: uuid.UUID, entry: Entry
) -> Captured:
    """Let an entry take a part of what is held, or the rest (划付); the entry's key takes it once.

    :raises HoldMissing: if there is no such hold.
    :raises EventNotAllowed: if nothing is held any more.
    :raises HoldOfAnother: if the entry debits another account than is held.
    :raises HoldRanOut: if the time of the hold is over.
    :raises HoldExceeded: if it takes more than is left.
    :raises HoldKeyReused: if the entry captured another hold (and all that ``ledger.post`` raises).
    """
    hold = await lock(tx, key)
    earlier = await store.find_capture(tx, entry.key)
    if earlier is not None:
        if earlier != (key, entry.amount_fen):
            raise HoldKeyReused(key=str(entry.key))
        await ledger.post(tx, actor=actor, now=now, entry=entry)
        return _captured(hold, entry, is_replay=True)
    capturing.capturing(hold, entry, now)
    # First off the hold, then off the account: in between the money is free for nobody else, since
    # the guard of the account is locked until the transaction ends.
    await store.capture(tx, key, journal_key=entry.key, amount_fen=entry.amount_fen, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    after = await lock(tx, key)
    await _remember(tx, Happened.HOLD_CAPTURED, after, entry.amount_fen, actor=actor, now=now)
    return _captured(after, entry, is_replay=False)


async def release(tx: Tx, *, actor: Actor, now: dt.datetime, key: uuid.UUID) -> Hold:
    """Free what is left of a hold (解冻). A second time gives the same answer.

    :raises HoldMissing: if there is no such hold.
    :raises EventNotAllowed: if it was captured whole, or ran out.
    """
    hold = await lock(tx, key)
    if hold.state is State.RELEASED:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return hold
    return await _free(tx, hold, Event.RELEASE, Happened.HOLD_RELEASED, actor=actor, now=now)


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, key: uuid.UUID) -> Hold:
    """Free what is left of a hold whose time is over (到期解冻). A second time gives the same answer.

    :raises NotPermitted: if the actor ends no holds.
    :raises HoldMissing: if there is no such hold.
    :raises EventNotAllowed: if it was captured whole, or released.
    :raises HoldNotDue: if its time is not over.
    """
    actor.require("hold:expire")
    hold = await lock(tx, key)
    if hold.state is State.EXPIRED:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return hold
    advance(hold.state, Event.EXPIRE)
    capturing.check_due(hold, now)
    return await _free(tx, hold, Event.EXPIRE, Happened.HOLD_EXPIRED, actor=actor, now=now)


async def _free(
    tx: Tx, hold: Hold, event: Event, what: Happened, *, actor: Actor, now: dt.datetime
) -> Hold:
    state, left = advance(hold.state, event), hold.left_fen
    await store.free(tx, hold.key, state=state, amount_fen=left, now=now)
    await _remember(tx, what, hold, left, actor=actor, now=now)
    return await lock(tx, hold.key)


def _captured(hold: Hold, entry: Entry, *, is_replay: bool) -> Captured:
    return Captured(
        hold=hold, journal_key=entry.key, amount_fen=Fen(entry.amount_fen), is_replay=is_replay
    )


async def _remember(
    tx: Tx, what: Happened, hold: Hold, amount_fen: int, *, actor: Actor, now: dt.datetime
) -> None:
    about = [Subject("hold", str(hold.key))]
    if hold.order_id is not None:
        about.append(Subject("order", str(hold.order_id)))
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=about,
        facts={"amount_fen": amount_fen, "reason": str(hold.reason), "account": hold.account.code},
    )


@contextlib.contextmanager
def _refusals(**facts: Any) -> Iterator[None]:
    """Turn what the database refuses into a refusal of ours; leave the rest a fault."""
    try:
        yield
    except asyncpg.CheckViolationError as violation:
        if violation.constraint_name != "guarded_balance_not_below_floor":
            raise
        raise BalanceInsufficient(**facts) from violation
