"""Say how much of a sale is kept back from who sells, for so many days after acceptance (质保金).

The share is of what the sale pays in all; it comes off what the seller alone is credited with, so
nobody else waits for it. A fen that does not come out is not kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid, Refused
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.journal import Leg
from settlement.money import WHOLE

#: Unless the market says otherwise: as of works at most (建设工程质量保证金管理办法 7, by analogy [P]).
MOST_BPS: Final = 300
DAYS_MAX: Final = 730  # as a defects liability period is two years at most (缺陷责任期，建设工程质量保证金管理办法 2)


class RetentionIncomplete(Invalid):
    """A share that is kept says for how many days, and days say how much."""

    code = "retention_terms_incomplete"


class RetentionAboveMaximum(Refused):
    """More would be kept than this market allows."""

    code = "retention_above_maximum"


class Retained(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept back of whose share, and for how long."""

    party_id: uuid.UUID
    share_bps: Annotated[int, Meta(ge=1, le=WHOLE)]
    days: Annotated[int, Meta(ge=1, le=DAYS_MAX)]

    @property
    def source(self) -> Account:
        """Return the account that is credited with less for it."""
        return Account(Purpose.PAYABLE, str(self.party_id))

    @property
    def account(self) -> Account:
        """Return the account on which it is kept."""
        return Account(Purpose.RETENTION, str(self.party_id))


def check(share_bps: int | None, days: int | None, *, most_bps: int) -> None:
    """Return if so much may be kept for so long; nothing of both keeps nothing.

    :raises RetentionIncomplete: if only one of the two is told.
    :raises RetentionAboveMaximum: if the share is above ``most_bps``.
    """
    if (share_bps is None) is not (days is None):
        raise RetentionIncomplete
    if share_bps is not None and share_bps > most_bps:
        raise RetentionAboveMaximum(share_bps=share_bps, most_bps=most_bps)


def keep(legs: Sequence[Leg], retained: Retained, amount_fen: int) -> tuple[Leg, ...]:
    """Return credits that pay ``amount_fen`` out, with what is kept on its own account.

    Never more than the seller is credited with.
    """
    wanted = amount_fen * retained.share_bps // WHOLE
    kept: list[Leg] = []
    for leg in legs:
        part = min(wanted, leg.amount_fen) if leg.account == retained.source else 0
        if leg.amount_fen > part:
            kept.append(Leg(leg.account, leg.amount_fen - part))
        if part:
            kept.append(Leg(retained.account, part))
    return tuple(kept)


def merged(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Return credits as they would be if nothing were kept: what one party has is one sum."""
    sums: dict[Account, int] = {}
    for leg in legs:
        kept = leg.account.purpose is Purpose.RETENTION
        of = Account(Purpose.PAYABLE, leg.account.owner) if kept else leg.account
        sums[of] = sums.get(of, 0) + leg.amount_fen
    return tuple(Leg(account, amount) for account, amount in sums.items())
