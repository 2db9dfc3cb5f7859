"""Say what a deposit is, and why one ends (竞买保证金)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from settlement.deposits.states import State
from settlement.ledger.accounts import Book, Purpose
from settlement.money import Fen


class Ground(enum.StrEnum):
    """Why a deposit was given back or forfeited (退还、不予退还的原因)."""

    NOT_AWARDED = "not_awarded"  # 未竞得
    SIGNED = "signed"  # 已签约
    WITHDRAWN = "withdrawn"  # 截止前退出竞买
    SALE_OVER = "sale_over"  # 流拍、撤销或作废
    PAID_LATE = "paid_late"  # 逾期到账
    REFUSED_TO_SIGN = "refused_to_sign"  # 竞得后拒不签约


#: To whose account a forfeited deposit may go: the seller's, or the treasury's (非税收入).
RECEIVING: Final = frozenset({Purpose.PAYABLE, Purpose.TREASURY_NON_TAX})


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """What a party lays down for one thing, and where it is. ``id`` is also that of its escrow.

    ``secures`` is the id of what it is laid down for; ``pay_until`` is the first instant too late.
    """

    id: uuid.UUID
    secures: uuid.UUID
    payer_party_id: uuid.UUID
    amount_fen: Fen
    book: Book
    pay_until: dt.datetime
    state: State
    opened_at: dt.datetime
    held_at: dt.datetime | None = None
    hold_key: uuid.UUID | None = None  # of the hold that stands, or the last one
    ended_at: dt.datetime | None = None
    ground: Ground | None = None
    received_by: str | None = None  # the account to which it was forfeited
    ending_key: uuid.UUID | None = None  # the entry that gave it back or forfeited it
