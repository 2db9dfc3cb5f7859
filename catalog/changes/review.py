"""Say when the review of a change passes (变更审查): as that of a first registration (HN-15, A21).

A correction of typing may do without the agency if the rulebook's setting says so; it is off [P].
"""

from __future__ import annotations

from catalog.changes.model import Kind
from catalog.kernel.errors import Refused
from catalog.registration import grounds
from catalog.registration.findings import Overall
from catalog.registration.grounds import ReviewFacts


class ComplianceReviewNeeded(Refused):
    """Nobody skips the agency's review unless the rulebook lets corrections do so (A21)."""

    code = "compliance_review_needed"


def check_skip(kind: Kind, *, is_allowed: bool) -> None:
    """Return if the compliance review may be skipped.

    :raises ComplianceReviewNeeded: if it may not, or if this is no mere correction.
    """
    if not is_allowed or kind is not Kind.CORRECTION:
        raise ComplianceReviewNeeded(kind=kind.value)


def check_pass(facts: ReviewFacts, *, compliance_is_skipped: bool) -> None:
    """Return if the review may pass.

    :raises BothOpinionsRequired: and the other refusals of ``grounds.check_pass``.
    """
    if compliance_is_skipped:
        facts = ReviewFacts(
            technical=facts.technical,
            compliance=Overall.PASS,
            contains_national_core_data=facts.contains_national_core_data,
            has_open_dispute=facts.has_open_dispute,
            rulebook=facts.rulebook,
        )
    grounds.check_pass(facts)
