"""Say what who is complained of reads of a complaint (HN-28): never who complained, nor where to reach it."""

from __future__ import annotations

import msgspec

from market.complaints.model import Complaint, LookedUp


def is_told(complaint: Complaint) -> bool:
    """Tell whether who is complained of was told of it: what was not taken up needs no answer."""
    return complaint.accepted_at is not None


def for_who_is_complained_of(complaint: Complaint) -> Complaint:
    """Return what it may read: the facts and the decision, not who complained, nor its files."""
    return msgspec.structs.replace(
        complaint, complainant_party_id=None, contact="", files=(), evidence=None
    )


def for_who_complained(complaint: Complaint) -> LookedUp:
    """Return how far it is, as who has its secret may know."""
    appeal = complaint.appeal
    return LookedUp(
        number=complaint.number,
        kind=complaint.kind,
        state=complaint.state,
        house=complaint.house,
        received_at=complaint.received_at,
        reason=complaint.reason,
        redirected_to=complaint.redirected_to,
        outcome=complaint.outcome,
        findings=complaint.findings,
        ordered=complaint.ordered,
        appeal_ends_at=complaint.appeal_ends_at,
        is_reviewed=appeal is not None and appeal.reviewed_at is not None,
        closed_at=complaint.closed_at,
    )
