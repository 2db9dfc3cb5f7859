"""Delegate an operator, and end a delegation (授权, 终止授权; HN-05)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.delegations import store
from catalog.delegations.model import Delegation, DelegationId
from catalog.delegations.validity import check_end, check_new, require_in_force
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date


class DelegationMissing(Missing):
    """There is no such delegation."""

    code = "not_found"


class DelegationDocumentUsed(Conflict):
    """The authority issued another delegation under this document number."""

    code = "delegation_document_used"


async def delegate(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    operator_party_id: PartyId,
    document_number: str,
    scope: str,
    valid_from: dt.date,
    valid_to: dt.date | None,
) -> Delegation:
    """Delegate the operator (授权运营者) from a day on.

    :raises NotPermitted: if the actor is not the bureau.
    :raises DelegationPeriodInvalid: if the last day lies before the first.
    :raises DelegationOverlaps: if the operator has one for some of these days.
    :raises DelegationDocumentUsed: if the document number was used before.
    """
    actor.require("operator:delegate")
    await store.lock_operator(tx, operator_party_id)
    existing = await store.list_of_operator(tx, operator_party_id)
    check_new(existing, valid_from=valid_from, valid_to=valid_to)
    if await store.has_document(tx, actor.party, document_number):
        raise DelegationDocumentUsed(document_number=document_number)
    delegation = Delegation(
        id=DelegationId(new_id()),
        authority_party_id=actor.party,
        operator_party_id=operator_party_id,
        document_number=document_number,
        scope=scope,
        valid_from=valid_from,
        valid_to=valid_to,
        created_at=now,
    )
    await store.insert(tx, delegation)
    await audit_log.append(
        tx,
        Event.OPERATOR_DELEGATED,
        actor=actor,
        now=now,
        subjects=[
            Subject("delegation", str(delegation.id)),
            Subject("party", str(operator_party_id)),
        ],
        after=msgspec.to_builtins(delegation),
        rules=("HN-05",),
    )
    return delegation


async def end(
    tx: Tx, *, actor: Actor, now: dt.datetime, delegation_id: uuid.UUID, reason: str
) -> Delegation:
    """End a delegation today: from today on the operator may not act under it.

    :raises NotPermitted: if the actor is not the bureau.
    :raises DelegationMissing: if there is no such delegation of the actor's authority.
    :raises DelegationEnded: if it was ended before.
    """
    actor.require("operator:delegate")
    found = await store.lock(tx, delegation_id)
    if found is None or found.authority_party_id != actor.party:
        raise DelegationMissing
    check_end(found)
    ended = msgspec.structs.replace(found, ended_on=local_date(now), end_reason=reason)
    await store.update_end(tx, ended)
    await audit_log.append(
        tx,
        Event.DELEGATION_ENDED,
        actor=actor,
        now=now,
        subjects=[
            Subject("delegation", str(ended.id)),
            Subject("party", str(ended.operator_party_id)),
        ],
        reason=reason,
        rules=("HN-05",),
    )
    return ended


async def require(tx: Tx, *, operator_party_id: PartyId, now: dt.datetime) -> Delegation:
    """Return the delegation under which the operator acts today; part of each of its commands.

    :raises OperatorNotDelegated: if it has none (HN-05).
    """
    existing = await store.list_of_operator(tx, operator_party_id)
    return require_in_force(existing, local_date(now))
