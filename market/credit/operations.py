"""Find a dishonest act, object to that, punish, repair, reward (认定、异议、惩戒、修复、激励)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from market.credit import sanctions, store
from market.credit.model import (
    CreditRecord,
    CreditRecordId,
    Finding,
    Reward,
    Sanction,
)
from market.credit.queries import CreditRecordMissing
from market.credit.states import Event, State, advance
from market.identity import queries as identity

OBJECTION: Final = "credit_objection"
_SUBJECT: Final = "credit_record"
_RULEBOOK: Final = HAINAN_2023.code


async def find(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, finding: Finding
) -> CreditRecord:
    """Find that a party did something dishonest (失信行为认定); it is told, and may object.

    :raises NotPermitted: if the actor finds nothing.
    :raises PartyMissing: if there is no such party.
    """
    actor.require("credit:find")
    party = await identity.get_party(tx, finding.party_id)
    until = deadline(sanctions.OBJECTED_WITHIN, local_date(now), calendar)
    record = CreditRecord(
        id=CreditRecordId(new_id()),
        party_id=party.id,
        party_name=party.name,
        state=State.FOUND,
        act=finding.act,
        facts=finding.facts,
        basis=finding.basis,
        found_by=actor.account_id,
        found_at=now,
        objection_ends_at=until.ends_at,
    )
    await store.insert(tx, record)
    await _tell(
        tx,
        record,
        Topic.CREDIT_ACT_FOUND,
        now=now,
        facts={"text": finding.facts, "object_until": until.last_day},
    )
    return await _remember(tx, Happened.CREDIT_ACT_FOUND, record, actor=actor, now=now)


async def object_to(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    record_id: uuid.UUID,
    statement: str,
) -> CreditRecord:
    """Object, as the party, to what was found of it (异议).

    :raises NotPermitted: if the actor speaks for no party.
    :raises CreditRecordMissing: if it is about somebody else.
    :raises CreditEventNotAllowed: if it was objected to, or is punished.
    :raises ObjectionOver: if it is too late.
    :raises CreditReasonMissing: if nothing is said.
    """
    actor.require("credit:object")
    before = await store.lock(tx, record_id)
    if before is None or before.party_id != actor.party:
        raise CreditRecordMissing
    state = advance(before.state, Event.OBJECT)
    sanctions.check_reason(statement)
    sanctions.check_in_time(before, now)
    after = msgspec.structs.replace(before, state=state, objection=statement, objected_at=now)
    await store.update(tx, after)
    async with beyond_own_rows(tx):
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=OBJECTION,
            subject_kind=_SUBJECT,
            subject_id=after.id,
            against="authority",
            rulebook=_RULEBOOK,
            period=sanctions.ANSWERED_WITHIN,
            started_on=local_date(now),
        )
    return await _remember(
        tx, Happened.CREDIT_OBJECTED, after, actor=actor, now=now, reason=statement
    )


async def answer_objection(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    record_id: uuid.UUID,
    upholds: bool,
    answer: str,
) -> CreditRecord:
    """Decide, as the authority, on a party's objection: the finding falls, or stands (异议处理).

    :raises NotPermitted: if the actor decides on none.
    :raises CreditRecordMissing: if there is no such finding.
    :raises CreditEventNotAllowed: if nobody objected.
    :raises FinderDecides: if the actor found the act.
    :raises CreditReasonMissing: if nothing is said.
    """
    before = await _lock(tx, actor, "credit:decide", record_id)
    state = advance(before.state, Event.UPHOLD_OBJECTION if upholds else Event.REJECT_OBJECTION)
    sanctions.check_decider(before, actor.account_id)
    sanctions.check_reason(answer)
    after = msgspec.structs.replace(before, state=state, objection_answer=answer)
    await store.update(tx, after)
    await timers.meet(tx, now=now, kind=OBJECTION, subject_kind=_SUBJECT, subject_id=after.id)
    await _tell(tx, after, Topic.CREDIT_OBJECTION_ANSWERED, now=now, facts={"answer": answer})
    return await _remember(
        tx, Happened.CREDIT_OBJECTION_ANSWERED, after, actor=actor, now=now, reason=answer
    )


async def punish(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    record_id: uuid.UUID,
    sanction: Sanction,
) -> CreditRecord:
    """Punish what was found, when the party was heard or let its days pass (失信惩戒).

    :raises NotPermitted: if the actor punishes nobody.
    :raises CreditRecordMissing: if there is no such finding.
    :raises CreditEventNotAllowed: if it is contested, overturned, or punished.
    :raises FinderDecides: if the actor found the act.
    :raises ObjectionDaysRunning: if the party may still object.
    :raises SanctionEmpty: if the sanction does nothing.
    """
    before = await _lock(tx, actor, "credit:decide", record_id)
    state = advance(before.state, Event.PUNISH)
    sanctions.check_decider(before, actor.account_id)
    sanctions.check_heard(before, now)
    sanctions.check_sanction(sanction)
    until = deadline(sanctions.term(sanction), local_date(now), calendar).last_day
    after = msgspec.structs.replace(
        before, state=state, sanction=sanction, punished_at=now, effective_until=until
    )
    await store.update(tx, after)
    await _tell(tx, after, Topic.CREDIT_PUNISHED, now=now, facts={"until": until})
    return await _remember(
        tx,
        Happened.CREDIT_PUNISHED,
        after,
        actor=actor,
        now=now,
        rules=("GZF-29", "QD-S2") if sanction.is_banned else ("QD-S2",),
    )


async def repair(
    tx: Tx, *, actor: Actor, now: dt.datetime, record_id: uuid.UUID, reason: str
) -> CreditRecord:
    """Lift a sanction before its end, since the party put it right (信用修复).

    :raises NotPermitted: if the actor repairs nothing.
    :raises CreditRecordMissing: if there is no such finding.
    :raises CreditEventNotAllowed: if it is not punished, or that is over.
    :raises CreditReasonMissing: if nothing is said.
    """
    before = await _lock(tx, actor, "credit:decide", record_id)
    state = advance(before.state, Event.REPAIR)
    sanctions.check_reason(reason)
    after = msgspec.structs.replace(before, state=state, repair_reason=reason, repaired_at=now)
    await store.update(tx, after)
    await _tell(tx, after, Topic.CREDIT_REPAIRED, now=now, facts={"reason": reason})
    return await _remember(tx, Happened.CREDIT_REPAIRED, after, actor=actor, now=now, reason=reason)


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, record_id: uuid.UUID) -> bool:
    """Say that a sanction is over; it counted no more from the day after its last (惩戒期满).

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("credit:expire")
    before = await store.lock(tx, record_id)
    if (
        before is None
        or before.state is not State.PUNISHED
        or sanctions.is_in_force(before, local_date(now))
    ):
        return False
    after = msgspec.structs.replace(
        before, state=advance(before.state, Event.EXPIRE), expired_at=now
    )
    await store.update(tx, after)
    await _remember(tx, Happened.CREDIT_EXPIRED, after, actor=actor, now=now)
    return True


async def reward(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, party_id: PartyId, text: str
) -> Reward:
    """Reward a party for keeping faith; everybody reads it for a year (守信激励).

    :raises NotPermitted: if the actor rewards nobody.
    :raises PartyMissing: if there is no such party.
    :raises CreditReasonMissing: if nothing is said.
    """
    actor.require("credit:decide")
    party = await identity.get_party(tx, party_id)
    sanctions.check_reason(text)
    given = Reward(
        id=new_id(),
        party_id=party.id,
        party_name=party.name,
        text=text,
        rewarded_by=actor.account_id,
        rewarded_at=now,
        valid_until=deadline(sanctions.REWARDED_FOR, local_date(now), calendar).last_day,
    )
    await store.insert_reward(tx, given)
    await notifications.send(
        tx,
        now=now,
        to=party.id,
        topic=Topic.CREDIT_REWARDED,
        subject=Subject("credit_reward", str(given.id)),
        facts={"text": text},
    )
    await audit_log.append(
        tx,
        Happened.CREDIT_REWARDED,
        actor=actor,
        now=now,
        subjects=[Subject("credit_reward", str(given.id)), Subject("party", str(party.id))],
        facts={"valid_until": given.valid_until},
        reason=text,
        rules=("QD-S2",),
    )
    return given


async def _lock(tx: Tx, actor: Actor, permission: str, record_id: uuid.UUID) -> CreditRecord:
    actor.require(permission)
    found = await store.lock(tx, record_id)
    if found is None:
        raise CreditRecordMissing
    return found


async def _tell(
    tx: Tx, record: CreditRecord, topic: Topic, *, now: dt.datetime, facts: dict[str, Any]
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=record.party_id,
        topic=topic,
        subject=Subject(_SUBJECT, str(record.id)),
        facts=facts,
    )


async def _remember(
    tx: Tx,
    event: Happened,
    record: CreditRecord,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
    rules: tuple[str, ...] = ("QD-S2",),
) -> CreditRecord:
    """Append what happened to a finding; the leaf names it alone, since leaves are public."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject(_SUBJECT, str(record.id))],
        facts={
            "party_id": record.party_id,
            "act": record.act,
            "basis": record.basis,
            "sanction": record.sanction,
            "effective_until": record.effective_until,
        },
        after={"state": record.state.value},
        reason=reason,
        rules=rules,
    )
    return record
