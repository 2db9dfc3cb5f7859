"""Narrow what a person allows: fewer data, another purpose alone, an earlier end (缩小授权范围, HNP-6).

Who allows nothing more withdraws; who allows more consents anew.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.errors import Invalid
from market.consents.giving import BlanketConsentForbidden, names_all
from market.consents.model import Consent, Narrowing
from market.consents.states import Event, advance


class ConsentNotNarrower(Invalid):
    """It would allow as much as before, more, or nothing at all."""

    code = "consent_not_narrower"


def narrowed(consent: Consent, to: Narrowing, *, now: dt.datetime, today: dt.date) -> Consent:
    """Return a consent that allows less than it did.

    :raises ConsentEventNotAllowed: if it was withdrawn before, or is over.
    :raises ConsentNotNarrower: with each part that is not narrower, or if nothing is narrowed.
    :raises BlanketConsentForbidden: if the purpose names every purpose.
    """
    state = advance(consent.state, Event.NARROW)
    parts = {
        "data_categories": to.data_categories is None
        or set(to.data_categories) < set(consent.data_categories),
        "purpose": to.purpose is None or to.purpose.strip() != consent.purpose.strip(),
        "term_to": to.term_to is None
        or max(today, consent.term_from) <= to.term_to < consent.term_to,
    }
    wider = [part for part, is_narrower in parts.items() if not is_narrower]
    if wider or to == Narrowing():
        raise ConsentNotNarrower(parts=wider)
    if to.purpose is not None and names_all(to.purpose):
        raise BlanketConsentForbidden(unlimited=["purpose"])
    return msgspec.structs.replace(
        consent,
        state=state,
        data_categories=to.data_categories or consent.data_categories,
        purpose=to.purpose or consent.purpose,
        is_purpose_narrowed=consent.is_purpose_narrowed or to.purpose is not None,
        term_to=to.term_to or consent.term_to,
        narrowed_at=now,
    )
