"""Find that two related parties deal with each other, tell the authority, and decide (关联交易提示、复核)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.signing.canonical import sha256_hex
from market.affiliations import holding, relating, store
from market.affiliations.model import Dealing, DealingId, Matter
from market.affiliations.queries import RelatedDealingMissing, find_relation
from market.affiliations.states import Event, State, advance
from market.identity import queries as identity
from market.identity.model import Capacity


async def look_at(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    matter: Matter,
    matter_id: uuid.UUID,
    product_id: uuid.UUID,
    supplier: PartyId,
    buyer: PartyId,
) -> Dealing | None:
    """Find whether two parties are related, and keep what they deal in; a part of that command.

    A price of their own is held until the authority has looked at it, the rest is listed. None if
    they are not related, or it was found before.
    """
    relation = await find_relation(tx, of=supplier, to=buyer, on=local_date(now))
    if relation is None:
        return None
    found = Dealing(
        id=DealingId(new_id()),
        state=State.OPEN,
        matter=matter,
        matter_id=matter_id,
        product_id=product_id,
        supplier_party_id=supplier,
        buyer_party_id=buyer,
        relation=relation.kind,
        path=relation.path,
        in_words=relating.in_words(relation),
        is_held=holding.is_held(relation, matter),
        found_at=now,
    )
    async with beyond_own_rows(tx):  # the houses' list; the two are not shown who stands above
        if await store.find_dealing(tx, matter, matter_id) is not None:
            return None
        await store.insert_dealing(tx, found)
        await _tell(tx, found, now=now)
    await _remember(tx, Happened.RELATED_DEALING_FOUND, found, actor=actor, now=now)
    return found


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    dealing_id: uuid.UUID,
    releases: bool,
    reason: str,
) -> Dealing:
    """Release or refuse, as the authority, what two related parties deal in (复核); both are told.

    :raises NotPermitted: if the actor is not the authority's.
    :raises RelatedDealingMissing: if there is none.
    :raises RelatedDealingEventNotAllowed: if it was decided on.
    :raises RelatedDealingReasonMissing: if nothing says why.
    """
    actor.require("related_dealing:decide")
    before = await store.lock_dealing(tx, dealing_id)
    if before is None:
        raise RelatedDealingMissing
    state = advance(before.state, Event.RELEASE if releases else Event.REFUSE)
    holding.check_reason(reason)
    after = msgspec.structs.replace(
        before, state=state, decided_at=now, decided_by=actor.account_id, reason=reason
    )
    await store.decide(tx, after)
    if after.is_held:
        topic = Topic.RELATED_DEALING_RELEASED if releases else Topic.RELATED_DEALING_REFUSED
        for party in (after.supplier_party_id, after.buyer_party_id):
            await notifications.send(
                tx,
                now=now,
                to=party,
                topic=topic,
                subject=_subject(after),
                facts={"reason": reason},
            )
    event = Happened.RELATED_DEALING_RELEASED if releases else Happened.RELATED_DEALING_REFUSED
    await _remember(tx, event, after, actor=actor, now=now, reason=reason)
    return after


async def _tell(tx: Tx, found: Dealing, *, now: dt.datetime) -> None:
    authority = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    if authority is not None:
        await notifications.send(
            tx,
            now=now,
            to=authority.id,
            topic=Topic.RELATED_DEALING_FOUND,
            subject=Subject("related_dealing", str(found.id)),
            facts={"path": found.in_words},
        )


def _sha256(dealing: Dealing) -> str:
    return sha256_hex(dealing.in_words.encode())


def _subject(dealing: Dealing) -> Subject:
    return Subject(dealing.matter.value, str(dealing.matter_id))


async def _remember(
    tx: Tx,
    event: Happened,
    dealing: Dealing,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("related_dealing", str(dealing.id))],
        facts={
            "matter": dealing.matter.value,
            "matter_id": str(dealing.matter_id),
            "supplier_party_id": str(dealing.supplier_party_id),
            "buyer_party_id": str(dealing.buyer_party_id),
            "relation": dealing.relation.value,
            "is_held": dealing.is_held,
        },
        after={"state": dealing.state.value},
        reason=reason,
        rules=("GD-18",),
        # Who deals reads its own entries, and not who stands above the other side.
        digests=(Digest("related_dealing", str(dealing.id), _sha256(dealing)),),
    )
