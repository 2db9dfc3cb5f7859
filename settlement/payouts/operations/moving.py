"""Move one payout and its money: what all commands on payouts have in common."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, clearing_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.payouts import store
from settlement.payouts.model import Payout
from settlement.payouts.states import Event, advance

RULE_VERSION: Final = "payouts/1"


class By(msgspec.Struct, frozen=True):
    """Who does it, and when."""

    actor: Actor
    now: dt.datetime


async def post(tx: Tx, by: By, payout: Payout, *, kind: Kind, channel: str) -> uuid.UUID:
    """Post the entry of this kind for a payout, and return its key."""
    owed = Account(Purpose(payout.purpose), str(payout.party_id))
    under_way = Account(Purpose.PAYOUT_IN_TRANSIT, str(payout.party_id))
    source, to = {
        Kind.PAYOUT: (owed, under_way),
        Kind.PAYOUT_SETTLED: (under_way, clearing_of(channel)),
        Kind.PAYOUT_RETURNED: (under_way, owed),
    }[kind]
    entry = Entry(
        key=new_id(),
        kind=kind,
        legs=transfer(source, [Leg(to, payout.amount_fen)]),
        booked_at=by.now,
        value_on=local_date(by.now),
        rule_version=RULE_VERSION,
        reverses=payout.payout_key if kind is Kind.PAYOUT_RETURNED else None,
        book=payout.book,
    )
    await ledger.post(tx, actor=by.actor, now=by.now, entry=entry)
    return entry.key


_WHAT: Final = {
    Event.SEND: Happened.PAYOUT_SENT,
    Event.LEAVE: Happened.PAYOUT_NOT_SENT,
    Event.DOUBT: Happened.PAYOUT_DOUBTED,
    Event.PAY: Happened.PAYOUT_PAID,
    Event.RETURN: Happened.PAYOUT_RETURNED,
}


async def move(tx: Tx, by: By, payout: Payout, *, event: Event, **changes: Any) -> Payout:
    """Move a line that is held locked, and remember it."""
    after = msgspec.structs.replace(payout, state=advance(payout.state, event), **changes)
    await store.update(tx, after)
    await audit_log.append(
        tx,
        _WHAT[event],
        actor=by.actor,
        now=by.now,
        subjects=[
            Subject("payout", str(payout.id)),
            Subject("payout_batch", str(payout.batch_id)),
        ],
        facts={"amount_fen": payout.amount_fen, "party_id": str(payout.party_id)},
        reason=after.reason,
    )
    return after
