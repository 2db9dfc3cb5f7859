"""Say who shares in the money of an order: platform, treasury, and the right holders (收益分配).

The right holders divide what the other two leave by the shares in which the certificate says that
they own the product. Shares are whole ten-thousandths (``settlement/revenue/methods.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from catalog.kernel.ids import PartyId
from settlement.money import WHOLE, Bps
from settlement.revenue.methods import in_ten_thousandths
from settlement.revenue.split import Method, Role, Share


class Holder(msgspec.Struct, frozen=True):
    """A right holder and its exact part of the product."""

    party_id: PartyId
    part: Fraction


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What platform and treasury take of each sale, in ten-thousandths."""

    platform_party_id: PartyId
    platform_bps: int
    treasury_party_id: PartyId
    treasury_bps: int  # of public data only: non-tax revenue (JX-3)


def shares(holders: Sequence[Holder], rates: Rates, *, is_public_data: bool) -> tuple[Share, ...]:
    """Return the shares of an order; they make a whole.

    The holders' parts make one whole, as certificates say it (A42). A rate of zero has no share,
    and neither has a holder whose part comes to less than one ten-thousandth.
    """
    assert sum(holder.part for holder in holders) == 1, "owners' shares make one whole"
    treasury = rates.treasury_bps if is_public_data else 0
    left = WHOLE - rates.platform_bps - treasury
    found = [
        (rates.platform_party_id, Role.PLATFORM, rates.platform_bps),
        (rates.treasury_party_id, Role.TREASURY, treasury),
        *(
            (h.party_id, Role.RIGHT_HOLDER, b)
            for h, b in zip(
                holders, in_ten_thousandths([h.part for h in holders], left), strict=True
            )
        ),
    ]
    return tuple(
        Share(party_id=party, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(part))
        for party, role, part in found
        if part
    )
