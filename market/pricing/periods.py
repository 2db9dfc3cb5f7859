"""Let no two prices hold at once for one product, use and scenario (同一场景的有效期不得重叠).

A filing that begins later takes the place of the one before it on its first day, in all of its
scenarios or in none. What is on record and begins while a newer one would still run is told before:
two announced prices for one day are none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.kernel.errors import Refused
from market.pricing.model import Filing, Terms
from market.pricing.states import HOLDING, State


class FilingPeriodsOverlap(Refused):
    """Another filing on record begins while this one would hold, for the same scenario."""

    code = "filing_periods_overlap"


class FilingScenariosSplit(Refused):
    """It would take the place of another filing in some of its scenarios only."""

    code = "filing_scenarios_split"


def check(terms: Terms, others: Iterable[Filing], today: dt.date) -> None:
    """Return if the terms can hold beside the filings of the same product that are there.

    :raises FilingPeriodsOverlap: if one on record would begin while these hold.
    :raises FilingScenariosSplit: if one has some of these scenarios and others too.
    """
    first = max(terms.effective_from, today)
    for other in others:
        common = sorted(shared_scenarios(terms, other.terms))
        if not common or other.state not in {State.RECORDED, *HOLDING}:
            continue
        begins = other.terms.effective_from
        is_within = terms.effective_to is None or begins <= terms.effective_to
        if other.state is State.RECORDED and first <= begins and is_within:
            raise FilingPeriodsOverlap(
                filing_number=other.filing_number, begins=begins.isoformat(), scenarios=common
            )
        if set(other.terms.scenarios) - set(terms.scenarios):
            raise FilingScenariosSplit(
                filing_number=other.filing_number, scenarios=list(other.terms.scenarios)
            )


def shared_scenarios(one: Terms, other: Terms) -> set[str]:
    """Return the scenarios that both price, for the same use."""
    if one.use_category is not other.use_category:
        return set()
    return set(one.scenarios) & set(other.scenarios)
