"""Say who shares in the money of an order: platform, treasury, and the right holders (收益分配).

The right holders divide what the others leave: as they agreed for the product, or by the shares in
which the certificate says that they own it. Shares are whole ten-thousandths
(``settlement/revenue/methods.py``). Where a fee schedule is in force, platform and treasury take
fees before anyone shares, and the tax that lies in the price is the supplier's: at the rate that its
price says, or, of a price that says none, as the schedule takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec
from msgspec import UNSET, UnsetType

from catalog.kernel.ids import PartyId
from market.pricing.model import PlanTax
from settlement.fees.deducting import Fee, Payee
from settlement.money import WHOLE, Bps
from settlement.revenue.agreement import Deduction, OwedTax
from settlement.revenue.methods import in_ten_thousandths
from settlement.revenue.split import Method, Role, Share


class Holder(msgspec.Struct, frozen=True):
    """A right holder and its exact part of the product."""

    party_id: PartyId
    part: Fraction


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What platform and treasury take of each sale, in ten-thousandths, where no schedule says it."""

    platform_party_id: PartyId
    platform_bps: int
    treasury_party_id: PartyId
    treasury_bps: int  # of public data only: non-tax revenue (JX-3)


def untaken(rates: Rates) -> Rates:
    """Return the rates where a schedule takes fees instead: nothing is shared with the two."""
    return msgspec.structs.replace(rates, platform_bps=0, treasury_bps=0)


def shares(holders: Sequence[Holder], rates: Rates, *, is_public_data: bool) -> tuple[Share, ...]:
    """Return the shares of an order; they make a whole.

    The holders' parts make one whole, as certificates say it (A42). A rate of zero has no share,
    and neither has a holder whose part comes to less than one ten-thousandth.
    """
    assert sum(holder.part for holder in holders) == 1, "owners' shares make one whole"
    owners = [
        Share(
            party_id=holder.party_id,
            role=Role.RIGHT_HOLDER,
            method=Method.PROFIT_SHARING,
            share_bps=Bps(WHOLE),
        )
        for holder in holders
    ]
    parts = [holder.part for holder in holders]
    return _shares(owners, parts, rates, is_public_data=is_public_data)


def of_agreement(
    agreed: Sequence[Share], rates: Rates, *, is_public_data: bool
) -> tuple[Share, ...]:
    """Return the shares of an order as the parties agreed for its product; they make a whole."""
    parts = [Fraction(share.share_bps, WHOLE) for share in agreed]
    return _shares(agreed, parts, rates, is_public_data=is_public_data)


def deductions(
    fees: Sequence[Fee],
    rates: Rates,
    *,
    supplier: PartyId,
    is_public_data: bool,
    has_own_tax: bool = False,
) -> tuple[Deduction, ...]:
    """Return the fees of a schedule that this order pays, with who receives each.

    The tax of a schedule is not taken where the price says its own: nobody is taxed twice.
    """
    receives = {
        Payee.PLATFORM: rates.platform_party_id,
        Payee.TREASURY: rates.treasury_party_id,
        Payee.TAX: supplier,
    }
    return tuple(
        Deduction(party_id=receives[fee.payee], fee=fee)
        for fee in fees
        if (is_public_data or not fee.is_of_public_data)
        and not (has_own_tax and fee.payee is Payee.TAX)
    )


def owed_tax(tax: PlanTax | UnsetType, supplier: PartyId) -> OwedTax | None:
    """Return the tax in what this order pays: the supplier makes out the invoice and owes it."""
    if tax is UNSET or not tax.rate_bps:
        return None
    return OwedTax(party_id=supplier, rate_bps=tax.rate_bps)


def _shares(
    sharing: Sequence[Share], parts: Sequence[Fraction], rates: Rates, *, is_public_data: bool
) -> tuple[Share, ...]:
    treasury = rates.treasury_bps if is_public_data else 0
    taken = [
        Share(
            party_id=party,
            role=role,
            method=Method.PROFIT_SHARING,
            share_bps=Bps(part),
        )
        for party, role, part in (
            (rates.platform_party_id, Role.PLATFORM, rates.platform_bps),
            (rates.treasury_party_id, Role.TREASURY, treasury),
        )
        if part
    ]
    left = in_ten_thousandths(parts, WHOLE - rates.platform_bps - treasury)
    return (
        *taken,
        *(
            msgspec.structs.replace(share, share_bps=Bps(part))
            for share, part in zip(sharing, left, strict=True)
            if part
        ),
    )
