"""Explain every fen of a split (逐分说明): rule, rate, exact claim, whole fen, and who got one more."""

from __future__ import annotations

import enum
import uuid
from fractions import Fraction

import msgspec

from settlement.fees.deducting import Base, Tier
from settlement.money import Fen
from settlement.revenue.agreement import Claim, FrozenSplit
from settlement.revenue.dividing import Divided, divide
from settlement.revenue.split import Method, Role


class Rule(enum.StrEnum):
    """By which rule a party gets its part."""

    FEE = "fee"  # 费率表的一项
    SHARE = "share"  # 约定份额
    TAX = "tax"  # 价款中的税额


class Exact(msgspec.Struct, frozen=True):
    """A number of fen as it is before it is divided: whole fen and a fraction of one."""

    whole_fen: int
    numerator: int
    denominator: int


class ExplainedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one account gets, and why exactly that.

    ``place`` counts from 1 who is first to get a fen that is left: the largest remainder, then the
    largest claim, then the order of the agreement.
    """

    account: str
    party_id: uuid.UUID
    role: Role
    is_non_tax_revenue: bool
    rule: Rule
    method: Method | None
    share_bps: int | None
    fee_code: str | None
    fee_base: Base | None
    fee_tiers: tuple[Tier, ...]
    is_inside: bool
    minimum_fen: int
    maximum_fen: int | None
    base: Exact
    exact: Exact
    place: int
    extra_fen: int
    amount_fen: int
    tax_rate_bps: int | None = None  # of the tax in what was paid


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How an amount is divided: every part, and how many fen were left to give out one by one."""

    amount_fen: int
    version: str
    split_sha256: str
    left_fen: int
    parts: tuple[ExplainedPart, ...]


def explain(amount_fen: Fen, split: FrozenSplit) -> Explanation:
    """Return how ``amount_fen`` is divided by a split, every fen of it.

    :raises AmountNotPositive: if there is nothing to split.
    """
    claims = split.claims(amount_fen)
    divided = divide([claim.exact for claim in claims])
    return Explanation(
        amount_fen=amount_fen,
        version=split.version,
        split_sha256=split.digest(),
        left_fen=sum(each.extra_fen for each in divided),
        parts=tuple(_part(claim, each) for claim, each in zip(claims, divided, strict=True)),
    )


def exact(number: Fraction) -> Exact:
    """Return a number of fen as whole fen and a fraction of one."""
    whole, rest = divmod(number.numerator, number.denominator)
    return Exact(whole, rest, number.denominator)


def _part(claim: Claim, divided: Divided) -> ExplainedPart:
    fee = claim.fee
    rule = Rule.SHARE if fee is None else Rule.FEE
    return ExplainedPart(
        account=claim.account.code,
        party_id=claim.party_id,
        role=claim.role,
        is_non_tax_revenue=claim.role is Role.TREASURY,
        rule=rule if claim.tax_rate_bps is None else Rule.TAX,
        method=claim.method,
        share_bps=claim.share_bps,
        fee_code=None if fee is None else fee.code,
        fee_base=None if fee is None else fee.base,
        fee_tiers=() if fee is None else fee.tiers,
        is_inside=fee is not None and fee.is_inside,
        minimum_fen=0 if fee is None else fee.minimum_fen,
        maximum_fen=None if fee is None else fee.maximum_fen,
        base=exact(claim.base),
        exact=exact(claim.exact),
        place=divided.place,
        extra_fen=divided.extra_fen,
        amount_fen=divided.amount_fen,
        tax_rate_bps=claim.tax_rate_bps,
    )
