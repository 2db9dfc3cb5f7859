"""Say what one fee comes to (计费规则): exact, as a fraction of a fen; nothing is rounded here.

A fee is progressive: each tier's rate holds for the part of the base that lies in it (分档累进), and
least and most clamp the whole (保底、封顶). So a fee never falls when the base grows, and never
grows faster than its highest rate says: metered use relies on both (``revenue/metering.py``).

「价内税」 lies in the price: of a base that includes it, the tax is base × r / (1 + r).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid
from settlement.money import WHOLE

FEES_MAX: Final = 3  # one for each who receives one
TIERS_MAX: Final = 20

FeeFen = Annotated[int, Meta(ge=0, le=10**15)]


class Payee(enum.StrEnum):
    """Who receives a fee."""

    PLATFORM = "platform"  # 平台服务费
    TREASURY = "treasury"  # 国库非税收入 (JX-3)
    TAX = "tax"  # 税费


class Base(enum.StrEnum):
    """Of what a fee is taken (计费基数)."""

    GROSS = "gross"  # 含税价款: what the buyer paid
    LEFT = "left"  # 余额: what the fees before it left


class FeesUnfit(Invalid):
    """The fees of a schedule can not all be taken, or say something that cannot be."""

    code = "fee_schedule_unfit"


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on a rate holds, for the part of the base above (档)."""

    above_fen: FeeFen
    rate_bps: Annotated[int, Meta(ge=0, le=10_000)]


class Fee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fee, as a schedule says it (费目)."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
    payee: Payee
    base: Base = Base.GROSS
    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1, max_length=TIERS_MAX)]
    minimum_fen: FeeFen = 0
    maximum_fen: FeeFen | None = None
    is_inside: bool = False  # 价内: the base includes it
    is_of_public_data: bool = False  # taken of public data alone


class Deducted(msgspec.Struct, frozen=True):
    """A fee, and what it comes to: never more than what is left."""

    fee: Fee
    base: Fraction
    exact: Fraction


def deduct(fees: Sequence[Fee], gross_fen: int) -> tuple[tuple[Deducted, ...], Fraction]:
    """Return what each fee takes of ``gross_fen``, in their order, and what is left to share."""
    gross = left = Fraction(gross_fen)
    taken = []
    for fee in fees:
        base = gross if fee.base is Base.GROSS else left
        exact = min(_exact(fee, base), left)
        taken.append(Deducted(fee, base, exact))
        left -= exact
    return tuple(taken), left


def check(fees: Sequence[Fee]) -> None:
    """Return if the fees can all be taken of every amount.

    :raises FeesUnfit: if there are too many, a code stands twice, the tiers do not begin at zero and
        rise, the least is above the most, or the highest rates come to more than the whole.
    """
    wrong = tuple(_faults(fees))
    if wrong:
        raise FeesUnfit(faults=list(wrong))


def _faults(fees: Sequence[Fee]) -> Iterable[str]:
    if len(fees) > FEES_MAX:
        yield "too_many"
    if len({fee.code for fee in fees}) != len(fees):
        yield "code_twice"
    if len({fee.payee for fee in fees}) != len(fees):
        yield "payee_twice"
    for fee in fees:
        rises = all(lower.above_fen < upper.above_fen for lower, upper in pairwise(fee.tiers))
        if fee.tiers[0].above_fen != 0 or not rises:
            yield "tiers"
        if fee.maximum_fen is not None and fee.minimum_fen > fee.maximum_fen:
            yield "clamp"
        if fee.is_inside and (len(fee.tiers) > 1 or fee.minimum_fen or fee.maximum_fen is not None):
            yield "inside"
    if sum(max(tier.rate_bps for tier in fee.tiers) for fee in fees) >= WHOLE:
        yield "whole"


def _exact(fee: Fee, base: Fraction) -> Fraction:
    if fee.is_inside:
        rate = fee.tiers[0].rate_bps
        return base * Fraction(rate, WHOLE + rate)
    taken = Fraction(0)
    ends = (*(Fraction(tier.above_fen) for tier in fee.tiers[1:]), base)
    for tier, end in zip(fee.tiers, ends, strict=True):
        within = min(end, base) - tier.above_fen
        if within > 0:
            taken += within * Fraction(tier.rate_bps, WHOLE)
    taken = max(taken, Fraction(fee.minimum_fen))
    return taken if fee.maximum_fen is None else min(taken, Fraction(fee.maximum_fen))
