"""Freeze who shares with the order (收益分配约定): money depends on a document, not on a register.

An order is signed with a split. Whoever owns what later, the money of this order goes to those who
stand in it. The split is handed down as a value and has a digest, which the contract can name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import msgspec
import rfc8785

from settlement.ledger.journal import Leg, instant
from settlement.money import Fen
from settlement.revenue.split import Share, check, split


class FrozenSplit(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of one order, as they were when it was signed.

    ``version`` names the agreement or filing from which they came; every entry that pays them out
    cites it.
    """

    version: str
    frozen_at: dt.datetime
    shares: tuple[Share, ...]

    def credits(self, amount_fen: Fen) -> tuple[Leg, ...]:
        """Return the credits that pay ``amount_fen`` out; a share that comes to nothing has none.

        :raises SharesNotWhole: if the shares divide no whole.
        """
        return tuple(
            Leg(portion.share.account, portion.amount_fen)
            for portion in split(amount_fen, self.shares)
            if portion.amount_fen
        )

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the canonical split, for the contract to name."""
        told: dict[str, Any] = {
            "format": "shushi/split/1",
            "frozen_at": instant(self.frozen_at),
            "shares": [
                {
                    "method": str(share.method),
                    "non_tax_revenue": share.is_non_tax_revenue,
                    "party_id": str(share.party_id),
                    "role": str(share.role),
                    "share_bps": share.share_bps,
                }
                for share in self.shares
            ],
            "version": self.version,
        }
        return hashlib.sha256(rfc8785.dumps(told)).hexdigest()


def freeze(*, version: str, frozen_at: dt.datetime, shares: tuple[Share, ...]) -> FrozenSplit:
    """Return the split for an order that is signed now.

    :raises SharesNotWhole: if the shares do not sum to 100 % (ZJ-2), and the others of ``check``.
    """
    return FrozenSplit(version=version, frozen_at=frozen_at, shares=check(shares))
