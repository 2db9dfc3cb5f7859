"""Deliver, hand out the content, accept, dispute and resolve (交付、使用、验收、争议)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from catalog.audit_log import promising
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Appended, Digest
from catalog.audit_log.promising import Backlog
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Missing, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.products.model import AiShare, Content
from market.access import operations as access
from market.access import states as grant_states
from market.access.asking import Standing
from market.access.grants import AuthorisationCutOff
from market.access.model import Asked, Grant, GrantId, Scope
from market.access.queries import find_for_order
from market.access.rates import Limits
from market.contracts.policy import PolicyAgreement
from market.cut_offs import queries as cut_offs
from market.orders import contract, inspection, under_agreement
from market.orders.model import AcceptedBy, ManifestFile, Order
from market.orders.operations import by_agreement, charging, destruction
from market.orders.operations.casework import lock, lock_of_buyer, lock_of_supplier, move, remember
from market.orders.queries import OrderMissing, get_order
from market.orders.states import Event, advance, allows
from market.orders.store import contracts, standings
from market.pricing import compute
from market.usage import operations as usage
from market.usage.metering import FIRST
from market.usage.model import StoredEvent
from settlement.charging.balance import LOW_PERCENT
from settlement.escrow.operations import freezing, refunding

DOWNLOAD_TOKEN: Final = "download_token"  # noqa: S105


class PaymentOutstanding(Refused):
    """The order is to be paid before it is delivered."""

    code = "order_payment_outstanding"


class Ruling(enum.StrEnum):
    """For whom a dispute is resolved (争议处理结果)."""

    FOR_SUPPLIER = "for_supplier"  # 支持供方: it counts as accepted
    FOR_BUYER = "for_buyer"  # 支持需方: the money goes back, the grant ends
    IN_PART = "in_part"  # 部分支持: it counts as accepted, a part of the money goes back


class RulingRefundUnclear(Invalid):
    """A ruling in part says how much goes back: some of what was paid, not all; no other does."""

    code = "ruling_refund_unclear"


class Opened(msgspec.Struct, frozen=True):
    """What became of a request for the content: the event, and what may be handed out."""

    event: StoredEvent
    entry: Appended
    grant: Grant


async def deliver(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    order_id: uuid.UUID,
    low_percent: int = LOW_PERCENT,
) -> Order:
    """Deliver an order (交付): the buyer gets a licence grant, and the manifest with its hashes.

    What is left of an order that pays as it uses is low from ``low_percent`` of its prepayment on.

    :raises NotPermitted: if the actor delivers nothing.
    :raises OrderMissing: if it is unknown or somebody else's sale.
    :raises PaymentOutstanding: if it is to be paid first.
    :raises AuthorisationCutOff: if its product, its agreement or one of the two is cut off.
    :raises AgreementNotInForce: if its agreement was ended, or is over (``by_agreement.py``).
    :raises OrderEventNotAllowed: if it was delivered before, or is over.
    """
    actor.require("order:deliver")
    order = await lock_of_supplier(tx, actor, order_id)
    if order.paid_at is None and not order.is_free and allows(order.state, Event.PAY):
        raise PaymentOutstanding(amount_fen=order.amount_fen)
    if await cut_offs.is_cut_off(
        tx, order.id, order.product_id, order.buyer_party_id, order.supplier_party_id
    ):
        raise AuthorisationCutOff
    agreed = await by_agreement.terms_in_force(tx, order, now=now)
    content = await products.get_content(
        tx, product_id=order.product_id, version=order.product_version
    )
    drafted = await contracts.find(tx, order.id)
    assert drafted is not None, "what is cleared has a contract"
    label = contract.read_document(drafted.document).object.ai_generated
    mark = contract.fingerprint(order, order.buyer_party_id, content.sha256)
    delivered = await move(
        tx,
        order,
        Event.DELIVER,
        now=now,
        delivered_at=now,
        inspection_ends_at=inspection.ends_at(now, order.terms.inspection_days, calendar),
        manifest=(
            ManifestFile(
                name=content.file_name,
                sha256=content.sha256,
                size_bytes=content.size_bytes,
                media_type=content.media_type,
                ai_generated=label,
            ),
        ),
        fingerprint_id=mark,
    )
    limits = await by_agreement.limits_of(tx, order, agreed)
    granted = _grant(delivered, content, mark, label, now, agreed=agreed, limits=limits)
    await access.create(tx, actor=actor, now=now, grant=granted)
    delivered = msgspec.structs.replace(delivered, grant_id=granted.id)
    await charging.open_account(tx, actor=actor, now=now, order=delivered, low_percent=low_percent)
    await remember(
        tx,
        Happened.ORDER_DELIVERED,
        delivered,
        actor=actor,
        now=now,
        facts={"manifest": delivered.manifest, "fingerprint_id": mark},
        digests=(Digest("delivery", str(order.id), content.sha256),),
    )
    return delivered


async def open_content(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    asked: Asked,
    request_key: str | None,
    backlog: Backlog,
) -> Opened:
    """Ask for the content of an order (使用): recorded and counted, let through or denied.

    A denial is returned, so that it is committed; the door refuses by its first reason. ``backlog``
    is what the log owes: nothing is recorded of which it could not promise the place.

    :raises NotPermitted: if the actor uses no grants.
    :raises OrderMissing: if it is not the actor's purchase, or its token is for another order.
    :raises GrantMissing: if it was not delivered.
    :raises LogStopped: if the log is stopped.
    :raises LogBehind: if the log could not keep what a receipt would promise.
    """
    actor.require("grant:use")
    if DOWNLOAD_TOKEN in actor.roles and f"order:{order_id}" not in actor.roles:
        raise OrderMissing
    grant, standing = await lock_with_standing(tx, actor, order_id, today=local_date(now))
    promising.check(backlog, now)
    recorded = await usage.record(
        tx,
        actor=actor,
        now=now,
        grant=grant,
        asked=asked,
        standing=standing,
        request_key=request_key,
    )
    return Opened(recorded.event, recorded.entry, grant)


async def lock_with_standing(
    tx: Tx, actor: Actor, order_id: uuid.UUID, *, today: dt.date
) -> tuple[Grant, Standing]:
    """Return the grant of the actor's purchase, locked, and what stands of its order after that.

    Who cuts an order off holds that lock until it is done. Was it locked as the transaction was opened
    (``access.locking``), both are read at once.
    """
    if tx.ahead == access.locking(order_id):
        found = await standings.find_with_grant(tx, order_id, today=today)
        if found is None:
            raise await _why_none(tx, actor, order_id)
        grant, standing = found
    else:
        try:
            grant = await access.lock(tx, order_id)
        except access.GrantMissing:
            raise await _why_none(tx, actor, order_id) from None
        standing = await standings.read(tx, order_id, today=today)
    if grant.buyer_party_id != actor.party:
        raise OrderMissing
    return grant, standing


async def _why_none(tx: Tx, actor: Actor, order_id: uuid.UUID) -> Missing:
    """Return why there is no grant: it was not delivered yet, or is not the actor's purchase at all."""
    order = await get_order(tx, viewer=actor, order_id=order_id)
    return access.GrantMissing() if order.buyer_party_id == actor.party else OrderMissing()


async def accept(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Order:
    """Accept a delivery (验收): the escrow may be released.

    :raises NotPermitted: if the actor accepts nothing.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises InspectionOver: if the period is over: silence has accepted.
    :raises OrderEventNotAllowed: if it was not delivered, or was accepted or disputed before.
    """
    actor.require("delivery:accept")
    order = await lock_of_buyer(tx, actor, order_id)
    advance(order.state, Event.ACCEPT)
    inspection.check_open(order, now)
    return await _accepted(tx, order, Event.ACCEPT, AcceptedBy.BUYER, actor=actor, now=now)


async def end_inspection(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Order:
    """Take a delivery as accepted: nobody objected in time, or it was put to use (视为验收) [P].

    :raises NotPermitted: if the actor is no job of ours.
    :raises OrderEventNotAllowed: if it is not being inspected any more.
    :raises InspectionRunning: if there is time left, and it was not put to use.
    """
    actor.require("order:turn")
    order = await lock(tx, order_id)
    advance(order.state, Event.INSPECTION_ENDS)
    by = inspection.accepted_by(order, now, used=await _used(tx, order))
    event = Event.PUT_TO_USE if by is AcceptedBy.USE else Event.INSPECTION_ENDS
    return await _accepted(tx, order, event, by, actor=actor, now=now)


async def _accepted(
    tx: Tx, order: Order, event: Event, by: AcceptedBy, *, actor: Actor, now: dt.datetime
) -> Order:
    accepted = await move(tx, order, event, now=now, accepted_at=now, accepted_by=by)
    await remember(
        tx, Happened.DELIVERY_ACCEPTED, accepted, actor=actor, now=now, facts={"by": by.value}
    )
    return accepted


async def _used(tx: Tx, order: Order) -> int:
    grant = await find_for_order(tx, order_id=order.id)
    return 0 if grant is None else grant.used


async def raise_issue(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str
) -> Order:
    """Object to a delivery inside the inspection period (提出异议); the money is frozen.

    :raises NotPermitted: if the actor disputes nothing.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises InspectionOver: if it is too late.
    :raises AcceptedByUse: if it was put to use.
    :raises OrderEventNotAllowed: if it is not being inspected.
    """
    actor.require("delivery:dispute")
    order = await lock_of_buyer(tx, actor, order_id)
    inspection.check_objectable(order, now, used=await _used(tx, order))
    disputed = await move(tx, order, Event.RAISE_ISSUE, now=now, reason=reason)
    if not order.is_free:
        await freezing.freeze(tx, actor=actor, now=now, order_id=order.id)
    await remember(tx, Happened.DELIVERY_DISPUTED, disputed, actor=actor, now=now, reason=reason)
    return disputed


async def resolve(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    ruling: Ruling,
    reason: str,
    refund_fen: int | None = None,
) -> Order:
    """Resolve a dispute (争议处理): it counts as accepted, or ends and the money goes back.

    Where the objection holds in part, ``refund_fen`` of the money goes back and the rest is the
    supplier's, as if the delivery had been accepted.

    :raises NotPermitted: if the actor resolves nothing.
    :raises OrderMissing: if there is no such order.
    :raises OrderEventNotAllowed: if nothing is disputed.
    :raises RulingRefundUnclear: if nothing says how much goes back, or it is all or none of it.
    """
    actor.require("dispute:resolve")
    order = await lock(tx, order_id)
    advance(order.state, _RESOLVING[ruling])
    _check_refund(order, ruling, refund_fen)
    if ruling is Ruling.FOR_BUYER:
        resolved = await move(
            tx, order, Event.RESOLVE_FOR_BUYER, now=now, closed_at=now, reason=reason
        )
        await access.cut_off(
            tx, actor=actor, now=now, order_id=order.id, reason=reason, for_good=True
        )
        if not order.is_free:
            await refunding.refund(tx, actor=actor, now=now, order_id=order.id)
        await destruction.ask_for(tx, now=now, order=resolved)
    else:
        resolved = await move(
            tx,
            order,
            _RESOLVING[ruling],
            now=now,
            accepted_at=now,
            accepted_by=AcceptedBy.RULING,
            reason=reason,
        )
        if refund_fen is not None:
            await refunding.refund_part(
                tx,
                actor=actor,
                now=now,
                order_id=order.id,
                key=new_id(),
                amount_fen=refund_fen,
            )
    await remember(
        tx,
        Happened.DISPUTE_RESOLVED,
        resolved,
        actor=actor,
        now=now,
        facts={"ruling": ruling.value, "refund_fen": refund_fen},
        reason=reason,
    )
    return resolved


_RESOLVING: Final = {
    Ruling.FOR_SUPPLIER: Event.RESOLVE_FOR_SUPPLIER,
    Ruling.FOR_BUYER: Event.RESOLVE_FOR_BUYER,
    Ruling.IN_PART: Event.RESOLVE_IN_PART,
}


def _check_refund(order: Order, ruling: Ruling, refund_fen: int | None) -> None:
    is_a_part = refund_fen is not None and 0 < refund_fen < order.amount_fen
    if is_a_part is not (ruling is Ruling.IN_PART) or (refund_fen is not None and not is_a_part):
        raise RulingRefundUnclear(amount_fen=order.amount_fen)


def _grant(
    order: Order,
    content: Content,
    mark: str,
    label: AiShare,
    now: dt.datetime,
    *,
    agreed: PolicyAgreement | None,
    limits: Limits | msgspec.UnsetType,
) -> Grant:
    bought = compute.term(order.price_item, order.quantity)
    term = dt.timedelta(days=order.terms.term_days) if bought is None else bought
    return Grant(
        id=GrantId(new_id()),
        order_id=order.id,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        product_id=order.product_id,
        product_version=content.version,
        content_sha256=content.sha256,
        content_size_bytes=content.size_bytes,
        media_type=content.media_type,
        file_name=content.file_name,
        fingerprint_id=mark,
        scope=Scope(
            purpose=order.purpose,
            scenario=order.scenario,
            delivery_mode=order.delivery_mode,
            quota=compute.quota(order.price_item, order.quantity),
            fields=under_agreement.fields_of(agreed),
            valid_from=now,
            valid_to=under_agreement.grant_ends_at(now + term, agreed, order.terms),
            limits=limits,
        ),
        state=grant_states.State.ACTIVE,
        used=0,
        order_seq=0,
        last_record_sha256=FIRST,
        created_at=now,
        ai_generated=label,
    )
