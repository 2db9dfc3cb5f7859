"""Say which duties of a foreign certificate are somebody's, and whose case it is (查证、核验, HN-28)."""

from __future__ import annotations

from typing import Final

from catalog.case_access.model import Case, CaseKind, Duty
from catalog.recognition.model import ForeignCertificate
from catalog.recognition.states import State

_VERIFYING: Final = frozenset({Duty.FOREIGN_VERIFICATION})

DUE: Final = {
    State.IMPORTED: _VERIFYING | {Duty.FOREIGN_CHECK},
    State.VERIFIED: _VERIFYING,
    State.RECOGNISED: _VERIFYING,  # its state is looked at again
    State.REJECTED: frozenset[Duty](),
    State.WITHDRAWN: frozenset[Duty](),
}


def case_of(certificate: ForeignCertificate) -> Case:
    """Return a foreign certificate as the rule of who handles it needs it; it is of no one operator."""
    return Case(
        kind=CaseKind.FOREIGN_CERTIFICATE,
        id=certificate.id,
        operator_party_id=None,
        own_parties=frozenset({certificate.supplier_party_id}),
        due=DUE[certificate.state],
    )
