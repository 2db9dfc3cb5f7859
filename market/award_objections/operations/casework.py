"""Lock, keep and remember an objection, and tell whom it concerns."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from market.auctions.model import Auction
from market.award_objections import store
from market.award_objections.model import AwardObjection
from market.award_objections.queries import AwardObjectionMissing
from market.award_objections.states import Event, advance

SUBJECT: Final = "award_objection"
DECIDING: Final = "award_objection"
RULEBOOK: Final = HAINAN_2023.code


async def lock(tx: Tx, objection_id: uuid.UUID) -> AwardObjection:
    """Lock and return an objection.

    :raises AwardObjectionMissing: if there is none that the actor may know of.
    """
    found = await store.lock(tx, objection_id)
    if found is None:
        raise AwardObjectionMissing
    return found


async def move(tx: Tx, before: AwardObjection, event: Event, **changes: Any) -> AwardObjection:
    """Return the objection after an event, stored.

    :raises AwardObjectionEventNotAllowed: if the event does not happen in its state.
    """
    after = replace(before, state=advance(before.state, event), **changes)
    await store.update(tx, after)
    return after


async def remember(
    tx: Tx,
    event: Happened,
    about: AwardObjection,
    *,
    auction: Auction,
    actor: Actor,
    now: dt.datetime,
    facts: Any = None,
    reason: str | None = None,
) -> None:
    """Append what happened to an objection to the log, with how its auction stands after that."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject(SUBJECT, str(about.id)),
            Subject("auction", str(about.auction_id)),
            Subject("product", str(auction.lot.product_id)),
        ],
        facts=facts,
        after={"state": about.state.value, "auction_state": auction.state.value},
        reason=reason,
        rules=("BJ-17", "GD-07"),
    )


async def tell(
    tx: Tx, topic: Topic, auction: Auction, *, to: Iterable[PartyId], now: dt.datetime, **facts: str
) -> None:
    """Tell parties about an objection, each once."""
    for party in sorted(set(to)):
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=topic,
            subject=Subject("auction", str(auction.id)),
            facts={"number": auction.number, "product": auction.product_name, **facts},
        )
