"""Say what a refund after the release is (放款后退款)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

from settlement.money import Fen


class To(enum.StrEnum):
    """For what it was taken back."""

    REFUND = "refund"  # 放款后退款
    CHARGEBACK = "chargeback"  # 拒付


class GivenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What one of those who shared gave back, and where it came from."""

    account: str
    amount_fen: int
    from_owed_fen: int  # of what the party was still owed
    from_retention_fen: int  # of its retention (质保金)
    from_platform_fen: int  # what the platform bore for it (平台垫付)


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """One refund of an order that had been released: who gave back what."""

    order_id: uuid.UUID
    key: uuid.UUID
    amount_fen: Fen
    returned_at: dt.datetime
    parts: tuple[GivenBack, ...]
    what: To = To.REFUND
    is_replay: bool = False
