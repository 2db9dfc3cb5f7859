"""Read what people write into forms of money: yuan with cents, and percents with two decimals."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

_HUNDRED: Final = 100

#: An amount in yuan, with at most two decimals: ``12.5``.
Yuan = Annotated[str, Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,2})?$")]


def fen_of(yuan: str) -> int:
    """Return the fen of an amount that is written in yuan: ``12.5`` is 1,250."""
    return _hundredths(yuan)


def bps_of(percent: str) -> int:
    """Return the ten-thousandths of a rate that is written in percent: ``3.5`` is 350."""
    return _hundredths(percent)


def _hundredths(written: str) -> int:
    whole, _, decimals = written.partition(".")
    return int(whole) * _HUNDRED + int(decimals.ljust(2, "0"))
