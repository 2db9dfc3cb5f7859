"""Carry into offers and orders what happened to a certificate, in the same transaction.

Every door that calls an operation on a certificate calls ``follow`` after it; the database refuses
to commit an offer whose certificate does not count (``offers_rest_on_their_certificates``).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.agencies import queries as assignments
from catalog.agencies.model import AgencyContract, CaseKind
from catalog.audit_log.model import Subject
from catalog.certificates import queries as certificates
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as burdens
from catalog.certificates.operations import changes as lifecycle
from catalog.changes.operations import assignment as of_changes
from catalog.changes.operations import closing as changes
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.objections.operations import following as objections
from catalog.recognition.model import ForeignCertificate
from catalog.registration.operations import assignment as of_applications
from market.consequences import deregistering
from market.consequences.deregistering import DeregistrationPreview
from market.consequences.effects import Effects, OfferEffect, effects_of
from market.listings import operations as offers
from market.listings import queries as listings
from market.listings.model import Listing
from market.listings.states import State as OfferState
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.operations import stopping
from market.orders.states import Event as OrderEvent
from market.orders.states import State as OrderState
from market.orders.states import allows

# What follows is the law's doing, not that of whoever acted on the certificate.
_ACTOR: Final = system("consequences", "listing:suspend", "order:cut_off")


async def follow(tx: Tx, *, now: dt.datetime, certificate_number: str, ground: str = "") -> None:
    """Suspend, delist, or carry on the offer that rests on a certificate; cut off what must stop.

    Nothing happens where nothing is offered, or the certificate still counts.
    """
    async with beyond_own_rows(tx):
        certificate = await certificates.find(tx, certificate_number)
        if certificate is None:
            return
        successor = await certificates.find_successor(tx, certificate_number)
        follows = effects_of(
            certificate.state,
            has_successor=successor is not None,
            registrant_changed=_changed_hands(certificate, successor),
            ground=ground,
        )
        reason = f"certificate_{certificate.state.value}"
        offer = await listings.find_offered(tx, product_id=certificate.product_id)
        if offer is not None and _rests_on(offer, certificate):
            await _settle_offer(tx, offer, follows, now=now, reason=reason)
        if await _is_relied_on(tx, certificate, now=now):
            if follows.offer in (OfferEffect.SUSPEND, OfferEffect.DELIST):
                await _tell_buyers(tx, certificate, follows, now=now)
            if follows.cuts_off:
                await _cut_off(tx, certificate, now=now, reason=reason)
        await changes.close_if_inactive(
            tx, actor=_ACTOR, now=now, certificate_number=certificate_number
        )
    await objections.follow(tx, now=now, certificate_number=certificate_number)


async def _is_relied_on(tx: Tx, certificate: Certificate, *, now: dt.datetime) -> bool:
    """Tell whether orders rest on a certificate: not if another under other rules still counts."""
    other = await certificates.find_active_for_product(
        tx, certificate.product_id, today=local_date(now)
    )
    return other is None or other.rulebook == certificate.rulebook


async def expire(tx: Tx, *, now: dt.datetime, certificate_number: str) -> None:
    """Hide the offer of a product whose validity is over, and tell the buyers (A23).

    Running contracts go on. A change renews the validity; then the operator resumes the offer.
    """
    async with beyond_own_rows(tx):
        certificate = await certificates.find(tx, certificate_number)
        assert certificate is not None, "it was just marked"
        offer = await listings.find_listed(tx, product_id=certificate.product_id)
        if offer is not None:
            await offers.suspend(
                tx, actor=_ACTOR, now=now, listing_id=offer.id, reason="product_expired"
            )
        for order in await orders.list_for_product(tx, product_id=certificate.product_id):
            if allows(order.state, OrderEvent.TERMINATE):
                await notifications.send(
                    tx,
                    now=now,
                    to=order.buyer_party_id,
                    topic=Topic.PURCHASE_EXPIRED,
                    subject=Subject("order", str(order.id)),
                    facts={
                        "order_number": order.number,
                        "product_name": certificate.product_name,
                        "valid_to": certificate.product_valid_to,
                    },
                )


async def follow_foreign(tx: Tx, *, now: dt.datetime, foreign: ForeignCertificate) -> None:
    """Suspend the offer that rests on a foreign certificate which does not count any more.

    Running contracts go on; their buyers are told.
    """
    async with beyond_own_rows(tx):
        offer = await listings.find_listed(tx, product_id=foreign.product_id)
        if offer is None or offer.foreign_certificate_id != foreign.id:
            return
        state = "withdrawn" if foreign.lapsed_at is None else "lapsed"
        await offers.suspend(
            tx,
            actor=_ACTOR,
            now=now,
            listing_id=offer.id,
            reason=f"foreign_certificate_{state}",
        )
        for order in await orders.list_for_product(tx, product_id=foreign.product_id):
            if allows(order.state, OrderEvent.TERMINATE):
                await _tell_ended(
                    tx, order, now=now, number=foreign.number, state=state, effect="continues"
                )


async def preview_deregistration(
    tx: Tx, *, viewer: Actor, now: dt.datetime, certificate_number: str
) -> DeregistrationPreview:
    """Return what deregistering one's own certificate would bring about today (A19).

    :raises NotPermitted: if the viewer may not deregister.
    :raises Missing: if no certificate of the viewer's party has this number.
    """
    viewer.require("certificate:deregister")
    certificate = await certificates.find(tx, certificate_number)
    if certificate is None or certificate.registrant_party_id != viewer.party:
        raise Missing
    async with beyond_own_rows(tx):
        return deregistering.preview(
            number=certificate.number,
            state=certificate.state,
            orders=await _order_states(tx, certificate),
            standing=await burdens.list_standing(tx, certificate.number, now=now),
            open_objections=certificate.open_objections,
            is_offered=await listings.find_listed(tx, product_id=certificate.product_id)
            is not None,
        )


async def deregister(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    reason: str,
    is_acknowledged: bool,
) -> None:
    """Deregister one's own certificate, knowing how many orders are open (HN-19(a), A19).

    :raises NotPermitted: and the other refusals of ``lifecycle.deregister``.
    :raises OpenOrdersExist: if orders are open and that was not acknowledged.
    """
    certificate = await lifecycle.deregister(
        tx, actor=actor, now=now, certificate_number=certificate_number, reason=reason
    )
    async with beyond_own_rows(tx):
        states = await _order_states(tx, certificate)
    deregistering.check_acknowledged(
        sum(deregistering.is_open(state) for state in states), is_acknowledged=is_acknowledged
    )
    await follow(tx, now=now, certificate_number=certificate_number, ground="voluntary")


async def tell_changed(
    tx: Tx, *, now: dt.datetime, old_number: str, new_number: str, fields: tuple[str, ...]
) -> None:
    """Tell the buyers with running orders that form, validity or scenarios changed (RULES §5.2).

    ``fields`` are those of them that did; nobody is told if none did.
    """
    if not fields:
        return
    async with beyond_own_rows(tx):
        certificate = await certificates.find(tx, new_number)
        assert certificate is not None, "it was just issued"
        for order in await orders.list_for_product(tx, product_id=certificate.product_id):
            if allows(order.state, OrderEvent.TERMINATE):
                await notifications.send(
                    tx,
                    now=now,
                    to=order.buyer_party_id,
                    topic=Topic.CERTIFICATE_CHANGED,
                    subject=Subject("order", str(order.id)),
                    facts={
                        "order_number": order.number,
                        "product_name": certificate.product_name,
                        "old_number": old_number,
                        "new_number": new_number,
                        "fields": list(fields),
                    },
                )


async def _order_states(tx: Tx, certificate: Certificate) -> list[OrderState]:
    found = await orders.list_for_product(tx, product_id=certificate.product_id)
    return [order.state for order in found]


def _changed_hands(certificate: Certificate, successor: Certificate | None) -> bool:
    return (
        successor is not None and successor.registrant_party_id != certificate.registrant_party_id
    )


def _rests_on(offer: Listing, certificate: Certificate) -> bool:
    """Tell whether an offer is made on a certificate, or was until it was suspended.

    A suspended one keeps the number on which it stood, also if another took that one's place since.
    """
    if offer.state is OfferState.SUSPENDED:
        return offer.is_certified
    return offer.certificate_number == certificate.number


async def _settle_offer(
    tx: Tx, offer: Listing, follows: Effects, *, now: dt.datetime, reason: str
) -> None:
    is_listed = offer.state is OfferState.LISTED
    if follows.offer is OfferEffect.DELIST:  # also what was suspended meanwhile
        await offers.take_down(tx, actor=_ACTOR, now=now, listing_id=offer.id, reason=reason)
    elif follows.offer is OfferEffect.SUSPEND and is_listed:
        await offers.suspend(tx, actor=_ACTOR, now=now, listing_id=offer.id, reason=reason)
    elif follows.offer is OfferEffect.FOLLOW and is_listed:
        await offers.follow_certificate(tx, actor=_ACTOR, now=now, listing_id=offer.id)


async def _tell_buyers(
    tx: Tx, certificate: Certificate, follows: Effects, *, now: dt.datetime
) -> None:
    """Tell those with running orders what became of the certificate (A19)."""
    for order in await orders.list_for_product(tx, product_id=certificate.product_id):
        if allows(order.state, OrderEvent.TERMINATE):
            await _tell_ended(
                tx,
                order,
                now=now,
                number=certificate.number,
                state=certificate.state.value,
                effect="terminated" if follows.cuts_off else "continues",
            )


async def _tell_ended(
    tx: Tx, order: Order, *, now: dt.datetime, number: str, state: str, effect: str
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=order.buyer_party_id,
        topic=Topic.CERTIFICATE_ENDED,
        subject=Subject("order", str(order.id)),
        facts={"certificate_number": number, "state": state, "effect": effect},
    )


async def _cut_off(tx: Tx, certificate: Certificate, *, now: dt.datetime, reason: str) -> None:
    for order in await orders.list_for_product(tx, product_id=certificate.product_id):
        if allows(order.state, OrderEvent.TERMINATE):
            await stopping.cut_off(
                tx, actor=_ACTOR, now=now, order_id=order.id, reason=reason, for_good=True
            )


async def pass_cases_on(
    tx: Tx, *, actor: Actor, now: dt.datetime, contract: AgencyContract, reason: str
) -> None:
    """Give the open cases of an agency that was suspended to others (HN-27), in the same transaction.

    A case on which it has given its opinion stays as it is. With nobody left a case waits for the operator.
    """
    for case in await assignments.list_open(tx, contract_id=contract.id):
        if case.case_kind is CaseKind.APPLICATION:
            await of_applications.pass_on_suspended(
                tx, actor=actor, now=now, application_id=case.case_id, reason=reason
            )
        else:
            await of_changes.pass_on_suspended(
                tx, actor=actor, now=now, change_id=case.case_id, reason=reason
            )
