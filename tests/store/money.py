"""Make what the money tests need: shares, facts, a paid escrow."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import db as database
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from settlement.escrow.operations import funding as escrow
from settlement.escrow.release import ReleaseFacts
from settlement.ledger.accounts import Book
from settlement.money import Bps
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.split import Method, Role, Share

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


def share(role: Role, share_bps: int, party_id: uuid.UUID | None = None) -> Share:
    return Share(
        party_id=party_id or new_id(),
        role=role,
        method=Method.PROFIT_SHARING,
        share_bps=Bps(share_bps),
    )


def three_way_split() -> FrozenSplit:
    return freeze(
        version="agreement/2026-7",
        frozen_at=NOON,
        shares=(
            share(Role.RIGHT_HOLDER, 6_667),
            share(Role.PLATFORM, 1_000),
            share(Role.TREASURY, 2_333),
        ),
    )


def accepted(at: dt.datetime = NOON) -> ReleaseFacts:
    return ReleaseFacts(accepted_at=at, inspection_ends_at=at, has_open_dispute=False)


async def paid_escrow(
    tx: Tx, actor: Actor, amount_fen: int = 100_001, *, book: Book = Book.MARKET
) -> uuid.UUID:
    order_id = new_id()
    await escrow.open(
        tx,
        actor=actor,
        now=NOON,
        order_id=order_id,
        payer_party_id=new_id(),
        amount_fen=amount_fen,
        book=book,
    )
    await escrow.fund(
        tx, actor=actor, now=NOON, order_id=order_id, channel="sandbox", amount_fen=amount_fen
    )
    return order_id


async def is_over(tx: Tx) -> None:
    """End the transaction and go on in another: what it credited can be rolled up, and spent."""
    await tx.execute("COMMIT")
    await tx.execute(f"BEGIN;{database._acts(tx.actor)}")
