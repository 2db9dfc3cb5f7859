"""Conclude agreements, let one follow another, and end them with both sides' consent (订立、变更、解除)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature
from market.access.grants import AuthorisationCutOff
from market.affiliations.model import Matter
from market.affiliations.operations import dealings
from market.contracts import constraints, document, price_duty, store
from market.contracts.model import Agreement, AgreementId, check_in_force
from market.contracts.policy import Policy, Relation
from market.contracts.states import Event, State, advance
from market.cut_offs import queries as cut_offs
from market.special_prices import operations as special_prices
from market.special_prices.model import SpecialPrice


class SuccessionWrong(Refused):
    """What is followed is between others, about another product, or does not hold any more."""

    code = "agreement_succession_wrong"


class EndProposedByOther(Refused):
    """Whoever proposed the end does not confirm it; that is the other side's to do."""

    code = "agreement_end_not_yours_to_confirm"


async def check_succession(
    tx: Tx, policy: Policy, *, buyer: PartyId, supplier: PartyId, now: dt.datetime
) -> None:
    """Return if a policy follows nothing, or an agreement of these two that may be followed.

    :raises SuccessionWrong: if it follows what it can not.
    :raises AgreementNotInForce: if what it amends was ended (and ``AgreementOver``).
    :raises AuthorisationCutOff: if what it follows is frozen: nothing is made of it meanwhile.
    """
    if policy.succeeds is None:
        return
    found = await store.find(tx, _id_of(policy.succeeds.agreement))
    is_theirs = (
        found is not None
        and (found.buyer_party_id, found.supplier_party_id) == (buyer, supplier)
        and found.product_id.urn == policy.target
    )
    if found is None or not is_theirs:
        raise SuccessionWrong
    if await cut_offs.is_cut_off(tx, found.id):
        raise AuthorisationCutOff
    if policy.succeeds.relation is not Relation.RENEWS:
        check_in_force(found, now)
    elif found.state in (State.TERMINATED, State.SUCCEEDED):
        raise SuccessionWrong


async def hold_special_price(tx: Tx, policy: Policy) -> SpecialPrice | None:
    """Return the special price of a policy, locked, if it can be used now; None if it has none.

    :raises SpecialPriceEventNotAllowed: if it was used or taken back.
    """
    named = price_duty.special_price_id(price_duty.read(policy))
    return None if named is None else await special_prices.hold(tx, special_price_id=named)


async def conclude(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    raw: bytes,
    buyer: PartyId,
    supplier: PartyId,
    product_id: uuid.UUID,
    buyer_signature: Signature,
    supplier_signature: Signature,
) -> Agreement:
    """Keep an agreement that both have signed (协议成立); what it takes the place of is succeeded.

    The caller has checked both signatures over these bytes. A special price is used by it: it is
    the agreement's from now on, whatever becomes of its last day.
    """
    terms = document.read(raw).terms
    ends_at = constraints.ends_at(terms)
    assert ends_at is not None, "an offer without an end is refused"
    follows = terms.succeeds
    concluded = Agreement(
        id=AgreementId(_id_of(terms.id)),
        buyer_party_id=buyer,
        supplier_party_id=supplier,
        product_id=product_id,
        state=State.IN_FORCE,
        document=raw,
        sha256=sha256_hex(raw),
        buyer_signature=buyer_signature,
        supplier_signature=supplier_signature,
        ends_at=ends_at,
        concluded_at=now,
        version=1,
        updated_at=now,
        follows_id=None if follows is None else _id_of(follows.agreement),
        relation=None if follows is None else follows.relation,
    )
    special = await hold_special_price(tx, terms)
    if special is not None:
        await special_prices.use_by_agreement(tx, now=now, price=special)
    await store.insert(tx, concluded)
    await _remember(tx, Happened.AGREEMENT_CONCLUDED, concluded, actor=actor, now=now)
    await dealings.look_at(
        tx,
        actor=actor,
        now=now,
        matter=Matter.AGREEMENT,
        matter_id=concluded.id,
        product_id=product_id,
        supplier=supplier,
        buyer=buyer,
    )
    if follows is not None and follows.relation is not Relation.RENEWS:
        await _succeed(tx, _id_of(follows.agreement), concluded, actor=actor, now=now)
    return concluded


async def is_kept(tx: Tx, *, agreement_id: uuid.UUID) -> bool:
    """Tell whether this house keeps an agreement already."""
    return await store.find(tx, agreement_id) is not None


async def propose_end(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID, reason: str
) -> Agreement:
    """Propose to the other side to end an agreement (提出解除); it is told.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises AgreementEventNotAllowed: if it has ended, or its end is proposed.
    :raises AgreementOver: if its time is over.
    """
    actor.require("negotiation:conduct")
    before = await _lock(tx, actor, agreement_id)
    check_in_force(before, now)
    after = await _move(
        tx, before, Event.PROPOSE_END, now=now, proposed_by=actor.party, reason=reason
    )
    await _remember(tx, Happened.AGREEMENT_END_PROPOSED, after, actor=actor, now=now, reason=reason)
    await _tell(tx, Topic.AGREEMENT_END_PROPOSED, after, [after.other(actor.party)], now=now)
    return after


async def decline_end(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID
) -> Agreement:
    """Decline the proposed end, or take one's own proposal back; the agreement goes on.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises AgreementEventNotAllowed: if no end is proposed.
    """
    actor.require("negotiation:conduct")
    before = await _lock(tx, actor, agreement_id)
    after = await _move(tx, before, Event.DECLINE_END, now=now, proposed_by=None, reason=None)
    await _remember(tx, Happened.AGREEMENT_END_DECLINED, after, actor=actor, now=now)
    await _tell(tx, Topic.AGREEMENT_GOES_ON, after, [after.other(actor.party)], now=now)
    return after


async def confirm_end(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID
) -> Agreement:
    """Confirm the end that the other side proposed (协商一致解除); both are told.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others.
    :raises AgreementEventNotAllowed: if no end is proposed.
    :raises EndProposedByOther: if the actor's own party proposed it.
    """
    actor.require("negotiation:conduct")
    before = await _lock(tx, actor, agreement_id)
    advance(before.state, Event.CONFIRM_END)
    if before.proposed_by == actor.party:
        raise EndProposedByOther
    after = await _move(tx, before, Event.CONFIRM_END, now=now)
    await _remember(tx, Happened.AGREEMENT_ENDED, after, actor=actor, now=now, reason=after.reason)
    await _tell(
        tx, Topic.AGREEMENT_ENDED, after, [after.buyer_party_id, after.supplier_party_id], now=now
    )
    return after


async def _succeed(
    tx: Tx, old_id: uuid.UUID, new: Agreement, *, actor: Actor, now: dt.datetime
) -> None:
    """Let an agreement take the place of an older one, if that still stands."""
    old = await store.lock(tx, old_id)
    if old is None or old.state in (State.TERMINATED, State.SUCCEEDED):
        return
    after = await _move(tx, old, Event.SUCCEED, now=now)
    await _remember(tx, Happened.AGREEMENT_SUCCEEDED, after, actor=actor, now=now)
    await _tell(
        tx, Topic.AGREEMENT_SUCCEEDED, after, [new.buyer_party_id, new.supplier_party_id], now=now
    )


async def _lock(tx: Tx, actor: Actor, agreement_id: uuid.UUID) -> Agreement:
    found = await store.lock(tx, agreement_id)
    if found is None or actor.party not in (found.buyer_party_id, found.supplier_party_id):
        raise Missing
    return found


async def _move(
    tx: Tx, before: Agreement, event: Event, *, now: dt.datetime, **changes: Any
) -> Agreement:
    after = replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


async def _tell(
    tx: Tx, topic: Topic, about: Agreement, to: list[PartyId], *, now: dt.datetime
) -> None:
    for party in to:
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=topic,
            subject=Subject("agreement", str(about.id)),
            facts={
                "product_name": document.read(about.document).product,
                "reason": about.reason or "—",
            },
        )


async def _remember(
    tx: Tx,
    event: Happened,
    about: Agreement,
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
        subjects=[Subject("agreement", str(about.id)), Subject("product", str(about.product_id))],
        facts={"follows_id": about.follows_id, "relation": about.relation},
        after={"state": about.state.value, "version": about.version},
        reason=reason,
        rules=("SIX-2", "BJ-27"),
        digests=(Digest("agreement", str(about.id), about.sha256),),
    )


def _id_of(urn: str) -> uuid.UUID:
    try:
        return uuid.UUID(urn)
    except ValueError as error:
        raise SuccessionWrong from error
