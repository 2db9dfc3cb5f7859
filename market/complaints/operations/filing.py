"""Take a complaint, of somebody who says who it is or of nobody (提交投诉、举报)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from market.complaints import filing, store
from market.complaints.filing import ComplaintTargetUnclear
from market.complaints.model import About, Complaint, ComplaintId, Filed, Kind, Receipt
from market.complaints.operations import casework, hearing
from market.complaints.queries import digest
from market.complaints.states import State
from market.identity import queries as identity
from market.identity.model import Capacity
from market.incidents.model import EvidenceFile
from market.orders import queries as orders
from market.orders.model import Order

_DAY: Final = dt.timedelta(days=1)


class _Target(msgspec.Struct, frozen=True):
    """Who is complained of, and which product it is about, if any."""

    party_id: PartyId
    product_id: uuid.UUID | None = None


async def file(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, said: Filed
) -> Receipt:
    """Take a complaint; anybody may make one, and need not say who it is.

    :raises ComplaintTargetUnclear: if its kind is not about such a thing, or it is not named.
    :raises ComplaintAboutOneself: if the actor's own party is complained of.
    :raises Missing: if the thing, or a file of the evidence, is not there for the actor.
    :raises ComplaintBoxFull: if more came today than are taken.
    """
    filing.check_target(said.kind, said.about, said.about_id)
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    if operator is None:
        raise Missing
    target = await _find(tx, actor, said, operator.id)
    complainant = actor.acting_for or actor.party_id
    filing.check_not_oneself(complainant, target.party_id)
    async with beyond_own_rows(tx):
        await store.take_turn(tx, complainant)
        received = await store.count_since(tx, complainant=complainant, since=now - _DAY)
    filing.check_room(received, is_named=complainant is not None)
    held = [await files.get_own(tx, viewer=actor, file_id=each) for each in said.file_ids]
    return await _take(
        tx,
        said,
        target,
        complainant,
        operator.id,
        actor=actor,
        now=now,
        calendar=calendar,
        held=tuple(EvidenceFile(f.id, f.sha256, f.file_name) for f in held),
    )


async def open_with_dispute(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, order: Order, reason: str
) -> None:
    """Take the complaint that a disputed delivery is: no limit keeps a buyer from its objection."""
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    if operator is None:
        raise Missing
    said = Filed(kind=Kind.PRODUCT_QUALITY, about=About.ORDER, about_id=order.id, facts=reason)
    await _take(
        tx,
        said,
        _Target(order.supplier_party_id, order.product_id),
        order.buyer_party_id,
        operator.id,
        actor=actor,
        now=now,
        calendar=calendar,
        heard_until=hearing.until(now, calendar),  # both know of it from now on
    )


async def _take(
    tx: Tx,
    said: Filed,
    target: _Target,
    complainant: PartyId | None,
    operator: PartyId,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    held: tuple[EvidenceFile, ...] = (),
    heard_until: dt.datetime | None = None,
) -> Receipt:
    secret = secrets.token_urlsafe(18)
    complaint = Complaint(
        id=ComplaintId(new_id()),
        number=f"TS-{local_date(now).year}-{await store.next_number(tx):06d}",
        kind=said.kind,
        state=State.RECEIVED,
        house=filing.house_of(complainant=complainant, against=target.party_id, operator=operator),
        about=said.about,
        about_id=said.about_id,
        product_id=target.product_id,
        complainant_party_id=complainant,
        against_party_id=target.party_id,
        facts=said.facts,
        contact=said.contact,
        hearing_ends_at=heard_until,
        files=held,
        received_at=now,
    )
    await store.insert(tx, complaint, digest(secret))
    timer = await casework.start_clock(
        tx,
        complaint,
        casework.TRIAGE,
        period=filing.TRIAGED_WITHIN,
        now=now,
        calendar=calendar,
        house=complaint.house,
    )
    await casework.remember(tx, complaint, Event.COMPLAINT_RECEIVED, actor=actor, now=now)
    return Receipt(
        id=complaint.id,
        number=complaint.number,
        received_at=now,
        triage_due_on=timer.due_on,
        secret=secret,
    )


async def _find(tx: Tx, actor: Actor, said: Filed, operator: PartyId) -> _Target:
    """Return who is complained of, as far as the actor may know of the thing.

    :raises Missing: if there is no such thing for the actor.
    """
    if said.about_id is None:
        return _Target(operator)
    if said.about is About.PRODUCT:
        product = await products.get(tx, viewer=actor, product_id=said.about_id)
        if product.supplier_party_id is None:  # a record of a foreign catalogue
            raise Missing
        return _Target(product.supplier_party_id, product.id)
    if said.about is About.ORDER:
        return await _other_side(tx, actor, said)
    party = await identity.get_party(tx, said.about_id)
    is_agency = Capacity.COMPLIANCE_AGENCY in party.capacities
    is_house = {Capacity.SUPERMARKET_OPERATOR, Capacity.PROVINCIAL_AUTHORITY} & set(
        party.capacities
    )
    # Of the operator one complains as such, and of the authority elsewhere.
    if is_house or (said.about is About.AGENCY) != is_agency:
        raise ComplaintTargetUnclear(kind=said.kind.value, about=said.about.value)
    return _Target(party.id)


async def _other_side(tx: Tx, actor: Actor, said: Filed) -> _Target:
    assert said.about_id is not None, "an order is named"
    if actor.party_id is None:
        raise Missing
    order = await orders.get_order(tx, viewer=actor, order_id=said.about_id)
    if actor.party not in (order.buyer_party_id, order.supplier_party_id):
        raise Missing
    is_buyer = actor.party == order.buyer_party_id
    return _Target(order.supplier_party_id if is_buyer else order.buyer_party_id, order.product_id)
