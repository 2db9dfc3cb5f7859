"""Carry what the sides of negotiations say to each other, and end those in which nobody answers."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, DatabaseUnreachable, begin
from catalog.kernel.ids import PartyId
from market.negotiations.exchange import Envelope, NoAnswer, Peer
from market.negotiations.model import NegotiationId, Reply
from market.negotiations.operations import delivering, exchanging
from market.negotiations.operations.delivering import Due

ACTOR: Final = system("deliver_negotiations", "negotiation:carry")
_log = structlog.get_logger("jobs")
_NOBODY: Final[Mapping[PartyId, Peer]] = {}


async def run(db: Database, *, now: dt.datetime, peers: Mapping[PartyId, Peer] = _NOBODY) -> int:
    """Carry every message that is due, one transaction each; return how many were carried.

    ``peers`` are the houses in which other parties live: no door of the protocol is built yet, so a
    service has none, and all sides live here.
    """
    elsewhere = sorted(peers)
    async with begin(db, ACTOR) as tx:
        waiting = await delivering.list_due(tx, now=now, elsewhere=elsewhere)
        outward = await delivering.list_due_elsewhere(tx, now=now, parties=elsewhere)
        silent = await delivering.list_silent(tx, now=now)
    carried = 0
    for due in waiting:
        carried += await _carry(db, due, now=now)
    for negotiation_id, party in outward:
        carried += await send(db, negotiation_id, peers[party], now=now)
    for negotiation_id in silent:
        await database.run(
            db,
            ACTOR,
            lambda tx, of=negotiation_id: delivering.end_silent(  # type: ignore[misc]
                tx, actor=ACTOR, now=now, negotiation_id=of
            ),
            must_remember=False,
        )
    return carried


async def send(
    db: Database, negotiation_id: NegotiationId, peer: Peer, *, now: dt.datetime
) -> bool:
    """Send what a copy says next to another house and hear its answer; tell whether one came."""
    once = functools.partial(database.run, db, ACTOR, must_remember=False)
    envelope: Envelope | None = await once(
        lambda tx: exchanging.take_out(tx, actor=ACTOR, negotiation_id=negotiation_id)
    )
    if envelope is None:
        return False
    message = envelope.message
    try:
        reply = await peer.deliver(envelope)
    except NoAnswer:
        due = Due(negotiation_id, None)
        await once(lambda tx: delivering.postpone(tx, actor=ACTOR, now=now, due=due))
        return False
    await once(
        lambda tx: exchanging.hear_back(
            tx,
            actor=ACTOR,
            now=now,
            negotiation_id=negotiation_id,
            message=message,
            reply=reply,
        )
    )
    return True


async def take_in(db: Database, envelope: Envelope, *, now: dt.datetime) -> Reply:
    """Take a message that came from another house, in one transaction, and return the answer."""
    return await database.run(
        db,
        ACTOR,
        lambda tx: exchanging.take_in(tx, actor=ACTOR, now=now, envelope=envelope),
    )


async def _carry(db: Database, due: Due, *, now: dt.datetime) -> bool:
    try:
        return await database.run(
            db,
            ACTOR,
            lambda tx: delivering.carry(tx, actor=ACTOR, now=now, due=due),
            must_remember=False,
        )
    except DatabaseUnreachable:
        raise
    except Exception as error:  # noqa: BLE001 - one message must not stop the others
        _log.error("message_not_carried", negotiation=str(due.negotiation_id), exc_info=error)
        await database.run(
            db,
            ACTOR,
            lambda tx: delivering.postpone(tx, actor=ACTOR, now=now, due=due),
            must_remember=False,
        )
        return False
