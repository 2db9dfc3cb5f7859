"""Say which duties of a change are somebody's, and whose case it is (经办职责, HN-28)."""

from __future__ import annotations

from typing import Final

from catalog.case_access.model import Case, CaseKind, Duty
from catalog.changes.model import Change
from catalog.changes.states import State

_ACCEPTING: Final = frozenset({Duty.ACCEPTANCE})
_REVIEWING: Final = _ACCEPTING | {Duty.TECHNICAL_REVIEW, Duty.DECISION}
_ISSUING: Final = _REVIEWING | {Duty.ISSUANCE}
_KEEPING: Final = frozenset({Duty.ISSUANCE})

DUE: Final = {
    State.DRAFT: frozenset[Duty](),  # the registrant's own, until it hands it in
    State.SUBMITTED: _ACCEPTING,
    State.CORRECTION_REQUIRED: _ACCEPTING,
    State.NOT_ACCEPTED: _ACCEPTING,  # to tell the registrant, and no longer
    State.ACCEPTED: _ACCEPTING,
    State.UNDER_REVIEW: _REVIEWING,
    State.REFUSED: _ACCEPTING,  # to tell the registrant, and no longer
    State.REVIEW_FAILED_TECHNICAL: _ACCEPTING,  # to tell the registrant, and no longer
    State.REVIEW_PASSED: _ISSUING,
    State.ISSUANCE_AUTHORISED: _ISSUING,
    State.ISSUED: _KEEPING,
    State.WITHDRAWN: frozenset[Duty](),
    State.CLOSED: frozenset[Duty](),
}


def case_of(change: Change) -> Case:
    """Return a change as the rule of who handles and who sees it needs it."""
    return Case(
        kind=CaseKind.CHANGE,
        id=change.id,
        operator_party_id=change.operator_party_id,
        own_parties=frozenset({change.registrant_party_id}),
        agency_party_id=change.agency_party_id,
        due=DUE[change.state],
    )
