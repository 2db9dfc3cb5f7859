"""Say what a tax on a sale is (税率、税额)."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

# Below one half of the gross amount, so that something of every fen that is paid stays net.
RateBps = Annotated[int, Meta(ge=0, lt=10_000)]


class ZeroReason(enum.StrEnum):
    """Why nothing is taken (零税额事由)."""

    EXEMPT = "exempt"  # 免税
    ZERO_RATED = "zero_rated"  # 适用零税率
    SMALL_SCALE = "small_scale"  # 小规模纳税人免征
    NON_TAX_REVENUE = "non_tax_revenue"  # 非税收入，不征税 (JX-3)


class Tax(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which rate a sale is taxed; of a rate of zero, why (税率)."""

    rate_bps: RateBps
    zero_reason: ZeroReason | UnsetType = UNSET

    @property
    def reason(self) -> ZeroReason | None:
        """Return why nothing is taken, or None."""
        return None if isinstance(self.zero_reason, UnsetType) else self.zero_reason


def tax_of(rate_bps: int | None, reason: str | None) -> Tax | None:
    """Return the tax that a row holds, or None if it says nothing of one."""
    if rate_bps is None:
        return None
    return Tax(rate_bps=rate_bps, zero_reason=UNSET if reason is None else ZeroReason(reason))


class Taxed(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid, and what of it is tax: ``net_fen`` and ``tax_fen`` are together ``gross_fen``."""

    net_fen: int  # 不含税金额
    tax_fen: int  # 税额
    gross_fen: int  # 价税合计


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rate that may be named, from when to when, and who says so."""

    rate_bps: RateBps
    zero_reason: ZeroReason | None = None
    valid_from: dt.date
    valid_to: dt.date | None = None  # the last day
    source: Annotated[str, Meta(min_length=1, max_length=200)]

    def is_in_force(self, on: dt.date) -> bool:
        """Tell whether the rate holds on that day; its last day counts."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)
