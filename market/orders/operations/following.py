"""Let running orders follow what was declared when their offer was stopped (放行、冻结、切断)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log.model import Subject
from catalog.kernel.actor import system
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.listings import stopping as declared
from market.listings.model import Effect, Listing
from market.orders import queries
from market.orders.model import Order
from market.orders.operations import stopping
from market.orders.states import Event, State, allows

# Whoever stopped the offer was asked for that; what follows is what was declared.
_ACTOR: Final = system("offers", "order:cut_off")


async def follow(tx: Tx, *, now: dt.datetime, listing: Listing) -> int:
    """Freeze, cut off, or leave alone the orders of an offer that was just stopped, and tell buyers.

    A part of the command that stopped it. Return how many orders were told.
    """
    effect = listing.effect or Effect.DRAIN
    told = 0
    async with beyond_own_rows(tx):
        for order in await queries.list_for_product(tx, product_id=listing.product_id):
            if order.listing_id != listing.id or not allows(order.state, Event.TERMINATE):
                continue
            if effect is Effect.CUT:
                await stopping.cut_off(
                    tx,
                    actor=_ACTOR,
                    now=now,
                    order_id=order.id,
                    reason=listing.reason or "listing_delisted",
                    for_good=True,
                )
            elif effect is Effect.FREEZE and allows(order.state, Event.SUSPEND):
                await stopping.cut_off(
                    tx,
                    actor=_ACTOR,
                    now=now,
                    order_id=order.id,
                    reason=declared.FROZEN,
                    for_good=False,
                )
            await _tell(tx, order, effect, now=now)
            told += 1
    return told


async def go_on(tx: Tx, *, now: dt.datetime, listing: Listing) -> int:
    """Let the orders go on that were frozen with an offer which is on again; return how many."""
    resumed = 0
    async with beyond_own_rows(tx):
        for order in await queries.list_for_product(tx, product_id=listing.product_id):
            is_frozen = order.state is State.SUSPENDED and order.reason == declared.FROZEN
            if order.listing_id == listing.id and is_frozen:
                await stopping.resume(
                    tx, actor=_ACTOR, now=now, order_id=order.id, reason="listing_resumed"
                )
                resumed += 1
    return resumed


async def _tell(tx: Tx, order: Order, effect: Effect, *, now: dt.datetime) -> None:
    await notifications.send(
        tx,
        now=now,
        to=order.buyer_party_id,
        topic=Topic.OFFER_STOPPED,
        subject=Subject("order", str(order.id)),
        facts={
            "order_number": order.number,
            "product_name": order.product_name,
            "effect": effect.value,
        },
    )
