"""Watch over what is being handed out: tokens for it, downloads that run, and their breaking off."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from market.access.asking import Standing, ask
from market.access.model import Asked, Grant
from market.orders.operations.delivery import lock_with_standing
from market.orders.store import standings


async def lock_standing(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID
) -> tuple[Grant, Standing]:
    """Return the grant of the actor's purchase, locked, and what stands of its order.

    :raises NotPermitted: if the actor uses no grants.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises GrantMissing: if it was not delivered.
    """
    actor.require("grant:use")
    return await lock_with_standing(tx, actor, order_id, today=local_date(now))


async def list_stopped(
    tx: Tx, *, now: dt.datetime, grants: Mapping[uuid.UUID, Grant]
) -> dict[uuid.UUID, tuple[str, ...]]:
    """Return which of these orders' data may not go on being handed out, and why.

    What was counted when it was asked for is not counted again, so the quota forbids nothing here.
    """
    asked = Asked(uses=0)
    found = {
        each.order_id: ask(grants[each.order_id], asked, each, now).reasons
        for each in await standings.list_of(tx, list(grants), today=local_date(now))
    }
    return {order_id: reasons for order_id, reasons in found.items() if reasons}


async def break_off(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    grant: Grant,
    usage_id: uuid.UUID,
    bytes_sent: int,
    reasons: tuple[str, ...],
) -> None:
    """Remember that a running download was broken off (中断交付, BJ-28), and how far it had come."""
    await audit_log.append(
        tx,
        Happened.DATA_STOPPED,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(grant.order_id)), Subject("grant", str(grant.id))],
        facts={"usage_id": usage_id, "bytes_sent": bytes_sent, "reasons": list(reasons)},
        rules=("BJ-27", "BJ-28"),
    )
