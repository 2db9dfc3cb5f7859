"""Do what every command on an escrow does: hold its row, write an entry of it, empty it, remember it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.escrow import store
from settlement.escrow.model import Escrow
from settlement.escrow.queries import EscrowMissing
from settlement.escrow.states import State
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.holds.queries import find_standing
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import residual_of
from settlement.ledger.journal import Entry, Kind, Leg, read_record, transfer
from settlement.ledger.queries import entries as books
from settlement.money import Fen

RULE_VERSION = "escrow/1"


class LessLeft(Refused):
    """Not more than that is left in the escrow, so it is no part of it."""

    code = "escrow_less_left"


async def lock(tx: Tx, order_id: uuid.UUID) -> Escrow:
    """Return the escrow of an order, locked until the transaction ends.

    :raises EscrowMissing: if it has none.
    """
    escrow = await store.lock(tx, order_id)
    if escrow is None:
        raise EscrowMissing(order_id=str(order_id))
    return escrow


def entry_of(
    kind: Kind,
    legs: tuple[Leg, ...],
    of: Escrow,
    *,
    key: uuid.UUID,
    version: str,
    now: dt.datetime,
) -> Entry:
    """Return an entry of the money of an escrow, in its order's book."""
    return Entry(
        key=key,
        kind=kind,
        legs=legs,
        booked_at=now,
        value_on=local_date(now),
        rule_version=version,
        order_id=of.order_id,
        book=of.book,
    )


async def post(
    tx: Tx,
    of: Escrow,
    *,
    kind: Kind,
    legs: tuple[Leg, ...],
    actor: Actor,
    now: dt.datetime,
) -> uuid.UUID:
    """Post an entry of an escrow that no split has made; return its key."""
    entry = entry_of(kind, legs, of, key=new_id(), version=RULE_VERSION, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    return entry.key


async def settle(
    tx: Tx,
    of: Escrow,
    legs: Sequence[Leg],
    *,
    version: str,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Pay out of the residual what somebody is entitled to by now (尾差结转)."""
    if legs:
        entry = entry_of(
            Kind.RESIDUAL_SETTLED,
            transfer(residual_of(of.order_id), legs),
            of,
            key=new_id(),
            version=version,
            now=now,
        )
        await ledger.post(tx, actor=actor, now=now, entry=entry)


async def thaw(tx: Tx, escrow: Escrow, *, actor: Actor, now: dt.datetime) -> None:
    """Let go of what a dispute froze, if one did: its money is about to move."""
    if escrow.state is State.DISPUTED:
        frozen = await find_standing(tx, order_id=escrow.order_id, reason=Reason.DISPUTE)
        assert frozen is not None, "what is disputed is held"
        await holds.release(tx, actor=actor, now=now, key=frozen.key)


async def empty(
    tx: Tx,
    escrow: Escrow,
    following: State,
    *,
    actor: Actor,
    now: dt.datetime,
    entry: Entry,
    captured_fen: int = 0,
    refunded_fen: int = 0,
) -> None:
    """Post the entry by which the last of the money leaves, and close the escrow with it."""
    await thaw(tx, escrow, actor=actor, now=now)
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    await store.close(
        tx,
        escrow.order_id,
        state=following,
        at=now,
        by=entry.key,
        captured_fen=captured_fen,
        refunded_fen=refunded_fen,
    )


def check_part(escrow: Escrow, amount_fen: Fen) -> None:
    """Refuse to take out as a part what is all of it.

    :raises LessLeft: if not more than ``amount_fen`` is left.
    """
    if amount_fen >= escrow.left_fen:
        raise LessLeft(left_fen=escrow.left_fen, amount_fen=amount_fen)


async def closing_entry(tx: Tx, escrow: Escrow) -> Entry:
    """Return the entry by which an escrow was closed."""
    assert escrow.closing_key is not None, "escrow_closed_by_an_entry"
    found = await books.get_entry(tx, escrow.closing_key)
    return read_record(found.record.encode())


async def remember(
    tx: Tx, event: Event, of: Escrow, *, amount_fen: int, actor: Actor, now: dt.datetime
) -> None:
    """Write the audit entry of what happened to an escrow, and to how much of it."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(of.order_id))],
        facts={"amount_fen": amount_fen, "payer_party_id": str(of.payer_party_id)},
    )
