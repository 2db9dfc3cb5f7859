"""Draw up the statement of an order's usage (使用对账单), and ask whether one is complete."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, UnsetType

from catalog.audit_log.leaf import instant
from catalog.kernel.ids import PartyId
from market.usage.metering import FIRST
from market.usage.model import MeteredBill, Outcome, Statement, StatementLine, StoredEvent

FORMAT: Final = "shushi/usage-statement/1"


class ChainBroken(RuntimeError):
    """Events of an order are missing or altered. Ours to mend, so it is a fault, no refusal."""


def check_chain(events: Sequence[StoredEvent]) -> None:
    """Return if the events count from 1 without a gap and each names the one before.

    :raises ChainBroken: if not, with the first place that does not fit.
    """
    before = FIRST
    for place, stored in enumerate(events, 1):
        if stored.event.order_seq != place or stored.event.prev_sha256 != before:
            raise ChainBroken(f"event {place} of order {stored.event.order_id}")
        before = stored.record_sha256


def draw_up(
    events: Sequence[StoredEvent],
    *,
    order_id: uuid.UUID,
    buyer_party_id: PartyId,
    supplier_party_id: PartyId,
    product_id: uuid.UUID,
    now: dt.datetime,
    bill: MeteredBill | UnsetType = UNSET,
) -> Statement:
    """Return the statement of all events of an order, in their order.

    :raises ChainBroken: if one is missing or altered; nothing is signed then.
    """
    check_chain(events)
    allowed = sum(stored.event.decision is Outcome.ALLOW for stored in events)
    return Statement(
        format=FORMAT,
        order_id=order_id,
        buyer_party_id=buyer_party_id,
        supplier_party_id=supplier_party_id,
        product_id=product_id,
        drawn_up_at=instant(now),
        event_count=len(events),
        allowed_count=allowed,
        denied_count=len(events) - allowed,
        price_units=sum(stored.event.price_units for stored in events),
        last_record_sha256=events[-1].record_sha256 if events else FIRST,
        lines=tuple(_line(stored) for stored in events),
        bill=bill,
    )


def _line(stored: StoredEvent) -> StatementLine:
    event = stored.event
    return StatementLine(
        order_seq=event.order_seq,
        usage_id=event.id,
        at=event.at,
        decision=event.decision,
        reasons=event.reasons,
        price_units=event.price_units,
        record_sha256=stored.record_sha256,
        entry_id=stored.entry_id,
    )
