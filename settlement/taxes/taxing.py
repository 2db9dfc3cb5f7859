"""Compute net, tax and gross in whole fen (价税分离): the tax is rounded, net is what it leaves.

The tax alone is rounded, once for the line of an order as a whole and never for a unit, to the nearest
fen, half a fen up (四舍五入):

    a price with tax in it (价内税):   tax = gross × r / (1 + r), net = gross - tax
    a price without it (价外税):       tax = net × r,            gross = net + tax

So net + tax is gross whatever is rounded. Of a gross amount that was made by adding the tax, the first
line finds exactly the tax that was added: what is rounded away there is less than half a fen here, for
r is below 1. Whoever has the gross amount and the rate has everything, and nobody below has to know how
the price was told.

What grows is taxed as a sum (累计计税): the tax of everything so far less what was taken before. It never
falls, never grows by more than what came, and all windows together come to the tax of the whole.
"""

from __future__ import annotations

from fractions import Fraction

from settlement.money import WHOLE
from settlement.taxes.model import Taxed


def outside(net_fen: int, rate_bps: int) -> Taxed:
    """Return what is paid where the tax comes on top of ``net_fen`` (价外税), which is not negative."""
    tax = _nearest(net_fen * rate_bps, WHOLE)
    return Taxed(net_fen=net_fen, tax_fen=tax, gross_fen=net_fen + tax)


def inside(gross_fen: int, rate_bps: int) -> Taxed:
    """Return what of ``gross_fen``, which is not negative, is tax (价内税)."""
    tax = _nearest(gross_fen * rate_bps, WHOLE + rate_bps)
    return Taxed(net_fen=gross_fen - tax, tax_fen=tax, gross_fen=gross_fen)


def unrounded(gross_fen: int, rate_bps: int) -> Fraction:
    """Return the tax in ``gross_fen`` before it is rounded, to show what was rounded away."""
    return Fraction(gross_fen * rate_bps, WHOLE + rate_bps)


def _nearest(numerator: int, denominator: int) -> int:
    """Return the nearest whole number, half up; neither is negative."""
    return (2 * numerator + denominator) // (2 * denominator)
