"""Ask whether a tax may be named (适用税率): a rate of the table, in force, and a reason for none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import msgspec

from catalog.kernel.errors import Invalid
from settlement.money import percent
from settlement.taxes.model import Tax, TaxRate


class ZeroRateUnexplained(Invalid):
    """Nothing is taken, and nothing says why."""

    code = "tax_zero_reason_missing"


class ZeroReasonUnfit(Invalid):
    """A reason why nothing is taken stands beside a rate that takes something."""

    code = "tax_zero_reason_unfit"


class TaxRateUnknown(Invalid):
    """The table has no such rate, or none of zero for that reason."""

    code = "tax_rate_unknown"


class TaxRateNotInForce(Invalid):
    """The rate did not hold yet on that day, or not any more."""

    code = "tax_rate_not_in_force"


class RatesInvalid(ValueError):
    """The table of rates can not be read, ends a rate before it begins, or has one twice at once."""


def rates(read: dict[str, Any]) -> tuple[TaxRate, ...]:
    """Return the table as its file says it.

    :raises RatesInvalid: if a rate is none, ends before it begins, or holds twice on one day.
    """
    try:
        table = msgspec.convert(read.get("rate"), tuple[TaxRate, ...])
    except msgspec.ValidationError as error:
        raise RatesInvalid(str(error)) from error
    for each in table:
        if each.valid_to is not None and each.valid_to < each.valid_from:
            raise RatesInvalid(f"{percent(each.rate_bps)} ends before {each.valid_from}")
        if (each.rate_bps == 0) != (each.zero_reason is not None):
            raise RatesInvalid(f"{percent(each.rate_bps)} from {each.valid_from}: reason of zero")
    for one, other in combinations(table, 2):
        begins = max(one.valid_from, other.valid_from)
        is_same = (one.rate_bps, one.zero_reason) == (other.rate_bps, other.zero_reason)
        if is_same and one.is_in_force(begins) and other.is_in_force(begins):
            raise RatesInvalid(f"{percent(one.rate_bps)} holds twice on {begins}")
    return table


def fault(tax: Tax, on: dt.date, table: Sequence[TaxRate]) -> type[Invalid] | None:
    """Return by which refusal ``check`` would stop this tax, or None."""
    if tax.rate_bps == 0 and tax.reason is None:
        return ZeroRateUnexplained
    if tax.rate_bps and tax.reason is not None:
        return ZeroReasonUnfit
    named = [e for e in table if (e.rate_bps, e.zero_reason) == (tax.rate_bps, tax.reason)]
    if not named:
        return TaxRateUnknown
    return None if any(each.is_in_force(on) for each in named) else TaxRateNotInForce


def check(tax: Tax, on: dt.date, table: Sequence[TaxRate]) -> None:
    """Return if the tax may be named for what is sold on that day.

    :raises ZeroRateUnexplained: if nothing is taken, and nothing says why.
    :raises ZeroReasonUnfit: if a reason for that stands beside another rate.
    :raises TaxRateUnknown: if the table has no such rate, or none of zero for that reason.
    :raises TaxRateNotInForce: if it does not hold on that day.
    """
    found = fault(tax, on, table)
    if found is not None:
        raise found(rate=percent(tax.rate_bps), on=on.isoformat())
