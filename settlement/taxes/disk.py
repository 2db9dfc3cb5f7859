"""Read the table of tax rates (税率表) from its file."""

from __future__ import annotations

import functools
import pathlib
import tomllib

from settlement.taxes import rates
from settlement.taxes.model import TaxRate

RATES = pathlib.Path(__file__).parents[2] / "seeds" / "reference" / "tax_rates.toml"


@functools.cache
def read_rates(path: pathlib.Path = RATES) -> tuple[TaxRate, ...]:
    """Return the rates that may be named.

    :raises rates.RatesInvalid: if the file is no table of rates.
    """
    return rates.rates(tomllib.loads(path.read_text(encoding="utf-8")))
