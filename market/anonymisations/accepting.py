"""Ask whether an anonymisation may be accepted until a day, and whether it counts (SIX-3)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Invalid, Refused
from market.anonymisations.model import Decision
from market.anonymisations.states import Event


class AnonymisationEndMissing(Invalid):
    """An acceptance has a last day, in the future; nothing else has one."""

    code = "anonymisation_end_missing"


class AgencyUnfit(Refused):
    """Who is asked is no compliance agency."""

    code = "anonymisation_agency_unfit"


def check(decision: Decision, *, today: dt.date) -> None:
    """Return if the decision says until when, where it has to.

    :raises AnonymisationEndMissing: if not.
    """
    ends = decision.valid_to
    if (decision.event is Event.ACCEPT) != (ends is not None) or (
        ends is not None and ends < today
    ):
        raise AnonymisationEndMissing


def counts(valid_to: dt.date | None, today: dt.date) -> bool:
    """Tell whether an acceptance with this last day counts today; None: there is none."""
    return valid_to is not None and today <= valid_to
