"""Say when a registration may be renewed, cancelled or revoked, and when its term is over (续期、注销、撤销)."""

from __future__ import annotations

import datetime as dt

from catalog.certificates.states import State as CertificateState
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.rulebooks import renewing
from catalog.rulebooks.renewing import RenewalNotOpen
from catalog.rulebooks.rulebook import Rulebook, Unrenewed
from catalog.terms.model import Kind, Request

_LIVING = (CertificateState.ACTIVE, CertificateState.FROZEN)


class RequestOpenAlready(Conflict):
    """A request of this kind about the certificate waits for its decision."""

    code = "certificate_request_open_already"


class RequestReasonMissing(Invalid):
    """Who asks for a cancellation, or refuses a request, says why."""

    code = "certificate_request_reason_missing"


class CancellationNotProvided(Refused):
    """The rulebook knows no cancellation on request: its holder deregisters by itself."""

    code = "cancellation_not_provided"


class LapsedIsCancelled(Refused):
    """A registration whose term ended unrenewed is cancelled; that is not the registrar's to refuse."""

    code = "lapsed_registration_is_cancelled"


class RevocationNotProvided(Refused):
    """The rulebook lets the registrar revoke nothing on this ground (撤销)."""

    code = "revocation_not_provided"


def check_request(
    kind: Kind, valid_through: dt.date | None, rulebook: Rulebook, today: dt.date, reason: str
) -> None:
    """Return if a registration may be asked to be renewed or cancelled today.

    :raises RenewalNotOpen: if it is not the time to renew, or there is no term.
    :raises CancellationNotProvided: if the rulebook has no cancellation on request.
    :raises RequestReasonMissing: if a cancellation is asked for without a reason.
    """
    if kind is Kind.RENEWAL:
        renewed_through(valid_through, rulebook, today)
        return
    if rulebook.cancellation is None:
        raise CancellationNotProvided(rulebook=rulebook.code)
    if not reason.strip():
        raise RequestReasonMissing


def renewed_through(
    valid_through: dt.date | None, rulebook: Rulebook, filed_on: dt.date
) -> dt.date:
    """Return the last day of the new term of a renewal that was asked for on a day.

    :raises RenewalNotOpen: if that day is outside the window, or there is no term.
    """
    if valid_through is None:
        raise RenewalNotOpen(opens_on="—", closes_on="—")
    return renewing.renewed_through(valid_through, rulebook, filed_on)


def lapses(
    state: CertificateState, valid_through: dt.date | None, today: dt.date, *, is_asked: bool
) -> bool:
    """Tell whether a registration has lapsed (自动失效): its term is over, and no renewal waits."""
    if valid_through is None or is_asked or state not in _LIVING:
        return False
    return renewing.has_lapsed(valid_through, today)


def must_be_cancelled(rulebook: Rulebook) -> bool:
    """Tell whether the registrar cancels what lapsed (到期未续期的，由登记机构注销)."""
    return rulebook.renewal is not None and rulebook.renewal.unrenewed is Unrenewed.IS_CANCELLED


def check_refusal(request: Request, reason: str) -> None:
    """Return if a request may be refused for this reason.

    :raises RequestReasonMissing: if none is given.
    :raises LapsedIsCancelled: if the law, and nobody's request, wants the cancellation.
    """
    if request.by_law:
        raise LapsedIsCancelled(number=request.certificate_number)
    if not reason.strip():
        raise RequestReasonMissing


def check_revocation(ground: str, facts: str, rulebook: Rulebook) -> None:
    """Return if the registrar may revoke a registration on a ground (撤销, NDRC26-20).

    :raises RevocationNotProvided: if the rulebook has no such ground.
    :raises RequestReasonMissing: if no facts are given.
    """
    if ground not in rulebook.revocation_grounds:
        raise RevocationNotProvided(ground=ground, known=list(rulebook.revocation_grounds) or "—")
    if not facts.strip():
        raise RequestReasonMissing
