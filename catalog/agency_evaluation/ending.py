"""Say when an evaluation is due (评价时点), HN-24: at the end of the contract, not before."""

from __future__ import annotations

import datetime as dt

from catalog.agencies.model import AgencyContract
from catalog.kernel.errors import Refused


class ContractNotEnded(Refused):
    """The days of the contract are not over; what it comes to is not known yet."""

    code = "agency_contract_not_ended"


def check_ended(contract: AgencyContract, on: dt.date) -> None:
    """Return if a contract may be evaluated on a day.

    :raises ContractNotEnded: if its last day is not over.
    """
    if on <= contract.ends_on:
        raise ContractNotEnded(ends_on=contract.ends_on.isoformat())
