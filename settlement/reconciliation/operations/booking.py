"""Book for a break, and move it: what the commands on breaks have in common."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, clearing_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.reconciliation import states, store
from settlement.reconciliation.model import Break

RULE_VERSION: Final = "reconciliation/1"


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """From which account to which, how much, and why."""

    kind: Kind
    source: Account
    to: Account
    amount_fen: int
    book: str
    order_id: uuid.UUID | None = None


class By(msgspec.Struct, frozen=True):
    """Who does it, and when."""

    actor: Actor
    now: dt.datetime


async def post(tx: Tx, by: By, booking: Booking) -> uuid.UUID:
    """Post an entry and return its key."""
    entry = Entry(
        key=new_id(),
        kind=booking.kind,
        legs=transfer(booking.source, [Leg(booking.to, booking.amount_fen)]),
        booked_at=by.now,
        value_on=local_date(by.now),
        rule_version=RULE_VERSION,
        order_id=booking.order_id,
        book=booking.book,
    )
    await ledger.post(tx, actor=by.actor, now=by.now, entry=entry)
    return entry.key


async def out_of_clearing(tx: Tx, by: By, found: Break, *, is_back: bool = False) -> uuid.UUID:
    """Book a difference into suspense, or back from there: the accounts then agree without it."""
    clearing, suspense = clearing_of(found.channel), Account(Purpose.SUSPENSE, found.channel)
    is_surplus = (found.difference_fen < 0) is not is_back
    return await post(
        tx,
        by,
        Booking(
            kind=Kind.SUSPENSE_BOOKED if is_surplus else Kind.SHORTFALL_BOOKED,
            source=clearing if is_surplus else suspense,
            to=suspense if is_surplus else clearing,
            amount_fen=abs(found.difference_fen),
            book=found.book,
        ),
    )


async def move(
    tx: Tx, by: By, found: Break, *, event: states.Event, what: Event, **changes: Any
) -> Break:
    """Move a break that is held locked, and remember it."""
    after = msgspec.structs.replace(found, state=states.advance(found.state, event), **changes)
    await store.update_break(tx, after)
    await audit_log.append(
        tx,
        what,
        actor=by.actor,
        now=by.now,
        subjects=[Subject("channel_break", str(found.id))],
        facts={
            "kind": str(found.kind),
            "difference_fen": found.difference_fen,
            "way": None if after.way is None else str(after.way),
        },
    )
    return after
