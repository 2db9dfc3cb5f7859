"""Propose an adjustment of the books, decide on it as somebody else, take it back (调账)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.adjustments import adjusting, store
from settlement.adjustments.adjusting import (
    LOSS,
    AdjustmentAccountUnknown,
    AdjustmentReasonMissing,
    AdjustmentSamePerson,
)
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.states import Event, State, advance
from settlement.ledger import operations as ledger
from settlement.ledger.journal import Entry, Kind, Leg, transfer

#: What the entry names, with the reference of the adjustment behind it: ``adjustment/TZ-2026-000007``.
RULE: Final = "adjustment"


class AdjustmentOfAnother(Forbidden):
    """Only who proposed an adjustment takes it back; others reject it."""

    code = "adjustment_of_another"


async def propose(tx: Tx, *, actor: Actor, now: dt.datetime, wanted: Proposed) -> Adjustment:
    """Propose a correction with its reason and evidence; no money moves yet (提出调账).

    :raises NotPermitted: if the actor proposes none.
    :raises AccountUnknown: if a code names no account of the chart.
    :raises AccountNotAdjustable: if an account is corrected in a room of its own.
    :raises AdjustmentOfOneAccount: if both accounts are the same.
    :raises AdjustmentReasonMissing: if reason or evidence is blank.
    :raises AmountNotPositive: if the amount is zero or negative.
    :raises AdjustmentDateInvalid: if it is dated in the future or before the books.
    :raises AdjustmentAccountUnknown: if nothing was ever booked on an account.
    """
    actor.require("adjustment:propose")
    accounts = adjusting.accounts_of(wanted)
    adjusting.check(wanted, today=local_date(now))
    to_be_known = [each for each in accounts if each != LOSS]
    if unknown := await store.find_unknown(tx, to_be_known, book=wanted.book):
        raise AdjustmentAccountUnknown(account=unknown[0])
    proposed = await store.insert(
        tx,
        Adjustment(
            id=new_id(),
            number=0,  # the table gives it
            state=State.PROPOSED,
            wanted=wanted,
            proposed_at=now,
            proposed_by=actor.account_id,
            proposed_by_name=actor.name,
        ),
    )
    await _remember(tx, Happened.ADJUSTMENT_PROPOSED, proposed, actor=actor, now=now)
    return proposed


async def approve(
    tx: Tx, *, actor: Actor, now: dt.datetime, adjustment_id: uuid.UUID
) -> Adjustment:
    """Approve what somebody else proposed: its entry is posted (复核入账).

    :raises NotPermitted: if the actor decides on none.
    :raises Missing: if there is no such adjustment.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises AdjustmentSamePerson: if the actor proposed it.
    :raises PeriodClosed: if the month of its date was closed; it is then rejected and proposed anew.
    :raises BalanceInsufficient: if the debited account has less, beyond its floor.
    """
    actor.require("adjustment:decide")
    found = await _lock(tx, adjustment_id)
    advance(found.state, Event.APPROVE)
    _check_second(found, actor)
    await ledger.roll_up(tx, now=now)  # what arrived until now can be corrected
    entry = _entry(found, now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    posted = await _decide(tx, found, Event.APPROVE, actor=actor, now=now, entry_key=entry.key)
    await _remember(
        tx,
        Happened.ADJUSTMENT_POSTED,
        posted,
        actor=actor,
        now=now,
        digests=[Digest("journal", str(entry.key), entry.digest().hex())],
    )
    return posted


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, adjustment_id: uuid.UUID, reason: str
) -> Adjustment:
    """Reject what somebody else proposed, and say why (驳回).

    :raises NotPermitted: if the actor decides on none.
    :raises Missing: if there is no such adjustment.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises AdjustmentSamePerson: if the actor proposed it.
    :raises AdjustmentReasonMissing: if no reason is given, or one of more than 1000 characters.
    """
    actor.require("adjustment:decide")
    found = await _lock(tx, adjustment_id)
    advance(found.state, Event.REJECT)
    _check_second(found, actor)
    if not reason.strip() or len(reason) > adjusting.TEXT_MAX:
        raise AdjustmentReasonMissing(maximum=adjusting.TEXT_MAX)
    rejected = await _decide(
        tx, found, Event.REJECT, actor=actor, now=now, decision_reason=reason.strip()
    )
    await _remember(tx, Happened.ADJUSTMENT_REJECTED, rejected, actor=actor, now=now)
    return rejected


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, adjustment_id: uuid.UUID
) -> Adjustment:
    """Take back what one proposed oneself, before it is decided (撤回).

    :raises NotPermitted: if the actor proposes none.
    :raises Missing: if there is no such adjustment.
    :raises EventNotAllowed: if it was decided or taken back.
    :raises AdjustmentOfAnother: if somebody else proposed it.
    """
    actor.require("adjustment:propose")
    found = await _lock(tx, adjustment_id)
    after = msgspec.structs.replace(found, state=advance(found.state, Event.WITHDRAW))
    if found.proposed_by != actor.account_id:
        raise AdjustmentOfAnother
    await store.update(tx, after)
    await _remember(tx, Happened.ADJUSTMENT_WITHDRAWN, after, actor=actor, now=now)
    return after


def _entry(found: Adjustment, now: dt.datetime) -> Entry:
    source, target = adjusting.accounts_of(found.wanted)
    return Entry(
        key=new_id(),
        kind=Kind.ADJUSTMENT,
        legs=transfer(source, [Leg(target, found.wanted.amount_fen)]),
        booked_at=now,
        value_on=found.wanted.value_on,
        rule_version=f"{RULE}/{found.reference}",
        book=found.wanted.book,
        adjusts=found.wanted.adjusts,
    )


def _check_second(found: Adjustment, actor: Actor) -> None:
    if found.proposed_by == actor.account_id:
        raise AdjustmentSamePerson


async def _lock(tx: Tx, adjustment_id: uuid.UUID) -> Adjustment:
    found = await store.lock(tx, adjustment_id)
    if found is None:
        raise Missing
    return found


async def _decide(
    tx: Tx, found: Adjustment, event: Event, *, actor: Actor, now: dt.datetime, **changes: Any
) -> Adjustment:
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
    found: Adjustment,
    *,
    actor: Actor,
    now: dt.datetime,
    digests: list[Digest] | None = None,
) -> None:
    shown = list(digests or ())
    if found.wanted.evidence_sha256 is not None:
        shown.append(Digest("evidence", found.reference, found.wanted.evidence_sha256))
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("adjustment", str(found.id))],
        facts={
            "reference": found.reference,
            "source": found.wanted.source,
            "target": found.wanted.target,
            "amount_fen": found.wanted.amount_fen,
        },
        reason=found.decision_reason or found.wanted.reason,
        digests=shown,
    )
