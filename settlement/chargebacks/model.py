"""Say what a charge-back is (拒付)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.chargebacks.states import State
from settlement.money import Fen


class Chargeback(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that a buyer's bank takes back, under the channel's number of the case.

    ``was_shared`` tells that the escrow had been released: the money came from those who shared.
    """

    id: uuid.UUID
    channel: str
    case_number: str
    payment_id: uuid.UUID
    order_id: uuid.UUID
    amount_fen: Fen
    was_shared: bool
    state: State
    opened_at: dt.datetime
    contest_until: dt.datetime  # the first instant that is too late
    evidence: str | None = None
    contested_at: dt.datetime | None = None
    contested_by: uuid.UUID | None = None
    ended_at: dt.datetime | None = None
    ending_key: uuid.UUID | None = None  # the entry that took the money off, or back, last
