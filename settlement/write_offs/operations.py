"""Propose to write off what a buyer never paid, decide on it as somebody else, take it back (坏账核销).

Rows are locked in the order escrow of the order, write-off, usage account.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from settlement.charging import operations as charging
from settlement.charging.model import AccountStanding
from settlement.charging.queries import find_last_charge, get_standing
from settlement.charging.states import State as AccountState
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import funding
from settlement.escrow.release import Distribution
from settlement.ledger.accounts import Account, Purpose, chargeback_of
from settlement.ledger.queries import balances, entries
from settlement.write_offs import grounds, store
from settlement.write_offs.grounds import (
    DebtChanged,
    Ground,
    NothingOwed,
    WriteOffOfAnother,
    WriteOffSamePerson,
)
from settlement.write_offs.model import WriteOff
from settlement.write_offs.states import Event, State, advance

#: What the platform loses by debts that nobody pays, beside what else it covers (坏账损失).
BAD_DEBT: Final = Account(Purpose.PLATFORM_LOSS, "bad_debt")
_COLLECTING: Final = system("write_offs", "usage:charge", "escrow:release")


class WriteOffWaits(Conflict):
    """A write-off of this debt waits already, or was made."""

    code = "write_off_waits"


async def propose(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    ground: Ground,
    evidence: str,
) -> WriteOff:
    """Propose to give up what an order that is over still owes; no money moves yet (提出核销).

    :raises NotPermitted: if the actor proposes none.
    :raises UsageAccountMissing: if the order does not pay as it uses.
    :raises NothingOwed: if it goes on, owes nothing, or its bank's charge-back is undecided.
    :raises WriteOffAboveLimit: if it owes more than the limit (and the others of ``grounds.py``).
    :raises WriteOffWaits: if one waits already.
    """
    actor.require("write_off:propose")
    told = grounds.check_text(evidence)
    held = await escrow.lock(tx, order_id)
    owed = await _owed(tx, order_id, ground, now=now, book=held.book)
    proposed = await store.insert(
        tx,
        WriteOff(
            id=new_id(),
            number=0,  # the table gives it
            state=State.PROPOSED,
            order_id=order_id,
            amount_fen=owed,
            ground=ground,
            evidence=told,
            proposed_at=now,
            proposed_by=actor.account_id,
            proposed_by_name=actor.name,
        ),
    )
    if proposed is None:
        raise WriteOffWaits(order_id=str(order_id))
    await _remember(tx, Happened.WRITE_OFF_PROPOSED, proposed, actor=actor, now=now)
    return proposed


async def approve(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    write_off_id: uuid.UUID,
    split: Distribution,
) -> WriteOff:
    """Approve what somebody else proposed: the platform pays the debt, and the order is settled (核销).

    :raises NotPermitted: if the actor decides on none.
    :raises Missing: if there is no such write-off.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises WriteOffSamePerson: if the actor proposed it.
    :raises DebtChanged: if what is owed is not what was proposed.
    """
    actor.require("write_off:decide")
    found, book = await _lock(tx, write_off_id)
    advance(found.state, Event.APPROVE)
    _check_second(found, actor)
    owed = await _owed(tx, found.order_id, found.ground, now=now, book=book)
    if owed != found.amount_fen:
        raise DebtChanged(owed_fen=owed, amount_fen=found.amount_fen)
    key = await funding.cover(
        tx, actor=actor, now=now, order_id=found.order_id, source=BAD_DEBT, amount_fen=owed
    )
    await charging.receive(
        tx, actor=_COLLECTING, now=now, calendar=calendar, order_id=found.order_id, split=split
    )
    made = await _decide(tx, found, Event.APPROVE, actor=actor, now=now, entry_key=key)
    digest = await entries.get_entry(tx, key)
    await _remember(
        tx,
        Happened.WRITE_OFF_MADE,
        made,
        actor=actor,
        now=now,
        digests=[Digest("journal", str(key), digest.record_sha256)],
    )
    return made


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, write_off_id: uuid.UUID, reason: str
) -> WriteOff:
    """Reject what somebody else proposed, and say why (驳回).

    :raises NotPermitted: if the actor decides on none.
    :raises Missing: if there is no such write-off.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises WriteOffSamePerson: if the actor proposed it.
    :raises WriteOffTextMissing: if no reason is given, or one of more than 1000 characters.
    """
    actor.require("write_off:decide")
    found, _ = await _lock(tx, write_off_id)
    advance(found.state, Event.REJECT)
    _check_second(found, actor)
    rejected = await _decide(
        tx,
        found,
        Event.REJECT,
        actor=actor,
        now=now,
        decision_reason=grounds.check_text(reason),
    )
    await _remember(tx, Happened.WRITE_OFF_REJECTED, rejected, actor=actor, now=now)
    return rejected


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, write_off_id: uuid.UUID) -> WriteOff:
    """Take back what one proposed oneself, before it is decided (撤回).

    :raises NotPermitted: if the actor proposes none.
    :raises Missing: if there is no such write-off.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises WriteOffOfAnother: if somebody else proposed it.
    """
    actor.require("write_off:propose")
    found, _ = await _lock(tx, write_off_id)
    after = msgspec.structs.replace(found, state=advance(found.state, Event.WITHDRAW))
    if found.proposed_by != actor.account_id:
        raise WriteOffOfAnother
    await store.update(tx, after)
    await _remember(tx, Happened.WRITE_OFF_WITHDRAWN, after, actor=actor, now=now)
    return after


async def _owed(tx: Tx, order_id: uuid.UUID, ground: Ground, *, now: dt.datetime, book: str) -> int:
    standing: AccountStanding = await get_standing(tx, order_id)
    last = await find_last_charge(tx, order_id)
    is_over = standing.account.state is AccountState.OWING
    is_disputed = await balances.get_balance(tx, chargeback_of(order_id), book=book) != 0
    if last is None or not is_over or is_disputed:
        raise NothingOwed
    grounds.check(
        ground,
        owed_fen=standing.owed_fen,
        charged_on=local_date(last.charged_at),
        today=local_date(now),
    )
    return standing.owed_fen


async def _lock(tx: Tx, write_off_id: uuid.UUID) -> tuple[WriteOff, str]:
    named = await store.find(tx, write_off_id)
    if named is None:
        raise Missing
    held = await escrow.lock(tx, named.order_id)  # before the write-off, as everywhere
    found = await store.lock(tx, write_off_id)
    assert found is not None, "write-offs are never removed"
    return found, held.book


def _check_second(found: WriteOff, actor: Actor) -> None:
    if found.proposed_by == actor.account_id:
        raise WriteOffSamePerson


async def _decide(
    tx: Tx, found: WriteOff, event: Event, *, actor: Actor, now: dt.datetime, **changes: Any
) -> WriteOff:
    after = msgspec.structs.replace(
        found,
        state=advance(found.state, event),
        decided_at=now,
        decided_by=actor.account_id,
        decided_by_name=actor.name,
        **changes,
    )
    await store.update(tx, after)
    return after


async def _remember(
    tx: Tx,
    what: Happened,
    found: WriteOff,
    *,
    actor: Actor,
    now: dt.datetime,
    digests: list[Digest] | None = None,
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("write_off", str(found.id)), Subject("order", str(found.order_id))],
        facts={
            "reference": found.reference,
            "amount_fen": found.amount_fen,
            "ground": found.ground.value,
        },
        reason=found.decision_reason or found.evidence,
        digests=digests or [],
    )
