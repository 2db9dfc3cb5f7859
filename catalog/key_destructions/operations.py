"""Propose to destroy a key, take that back, refuse or confirm it (密钥销毁): two people, on the record."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import AccountId, new_id
from catalog.key_custody import operations as key_custody
from catalog.key_custody.operations import Destruction
from catalog.key_custody.two_people import TwoPeopleNeeded, check_two
from catalog.key_destructions import store
from catalog.key_destructions.model import KeyDestruction, KeyDestructionId
from catalog.key_destructions.queries import KeyDestructionMissing
from catalog.key_destructions.states import Event, State, advance
from catalog.signing.model import PublicKey

#: Tell what an account may do at this moment; None if it was closed, or has no role any more.
WhoIs = Callable[[AccountId], Awaitable[Actor | None]]


class KeyDestructionUnderWay(Conflict):
    """A proposal to destroy this key waits to be confirmed; one at a time."""

    code = "key_destruction_under_way"


class KeyDestructionProposerGone(Refused):
    """Who proposed it may not destroy keys any more: somebody who may has to propose it anew."""

    code = "key_destruction_proposer_gone"


async def propose(
    tx: Tx, *, actor: Actor, now: dt.datetime, key_id: str, reason: str
) -> KeyDestruction:
    """Propose to destroy the private half of a key that ended; the first of two people.

    :raises NotPermitted: if the actor destroys no keys.
    :raises TwoPeopleNeeded: if it is no person's account.
    :raises NoSuchKey: if there is none of that id.
    :raises KeyStillSigns: if it has not ended, or its end is not in the log yet.
    :raises KeyDestroyedAlready: if that was done before.
    :raises KeyDestructionUnderWay: if one waits already.
    """
    actor.require("key:destroy")
    if actor.account_id is None:
        raise TwoPeopleNeeded(people=[actor.name])
    key = await key_custody.lock_to_destroy(tx, key_id)
    record = KeyDestruction(
        id=KeyDestructionId(new_id()),
        key_id=key.key_id,
        state=State.PROPOSED,
        reason=reason,
        proposed_by=actor.account_id,
        proposed_by_name=actor.name,
        proposed_at=now,
    )
    if not await store.insert(tx, record):
        raise KeyDestructionUnderWay(key_id=key_id)
    await _remember(tx, Happened.KEY_DESTRUCTION_PROPOSED, record, actor=actor, now=now)
    return record


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, destruction_id: uuid.UUID
) -> KeyDestruction:
    """Take one's own proposal back before it is decided.

    :raises NotPermitted: if the actor destroys no keys.
    :raises KeyDestructionMissing: if there is none, or somebody else proposed it.
    :raises KeyDestructionEventNotAllowed: if it was decided.
    """
    actor.require("key:destroy")
    before = await store.lock(tx, destruction_id)
    if before is None or before.proposed_by != actor.account_id:
        raise KeyDestructionMissing
    after = _decided(before, Event.WITHDRAW, actor=actor, now=now)
    await store.update(tx, after)
    await _remember(tx, Happened.KEY_DESTRUCTION_WITHDRAWN, after, actor=actor, now=now)
    return after


async def refuse(
    tx: Tx, *, actor: Actor, now: dt.datetime, destruction_id: uuid.UUID, remark: str
) -> KeyDestruction:
    """Refuse a proposal, so that the key stays; the second person.

    :raises NotPermitted: if the actor confirms none.
    :raises KeyDestructionMissing: if there is none.
    :raises KeyDestructionEventNotAllowed: if it was decided.
    :raises TwoPeopleNeeded: if the actor proposed it.
    """
    actor.require("key:confirm_destruction")
    before = await store.lock(tx, destruction_id)
    if before is None:
        raise KeyDestructionMissing
    after = _decided(before, Event.REFUSE, actor=actor, now=now, remark=remark)
    if actor.account_id in {None, before.proposed_by}:
        raise TwoPeopleNeeded(people=[before.proposed_by_name, actor.name])
    await store.update(tx, after)
    await _remember(tx, Happened.KEY_DESTRUCTION_REFUSED, after, actor=actor, now=now)
    return after


async def confirm(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    destruction_id: uuid.UUID,
    who_is: WhoIs,
    how: Callable[[PublicKey], Destruction],
) -> KeyDestruction:
    """Confirm a proposal, and destroy the private half; the second person.

    ``how`` says what destroys the key where it lies: last of all before this is remembered for good; what fails is not.

    :raises NotPermitted: if the actor confirms none.
    :raises KeyDestructionMissing: if there is none.
    :raises KeyDestructionEventNotAllowed: if it was decided.
    :raises KeyDestructionProposerGone: if who proposed it may not destroy any more.
    :raises TwoPeopleNeeded: if the actor proposed it.
    :raises KeyDestroyedAlready: if that was done meanwhile at a terminal.
    :raises PrivateKeyNotHere: if the private half does not lie on this machine.
    """
    actor.require("key:confirm_destruction")
    before = await store.lock(tx, destruction_id)
    if before is None:
        raise KeyDestructionMissing
    after = _decided(before, Event.CONFIRM, actor=actor, now=now)
    proposer = await who_is(before.proposed_by)
    if proposer is None or "key:destroy" not in proposer.permissions:
        raise KeyDestructionProposerGone(name=before.proposed_by_name)
    check_two(proposer, actor)
    await store.update(tx, after)
    await key_custody.destroy(
        tx,
        actor=proposer,
        now=now,
        key_id=before.key_id,
        confirmed_by=actor,
        entered_by=actor,
        reason=before.reason,
        how=how,
    )
    return after


def _decided(
    before: KeyDestruction,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    remark: str | None = None,
) -> KeyDestruction:
    return msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        decided_by=actor.account_id,
        decided_by_name=actor.name,
        decided_at=now,
        remark=remark,
    )


async def _remember(
    tx: Tx, event: Happened, record: KeyDestruction, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("key", record.key_id)],
        facts={"proposed_by": record.proposed_by, "proposed_by_name": record.proposed_by_name},
        after={"state": record.state.value},
        reason=record.remark or record.reason,
    )
