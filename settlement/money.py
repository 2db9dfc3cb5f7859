"""Count money in whole fen (分) and shares in ten-thousandths (万分比). No fraction enters.

A binary fraction can not hold one fen, and two roundings of the same amount can differ. So there
is no ``float``, no ``Decimal``, no ``/`` and no ``round`` in the pure files of this package; a
house test reads them.
"""

from __future__ import annotations

from typing import Final, NewType

from catalog.kernel.errors import Invalid

Fen = NewType("Fen", int)
Bps = NewType("Bps", int)

CURRENCY: Final = "CNY"

# Ten trillion yuan. It lies below 2^53, so that every JSON reader keeps the exact number
# (RFC 8785 §3.2.2.3), and sixteen of them fit into a bigint.
CEILING: Final = Fen(10**15)
WHOLE: Final = Bps(10_000)


class AmountNotInteger(Invalid):
    """The amount is not a whole number of fen."""

    code = "amount_not_integer"


class AmountNotPositive(Invalid):
    """The amount is zero or negative where money must move."""

    code = "amount_not_positive"


class AmountTooLarge(Invalid):
    """The amount is beyond what this market keeps books about."""

    code = "amount_too_large"


class ShareOutOfRange(Invalid):
    """The share is not between 1 and 10,000 ten-thousandths."""

    code = "share_out_of_range"


def fen(value: object) -> Fen:
    """Return ``value`` as a positive amount of money.

    :raises AmountNotInteger: if it is no integer; ``True`` is none.
    :raises AmountNotPositive: if it is not above zero.
    :raises AmountTooLarge: if it is above ``CEILING``.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise AmountNotInteger(type=type(value).__name__)
    if value <= 0:
        raise AmountNotPositive(amount_fen=value)
    if value > CEILING:
        raise AmountTooLarge(amount_fen=value, ceiling_fen=CEILING)
    return Fen(value)


def bps(value: object) -> Bps:
    """Return ``value`` as a share of 1 to 10,000 ten-thousandths.

    :raises ShareOutOfRange: if it is no integer or lies outside.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= WHOLE:
        raise ShareOutOfRange(share_bps=value if isinstance(value, int) else str(value))
    return Bps(value)


def yuan(amount_fen: int) -> str:
    """Return the amount as people write it: ``¥1,234.50``, ``-¥0.05``."""
    whole, cents = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}¥{whole:,}.{cents:02d}"


def percent(share_bps: int) -> str:
    """Return the share as people write it: ``33.34%``, ``70%``."""
    whole, rest = divmod(share_bps, 100)
    return f"{whole}.{rest:02d}%".replace(".00%", "%")
