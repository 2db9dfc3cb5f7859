"""Say what a charge-back is (拒付)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.chargebacks.states import State
from settlement.money import Fen


class Chargeback(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that a buyer's bank takes back, under the channel's number of the case.

    ``escrow_fen`` of it came out of the escrow, the rest from those who shared; ``was_shared`` tells
    that it did not all come out of the escrow. ``ending_note`` is what a person said who ended it: why it was accepted,
    or by which notice the channel decided.
    """

    id: uuid.UUID
    channel: str
    case_number: str
    payment_id: uuid.UUID
    order_id: uuid.UUID
    amount_fen: Fen
    was_shared: bool
    escrow_fen: int = 0
    state: State
    opened_at: dt.datetime
    contest_until: dt.datetime  # the first instant that is too late
    evidence: str | None = None
    contested_at: dt.datetime | None = None
    contested_by: uuid.UUID | None = None
    ended_at: dt.datetime | None = None
    ending_key: uuid.UUID | None = None  # the entry that took the money off, or back, last
    ended_by: uuid.UUID | None = None  # the person, if it was not the channel
    ending_note: str | None = None
