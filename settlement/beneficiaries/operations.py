"""Hand in, check, verify, reject and withdraw the account that a party is paid to (收款账户)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Invalid, Missing
from settlement.beneficiaries import store
from settlement.beneficiaries.account_numbers import check_bank_code
from settlement.beneficiaries.model import Beneficiary, Handed
from settlement.beneficiaries.states import Event, State, advance


class SecondPersonNeeded(Forbidden):
    """Whoever checked an account does not verify it."""

    code = "beneficiary_second_person_needed"


class ReasonMissing(Invalid):
    """Whoever rejects an account says why."""

    code = "beneficiary_reason_missing"


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, beneficiary_id: uuid.UUID, handed: Handed
) -> Beneficiary:
    """Hand in an account to be paid to (提交收款账户).

    :raises NotPermitted: if the actor hands in none.
    :raises BankCodeMalformed: if the code of the bank is none.
    """
    actor.require("beneficiary:submit")
    beneficiary = Beneficiary(
        id=beneficiary_id,
        party_id=actor.party,
        holder_name=handed.holder_name,
        bank_name=handed.bank_name,
        bank_code=check_bank_code(handed.bank_code),
        account_masked=handed.account_masked,
        state=State.SUBMITTED,
        submitted_at=now,
        submitted_by=actor.account_id,
    )
    await store.insert(tx, beneficiary, handed.sealed)
    await _remember(tx, Happened.BENEFICIARY_SUBMITTED, actor, now, beneficiary)
    return beneficiary


async def check(
    tx: Tx, *, actor: Actor, now: dt.datetime, beneficiary_id: uuid.UUID
) -> Beneficiary:
    """Say that holder and number were held against the party's papers (初核).

    :raises NotPermitted: if the actor verifies no accounts.
    :raises Missing: if there is no such account.
    :raises EventNotAllowed: if it is not waiting for that.
    """
    found = await _lock(tx, actor, beneficiary_id)
    return await _moved(tx, actor, now, found, Event.CHECK, checked_by=actor.account_id)


async def verify(
    tx: Tx, *, actor: Actor, now: dt.datetime, beneficiary_id: uuid.UUID
) -> Beneficiary:
    """Verify an account that somebody else checked; the party's earlier one is withdrawn (复核).

    :raises NotPermitted: if the actor verifies no accounts.
    :raises Missing: if there is no such account.
    :raises EventNotAllowed: if nobody checked it.
    :raises SecondPersonNeeded: if the actor did.
    """
    found = await _lock(tx, actor, beneficiary_id)
    advance(found.state, Event.VERIFY)
    if found.checked_by == actor.account_id:
        raise SecondPersonNeeded
    before = await store.lock_verified(tx, found.party_id)
    if before is not None:
        await _moved(tx, actor, now, before, Event.WITHDRAW)
    return await _moved(
        tx, actor, now, found, Event.VERIFY, verified_by=actor.account_id, verified_at=now
    )


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, beneficiary_id: uuid.UUID, reason: str
) -> Beneficiary:
    """Reject an account, and say why (核验不通过).

    :raises NotPermitted: if the actor verifies no accounts.
    :raises Missing: if there is no such account.
    :raises EventNotAllowed: if it was decided on.
    :raises ReasonMissing: if no reason is given.
    """
    found = await _lock(tx, actor, beneficiary_id)
    if not reason.strip():
        raise ReasonMissing
    return await _moved(tx, actor, now, found, Event.REJECT, reason=reason)


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, beneficiary_id: uuid.UUID
) -> Beneficiary:
    """Withdraw an account of one's own party: nothing is paid to it any more (撤销).

    :raises NotPermitted: if the actor hands in none.
    :raises Missing: if there is no such account of its party.
    :raises EventNotAllowed: if it is over.
    """
    actor.require("beneficiary:submit")
    found = await store.lock(tx, beneficiary_id)
    if found is None or found.party_id != actor.party:
        raise Missing
    return await _moved(tx, actor, now, found, Event.WITHDRAW)


_WHAT = {
    Event.CHECK: Happened.BENEFICIARY_CHECKED,
    Event.VERIFY: Happened.BENEFICIARY_VERIFIED,
    Event.REJECT: Happened.BENEFICIARY_REJECTED,
    Event.WITHDRAW: Happened.BENEFICIARY_WITHDRAWN,
}


async def _lock(tx: Tx, actor: Actor, beneficiary_id: uuid.UUID) -> Beneficiary:
    actor.require("beneficiary:verify")
    found = await store.lock(tx, beneficiary_id)
    if found is None:
        raise Missing
    return found


async def _moved(
    tx: Tx, actor: Actor, now: dt.datetime, found: Beneficiary, event: Event, **changes: Any
) -> Beneficiary:
    after = msgspec.structs.replace(found, state=advance(found.state, event), **changes)
    await store.update(tx, after)
    await _remember(tx, _WHAT[event], actor, now, after)
    return after


async def _remember(
    tx: Tx, what: Happened, actor: Actor, now: dt.datetime, found: Beneficiary
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("beneficiary", str(found.id))],
        facts={"account": found.account_masked, "party_id": str(found.party_id)},
        reason=found.reason,
    )
