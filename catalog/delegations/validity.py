"""Decide whether a delegation (授权) counts on a day (HN-05(1))."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.delegations.model import Delegation
from catalog.kernel.errors import Conflict, Invalid, Refused


class OperatorNotDelegated(Refused):
    """The bureau has not delegated the operator, or no longer, so it may not act (HN-05)."""

    code = "operator_not_delegated"


class DelegationPeriodInvalid(Invalid):
    """The last day lies before the first."""

    code = "delegation_period_invalid"


class DelegationOverlaps(Conflict):
    """The operator has a delegation for some of these days already."""

    code = "delegation_overlaps"


class DelegationEnded(Refused):
    """The delegation was ended before."""

    code = "delegation_ended"


def is_in_force(delegation: Delegation, on: dt.date) -> bool:
    """Tell whether ``delegation`` counts on the day ``on``."""
    if on < delegation.valid_from:
        return False
    if delegation.valid_to is not None and on > delegation.valid_to:
        return False
    return delegation.ended_on is None or on < delegation.ended_on


def require_in_force(delegations: Iterable[Delegation], on: dt.date) -> Delegation:
    """Return the delegation that counts on the day ``on``.

    :raises OperatorNotDelegated: if none does.
    """
    for delegation in delegations:
        if is_in_force(delegation, on):
            return delegation
    raise OperatorNotDelegated(on=on.isoformat())


def check_new(
    existing: Iterable[Delegation], *, valid_from: dt.date, valid_to: dt.date | None
) -> None:
    """Return if a delegation for these days may stand beside those that the operator has.

    :raises DelegationPeriodInvalid: if the last day lies before the first.
    :raises DelegationOverlaps: if a day would have two.
    """
    if valid_to is not None and valid_to < valid_from:
        raise DelegationPeriodInvalid(
            valid_from=valid_from.isoformat(), valid_to=valid_to.isoformat()
        )
    new_last = valid_to or dt.date.max
    for other in existing:
        if valid_from <= _last_day(other) and other.valid_from <= new_last:
            raise DelegationOverlaps(document_number=other.document_number)


def check_end(delegation: Delegation) -> None:
    """Return if ``delegation`` can still be ended.

    :raises DelegationEnded: if it was.
    """
    if delegation.ended_on is not None:
        raise DelegationEnded(ended_on=delegation.ended_on.isoformat())


def _last_day(delegation: Delegation) -> dt.date:
    last = delegation.valid_to or dt.date.max
    if delegation.ended_on is not None:
        last = min(last, delegation.ended_on - dt.timedelta(days=1))
    return last
