"""Say which duties of an application are somebody's, and whose case it is (经办职责, HN-28).

A duty is due when the application has come so far that somebody must read it to go on, and as long as
somebody must. With the end of the case it ends: one person keeps the file of what was issued, and one
tells the applicant of what went against it.
"""

from __future__ import annotations

from typing import Final

from catalog.case_access.model import Case, CaseKind, Duty
from catalog.registration.model import Application
from catalog.registration.states import State

_ACCEPTING: Final = frozenset({Duty.ACCEPTANCE})
_REVIEWING: Final = _ACCEPTING | {Duty.TECHNICAL_REVIEW, Duty.DECISION}
_PUBLISHING: Final = _REVIEWING | {Duty.ISSUANCE}
_KEEPING: Final = frozenset({Duty.ISSUANCE})

DUE: Final = {
    State.DRAFT: frozenset[Duty](),  # the applicant's own, until it hands it in
    State.SUBMITTED: _ACCEPTING,
    State.CORRECTION_REQUIRED: _ACCEPTING,
    State.NOT_ACCEPTED: _ACCEPTING,  # to tell the applicant, and no longer
    State.ACCEPTED: _ACCEPTING,
    State.UNDER_REVIEW: _REVIEWING,
    State.REFUSED: _ACCEPTING,  # to tell the applicant, and no longer
    State.REVIEW_FAILED_TECHNICAL: _ACCEPTING,  # to tell the applicant, and no longer
    State.REVIEW_PASSED: _PUBLISHING,
    State.IN_PUBLIC_NOTICE: _PUBLISHING,
    State.OBJECTION_HOLD: _PUBLISHING,
    State.AWAITING_ISSUANCE_AUTHORISATION: _PUBLISHING,
    State.ISSUANCE_AUTHORISED: _PUBLISHING,
    State.ISSUED: _KEEPING,  # whoever keeps the file deals with what comes after the certificate
    State.READY_TO_ISSUE: _PUBLISHING,
    State.TERMINATED: frozenset[Duty](),
    State.UNFILED: frozenset[Duty](),
    State.WITHDRAWN: frozenset[Duty](),
    State.LAPSED: frozenset[Duty](),
}


def case_of(application: Application) -> Case:
    """Return an application as the rule of who handles and who sees it needs it."""
    return Case(
        kind=CaseKind.APPLICATION,
        id=application.id,
        application_id=application.id,
        operator_party_id=application.operator_party_id,
        own_parties=frozenset(
            {
                application.applicant_party_id,
                *(
                    each.party_id
                    for each in application.form.consenting(application.applicant_party_id)
                ),
            }
        ),
        agency_party_id=application.agency_party_id,
        due=DUE[application.state],
    )
