"""Bring together what a complaint's page shows, and what its reader may do about it (投诉案卷)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from catalog.kernel.ids import PartyId
from catalog.timers.explaining import Explanation, explain_timer
from market.complaints import queries, states
from market.complaints.model import About, Complaint, House, MeasureKind
from market.complaints.operations import casework
from market.complaints.states import Event
from market.http.command import Command
from market.identity import queries as identity
from market.identity.model import Party
from market.listings import queries as listings
from market.listings.states import State as ListingState
from market.orders import queries as orders
from market.orders import states as order_states
from market.orders.model import Order
from market.portal.pages_negotiations import product_name

_ORDERS_AT_MOST: Final = 100
_MONEY_HELD: Final = frozenset(
    {*order_states.RESUMING, order_states.State.DISPUTED, order_states.State.SUSPENDED}
)


class Freezable(msgspec.Struct, frozen=True):
    """What may be frozen: its value in the form, what is done, and to what."""

    value: str
    kind: MeasureKind
    name: str


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint with all that its page needs."""

    complaint: Complaint
    product: str | None
    order: Order | None
    parties: Mapping[PartyId, Party]
    running: Sequence[Explanation]
    ended: Sequence[Explanation]
    freezable: list[Freezable]
    names: Mapping[uuid.UUID, str]  # of what is frozen, or may be
    now: dt.datetime
    handles: bool  # the reader's house handles it, and is neither of the two
    is_party: bool
    has_stated: bool  # the reader's side, if it is one of the two

    def may(self, event: Event) -> bool:
        """Tell whether this can happen to it now."""
        return (self.complaint.state, event) in states.TRANSITIONS

    @property
    def is_disputed(self) -> bool:
        """Tell whether an order in dispute is decided with it."""
        return self.order is not None and self.order.state is order_states.State.DISPUTED

    @property
    def may_state(self) -> bool:
        """Tell whether the reader's side may still state its position."""
        ends_at = self.complaint.hearing_ends_at
        is_open = ends_at is not None and self.now < ends_at and self.complaint.resolved_at is None
        return self.is_party and is_open and not self.has_stated

    @property
    def may_appeal(self) -> bool:
        """Tell whether one of the two may still go to the authority."""
        ends_at = self.complaint.appeal_ends_at
        is_open = ends_at is not None and self.now < ends_at and self.complaint.appeal is None
        return self.is_party and self.may(Event.APPEAL) and is_open

    def name_of(self, frozen: uuid.UUID) -> str:
        """Return what a frozen listing or order is called."""
        return self.names.get(frozen, "—")


async def look_at(c: Command, complaint_id: uuid.UUID) -> CaseFile:
    """Return a complaint as its reader may see it, with its clocks.

    :raises ComplaintMissing: if there is none that it may know of.
    """
    found = await queries.get(c.tx, viewer=c.actor, complaint_id=complaint_id)
    sides = {found.complainant_party_id, found.against_party_id, found.handler_party_id} - {None}
    is_party = c.actor.party_id in (found.complainant_party_id, found.against_party_id)
    is_of_house = (found.house is House.AUTHORITY) == casework.is_authority(c.actor)
    handles = c.actor.may("complaint:handle") and not is_party and is_of_house
    calendar = await c.calendar()
    told = [
        explain_timer(timer, calendar)
        for timer in await queries.list_clocks(c.tx, viewer=c.actor, complaint_id=found.id)
    ]
    freezable, names = await _freezable(c, found) if handles else ([], {})
    return CaseFile(
        complaint=found,
        product=None if found.product_id is None else await product_name(c, found.product_id),
        order=await _order(c, found),
        parties=await identity.get_parties(c.tx, [each for each in sides if each is not None]),
        running=[each for each in told if each.timer.ended_at is None],
        ended=[each for each in told if each.timer.ended_at is not None],
        freezable=freezable,
        names=names,
        now=c.now,
        handles=handles,
        is_party=is_party,
        has_stated=any(
            each.by_complainant is (c.actor.party_id == found.complainant_party_id)
            for each in found.positions
        ),
    )


async def _order(c: Command, found: Complaint) -> Order | None:
    if found.about is not About.ORDER or found.about_id is None or not c.actor.may("order:read"):
        return None
    return await orders.get_order(c.tx, viewer=c.actor, order_id=found.about_id)


async def _freezable(c: Command, found: Complaint) -> tuple[list[Freezable], dict[uuid.UUID, str]]:
    """Return what may be frozen now, the order that is complained of first, and what all is called."""
    if found.product_id is None:
        return [], {}
    listing = await listings.find_offered(c.tx, product_id=found.product_id)
    sold = await orders.list_orders(
        c.tx, viewer=c.actor, product_id=found.product_id, limit=_ORDERS_AT_MOST
    )
    names: dict[uuid.UUID, str] = {order.id: order.number for order in sold.items}
    freezable = [
        Freezable(f"{kind.value}:{order.id}", kind, order.number)
        for order in sorted(sold.items, key=lambda order: order.id != found.about_id)
        for kind in _of_order(order)
    ]
    if listing is not None:
        kind = MeasureKind.FREEZE_LISTING
        names[listing.id] = await product_name(c, found.product_id)
        if listing.state is ListingState.LISTED:
            freezable.append(Freezable(f"{kind.value}:{listing.id}", kind, names[listing.id]))
    return freezable, names


def _of_order(order: Order) -> list[MeasureKind]:
    """Return what of an order can be frozen: its use while it runs, its payment once it is paid."""
    kinds = [MeasureKind.FREEZE_KEYS] if order.state in order_states.RESUMING else []
    is_held = order.paid_at is not None and order.state in _MONEY_HELD
    return [*kinds, MeasureKind.FREEZE_PAYMENT] if is_held else kinds
