"""Propose how revenue is shared, agree, decline, take back and end it (收益分配约定)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.certificates import queries as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from catalog.registration import queries as registration
from market.identity import queries as identity
from market.revenue_agreements import store
from market.revenue_agreements.model import RevenueAgreement, RevenueAgreementId
from market.revenue_agreements.queries import RevenueAgreementMissing
from market.revenue_agreements.states import Event, State, advance
from settlement.revenue import split
from settlement.revenue.methods import Agreed


class RevenueAgreedAlready(Conflict):
    """This party has agreed before."""

    code = "revenue_agreed_already"


async def propose(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, agreed: Agreed
) -> RevenueAgreement:
    """Propose how what a product earns is shared; the supplier agrees by proposing (提出).

    :raises NotPermitted: if the actor proposes none.
    :raises ProductMissing: if it is not the actor's product.
    :raises MethodUnfit: if the terms of the method make no whole (``revenue/methods.py``).
    :raises SharesNotWhole: if the shares do not (and the others of ``revenue/split.py``).
    :raises PartyMissing: if somebody who shares is not known here.
    """
    actor.require("revenue_agreement:propose")
    product = await products.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    split.check(agreed.shares())
    named = (actor.party, *agreed.parties(), *await _owners(tx, product_id, now=now))
    asked = tuple(dict.fromkeys(named))
    for party in asked:
        await identity.get_party(tx, PartyId(party))
    agreement = RevenueAgreement(
        id=RevenueAgreementId(new_id()),
        number=f"SY-{local_date(now).year}-{await store.next_number(tx):06d}",
        state=State.PROPOSED,
        product_id=product_id,
        supplier_party_id=actor.party,
        agreed=agreed,
        asked=asked,
        given=(actor.party,),
        version=1,
        proposed_at=now,
        updated_at=now,
    )
    await store.insert(tx, agreement)
    await _remember(tx, Happened.REVENUE_AGREEMENT_PROPOSED, agreement, actor=actor, now=now)
    await _tell(tx, agreement, agreement.waits_for, Topic.REVENUE_AGREEMENT_PROPOSED, now=now)
    if not agreement.waits_for:
        return await _conclude(tx, agreement, actor=actor, now=now)
    return agreement


async def agree(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID
) -> RevenueAgreement:
    """Agree for one's own party; when all did, it is in force and ends the one before (同意).

    :raises NotPermitted: if the actor agrees to none.
    :raises RevenueAgreementMissing: if it is unknown or between others.
    :raises RevenueAgreementEventNotAllowed: if it is not open any more.
    :raises RevenueAgreedAlready: if this party agreed before.
    """
    actor.require("revenue_agreement:agree")
    before = await _lock(tx, actor, agreement_id)
    advance(before.state, Event.AGREE)
    if actor.party in before.given:
        raise RevenueAgreedAlready
    agreed = await _move(
        tx, before, Event.AGREE, now=now, given=(*before.given, uuid.UUID(str(actor.party)))
    )
    await _remember(tx, Happened.REVENUE_AGREEMENT_AGREED, agreed, actor=actor, now=now)
    return agreed if agreed.waits_for else await _conclude(tx, agreed, actor=actor, now=now)


async def decline(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID, reason: str
) -> RevenueAgreement:
    """Decline for one's own party: nothing comes of it (不同意).

    :raises NotPermitted: if the actor agrees to none.
    :raises RevenueAgreementMissing: if it is unknown or between others.
    :raises RevenueAgreementEventNotAllowed: if it is not open any more.
    """
    actor.require("revenue_agreement:agree")
    before = await _lock(tx, actor, agreement_id)
    declined = await _move(tx, before, Event.DECLINE, now=now, reason=reason)
    await _remember(tx, Happened.REVENUE_AGREEMENT_DECLINED, declined, actor=actor, now=now)
    supplier = (before.supplier_party_id,)
    await _tell(tx, declined, supplier, Topic.REVENUE_AGREEMENT_DECLINED, now=now)
    return declined


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID
) -> RevenueAgreement:
    """Take back what was proposed, before all agreed (撤回).

    :raises NotPermitted: if the actor proposes none.
    :raises RevenueAgreementMissing: if it is unknown or somebody else's.
    :raises RevenueAgreementEventNotAllowed: if it is not open any more.
    """
    actor.require("revenue_agreement:propose")
    before = await _lock_own(tx, actor, agreement_id)
    withdrawn = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.REVENUE_AGREEMENT_WITHDRAWN, withdrawn, actor=actor, now=now)
    return withdrawn


async def end(
    tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID, reason: str
) -> RevenueAgreement:
    """End an agreement for orders to come; those that were cleared keep it (终止).

    Any party to it may: nobody shares against its will. The certificate's shares hold again.

    :raises NotPermitted: if the actor agrees to none.
    :raises RevenueAgreementMissing: if it is unknown or between others.
    :raises RevenueAgreementEventNotAllowed: if it is not in force.
    """
    actor.require("revenue_agreement:agree")
    before = await _lock(tx, actor, agreement_id)
    ended = await _move(tx, before, Event.END, now=now, reason=reason)
    await _remember(tx, Happened.REVENUE_AGREEMENT_ENDED, ended, actor=actor, now=now)
    others = [party for party in ended.asked if party != actor.party]
    await _tell(tx, ended, others, Topic.REVENUE_AGREEMENT_ENDED, now=now)
    return ended


async def _conclude(
    tx: Tx, agreement: RevenueAgreement, *, actor: Actor, now: dt.datetime
) -> RevenueAgreement:
    await store.take_turns(tx, agreement.product_id)
    standing = await store.lock_in_force(tx, agreement.product_id)
    if standing is not None:
        replaced = await _move(tx, standing, Event.REPLACE, now=now, reason=agreement.number)
        await _remember(tx, Happened.REVENUE_AGREEMENT_ENDED, replaced, actor=actor, now=now)
    concluded = await _move(tx, agreement, Event.CONCLUDE, now=now, in_force_at=now)
    await _remember(tx, Happened.REVENUE_AGREEMENT_CONCLUDED, concluded, actor=actor, now=now)
    await _tell(tx, concluded, concluded.asked, Topic.REVENUE_AGREEMENT_CONCLUDED, now=now)
    return concluded


async def _owners(tx: Tx, product_id: uuid.UUID, *, now: dt.datetime) -> tuple[uuid.UUID, ...]:
    """Return who owns the product by its certificate: their money is not shared without them."""
    active = await certificates.find_active_for_product(tx, product_id, today=local_date(now))
    certificate = None if active is None else await certificates.find(tx, active.number)
    if certificate is None:
        return ()
    async with beyond_own_rows(tx):  # an owner that came later was no party to the application
        case = await registration.find(tx, application_id=certificate.application_id)
    return () if case is None else tuple(owner.party_id for owner in case.form.owners)


async def _lock(tx: Tx, actor: Actor, agreement_id: uuid.UUID) -> RevenueAgreement:
    found = await store.lock(tx, agreement_id)
    if found is None or actor.party not in found.asked:
        raise RevenueAgreementMissing
    return found


async def _lock_own(tx: Tx, actor: Actor, agreement_id: uuid.UUID) -> RevenueAgreement:
    found = await _lock(tx, actor, agreement_id)
    if found.supplier_party_id != actor.party:
        raise RevenueAgreementMissing
    return found


async def _move(
    tx: Tx, before: RevenueAgreement, event: Event, *, now: dt.datetime, **changes: Any
) -> RevenueAgreement:
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


async def _tell(
    tx: Tx,
    agreement: RevenueAgreement,
    parties: Iterable[uuid.UUID],
    topic: Topic,
    *,
    now: dt.datetime,
) -> None:
    for party in parties:
        await notifications.send(
            tx,
            now=now,
            to=PartyId(party),
            topic=topic,
            subject=Subject("revenue_agreement", str(agreement.id)),
            facts={"number": agreement.number},
        )


async def _remember(
    tx: Tx, event: Happened, agreement: RevenueAgreement, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("revenue_agreement", str(agreement.id)),
            Subject("product", str(agreement.product_id)),
        ],
        facts={
            "number": agreement.number,
            "method": agreement.agreed.method,
            "document_sha256": agreement.agreed.document_sha256,
            "shares": agreement.agreed.shares(),
        },
        after={"state": agreement.state.value, "version": agreement.version},
        reason=agreement.reason,
        rules=("ZJ-2", "QD-11"),
    )
