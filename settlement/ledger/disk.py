"""Read the chart of accounts (会计科目表) from its file."""

from __future__ import annotations

import functools
import pathlib
import tomllib

from settlement.ledger import accounts

CHART = pathlib.Path(__file__).parents[2] / "seeds" / "reference" / "chart_of_accounts.toml"


@functools.cache
def read_chart(path: pathlib.Path = CHART) -> accounts.Chart:
    """Return the chart of accounts.

    :raises accounts.ChartInvalid: if it does not fit the purposes that the code knows.
    """
    return accounts.chart(tomllib.loads(path.read_text(encoding="utf-8")))
